/** What a module tells about itself: imports, exports, resources, and its code. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, type ExternType, FuncType, Instance, Module, OuroError, Store } from '../../host/index.js';
import { describeType, typeMatches } from '../../host/base/types.js';
import { engine, throws } from './support.js';

const test = suite('about modules');

const rich = new Module(
  engine,
  `(module $rich
    (import "env" "same" (func (param i32) (result i64)))
    (import "env" "same" (func (param i32) (result i64)))
    (import "env" "table" (table 2 5 externref))
    (import "env" "base" (global (mut f32)))
    (import "größe" "" (global i64))
    (table (export "own") 7 funcref)
    (memory (export "memory") 3 9)
    (global (export "count") (mut i64) (i64.const 1))
    (func $first (export "first") (export "again") (param f64) (result f64 i32) (local.get 0) (i32.const 1))
    (func (export "second"))
    (func)
    (export "passed on" (func 0))
    (export "base" (global 0))
    (start 3))`,
);

test('imports', () => {
  const type = new FuncType(['i32'], ['i64']);
  assert.equal(rich.imports(), [
    { module: 'env', name: 'same', type },
    { module: 'env', name: 'same', type },
    { module: 'env', name: 'table', type: { kind: 'table', element: 'externref', minimum: 2, maximum: 5, is64: false } },
    { module: 'env', name: 'base', type: { kind: 'global', content: 'f32', mutable: true } },
    { module: 'größe', name: '', type: { kind: 'global', content: 'i64', mutable: false } },
  ]);
  assert.is(rich.imports(), rich.imports());
  assert.is(rich.imports()[0].type, type);
  throws(() => (rich.imports() as unknown[]).push(1), TypeError);
});

test('exports', () => {
  const first = new FuncType(['f64'], ['f64', 'i32']);
  const expected: [string, ExternType][] = [
    ['own', { kind: 'table', element: 'funcref', minimum: 7, maximum: undefined, is64: false }],
    ['memory', { kind: 'memory', minimum: 3, maximum: 9, shared: false, is64: false, pageSize: 65536 }],
    ['count', { kind: 'global', content: 'i64', mutable: true }],
    ['first', first],
    ['again', first],
    ['second', new FuncType([], [])],
    ['passed on', new FuncType(['i32'], ['i64'])],
    ['base', { kind: 'global', content: 'f32', mutable: true }],
  ];
  assert.equal(
    rich.exports(),
    expected.map(([name, type]) => ({ name, type })),
  );
  for (const [name, type] of expected) {
    assert.equal(rich.getExport(name), type);
    const index = rich.getExportIndex(name)!;
    assert.is(index.name, name);
    assert.is(
      index.indexIn(rich.code),
      rich.exports().findIndex((each) => each.name === name),
    );
    assert.is(rich.getExportIndex(name), index);
  }
  for (const name of ['', 'First', 'toString', '__proto__', '\ud800']) {
    assert.is(rich.getExport(name), undefined);
    assert.is(rich.getExportIndex(name), undefined);
  }
  const bare = new Module(engine, '(module)');
  assert.equal(bare.imports(), []);
  assert.equal(bare.exports(), []);
});

test('a handle finds its export in each instance', () => {
  const module = new Module(engine, '(module (func (export "a") (result i32) (i32.const 1)) (memory (export "b") 1))');
  const [a, b] = [module.getExportIndex('a')!, module.getExportIndex('b')!];
  for (const each of [module, module.clone()]) {
    const store = new Store(engine);
    const instance = new Instance(store, each);
    assert.is(instance.getExport(store, a), instance.getExport(store, 'a'));
    assert.is(instance.getExport(store, b), instance.getMemory(store, 'b'));
    throws(() => instance.getExport(new Store(engine), a), OuroError, /another store/, 'WRONG_STORE');
    throws(() => instance.getExport(store, rich.getExportIndex('first')!), OuroError, /'first' belongs to another/, 'EXPORT_MISSING');
  }
});

test('getExport does not slow down with the number of exports', () => {
  const many = (count: number) =>
    new Module(engine, `(module (func $f) ${Array.from({ length: count }, (_, i) => `(export "e${i}" (func $f))`).join('')})`);
  const time = (module: Module) => {
    module.getExport('e0');
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 20; round++) {
      const started = performance.now();
      for (let i = 0; i < 2000; i++) module.getExport('e7');
      best = Math.min(best, performance.now() - started);
    }
    return best;
  };
  const [small, large] = [many(10), many(10_000)];
  time(small);
  const [one, other] = [time(small), time(large)];
  assert.ok(other < 5 * one + 0.2, `${one} and ${other} ms`);
});

test('name', () => {
  assert.is(rich.name, 'rich');
  assert.is(new Module(engine, '(module)').name, undefined);
});

test('resources', () => {
  assert.equal(rich.resourcesRequired(), { numMemories: 1, maxInitialMemorySize: 3, numTables: 1, maxInitialTableSize: 7 });
  const required = (text: string) => new Module(engine, text).resourcesRequired();
  assert.equal(required('(module (import "a" "b" (memory 5)) (import "a" "c" (table 9 funcref)))'), {
    numMemories: 0,
    maxInitialMemorySize: undefined,
    numTables: 0,
    maxInitialTableSize: undefined,
  });
  assert.equal(required('(module (table 4 funcref) (table 11 externref) (table 0 funcref) (memory 0))'), {
    numMemories: 1,
    maxInitialMemorySize: 0,
    numTables: 3,
    maxInitialTableSize: 11,
  });
});

test('functions', () => {
  const functions = rich.functions();
  assert.is(functions.length, 3);
  const list = [...functions];
  assert.equal(
    list.map(({ index, name }) => [index, name]),
    [
      [2, 'first'],
      [3, 'second'],
      [4, 'wasm[4]'],
    ],
  );
  let end = 0;
  for (const { offset, length } of list) {
    assert.ok(offset >= end && length > 0);
    end = offset + length;
  }
  assert.ok(end <= rich.text().length);
  assert.equal(functions.at(-1), list[2]);
  assert.equal([functions.at(3), functions.at(-4), functions.at(Number.NaN)], [undefined, undefined, undefined]);
  assert.is(new Module(engine, '(module)').functions().length, 0);
});

test('text: a view, harmless to write to, that outlives the module', () => {
  const module = new Module(engine, '(module (func (export "two") (result i32) (i32.const 2)))');
  const text = module.text();
  assert.is(module.text(), text);
  const { text: section } = module.code.artifact;
  assert.equal(Buffer.compare(text, module.serialize().subarray(section.offset, section.offset + section.size)), 0);
  assert.ok(text.byteOffset === 0 && text.buffer.byteLength === text.length); // no way to the rest of the file
  const { two } = new Instance(new Store(engine), module).exports;
  text.fill(0xcc);
  assert.is(two(), 2);
  assert.is(module.text()[0], 0xcc); // the same view
  assert.is.not(module.serialize()[section.offset], 0xcc);

  const other = Module.deserialize(engine, module.serialize());
  const kept = other.text();
  const copy = kept.slice();
  other.dispose();
  assert.equal(Buffer.compare(kept, copy), 0);
  kept[0] ^= 1;
  assert.is(new Module(engine, '(module)').text().length, 0);
});

test('address map', () => {
  const text =
    '(module (func (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 3))) (func (drop (i32.load (i32.const 1)))) (memory 1))';
  const module = new Module(engine, text);
  const entries = [...module.addressMap()!];
  assert.ok(entries.length >= 2);
  let last = -1;
  let shown: number | undefined | null = null;
  for (const [textOffset, wasmOffset] of entries) {
    assert.ok(textOffset > last && textOffset < module.text().length);
    assert.is.not(wasmOffset, shown);
    assert.ok(wasmOffset === undefined || wasmOffset > 8);
    last = textOffset;
    shown = wasmOffset;
  }
  // It says what traps say.
  const { artifact } = module.code;
  for (const [textOffset, wasmOffset] of entries) assert.is(artifact.wasmOffsetAt(textOffset), wasmOffset);
  assert.is(new Module(new Engine({ generateAddressMap: false }), text).addressMap(), undefined);
  assert.equal([...new Module(engine, '(module)').addressMap()!], []);
  const iterator = module.clone().addressMap()!;
  iterator.next();
  module.dispose(); // a clone is left, and the iterator
  iterator.next();
});

test('image range', () => {
  const { start, end } = rich.imageRange();
  assert.is(typeof start, 'bigint');
  assert.is(Number(end - start), rich.serialize().length);
  assert.is(start % 4096n, 0n);
  assert.is.not(Module.deserialize(engine, rich.serialize()).imageRange().start, start);
});

test('the copy-on-write image, made early', () => {
  const data = 'x'.repeat(200_000);
  const module = new Module(engine, `(module (memory (export "memory") 8) (data (i32.const 100) "${data}"))`);
  assert.ok(module.code.artifact.image);
  module.initializeCopyOnWriteImage();
  module.initializeCopyOnWriteImage();
  const make = () => new Uint8Array(new Instance(new Store(engine), module).exports.memory.buffer);
  const [one, other] = [make(), make()];
  one.fill(1);
  assert.is(Buffer.from(other.buffer, 100, data.length).toString(), data);
  assert.is(Buffer.from(make().buffer, 100, data.length).toString(), data);
  rich.initializeCopyOnWriteImage(); // nothing to make
});

test('types as messages say them, and tags', () => {
  const tag: ExternType = { kind: 'tag', type: new FuncType(['i32'], []) };
  assert.is(describeType(tag), 'tag (i32) -> ()');
  assert.ok(typeMatches(tag, { kind: 'tag', type: new FuncType(['i32'], []) }));
  assert.not(typeMatches(tag, { kind: 'tag', type: new FuncType(['i64'], []) }));
  assert.not(typeMatches(tag, new FuncType(['i32'], [])));
  assert.not(typeMatches(new FuncType(['i32'], []), tag));
});

test('after dispose: typed errors', () => {
  const module = new Module(engine, '(module (func (export "f")))');
  const functions = module.functions();
  const map = module.addressMap()!;
  module.dispose();
  module.dispose();
  module[Symbol.dispose]();
  const uses: (() => unknown)[] = [
    () => module.serialize(),
    () => module.name,
    () => module.imports(),
    () => module.exports(),
    () => module.getExport('f'),
    () => module.getExportIndex('f'),
    () => module.resourcesRequired(),
    () => module.imageRange(),
    () => module.initializeCopyOnWriteImage(),
    () => module.addressMap(),
    () => module.text(),
    () => module.functions(),
    () => module.clone(),
    () => module.share(),
    () => new Instance(new Store(engine), module),
    () => functions.at(0),
    () => [...functions],
    () => [...map],
  ];
  for (const use of uses) throws(use, OuroError, /disposed/, 'DISPOSED');
  assert.is(module.engine, engine);
  assert.is(functions.length, 1);
});

test.run();
