/** Handles of external references are taken back when nothing in the store holds them, and never earlier. */

import { setTimeout } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Func, FuncType, Global, globalType, Instance, Module, Store, Table, tableType } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';

const engine = new Engine({ compiler: 'wasm' });
const text = `(module
  (import "m" "make" (func $make (param i32) (result externref)))
  (import "m" "table" (table $theirs 4 externref))
  (import "m" "global" (global $global (mut externref)))
  (table $own (export "own") 2 8 externref)
  (global $kept (export "kept") (mut externref) (ref.null extern))
  (global $hidden (mut externref) (ref.null extern))
  (func (export "same") (param externref i32) (result externref) (local.get 0))
  (func (export "hide") (param externref) (global.set $hidden (local.get 0)))
  (func (export "hidden") (result externref) (global.get $hidden))
  (func (export "put") (param i32 externref) (table.set $own (local.get 0) (local.get 1)))
  (func (export "grow") (param externref i32) (result i32) (table.grow $own (local.get 0) (local.get 1)))
  (func (export "make") (param i32) (local externref)
    (local.set 1 (call $make (local.get 0)))
    (drop (call $make (i32.const -1)))
    (global.set $kept (local.get 1))))`;
const module = Module.fromBinary(engine, await parseText(text));

function setUp() {
  const store = new Store(engine);
  const table = new Table(store, tableType('externref', 4));
  const global = new Global(store, globalType('externref', true), 'outside');
  let nested = () => {};
  const make = new Func(store, new FuncType(['i32'], ['externref']), (n: number) => {
    nested();
    return { n };
  });
  const { exports } = new Instance(store, module, [make, table, global]);
  return { store, table, global, exports, onMake: (what: () => void) => (nested = what) };
}

const COUNT = 50_000;

test('a loop that passes objects keeps few of them, and all that wasm holds', () => {
  const { store, table, global, exports } = setUp();
  const held = ['hidden', 'kept', 'own', 'theirs'].map((name) => ({ name }));
  exports.hide(held[0]);
  exports.kept.value = held[1];
  exports.put(1, held[2]);
  table.set(store, 3, held[3]);
  exports.grow({ name: 'grown' }, 2);
  for (let i = 0; i < COUNT; i++) {
    const one = { i };
    assert.is(exports.same(one, i), one);
  }
  assert.is(exports.hidden(), held[0]);
  assert.is(exports.kept.value, held[1]);
  assert.is(exports.own.get(1), held[2]);
  assert.is(table.get(store, 3), held[3]);
  assert.equal([exports.own.get(2), exports.own.get(3)], [{ name: 'grown' }, { name: 'grown' }]);
  assert.is(exports.own.get(0), null);
  assert.is(global.get(store), 'outside');
  // The next handle is not far from the first: others were taken back.
  const distance = store.externToHandle({}) - store.externToHandle(held[0]);
  assert.ok(distance < 10_000, String(distance));
});

test('a conversion of the user may call wasm while an argument waits', () => {
  const { exports } = setUp();
  const first = { name: 'first' };
  const number = {
    valueOf() {
      for (let i = 0; i < 5000; i++) exports.same({ i }, 0);
      return 1;
    },
  };
  assert.is(exports.same(first, number), first);
});

test('nothing is taken back while wasm is suspended', () => {
  const { exports, onMake } = setUp();
  onMake(() => {
    for (let i = 0; i < 5000; i++) exports.same({ i }, 0);
  });
  for (let n = 0; n < 3; n++) {
    exports.make(n);
    assert.equal(exports.kept.value, { n });
  }
});

test('a task of the event loop takes back what imports have returned', async () => {
  const { store, exports } = setUp();
  const first = store.externToHandle('first');
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 2000; i++) exports.make(i);
    await setTimeout(1);
  }
  assert.equal(exports.kept.value, { n: 1999 });
  const distance = store.externToHandle({}) - first;
  assert.ok(distance < 20_000, String(distance));
});

test('values that are hard to tell apart', () => {
  const { exports } = setUp();
  const values = [undefined, null, 0, -0, Number.NaN, '', 0n, Symbol('s'), false];
  for (let round = 0; round < 2000; round++) for (const each of values) assert.ok(Object.is(exports.same(each, 0), each));
  for (let i = 0; i < 5000; i++) exports.same(i, 0);
  for (const each of values) assert.ok(Object.is(exports.same(each, 0), each));
});

test.run();
