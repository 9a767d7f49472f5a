/** Stores that become one: what their objects do then, and that nothing of it is for users of the library. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Func,
  FuncType,
  Global,
  globalType,
  Instance,
  Memory,
  memoryType,
  Module,
  OuroError,
  Store,
  Table,
  tableType,
} from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { engine, throws } from './support.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const unary = new FuncType(['i32'], ['i32']);
const module = new Module(
  engine,
  await parseText(`(module
    (import "m" "f" (func $f (param i32) (result i32)))
    (table (export "t") 2 9 funcref)
    (table $refs (export "refs") 2 9 externref)
    (global $hidden (mut externref) (ref.null extern))
    (memory 1)
    (func $g (export "g") (param i32) (result i32) (i32.add (memory.grow (i32.const 0)) (call $f (local.get 0))))
    (func (export "keep") (param externref i32) (result externref) (drop (call $f (local.get 1))) (local.get 0))
    (func (export "hide") (param externref) (global.set $hidden (local.get 0)))
    (func (export "hidden") (result externref) (global.get $hidden))
    (export "f" (func $f))
    (elem (i32.const 0) $f $g))`),
);
const calling = new Module(
  engine,
  await parseText(`(module (import "a" "t" (table $a 2 funcref)) (import "b" "t" (table $b 2 funcref))
    (func (export "call") (param i32) (result i32)
      (call_indirect $a (param i32) (result i32) (call_indirect $b (param i32) (result i32) (local.get 0) (i32.const 1)) (i32.const 0))))`),
);
const growing = new Module(
  engine,
  await parseText(`(module (import "m" "memory" (memory 1))
    (func (export "size") (param i32) (result i32) memory.size)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
);

function make(f: (value: number) => number, more = 0) {
  const store = new Store(engine);
  for (let i = 0; i < more; i++) new Func(store, unary, () => -1);
  const instance = new Instance(store, module, [f]);
  return { store, instance, table: instance.getTable(store, 't'), exports: instance.exports };
}

test('objects of both belong to one, whichever has more', () => {
  for (const [first, second] of [
    [0, 5],
    [5, 0],
  ]) {
    const a = make((value) => value + 1, first);
    const b = make((value) => value * 2, second);
    throws(() => new Instance(a.store, calling, [a.table, b.table]), OuroError, /belongs to another store/, 'WRONG_STORE');
    throws(() => a.table.get(b.store, 0), OuroError, /belongs to another store/, 'WRONG_STORE');
    const before = [a.table.get(a.store, 1), b.table.get(b.store, 1), b.exports.g];
    assert.is(Store.merge([a.store, b.store]), a.store);
    assert.is(Store.merge([b.store, a.store]), b.store);
    const { exports } = new Instance(b.store, calling, [a.table, b.table]);
    assert.is(exports.call(5), 12);
    assert.equal([a.exports.g(1), b.exports.g(1)], [3, 3]);
    assert.is(a.table.get(b.store, 1), before[0]);
    assert.is(b.table.get(a.store, 1), before[1]);
    assert.is(b.exports.g, before[2]);
    a.table.set(b.store, 0, b.instance.getFunc(a.store, 'g'));
    assert.is(exports.call(5), 23);
    const func = new Func(a.store, unary, (value: number) => -value);
    b.table.set(b.store, 1, func);
    assert.is(exports.call(5), -9);
    assert.is(b.table.get(a.store, 1), func.callable);
  }
});

test('functions that nobody has asked for before', async () => {
  const imports = 8;
  const many = new Module(engine, await parseText(`(module ${'(import "m" "f" (func (param i32) (result i32)))'.repeat(imports)})`));
  for (const more of [0, 9]) {
    const a = make(Number, more);
    const b = new Store(engine);
    new Instance(
      b,
      many,
      Array(imports).fill((value: number) => -value),
    );
    Store.merge([b, a.store]);
    const g = a.table.get(b, 1) as any;
    assert.equal([g.name, g(4), g], ['1', 5, a.exports.g]);
    assert.equal([a.table.get(b, 0), (a.table.get(b, 0) as any)(4)], [a.instance.getFunc(b, 'f').callable, 4]);
  }
});

test('host functions keep their place when faster ones replace them', () => {
  const a = make((value) => value + 1, 3);
  const b = make((value) => value * 2);
  for (let i = 0; i < 5; i++) b.exports.g(i);
  Store.merge([a.store, b.store]);
  for (let i = 0; i < 20; i++) assert.equal([a.exports.g(i), b.exports.g(i)], [i + 2, 2 * i + 1]);
});

test('handles of references are those of one store', () => {
  const [a, b, c] = [make(Number), make(Number), make(Number)];
  const all = [a, b, c];
  const objects = all.map((_, n) => ({ n }));
  const shared = { shared: true };
  all.forEach(({ store, exports }, i) => {
    exports.hide(objects[i]);
    exports.refs.set(0, objects[i]);
    exports.refs.set(1, shared);
    assert.is(new Set(all.map((each) => each.store.externToHandle(shared))).size, 3);
    assert.is(store.externFromHandle(store.externToHandle(null)), null);
  });
  Store.merge([a.store, b.store]);
  Store.merge([c.store, a.store]);
  assert.is(new Set(all.map((each) => each.store.externToHandle(shared))).size, 1);
  for (let i = 0; i < 20_000; i++) {
    const { exports } = all[i % 3];
    const object = { i };
    assert.is(exports.keep(object, i), object);
  }
  all.forEach(({ exports }, i) => {
    assert.is(exports.hidden(), objects[i]);
    assert.is(exports.refs.get(0), objects[i]);
    assert.is(exports.refs.get(1), shared);
  });
  const distance = a.store.externToHandle({}) - a.store.externToHandle(objects[0]);
  assert.ok(Math.abs(distance) < 30_000, String(distance));
});

test('references in frames that are suspended in both', () => {
  const depth: string[] = [];
  const a = make((value) => {
    depth.push('a');
    if (value > 0) assert.is(b.exports.keep(objects[1], value), objects[1]);
    return 0;
  });
  const b = make((value) => {
    depth.push('b');
    if (value === 2) {
      Store.merge([a.store, b.store]);
      for (let i = 0; i < 5000; i++) for (const { exports } of [a, b]) exports.refs.set(1, { i });
      assert.is(a.exports.keep(objects[2], 1), objects[2]);
    }
    return 0;
  }, 4);
  const objects = [{ n: 0 }, { n: 1 }, { n: 2 }];
  assert.is(a.exports.keep(objects[0], 2), objects[0]);
  assert.is(depth.join(''), 'abab');
  for (const { exports } of [a, b]) exports.refs.set(1, null);
  for (let i = 0; i < 5000; i++) assert.is(a.exports.keep(objects[i % 3], 0), objects[i % 3]);
});

test('a memory that both know', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const [one, two, three] = [0, 1, 2].map(() => {
    const store = new Store(engine);
    return { store, ...new Instance(store, growing, [memory]).exports } as any;
  });
  assert.equal([one.size(), one.grow(1), two.size(), three.size()], [1, 1, 2, 2]);
  Store.merge([one.store, two.store]);
  assert.equal([one.grow(1), two.size(), two.grow(1), one.size(), three.size()], [2, 3, 3, 4, 4]);
  memory.grow(1);
  Store.merge([one.store, three.store]);
  assert.equal(
    [one, two, three].map((each) => each.size()),
    [5, 5, 5],
  );
});

test('the length of a memory is looked at whichever store is entered', () => {
  const [one, two] = [0, 1].map(() => {
    const store = new Store(engine);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const size = new Instance(store, growing, [memory]).getFunc(store, 'size');
    return { store, memory, table: new Table(store, tableType('funcref', 2), size) };
  });
  Store.merge([one.store, two.store]);
  for (const [first, second] of [
    [one, two],
    [two, one],
  ]) {
    for (const { store } of [one, two]) {
      second.table.set(store, 1, new Func(store, unary, () => 0));
      const { exports } = new Instance(store, calling, [first.table, second.table]);
      for (let i = 0; i < 2; i++) {
        const before = first.memory.grow(1);
        assert.is(exports.call(0), before + 1);
      }
    }
  }
});

test('a store that is disposed of is so for all', () => {
  const a = make(Number);
  const b = make(Number);
  Store.merge([a.store, b.store]);
  a.store.dispose();
  assert.is(b.store.disposed, true);
  for (const use of [
    () => b.exports.g(1),
    () => a.exports.g(1),
    () => b.table.get(b.store, 0),
    () => new Table(b.store, tableType('funcref', 1)),
  ])
    throws(use, OuroError, /disposed of/, 'STORE_DISPOSED');
  throws(() => Store.merge([make(Number).store, b.store]), OuroError, /disposed of/, 'STORE_DISPOSED');
  throws(() => Store.merge([b.store, make(Number).store]), OuroError, /disposed of/, 'STORE_DISPOSED');
});

test('objects of the library alone', () => {
  const [a, b] = [new Store(engine), new Store(engine)];
  const memory = new Memory(b, memoryType(1, 4));
  const global = new Global(b, globalType('externref', true), 'x');
  Store.merge([a, b]);
  assert.is(memory.grow(a, 1), 1);
  assert.is(global.get(a), 'x');
  global.set(a, 'y');
  assert.is(global.value, 'y');
});

test('numbers of stores that are gone are used again', async () => {
  const handle = () => new Store(engine).externToHandle({});
  const [first, second] = [handle(), handle()];
  let highest = 0;
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 50; i++) {
      const [one, two] = [new Store(engine), new Store(engine)];
      highest = Math.max(highest, one.externToHandle({ one }), two.externToHandle({ two }));
      if (i % 2 === 0) Store.merge([one, two]);
    }
    gc();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // But not those of a store that is part of another.
  const [kept, taken] = [new Store(engine), new Store(engine)];
  const object = {};
  const number = taken.externToHandle(object);
  Store.merge([kept, taken]);
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (let i = 0; i < 200; i++) assert.is.not(handle(), number);
  assert.is(kept.externToHandle(object), number);
  const each = second - first;
  assert.ok(highest - first < 1000 * each, `from ${first} to ${highest}`);
});

test.run();
