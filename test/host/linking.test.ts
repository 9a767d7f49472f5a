/** Instantiation and linking: what imports match, what is an error, segments, tables, memories and globals from JS. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Func,
  FuncType,
  Global,
  globalType,
  Instance,
  instantiate,
  LinkError,
  Linker,
  Memory,
  Module,
  memoryType,
  OuroError,
  Store,
  Table,
  Trap,
  tableType,
} from '../../host/index.js';
import { artifactOf, engine, moduleOf, rejects, throws } from './support.js';
import { skip } from '../support/skip.js';

test('function types are interned by structure', () => {
  assert.is(new FuncType(['i32', 'f64'], ['i64']), new FuncType(['i32', 'f64'], ['i64']));
  assert.is.not(new FuncType(['i32'], ['i64']), new FuncType(['i32', 'i64'], []));
  assert.is(String(new FuncType(['i32', 'f64'], [])), '(i32, f64) -> ()');
  throws(() => new FuncType(['i31' as 'i32'], []), TypeError);
});

test('what a module imports and exports', async () => {
  const module = await moduleOf(`(module $name
    (import "a" "f" (func (param i32) (result f64)))
    (import "a" "m" (memory 1 3))
    (import "a" "t" (table 2 externref))
    (import "a" "g" (global (mut i64)))
    (export "f" (func 0)) (export "m" (memory 0)) (export "t" (table 0)) (export "g" (global 0)))`);
  const types = [
    new FuncType(['i32'], ['f64']),
    { kind: 'memory', minimum: 1, maximum: 3, shared: false, is64: false, pageSize: 65536 },
    { kind: 'table', element: 'externref', minimum: 2, maximum: undefined, is64: false },
    { kind: 'global', content: 'i64', mutable: true },
  ];
  const names = ['f', 'm', 't', 'g'];
  assert.equal(
    module.imports(),
    names.map((name, i) => ({ module: 'a', name, type: types[i] })),
  );
  assert.equal(
    module.exports(),
    names.map((name, i) => ({ name, type: types[i] })),
  );
  assert.is(module.name, 'name');
  assert.equal(module.getExport('g'), types[3]);
  assert.is(module.getExport('h'), undefined);
});

test('imports that do not fit', async () => {
  const store = new Store(engine);
  const cases: [string, unknown, string, RegExp][] = [
    ['(func (param i32))', undefined, 'IMPORT_MISSING', /unknown import: "m"\."x", a func \(i32\) -> \(\), was not given/],
    ['(func (param i32))', 5, 'IMPORT_WRONG_TYPE', /incompatible import type for "m"\."x": expected func .* found a number/],
    ['(func (param i32))', new Func(store, new FuncType(['i64'], []), () => {}), 'IMPORT_WRONG_TYPE', /found func \(i64\) -> \(\)/],
    [
      '(memory 2)',
      new Memory(store, memoryType(1)),
      'IMPORT_WRONG_TYPE',
      /expected memory of 2 or more pages, found memory of 1 or more pages/,
    ],
    ['(memory 1 4)', new Memory(store, memoryType(1)), 'IMPORT_WRONG_TYPE', /expected memory of 1 to 4 pages/],
    ['(memory 1 4)', new WebAssembly.Memory({ initial: 1, maximum: 5 }), 'IMPORT_WRONG_TYPE', /found memory of 1 to 5 pages/],
    ['(memory 1)', {}, 'IMPORT_WRONG_TYPE', /found an object of class Object/],
    ['(table 1 funcref)', new Table(store, tableType('externref', 1)), 'IMPORT_WRONG_TYPE', /found table of 1 or more externref/],
    ['(table 1 funcref)', new WebAssembly.Table({ initial: 1, element: 'anyfunc' }), 'IMPORT_WRONG_TYPE', /a WebAssembly\.Table/],
    ['(global (mut i32))', new Global(store, globalType('i32'), 1), 'IMPORT_WRONG_TYPE', /expected global mut i32, found global i32/],
    ['(global (mut i32))', 1, 'IMPORT_WRONG_TYPE', /found a number/],
    ['(global i64)', 1, 'IMPORT_WRONG_TYPE', /found a number/],
    ['(func)', new Func(new Store(engine), new FuncType([], []), () => {}), 'WRONG_STORE', /"m"\."x" belongs to another store/],
  ];
  for (const [type, value, code, pattern] of cases) {
    const module = await moduleOf(`(module (import "m" "x" ${type}))`);
    throws(() => new Instance(store, module, value === undefined ? [] : [value]), Error, pattern, code);
  }
  const module = await moduleOf('(module)');
  throws(() => new Instance(store, module, [1]), LinkError);
  throws(() => new Instance(store, module, [1]), WebAssembly.LinkError);
  throws(() => new Instance(store, module, { m: {} } as unknown as []), TypeError);
});

test('imports that fit', async () => {
  const store = new Store(engine);
  const cases: [string, unknown][] = [
    ['(func (param i32))', () => {}],
    ['(memory 1)', new Memory(store, memoryType(2, 3))],
    ['(memory 1 5)', new Memory(store, memoryType(2, 5))],
    ['(memory 1 5)', new WebAssembly.Memory({ initial: 1, maximum: 5 })],
    ['(memory 1)', new WebAssembly.Memory({ initial: 1 })],
    ['(table 1 2 funcref)', new Table(store, tableType('funcref', 1, 2))],
    ['(global (mut i32))', new Global(store, globalType('i32', true), 1)],
    ['(global f32)', 1.5],
    ['(global i64)', 1n],
    ['(global externref)', { any: 'thing' }],
  ];
  for (const [type, value] of cases) new Instance(store, await moduleOf(`(module (import "m" "x" ${type}))`), [value]);
});

test('globals', async () => {
  const store = new Store(engine);
  const imported = new Global(store, globalType('i32'), 40);
  const module = await moduleOf(`(module
    (import "m" "g" (global $g i32))
    (global (export "i32") (mut i32) (i32.const -5))
    (global (export "i64") i64 (i64.const -6))
    (global (export "f32") (mut f32) (f32.const 0.5))
    (global (export "f64") f64 (f64.const -0))
    (global (export "sum") i32 (i32.add (global.get $g) (i32.const 2)))
    (global (export "copy") i32 (global.get $g))
    (global (export "ref") (mut externref) (ref.null extern))
    (export "g" (global $g)))`);
  const instance = new Instance(store, module, [imported]);
  const { i32, i64, f32, f64, sum, copy, ref, g } = instance.exports;
  assert.equal([i32.value, i64.value, f32.value, f64.value, sum.value, copy.value, ref.value], [-5, -6n, 0.5, -0, 42, 40, null]);
  assert.is(g, imported);
  i32.value = 2 ** 31;
  assert.is(i32.value, -(2 ** 31));
  f32.value = 0.1;
  assert.is(f32.value, Math.fround(0.1));
  const thing = {};
  ref.value = thing;
  assert.is(ref.value, thing);
  throws(() => (i64.value = 1n), TypeError);
  throws(() => (i32.value = 1n), TypeError);
  assert.is(new Global(store, globalType('i64', true), -1n).bits, 2n ** 64n - 1n);
});

test('tables and element segments', async () => {
  const store = new Store(engine);
  const module = await moduleOf(`(module
    (table (export "t") 5 20 funcref)
    (func $f (export "f"))
    (func $g)
    (elem (i32.const 1) func $f $g $f)
    (elem (i32.const 4) funcref (ref.null func)))`);
  const instance = new Instance(store, module);
  const { t, f } = instance.exports;
  assert.is(t.length, 5);
  assert.equal([t.get(0), t.get(1), t.get(3), t.get(4)], [null, f, f, null]);
  assert.type(t.get(2), 'function');
  t.get(2)();
  t.set(0, t.get(2));
  assert.is(t.get(0), t.get(2));
  assert.is(t.grow(10, f), 5);
  assert.equal([t.length, t.get(5), t.get(14), t.get(0) === t.get(2)], [15, f, f, true]);
  throws(() => t.get(15), RangeError);
  throws(() => t.set(-1, null), RangeError);
  throws(() => t.grow(6), RangeError);
  throws(() => t.set(0, () => {}), TypeError);
  assert.is(instance.getTable(store, 't').size(store), 15);
});

test('sizes of tables that are no sizes', () => {
  const store = new Store(engine);
  for (const size of [-1, 1.5, Number.NaN, 2 ** 32]) {
    throws(() => new Table(store, tableType('funcref', size)), RangeError, /a table/);
    const table = new Table(store, tableType('funcref', 2));
    throws(() => table.grow(store, size), RangeError, /cannot grow the table of 2 elements/);
    assert.is(table.size(), 2);
  }
});

test('an element segment beyond the table traps and leaves what came before', async () => {
  const store = new Store(engine);
  const table = new Table(store, tableType('funcref', 3));
  const module = await moduleOf(`(module (import "m" "t" (table 1 funcref)) (func $f)
    (elem (i32.const 0) func $f) (elem (i32.const 2) func $f $f))`);
  throws(() => new Instance(store, module, [table]), Trap, /out of bounds table access/);
  assert.type(table.get(store, 0), 'function');
  assert.is(table.get(store, 2), null);
});

test('memories and data segments', async () => {
  const store = new Store(engine);
  const module = await moduleOf(`(module (memory (export "memory") 1 3)
    (data (i32.const 16) "hello") (data (i32.const 18) "LL") (data "passive"))`);
  const instance = new Instance(store, module);
  const { memory } = instance.exports;
  assert.instance(memory, WebAssembly.Memory);
  assert.is(Buffer.from(memory.buffer, 16, 5).toString(), 'heLLo');
  const ours = instance.getMemory(store, 'memory');
  assert.is(ours.size(store), 1);
  assert.is(ours.grow(store, 1), 1);
  assert.is(memory.buffer.byteLength, 2 * 65536);
  memory.grow(1);
  assert.is(ours.dataSize(store), 3 * 65536);
  assert.is(Buffer.from(ours.data(store).subarray(16, 21)).toString(), 'heLLo');
  throws(() => ours.grow(store, 1), RangeError);

  const late = await moduleOf('(module (import "m" "m" (memory 1)) (data (i32.const 0) "x") (data (i32.const 0x30000) "y"))');
  throws(() => new Instance(store, late, [ours]), Trap, /out of bounds memory access/);
  assert.is(ours.data(store)[0], 'x'.charCodeAt(0));
});

const resizable = 'toResizableBuffer' in WebAssembly.Memory.prototype;
if (resizable) test('a memory whose buffer is resizable', growsInPlace);
else skip('a memory whose buffer is resizable', 'this Node has no toResizableBuffer');

async function growsInPlace(): Promise<void> {
  const store = new Store(engine);
  const module = new Module(
    engine,
    `(module (import "m" "grow" (func $grow)) (memory (export "memory") 1 9)
    (func (export "size") (result i32) (memory.size))
    (func (export "during") (result i32) (call $grow) (i32.store (i32.const 0x50000) (i32.const 7)) (i32.load (i32.const 0x50000))))`,
  );
  let grow = () => {};
  const instance = new Instance(store, module, [new Func(store, new FuncType([], []), () => grow())]);
  const { size, during, memory } = instance.exports;
  const js = memory as WebAssembly.Memory;
  const buffer = js.toResizableBuffer() as ArrayBuffer & { resize(length: number): void };
  assert.is(size(), 1);
  buffer.resize(2 * 65536);
  assert.is(size(), 2);
  js.grow(1);
  assert.is(size(), 3);
  assert.is(instance.getMemory(store, 'memory').size(store), 3);
  grow = () => buffer.resize(6 * 65536);
  assert.is(during(), 7);
  assert.is(size(), 6);
  js.toFixedLengthBuffer();
  assert.is(size(), 6);
  js.grow(1);
  assert.is(size(), 7);
}

test('large data becomes an image', async () => {
  const bytes = Array.from({ length: 50000 }, (_, i) => `\\${((i * 7) & 255).toString(16).padStart(2, '0')}`).join('');
  const module = await moduleOf(`(module (memory (export "memory") 2) (data (i32.const 1000) "${bytes}"))`);
  assert.ok(module.code.artifact.image);
  const [one, other] = [0, 0].map(() => new Instance(new Store(engine), module).exports.memory.buffer);
  const view = new Uint8Array(one);
  assert.equal([view[999], view[1001], view[50999], view[51000]], [0, 7, (49999 * 7) & 255, 0]);
  view[1001] = 99;
  assert.is(new Uint8Array(other)[1001], 7, 'each instance has its own');
});

test('a memory of no pages grows', async () => {
  const module = await moduleOf('(module (memory (export "memory") 0 4))');
  const store = new Store(engine);
  const memory = new Instance(store, module).getMemory(store, 'memory');
  const { base } = memory;
  assert.is(memory.grow(store, 2), 0);
  const { native } = await import('../../host/helper/native.js');
  assert.is(native().address(memory.data(store)), base, 'the base does not move');
});

test('a linker', async () => {
  const store = new Store(engine);
  const linker = new Linker(engine);
  const seen: number[] = [];
  linker.defineFunc('host', 'log', new FuncType(['i32'], []), (value) => seen.push(value));
  linker.funcWrap('host', 'any', () => 7);
  linker.define(store, 'host', 'g', new Global(store, globalType('i32'), 3));
  const first = await moduleOf('(module (import "host" "log" (func (param i32))) (export "log2" (func 0)) (memory (export "memory") 1))');
  linker.module(store, 'first', first);
  const second = await moduleOf(`(module (import "first" "log2" (func (param i32))) (import "first" "memory" (memory 1))
    (import "host" "any" (func (result f64))) (import "host" "g" (global i32)) (export "log3" (func 0)) (export "any" (func 1)))`);
  const instance = linker.instantiate(store, second);
  instance.exports.log3(5);
  assert.is(instance.exports.any(), 7);
  assert.equal(seen, [5]);
  assert.is(instance.getFunc(store, 'log3'), linker.get(store, 'host', 'log'));
  throws(() => linker.funcWrap('host', 'log', () => {}), Error, /"host"\."log" is defined twice/, 'IMPORT_DEFINED_TWICE');
  linker.allowShadowing = true;
  linker.funcWrap('host', 'log', () => {});
  const third = await moduleOf('(module (import "x" "a" (func)) (import "x" "b" (memory 1)))');
  throws(
    () => linker.instantiate(store, third),
    Error,
    /unknown imports: "x"\."a" \(func \(\) -> \(\)\), "x"\."b" \(memory of 1 or more pages\)/,
    'IMPORT_MISSING',
  );
});

test('exports by name and kind', async () => {
  const store = new Store(engine);
  const instance = new Instance(store, await moduleOf('(module (func (export "f")) (memory (export "m") 1))'));
  assert.is(instance.getExport(store, 'f'), instance.getFunc(store, 'f'));
  assert.is(instance.getExport(store, 'no'), undefined);
  throws(() => instance.getFunc(store, 'no'), Error, /no exported function 'no'/, 'EXPORT_MISSING');
  throws(() => instance.getFunc(store, 'm'), Error, /no exported function 'm'/, 'EXPORT_MISSING');
  throws(() => instance.getExport(new Store(engine), 'f'), Error, /another store/, 'WRONG_STORE');
  throws(() => instance.getFunc(store, 'f').call(new Store(engine)), OuroError);
  const { exports } = instance;
  assert.equal(Object.keys(exports), ['f', 'm']);
  assert.is(Object.getPrototypeOf(exports), null);
  for (const name of ['f', 'm', 'new']) assert.throws(() => ((exports as Record<string, unknown>)[name] = 1), TypeError);
  assert.is(exports.f, instance.getFunc(store, 'f').callable);
  assert.instance(exports.m, WebAssembly.Memory);
  assert.ok(Object.isFrozen(exports), 'when all have been used');
});

test('instantiate takes an import object', async () => {
  const artifact = await artifactOf('(module (import "a" "b" (func (result i32))) (export "b" (func 0)))');
  const { exports, module, instance } = await instantiate(artifact, { a: { b: () => 11 } });
  assert.is(exports.b(), 11);
  assert.instance(module, Module);
  assert.is(instance.exports, exports);
  await rejects(instantiate(artifact, {}), LinkError, /"a"\."b"/, 'IMPORT_MISSING');
});

test('the start function', async () => {
  const store = new Store(engine);
  let started = 0;
  const module = await moduleOf('(module (import "m" "s" (func $s)) (start $s))');
  new Instance(store, module, [() => started++]);
  assert.is(started, 1);
  const own = await moduleOf('(module (func $s) (start $s))');
  new Instance(store, own);
  const failing = () => {
    throw new RangeError('no');
  };
  throws(() => new Instance(store, module, [failing]), RangeError);
});

test.run();
