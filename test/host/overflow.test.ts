/** The end of the host's stack, met at every point of a call into wasm and out of it: JS recurses until there is no room, and calls wasm there, which
 *  leaves, traps, or traps as a leaf. The RangeError must drop what that call has begun, and nothing else. */

import { performance } from 'node:perf_hooks';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, Module, Store, Trap } from '../../host/index.js';
import { ACTIVATION_HIGH, ACTIVATION_LOW, native } from '../../host/helper/native.js';
import { parseText } from '../../host/wasm/text.js';
import { throws } from './support.js';

const text = `(module
  (import "host" "call" (func $call (param i32) (result i32)))
  (memory 1)
  (table 1 funcref)
  (func $leave (export "leave") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $call (i32.const 0)))
      (else (i32.add (call $leave (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
  (func (export "leaf trap") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "trap") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (call $call (i32.const 0)))))
    unreachable)
  (func (export "trap of the host's") (param i32) (result i32)
    (table.fill (i32.const 0) (ref.null func) (local.get 0))
    (i32.const 0))
  (func (export "outer") (param i32) (result i32) (i32.add (call $call (local.get 0)) (i32.const 1))))`;

/** The host's frames differ in size, so that the stack ends at different points. */
const SIZES = 16;
/** How many of them call, each with a little more room than the one before. */
const FRAMES = 25;

type Recursion = (call: () => void) => void;

const recursions: Recursion[] = Array.from({ length: SIZES }, (_, size) => {
  const args = Array.from({ length: size }, (_, i) => `, a${i}`).join('');
  const body = `'use strict'; return function deep(call${args}) { try { deep(call${args}); } catch { call(); } }`;
  return new Function(body)() as Recursion;
});

const activation = () => [native().i32[ACTIVATION_LOW], native().i32[ACTIVATION_HIGH]];
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** What the host function does. */
let inner: () => void = () => {};

function callback(value: number): number {
  if (value === 0) return 7;
  inner();
  return 5;
}

const made = async () => {
  const engine = new Engine();
  const module = new Module(engine, await parseText(text));
  return new Instance(new Store(engine), module, [callback]).exports;
};

for (const [name, argument] of [
  ['leave', 1000],
  ['trap', 1],
  ["trap of the host's", 2],
  ['leaf trap', 1e9],
] as const) {
  test(`${name} where the host's stack ends`, async () => {
    const exports = await made();
    let traps = 0;
    const call = () => {
      try {
        exports[name](argument);
      } catch (error) {
        // From a few frames further out again, so that the stack ends at many points.
        if (!(error instanceof Trap) || ++traps % FRAMES !== 0) throw error;
      }
    };
    for (let round = 0; round < 6; round++) {
      for (const recursion of recursions) {
        throws(() => exports.trap(1), Trap);
        const before = activation();
        try {
          recursion(call);
        } catch (error) {
          assert.ok(error instanceof RangeError || error instanceof Trap);
        }
        assert.equal(activation(), before, 'nothing stays suspended');
        inner = () => {
          try {
            recursion(call);
          } catch (error) {
            assert.ok(error instanceof RangeError || error instanceof Trap);
          }
        };
        assert.is(exports.outer(1), 6, 'who called goes on');
        assert.equal(activation(), before);
      }
    }
    await turn();
    assert.equal(activation(), [0, 0]);
    assert.is(exports.leave(3), 10);
  });
}

test("a trap of the host's that nobody was told of is not taken for the next one", async () => {
  const exports = await made();
  for (const recursion of recursions) {
    for (let frames = 0; frames < FRAMES; frames++) {
      let further = frames;
      recursion(() => {
        if (further-- > 0) throw new RangeError();
        try {
          exports["trap of the host's"](2);
        } catch {}
      });
      throws(() => exports.trap(1), Trap, /unreachable/);
    }
  }
});

test('stores become one, or stay as they are', async () => {
  const engine = new Engine();
  const bytes = `(module (import "host" "call" (func $call (result i32))) (table $values (export "values") 600 externref)
    (func (export "call") (result i32) (call $call)) (func (export "grow") (result i32) (table.grow $values (ref.null extern) (i32.const 1))))`;
  const module = new Module(engine, await parseText(bytes));
  const pairs = Array.from({ length: SIZES * FRAMES }, (_, pair) =>
    [1, 2].map((number) => {
      const { store, exports } = new Instance(new Store(engine), module, [() => number]);
      for (let i = 0; i < 600; i++) exports.values.set(i, `${pair} ${number} ${i}`);
      return { store, exports, number };
    }),
  );
  let next = 0;
  for (const recursion of recursions) {
    const last = next + FRAMES;
    let frame = 0;
    const call = () => {
      if (next === last) return;
      // It takes some 60 KiB, more while V8 has not compiled it: attempts that far apart.
      if (++frame % 48 !== 0) throw new RangeError();
      const pair = pairs[next++];
      Store.merge(pair.map(({ store }) => store));
      // On to the next frame.
      throw new RangeError();
    };
    try {
      recursion(call);
    } catch (error) {
      assert.instance(error, RangeError);
    }
    next = last;
  }
  assert.ok(pairs.some(([one, other]) => one.store.equals(other.store)));
  assert.ok(pairs.some(([one, other]) => !one.store.equals(other.store)));
  for (const [i, pair] of pairs.entries()) {
    for (const { exports, number } of pair) {
      assert.is(exports.call(), number);
      assert.is(exports.grow(), 600);
      assert.is(exports.values.get(7), `${i} ${number} 7`);
    }
  }
});

test('what is left behind is dropped in the next turn, however often', async () => {
  const exports = await made();
  for (let round = 0; round < 100; round++) {
    try {
      recursions[round % SIZES](() => exports.leave(2000));
    } catch (error) {
      assert.instance(error, RangeError);
    }
    await turn();
    assert.equal(activation(), [0, 0]);
  }
});

test('the event loop sleeps afterwards', async () => {
  const exports = await made();
  for (let round = 0; round < 400; round++) {
    try {
      recursions[round % SIZES](() => exports.leave(round));
    } catch (error) {
      assert.instance(error, RangeError);
    }
    await turn();
  }
  // Node counts immediates before it has queued them: one whose making ends between the two keeps the loop turning for ever.
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { utilization } = performance.eventLoopUtilization(before);
  assert.ok(utilization < 0.5, `the loop was busy for ${utilization} of the time`);
});

test.run();
