/** Tables and globals of the JS API with the library: what JS makes stays with the first store that uses it. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, LinkError, Module, OuroError, Store, tableType, Table } from '../../host/index.js';
import { throws } from './support.js';

const engine = new Engine();
const source = new Module(engine, '(module (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 1)))');
const { t, g } = new Instance(new Store(engine), source).exports;
/** The classes of the JS API, as the library's exports have them. */
const JsTable = t.constructor as typeof WebAssembly.Table;
const JsGlobal = g.constructor as typeof WebAssembly.Global;

const user = new Module(
  engine,
  `(module (import "m" "t" (table 2 funcref)) (import "m" "g" (global $g (mut i32)))
    (func (export "set") (param i32) (global.set $g (local.get 0)))
    (func $f (export "put") (table.set 0 (i32.const 0) (ref.func $f))))`,
);
const objects = () => [new JsTable({ element: 'anyfunc', initial: 2 }), new JsGlobal({ value: 'i32', mutable: true }, 3)] as const;

test('one store uses them, in all its instances', () => {
  const store = new Store(engine);
  const [table, global] = objects();
  const one = new Instance(store, user, [table, global]).exports;
  const other = new Instance(store, user, [table, global]).exports;
  one.set(111);
  assert.is(global.value, 111);
  other.set(222);
  assert.is(global.value, 222);
  one.put();
  assert.is(table.get(0), one.put);
});

test('another store cannot: there is one of each', () => {
  const [table, global] = objects();
  const { set } = new Instance(new Store(engine), user, [table, global]).exports;
  throws(() => new Instance(new Store(engine), user, [table, global]), OuroError, /(?:)/, 'WRONG_STORE');
  set(5);
  assert.is(global.value, 5);
});

test('exports of another store are refused as such', () => {
  throws(() => new Instance(new Store(engine), user, [t, g]), OuroError, /(?:)/, 'WRONG_STORE');
});

test('what is of another kind is named', () => {
  const store = new Store(engine);
  const { g: global } = new Instance(store, source).exports;
  throws(() => new Instance(store, user, [global, global]), LinkError, /expected table of 2 or more funcref, found global mut i32/);
});

test('where linking fails they are as before', () => {
  const store = new Store(engine);
  const [table, global] = objects();
  const wrong = new Table(store, tableType('externref', 1));
  throws(() => new Instance(store, user, [table, wrong]), LinkError);
  throws(
    () => new Instance(store, new Module(engine, '(module (import "m" "t" (table 2 funcref)) (import "m" "x" (func)))'), [table, 5]),
    LinkError,
  );
  store.dispose();
  assert.is(table.length, 2);
  const { set } = new Instance(new Store(engine), user, [table, global]).exports;
  set(7);
  assert.is(global.value, 7);
});

test('of a store that was disposed of nothing is left', () => {
  const store = new Store(engine);
  const [table, global] = objects();
  const { put } = new Instance(store, user, [table, global]).exports;
  put();
  assert.type(table.get(0), 'function');
  store.dispose();
  for (const use of [() => table.get(0), () => table.grow(1), () => table.length, () => table.set(0, null), () => global.value]) {
    throws(use, OuroError, /(?:)/, 'STORE_DISPOSED');
  }
});

test.run();
