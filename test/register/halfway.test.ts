/** Operations of the host's that the end of the stack meets in the middle: they are done, or nothing of them is. The library's and the drop-in's. */

import { setFlagsFromString } from 'node:v8';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Func, FuncType, Instance, Module, Store } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { useCache } from './support.js';

// What is inlined cannot end in between.
setFlagsFromString('--no-opt');
useCache('halfway');
process.env.OURO_REGISTER = 'eager';
process.env.OURO_REGISTER_MIN_SIZE = '100';
process.env.OURO_NATIVE_CORE = 'off';
const { default: W } = await import('../../host/webassembly.js');

const SIZES = 4;
const FRAMES = 250;

interface State {
  /** Frames still to go back. */
  left: number;
}

const recursions = Array.from({ length: SIZES }, (_, size) => {
  const args = Array.from({ length: size + 6 }, (_, i) => `a${i}`).join();
  const body = `return (state, run) => { function deep(${args}) {
    try { deep(${args}); } catch (error) { if (state.left-- > 0) throw error; run(); } } deep(); }`;
  return new Function(body)() as (state: State, run: () => void) => void;
});

/** Does `operation` so many frames from the end; what it throws, if it does. */
function near(frames: number, size: number, operation: () => unknown): unknown {
  let outcome: unknown;
  const run = () => {
    try {
      operation();
    } catch (error) {
      outcome = error;
    }
  };
  try {
    recursions[size]({ left: frames }, run);
  } catch (error) {
    outcome ??= error;
  }
  return outcome;
}

/** Does it at many places, each time with something new; `check` looks at what it has become. */
function halfway<T>(name: string, make: () => T, operation: (made: T) => unknown, check: (made: T, failed: boolean) => void): void {
  test(name, () => {
    for (let i = 0; i < 12; i++) {
      const made = make();
      operation(made);
      check(made, false);
    }
    let failures = 0;
    for (let size = 0; size < SIZES; size++) {
      for (let frames = 0; frames < FRAMES; frames++) {
        const made = make();
        const error = near(frames, size, () => operation(made));
        if (error !== undefined) {
          failures++;
          assert.instance(error, RangeError);
        }
        check(made, error !== undefined);
      }
    }
    assert.ok(failures > 0, 'at some of them the stack ends');
  });
}

// A custom section makes it large enough for Ouro.
const padding = Uint8Array.from([0, 124, 0, ...new Array(123).fill(0)]);
const bytesOf = async (text: string, isOuro: boolean) => {
  const bytes = await parseText(text);
  return isOuro ? new Uint8Array([...bytes, ...padding]) : bytes;
};
const moduleOf = async (text: string, isOuro = true) => new W.Module((await bytesOf(text, isOuro)) as BufferSource);
const exportsOf = (module: WebAssembly.Module, imports = {}) => new W.Instance(module, imports).exports as Record<string, any>;

const memory = `(module (memory (export "memory") 1 9)
  (func (export "size") (result i32) memory.size)
  (func (export "grow") (result i32) (memory.grow (i32.const 1))))`;
const table = `(module (table $t (export "table") 4 funcref) (elem (i32.const 0) $a) (type $f (func (result i32)))
  (func $a (result i32) (i32.const 100)) (func (export "b") (result i32) (i32.const 103))
  (func (export "size") (result i32) (table.size $t))
  (func (export "grow") (result i32) (table.grow $t (ref.null func) (i32.const 300)))
  (func (export "call") (result i32) (call_indirect $t (type $f) (i32.const 0))))`;

const engine = new Engine();
const library = (text: Uint8Array) => {
  const module = new Module(engine, text);
  return (imports: unknown[] = [], store = new Store(engine)) => new Instance(store, module, imports);
};

const caller = library(await parseText('(module (import "a" "b" (func $f (result i32))) (func (export "call") (result i32) (call $f)))'));
halfway(
  'Store.dispose',
  () => caller([() => 5]),
  (instance) => instance.store.dispose(),
  (instance, failed) => {
    assert.is(instance.store.disposed, !failed);
    if (failed) assert.is(instance.exports.call(), 5);
    else assert.throws(() => instance.exports.call(), /disposed/);
  },
);

const type = new FuncType([], ['i32']);
halfway(
  'a host function is made',
  () => new Store(engine),
  (store) => new Func(store, type, () => -1),
  (store) => {
    const made = [7, 8].map((value) => caller([() => value], store));
    assert.equal(
      made.map(({ exports }) => exports.call()),
      [7, 8],
    );
  },
);

const withMemory = library(await parseText(memory));
halfway(
  'an exported memory is first asked for',
  () => withMemory(),
  (instance) => instance.exports.memory,
  ({ exports }) => {
    exports.memory.grow(1);
    assert.is(exports.size(), 2);
  },
);

const memoryModule = await moduleOf(memory);
halfway(
  'a call after JS has made a memory grow',
  () => {
    const exports = exportsOf(memoryModule);
    exports.memory.grow(1);
    return exports;
  },
  (exports) => exports.size(),
  (exports) => assert.is(exports.size(), 2),
);
halfway(
  'memory.grow',
  () => exportsOf(memoryModule),
  (exports) => assert.is(exports.grow(), 1),
  (exports) => assert.is(exports.size(), exports.memory.buffer.byteLength / 65536),
);

const tableModule = await moduleOf(table);
for (const [name, grow] of [
  ['Table.grow', (exports) => exports.table.grow(1)],
  ['Table.grow by many', (exports) => exports.table.grow(300)],
  ['table.grow', (exports) => exports.grow()],
] as [string, (exports: Record<string, any>) => unknown][]) {
  halfway(
    name,
    () => exportsOf(tableModule),
    grow,
    (exports) => {
      assert.is(exports.size(), exports.table.length);
      exports.table.set(0, exports.b);
      assert.is(exports.call(), 103);
    },
  );
}

const memoryUser = await moduleOf('(module (import "a" "memory" (memory 1 100)) (func (export "size") (result i32) memory.size))');
halfway(
  'a memory of JS is first imported',
  () => ({ a: { memory: new W.Memory({ initial: 1, maximum: 100 }) } }),
  (imports) => exportsOf(memoryUser, imports),
  (imports) => assert.is(exportsOf(memoryUser, imports).size(), 1),
);

const tableOnV8 = await moduleOf('(module (table (export "table") 1 funcref) (elem (i32.const 0) $f) (func $f))', false);
halfway(
  "a function of V8's goes into a table",
  () => ({ table: exportsOf(tableModule).table, func: exportsOf(tableOnV8).table.get(0) }),
  ({ table, func }) => table.set(2, func),
  ({ table, func }) => {
    table.set(2, func);
    assert.is(table.get(2), func);
  },
);

const passer = await bytesOf('(module (func (export "same") (param funcref) (result funcref) (local.get 0)))', false);
const ours = exportsOf(tableModule).b;
halfway(
  'a module of V8 is first instantiated',
  () => ({ module: new W.Module(passer as BufferSource), exports: {} as Record<string, any> }),
  (made) => {
    made.exports = exportsOf(made.module);
  },
  ({ exports: { same } }) => {
    if (same) assert.is(same(ours), ours);
  },
);

test.run();
