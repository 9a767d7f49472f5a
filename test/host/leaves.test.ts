/** Leaves, which run on the host's stack: which functions are some, and that entering them differs in nothing that can be seen. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FUNCTION_FLAG_LEAF, LEAF_FRAME, TARGET_X64 } from '../../runtime/artifact.js';
import { parseArtifact } from '../../host/artifact/artifact.js';
import { Engine, Instance, Module, Store, Trap } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { emitFunction, linkText } from '../link/sample.js';

/** As many live values as fill a frame of more than LEAF_FRAME bytes. */
const many = Array.from({ length: LEAF_FRAME / 8 + 40 }, (_, i) => i);

const text = `(module
  (import "host" "call" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $g (export "g") (mut i32) (i32.const 5))
  (table (export "table") 2 funcref)
  (elem (i32.const 0) $add $divide)
  (type $pair (func (param i32 i32) (result i32)))
  (func $add (export "leaf add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $divide (export "leaf divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "leaf load") (param i32) (result i64) (i64.load offset=4 (local.get 0)))
  (func (export "leaf store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "leaf global") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
  (func (export "leaf loop") (param i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get 0))))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func (export "leaf two") (param i64 i32) (result i32 i64) (local.get 1) (local.get 0))
  (func (export "leaf six") (param i32 i64 i32 i64 i32 i32) (result i64)
    (i64.sub (i64.add (local.get 1) (local.get 3)) (i64.extend_i32_u (i32.add (local.get 4) (local.get 5)))))
  (func (export "leaf seven") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.sub (local.get 0) (local.get 6)))
  (func (export "leaf floats") (param f64 f32) (result f64) (f64.sub (local.get 0) (f64.promote_f32 (local.get 1))))
  (func (export "leaf to float") (param i32) (result f64) (f64.convert_i32_u (local.get 0)))
  (func (export "leaf extern") (param externref externref i32) (result externref)
    (select (result externref) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "calls") (param i32 i32) (result i32) (call $recursive (local.get 0) (local.get 1)))
  (func $recursive (param i32 i32) (result i32)
    (if (result i32) (local.get 1)
      (then (call $recursive (i32.add (local.get 0) (i32.const 1)) (i32.sub (local.get 1) (i32.const 1))))
      (else (local.get 0))))
  (func (export "calls the host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "calls a reference") (param i32 i32 i32) (result i32)
    (call_indirect (type $pair) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grows") (result i32) (memory.grow (i32.const 0)))
  (func (export "copies") (param i32) (memory.copy (local.get 0) (i32.const 0) (local.get 0)))
  (func (export "much on the stack") (param i32) (result i32) ${many.map((i) => `(local $v${i} i32)`).join(' ')}
    ${many.map((i) => `(local.set $v${i} (i32.load (i32.add (local.get 0) (i32.const ${4 * i}))))`).join('\n')}
    (i32.store (local.get 0) (i32.const 1))
    ${many.map((i) => `(local.get $v${i})`).join(' ')} ${many
      .slice(1)
      .map(() => 'i32.add')
      .join(' ')})
)`;

const wasm = await parseText(text);

for (const optLevel of ['none', 'speed'] as const) {
  const engine = new Engine({ optLevel });
  const module = new Module(engine, wasm);

  /** The exported functions of a new instance, by name. */
  function instance(host: (value: number) => unknown = (value) => value) {
    return new Instance(new Store(engine), module, [host]).exports as Record<string, any>;
  }

  test(`which functions are leaves, ${optLevel}`, () => {
    const artifact = parseArtifact(module.serialize(), { target: TARGET_X64 });
    for (let i = 0; i < artifact.counts.functions; i++) {
      const { name, leaf, frameSize } = artifact.function(i);
      assert.is(leaf, name === 'add' || name === 'divide' || name.startsWith('leaf'), name);
      if (name === 'much on the stack') assert.ok(frameSize > LEAF_FRAME);
    }
  });

  test(`calls of leaves, ${optLevel}`, () => {
    const exports = instance();
    assert.is(exports['leaf add'](2, 40), 42);
    assert.is(exports['leaf add'](-1, 1), 0);
    assert.is(exports['leaf store'](8, 5n - 2n ** 63n), undefined);
    assert.is(exports['leaf load'](4), 5n - 2n ** 63n);
    assert.is(exports['leaf global'](), 6);
    assert.is(exports.g.value, 6);
    assert.is(exports['leaf loop'](15), 5 + 128);
    assert.equal(exports['leaf two'](-1n, -7), [-7, -1n]);
    assert.is(exports['leaf six'](0, 2n ** 40n, 0, 3n, -1, 2), 2n ** 40n + 2n);
    assert.is(exports['leaf seven'](1, 2, 3, 4, 5, 6, 7), -6);
    assert.is(exports['leaf floats'](1.5, 0.25), 1.25);
    assert.is(exports['leaf to float'](-1), 2 ** 32 - 1);
    const [first, second] = [{}, Symbol()];
    assert.is(exports['leaf extern'](first, second, 1), first);
    assert.is(exports['leaf extern'](first, second, 0), second);
    assert.is(exports['much on the stack'](4096), 0);
    assert.is(exports.calls(1, 1000), 1001);
    assert.is(exports['calls a reference'](7, 2, 1), 3);
    assert.is(exports.table.get(0)(3, 4), 7);
  });

  test(`traps of leaves, ${optLevel}`, () => {
    const trap = (work: () => unknown): Trap => {
      try {
        work();
      } catch (error) {
        assert.instance(error, Trap);
        return error as Trap;
      }
      throw new Error('no trap');
    };
    const names = ({ frames }: Trap) => frames.map(({ funcName }) => funcName);
    const all = (exports: Record<string, any>) => {
      for (let i = 0; i < 3; i++) {
        const division = trap(() => exports['leaf divide'](1, 0));
        assert.is(division.code, 'IntegerDivisionByZero');
        assert.equal(names(division), ['divide']);
        assert.is(trap(() => exports['leaf divide'](-(2 ** 31), -1)).code, 'IntegerOverflow');
        const fault = trap(() => exports['leaf load'](65_533));
        assert.is(fault.code, 'MemoryOutOfBounds');
        assert.equal(names(fault), ['leaf load']);
        assert.is(trap(() => exports['leaf store'](-1, 0n)).code, 'MemoryOutOfBounds');
        assert.is(exports['leaf divide'](7, 2), 3);
      }
    };
    all(instance());
    // With wasm suspended below, which goes on afterwards.
    let depth = 0;
    const outer = instance((value) => {
      all(outer);
      return depth++ < 4 ? outer['calls the host'](value) + 1 : value;
    });
    assert.is(outer['calls the host'](30), 34);
    assert.equal(names(trap(() => outer['calls a reference'](1, 0, 1))), ['divide', 'calls a reference']);
  });

  test(`leaves at the end of the host's stack, ${optLevel}`, () => {
    const exports = instance();
    let deepest = 0;
    const recurse = (depth: number): void => {
      deepest = exports['leaf add'](depth, 0);
      exports['leaf loop'](100);
      recurse(depth + 1);
    };
    assert.throws(() => recurse(0), RangeError);
    assert.ok(deepest > 1000);
    assert.is(exports['leaf add'](1, 2), 3);
  });
}

