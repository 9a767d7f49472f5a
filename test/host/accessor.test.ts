/** Functions that only read or move a stack pointer: which are some, and that JS does what their code does. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArtifact } from '../../host/artifact/artifact.js';
import { ArtifactError, Engine, Func, Global, globalType, Instance, Module, OuroError, Store } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import * as A from '../../runtime/artifact.js';
import { linkText } from '../link/sample.js';
import { throws } from './support.js';

const get = '(result i32) global.get $sp';
const set = '(param i32) local.get 0 global.set $sp';
const add = '(param i32) (result i32) local.get 0 global.get $sp i32.add global.set $sp global.get $sp';
const allocate = '(param i32) (result i32) global.get $sp local.get 0 i32.sub i32.const -16 i32.and local.tee 0 global.set $sp local.get 0';

const kinds = [
  [get, A.Accessor.Get],
  ['(result i32) global.get $constant', A.Accessor.Get],
  [set, A.Accessor.Set],
  [add, A.Accessor.Add],
  [allocate, A.Accessor.Allocate],
  // All others do more, or something else.
  ['', undefined],
  ['(result i64) global.get $long', undefined],
  ['(param i64) local.get 0 global.set $long', undefined],
  ['(result f32) global.get $float', undefined],
  ['(result i32) global.get $far', undefined],
  ['(param i32) (result i32) global.get $sp', undefined],
  ['(param i32 i32) local.get 0 global.set $sp', undefined],
  ['(param i32 i32) local.get 1 global.set $sp', undefined],
  ['(result i32) (local i32) global.get $sp', undefined],
  ['(result i32) global.get $sp nop', undefined],
  ['(result i32) global.get $sp i32.const 1 i32.add', undefined],
  ['(param i32) local.get 0 global.set $sp nop', undefined],
  [add.replace('global.set $sp', 'global.set $other'), undefined],
  [add.replace('$sp i32.add', '$other i32.add'), undefined],
  [add.replace('i32.add', 'i32.sub'), undefined],
  [add.replace('(result i32)', '(result i32) (local i32)').replace('local.get 0', 'local.get 1'), undefined],
  [`${add} drop i32.const 0`, undefined],
  [allocate.replace('-16', '-8'), undefined],
  [allocate.replace('i32.and', 'i32.or'), undefined],
  [allocate.replace('global.set $sp', 'global.set $other'), undefined],
  [allocate.replace(/local.get 0$/, 'i32.const 0'), undefined],
  ['(param i32) (result i32) local.get 0', undefined],
] as const;

test('which functions are some', async () => {
  const functions = kinds.map(([text], i) => `(func (export "${i}") ${text})`).join('\n');
  const far = Array.from({ length: A.FUNCTION_GLOBAL_LIMIT - 5 }, () => '(global i32 (i32.const 0))').join('\n');
  const text = `(module (global $other (mut i32) (i32.const 0)) (global $sp (mut i32) (i32.const 0)) (global $constant i32 (i32.const 9))
    (global $long (mut i64) (i64.const 0)) (global $float f32 (f32.const 0)) ${far} (global $far (mut i32) (i32.const 7)) ${functions})`;
  for (const optLevel of ['none', 'speed'] as const) {
    const engine = new Engine({ optLevel });
    const artifact = parseArtifact(new Module(engine, await parseText(text)).serialize(), { target: A.TARGET_X64 });
    for (const [i, [body, accessor]] of kinds.entries()) {
      const global = body.includes('$constant') ? 2 : 1;
      assert.equal(artifact.accessor(i), accessor && { accessor, global }, body);
    }
  }
});

const text = `(module
  (import "host" "call" (func $call (result i32)))
  (global $other (mut f64) (f64.const 1))
  (global $sp (export "sp") (mut i32) (i32.const 65536))
  (func (export "get") ${get})
  (func (export "set") ${set})
  (func (export "add") ${add})
  (func (export "allocate") ${allocate})
  (func (export "through the host") (param i32) (result i32)
    (global.set $sp (i32.mul (global.get $sp) (i32.const 3)))
    (i32.add (call $call) (global.get $sp))))`;
const wasm = await parseText(text);

type Exports = Record<string, (value?: unknown) => number | undefined>;

const instantiate = (host: () => number) => {
  const engine = new Engine();
  return new Instance(new Store(engine), new Module(engine, wasm), [host]);
};

test('JS does what the code does, and what V8 does', () => {
  let calls = 0;
  const hostOf = (exports: () => Exports) => () => exports().add(4)! + exports().get()! + calls;
  const inJs: Instance = instantiate(hostOf(() => inJs.exports as Exports));
  const inCode: Instance = instantiate(
    hostOf(() => Object.fromEntries(['add', 'get'].map((name) => [name, (value?: unknown) => code(name, value)])) as Exports),
  );
  const inV8 = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), {
    host: { call: hostOf(() => inV8.exports as unknown as Exports) },
  });
  const code = (name: string, value?: unknown) => {
    const func = inCode.getFunc(inCode.store, name);
    const [bits] = func.callRaw(func.type().params.map(() => BigInt.asUintN(32, BigInt(Number(value) | 0))));
    return bits === undefined ? undefined : Number(BigInt.asIntN(32, bits));
  };
  const values = [
    0,
    1,
    -1,
    5,
    16,
    -16,
    2 ** 31,
    -(2 ** 31),
    2 ** 32 - 1,
    1e10,
    0.9,
    -0,
    Number.NaN,
    '7',
    null,
    undefined,
    true,
    { valueOf: () => 33 },
  ];
  let seed = 1;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 16) % limit;
  };
  const names = ['get', 'set', 'add', 'allocate', 'through the host'];
  for (calls = 0; calls < 3000; calls++) {
    const name = names[random(names.length)];
    const value = values[random(values.length)];
    const result = (inJs.exports as Exports)[name](value);
    assert.is(result, (inV8.exports as unknown as Exports)[name](value), `${name}(${String(value)})`);
    assert.is(result, code(name, value), `${name}(${String(value)})`);
    assert.is(inJs.exports.sp.value, (inV8.exports.sp as WebAssembly.Global).value);
    assert.is(inJs.getGlobal(inJs.store, 'sp').bits >> 32n, 0n);
  }
});

test('as all exported functions', () => {
  const instance = instantiate(() => 0);
  const exports = instance.exports as Exports;
  for (const [name, length] of [
    ['get', 0],
    ['set', 1],
    ['add', 1],
    ['allocate', 1],
  ] as const) {
    const func = exports[name];
    assert.is(func.length, length);
    assert.match(func.name, /^\d+$/);
    assert.is(instance.getFunc(instance.store, name).callable, func);
    assert.is(Func.ofCallable(func), instance.getFunc(instance.store, name));
    throws(() => new (func as any)(), TypeError);
    if (length === 0) assert.is(func(1n), 65536);
    else throws(() => func(1n), TypeError, /BigInt/);
  }
  assert.is(exports.get(), 65536);
  instance.store.dispose();
  for (const name of ['get', 'set', 'add', 'allocate']) throws(() => exports[name](1), OuroError, /disposed/);
});

test('of a global that is imported', async () => {
  const engine = new Engine();
  const store = new Store(engine);
  const global = new Global(store, globalType('i32', true), 100);
  const bytes = await parseText(
    `(module (import "a" "sp" (global $sp (mut i32))) (func (export "get") ${get}) (func (export "add") ${add}))`,
  );
  const [one, two] = [0, 1].map(() => new Instance(store, new Module(engine, bytes), [global]).exports as Exports);
  assert.is(one.add(5), 105);
  assert.is(two.get(), 105);
  global.value = -1;
  assert.is(two.add(3), 2);
  assert.is(one.get(), 2);
});

test('a record that cannot be is not followed', async () => {
  const { artifact } = await linkText(
    `(module (global (mut i32) (i32.const 0)) (global i32 (i32.const 0)) (global (mut f32) (f32.const 0))
      (func $f (export "f") (param i32) (result i32) (i32.const 0)))`,
  );
  const { offset } = parseArtifact(artifact, { target: A.TARGET_X64 }).section(A.Section.Functions);
  const flagged = (accessor: number, global: number) => {
    const bytes = artifact.slice();
    const flags = (accessor << A.FUNCTION_ACCESSOR_SHIFT) | (global << A.FUNCTION_GLOBAL_SHIFT);
    new DataView(bytes.buffer).setUint16(offset + A.FUNCTION_FLAGS, flags, true);
    return () => parseArtifact(bytes, { target: A.TARGET_X64, verifyHash: false }).accessor(0);
  };
  assert.equal(flagged(0, 9)(), undefined);
  assert.equal(flagged(A.Accessor.Add, 0)(), { accessor: A.Accessor.Add, global: 0 });
  for (const [accessor, global] of [
    [A.Accessor.Add, 1],
    [A.Accessor.Add, 2],
    [A.Accessor.Add, 3],
    [A.Accessor.Get, 0],
    [A.Accessor.Set, 0],
    [5, 0],
    [7, 0],
  ]) {
    throws(flagged(accessor, global), ArtifactError, /damaged/);
  }
});

test.run();