test('the flag decides, whatever the code', async () => {
  const source = '(module (func (export "f") (param i32) (result i32) (i32.const 0)))';
  for (const flags of [0, FUNCTION_FLAG_LEAF]) {
    // lea eax, [rdi + 1]; ret
    const { artifact } = await linkText(source, { emit: (core) => void emitFunction(core, '8d4701 c3', 0, 0, flags) });
    assert.is(parseArtifact(artifact, { target: TARGET_X64 }).function(0).leaf, flags !== 0);
    const engine = new Engine();
    const { f } = new Instance(new Store(engine), Module.deserialize(engine, artifact), []).exports as { f(value: number): number };
    assert.is(f(41), 42);
  }
});

test('an i32 is zero-extended, whatever stood in its slot', async () => {
  const sum = (count: number) => Array.from({ length: count - 1 }, () => 'i64.add').join(' ');
  const extended = (count: number) => Array.from({ length: count }, (_, i) => `(i64.extend_i32_u (local.get ${i}))`).join(' ');
  const source = `(module
    (memory 1)
    (func $fill (export "fill") (param i64 i64 i64 i64 i64 i64))
    (func $nothing (call_indirect (type 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i32.const 0)))
    (table 1 funcref) (elem (i32.const 0) $fill)
    ${[1, 2, 3, 6]
      .map((count) => {
        const params = `(param ${'i32 '.repeat(count)})`;
        const mixed = `(param ${'i32 f64 '.repeat(count)})`;
        const floats = Array.from({ length: count }, (_, i) => `(i64.extend_i32_u (local.get ${2 * i}))`).join(' ');
        return `(func (export "leaf ${count}") ${params} (result i64) ${extended(count)} ${sum(count)})
          (func (export "calls ${count}") ${params} (result i64) (call $nothing) ${extended(count)} ${sum(count)})
          (func (export "leaf with floats ${count}") ${mixed} (result i64) ${floats} ${sum(count)})
          (func (export "calls with floats ${count}") ${mixed} (result i64) (call $nothing) ${floats} ${sum(count)})`;
      })
      .join('\n')})`;
  const engine = new Engine();
  const { exports } = new Instance(new Store(engine), new Module(engine, await parseText(source)), []);
  for (const [name, call] of Object.entries(exports) as [string, (...args: unknown[]) => bigint][]) {
    if (name === 'fill') continue;
    const count = Number(name.at(-1));
    for (const [value, converted] of [
      [-1, 0xffffffffn],
      [2 ** 32 + 5, 5n],
      [-(2 ** 31), 0x80000000n],
      [Number.NaN, 0n],
      [1e21, BigInt.asUintN(32, BigInt(1e21))],
      ['0x10', 16n],
      [-7.9, BigInt.asUintN(32, -7n)],
    ] as const) {
      exports.fill(-1n, -1n, -1n, -1n, -1n, -1n);
      const args = Array.from({ length: count }, () => (name.includes('floats') ? [value, 1.5] : [value])).flat();
      assert.is(call(...args), converted * BigInt(count), `${name}: ${value}`);
    }
    assert.throws(() => call(1n), TypeError);
  }
});

test.run();
