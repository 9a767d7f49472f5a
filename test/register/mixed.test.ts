/** Modules on both engines that share functions, tables, globals and memories. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { skip } from '../support/skip.js';
import { useCache } from './support.js';

useCache('mixed');
process.env.OURO_REGISTER = 'eager';
process.env.OURO_REGISTER_MIN_SIZE = '20000';
const { default: W } = await import('../../host/webassembly.js');
const { ModuleRecord } = await import('../../host/register/record.js');

/** A custom section that makes a module large enough for Ouro. */
const padding = Buffer.concat([Buffer.from([0, 0xa4, 0x9c, 0x01, 3]), Buffer.from('pad'), Buffer.alloc(20_000)]);

type Engine = 'v8' | 'ouro';
const engines: Engine[] = ['v8', 'ouro'];
const pairs = engines.flatMap((one) => engines.map((other) => [one, other] as const));

async function module(engine: Engine, text: string): Promise<WebAssembly.Module> {
  const bytes = await parseText(text);
  const made = new W.Module((engine === 'ouro' ? Buffer.concat([bytes, padding]) : bytes) as BufferSource);
  assert.is(ModuleRecord.of(made)!.code !== undefined, engine === 'ouro');
  return made;
}

async function instance(engine: Engine, text: string, imports: object = {}): Promise<any> {
  return new W.Instance(await module(engine, text), imports as WebAssembly.Imports).exports;
}

const library = `(module
  (table (export "table") 4 8 funcref)
  (global $g (export "global") (mut i32) (i32.const 5))
  (global (export "constant") i64 (i64.const 77))
  (global $f (export "func") (mut funcref) (ref.null func))
  (memory (export "memory") 1 4)
  (func $double (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "read") (result i32) (global.get $g))
  (func (export "call") (param i32 i32) (result i32) (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (elem (i32.const 0) $double))`;

/** The same under another key, which no test leaves to V8. */
const fresh = library.replace('77', '78');

const user = `(module
  (import "lib" "table" (table 4 funcref))
  (import "lib" "global" (global $g (mut i32)))
  (import "lib" "memory" (memory 1))
  (import "lib" "double" (func $double (param i32) (result i32)))
  (func $triple (export "triple") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "add") (param i32) (global.set $g (i32.add (global.get $g) (local.get 0))))
  (func (export "call") (param i32 i32) (result i32) (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
  (func (export "direct") (param i32) (result i32) (call $double (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "size") (result i32) memory.size)
  (export "same table" (table 0))
  (export "same global" (global $g))
  (export "same double" (func $double))
  (elem (i32.const 2) $triple $double))`;

for (const [one, other] of pairs) {
  test(`a library on ${one}, its user on ${other}`, async () => {
    const lib = await instance(one, library);
    const use = await instance(other, user, { lib });
    assert.is(use['same table'], lib.table);
    assert.is(use['same global'], lib.global);
    assert.is(use['same double'], lib.double);
    assert.is(lib.call(2, 7), 21);
    assert.is(use.call(0, 7), 14);
    assert.is(use.direct(4), 8);
    assert.is(lib.table.get(2), use.triple);
    assert.is(lib.table.get(3), lib.double);
    use.add(10);
    assert.is(lib.read(), 15);
    lib.global.value = 1;
    use.add(1);
    assert.is(lib.global.value, 2);
    use.store(8, 99);
    assert.is(new Int32Array(lib.memory.buffer)[2], 99);
    assert.is(lib.grow(), 1);
    assert.is(use.size(), 2);
    use.store(65536 + 8, 3);
    assert.is(new Int32Array(lib.memory.buffer)[16384 + 2], 3);
  });

  test(`functions and values between ${one} and ${other}`, async () => {
    const lib = await instance(one, library);
    const forOther = await instance(other, library);
    forOther.table.set(1, lib.double);
    assert.is(forOther.table.get(1), lib.double);
    assert.is(forOther.call(1, 5), 10);
    forOther.func.value = lib.double;
    assert.is(forOther.func.value, lib.double);
    const user = await instance(
      other,
      `(module (import "lib" "double" (func $d (param i32) (result i32))) (import "lib" "constant" (global $c i64))
        (func (export "f") (param i32) (result i32) (call $d (call $d (local.get 0))))
        (func (export "c") (result i64) (global.get $c))
        (func (export "id") (param funcref) (result funcref) (local.get 0))
        (export "d" (func $d)) (export "constant" (global $c)))`,
      { lib },
    );
    assert.is(user.f(3), 12);
    assert.is(user.c(), 77n);
    assert.is(user.d, lib.double);
    assert.is(user.constant.value, 77n);
    assert.is(user.id(lib.double), lib.double);
    const wrong = '(module (import "lib" "double" (func (param i64))))';
    await assertLinkError(() => instance(other, wrong, { lib }), /Import #0.*does not match the expected type/);
  });

  test(`objects of JS first on ${one}, then on ${other}`, async () => {
    const table = new W.Table({ element: 'anyfunc', initial: 4, maximum: 9 });
    const global = new W.Global({ value: 'i32', mutable: true }, 5);
    const memory = new W.Memory({ initial: 1 });
    const { double } = await instance(one, library);
    table.set(1, double);
    const lib = { table, global, memory, double };
    const first = await instance(one, user, { lib });
    const second = await instance(other, user, { lib });
    first.add(1);
    second.add(2);
    assert.is(global.value, 8);
    assert.is(first['same table'], table);
    assert.is(second['same table'], table);
    assert.is(table.get(2), second.triple);
    assert.is(table.get(1), double);
    assert.is(first.call(2, 5), 15);
    assert.is(second.call(1, 5), 10);
  });

  test(`exceptions and recursion through ${one} and ${other}`, async () => {
    const text = `(module (import "env" "f" (func $f (param i32) (result i32)))
      (func (export "g") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0)))))`;
    const thrown = {};
    const inner = await instance(one, text, {
      env: {
        f(value: number) {
          if (value === 0) throw thrown;
          return outer.g(value - 1);
        },
      },
    });
    const outer = await instance(other, text, { env: { f: inner.g } });
    let caught: unknown;
    try {
      outer.g(20);
    } catch (error) {
      caught = error;
    }
    assert.is(caught, thrown);
    const endless = await instance(one, text, { env: { f: (value: number) => back.g(value) } });
    const back = await instance(other, text, { env: { f: endless.g } });
    assert.throws(
      () => back.g(1),
      (error: unknown) => error instanceof RangeError && error.message === 'Maximum call stack size exceeded',
    );
    const fine = await instance(one, text, { env: { f: (value: number) => value } });
    assert.is(fine.g(1), 2);
  });
}

test('to see whether a global of V8 is mutable changes nothing, be it a signalling NaN', async () => {
  const { bits, nan, double, part, fixed } = await instance(
    'v8',
    `(module (global $nan (export "nan") (mut f32) (f32.const nan:0x200001)) (global $double (export "double") (mut f64) (f64.const nan:0x4000000000001))
      (global (export "fixed") f32 (f32.const nan:0x200001))
      (func (export "bits") (result i32) (i32.reinterpret_f32 (global.get $nan)))
      (func (export "part") (result i64) (i64.reinterpret_f64 (global.get $double))))`,
  );
  assert.is(bits(), 0x7fa00001);
  assert.is(part(), 0x7ff4000000000001n);
  assert.throws(() => {
    fixed.value = 1;
  }, TypeError);
  nan.value = 1;
  double.value = 2;
  assert.is(nan.value + double.value, 3);
});

async function assertLinkError(work: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof W.LinkError, String(error));
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable('nothing was thrown');
}

test('a module that only V8 can run and that needs a table of Ouro', async () => {
  const simd = `(module (import "lib" "table" (table 4 funcref)) (func (export "f") (result i32) (i32x4.extract_lane 1 (v128.const i32x4 1 2 3 4))))`;
  const lib = await instance('ouro', library);
  await assertLinkError(() => instance('v8', simd, { lib }), /runs on Ouro, which cannot run this module: SIMD.*next start/);
  // The library runs on V8 from now on.
  const again = new W.Module(Buffer.concat([await parseText(library), padding]) as BufferSource);
  assert.is(ModuleRecord.of(again)!.code, undefined);
  const user = await instance('v8', simd, { lib: new W.Instance(again).exports });
  assert.is(user.f(), 2);
});

test('a module that needs a table of Ouro and a global of V8', async () => {
  const one = library.replace('77', '79');
  const user = `(module (import "one" "table" (table 4 funcref)) (import "two" "global" (global $g (mut i32)))
    (func (export "f") (result i32) (global.get $g)))`;
  const imports = { one: await instance('ouro', one), two: await instance('v8', library) };
  await assertLinkError(() => instance('ouro', user, imports), /of an instance that runs on Ouro and one of .* on V8.*next start/);
  // The one that ran on Ouro runs on V8 from now on.
  const again = new W.Module(Buffer.concat([await parseText(one), padding]) as BufferSource);
  assert.is(ModuleRecord.of(again)!.code, undefined);
  const { exports } = new W.Instance(again);
  assert.is((await instance('ouro', user, { one: exports, two: imports.two })).f(), 5);
});

test('a module of V8 that needs objects of two instances on Ouro follows them', async () => {
  const [one, two] = [await instance('ouro', fresh), await instance('ouro', fresh)];
  const object = await instance('v8', '(module (func (export "six") (param i32) (result i32) (i32.const 6)))');
  one.table.set(1, object.six);
  two.table.set(1, one.double);
  two.func.value = object.six;
  const joined = await instance(
    'v8',
    `(module (import "one" "table" (table $t 4 funcref)) (import "two" "table" (table $u 4 funcref))
      (import "two" "func" (global $f (mut funcref)))
      (func (export "copy") (table.copy $t $u (i32.const 2) (i32.const 0) (i32.const 2)) (table.set $u (i32.const 2) (global.get $f)))
      (func (export "call") (param i32 i32) (result i32) (call_indirect $u (param i32) (result i32) (local.get 1) (local.get 0))))`,
    { one, two },
  );
  joined.copy();
  assert.equal([one.call(1, 5), one.call(2, 5), one.call(3, 7), joined.call(2, 1)], [6, 10, 14, 6]);
  assert.is(one.table.get(2), two.double);
  assert.is(one.table.get(3), one.double);
  assert.is(one.table.get(1), object.six);
  assert.is(two.table.get(2), object.six);
});

test('a module moves to V8 with the objects of JS', async () => {
  const text = `(module (import "m" "t" (table 2 funcref)) (func $f (export "f") (result i32) (i32.const 5)) (elem (i32.const 0) $f))`;
  const table = new W.Table({ element: 'anyfunc', initial: 2 });
  const first = await instance('v8', text, { m: { t: table } });
  const second = await instance('ouro', `(module (; other ;) ${text.slice(8)}`, { m: { t: table } });
  assert.is(table.get(0), second.f);
  assert.is.not(first.f, second.f);
  assert.is(table.get(0).name, '0');
  assert.is(table.get(0)(), 5);
});

const { promising, Suspending } = W as any;
if (promising === undefined) skip('promise integration', 'this Node has none');
else test('promise integration', promiseIntegration);

async function promiseIntegration(): Promise<void> {
  for (const engine of engines) {
    const { double } = await instance(engine, fresh);
    assert.is(await promising(double)(4), 8);
  }
  const text = '(module (import "m" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))';
  const suspending = { m: { f: new Suspending(async () => 7) } };
  const { exports } = new W.Instance(await module('ouro', text), suspending as any);
  assert.is(await promising(exports.g)(), 7);
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects until it is so, or has no more to collect. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !done(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('instances that nobody has any more are collected', async () => {
  const made = await module('ouro', fresh);
  const host = await module('ouro', '(module (import "m" "f" (func)) (import "m" "memory" (memory 1)) (func (export "g") (call 0)))');
  const memory = new W.Memory({ initial: 1 });
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  for (let i = 0; i < 300; i++) {
    const lib: any = new W.Instance(made).exports;
    const use: any = new W.Instance(host, { m: { f: () => lib.table.set(1, use.g), memory } } as any).exports;
    use.g();
    registry.register(lib, i);
    registry.register(use, i);
    if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await collectUntil(() => collected >= 590);
  assert.ok(collected >= 590, `${collected} of 600 are collected`);
});

test('instances that were joined are collected together', async () => {
  const made = await module('ouro', fresh);
  const user = await module(
    'ouro',
    `(module (import "one" "table" (table 4 funcref)) (import "two" "global" (global (mut i32))) (import "two" "table" (table $t 4 funcref))
      (table $own (export "own") 1 externref)
      (func (export "call") (param i32) (result i32) (call_indirect $t (param i32) (result i32) (local.get 0) (i32.const 0))))`,
  );
  const state = { one: 0, two: 0, joined: 0 };
  const registry = new FinalizationRegistry((which: keyof typeof state) => state[which]++);
  const kept: any[] = [];
  for (let i = 0; i < 100; i++) {
    const [one, two]: any[] = [new W.Instance(made).exports, new W.Instance(made).exports];
    const joined: any = new W.Instance(user, { one, two } as any).exports;
    joined.own.set(0, [one, two, joined]);
    registry.register(one, 'one');
    registry.register(two, 'two');
    registry.register(joined, 'joined');
    if (i % 10 === 0) kept.push(one.table);
    if (i % 10 === 1) kept.push(joined.call);
    if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await collectUntil(() => state.joined >= 75);
  for (const each of Object.values(state)) assert.ok(each >= 75 && each <= 80, JSON.stringify(state));
  for (const each of kept) assert.is(typeof each === 'function' ? each(21) : each.get(0)(21), 42);
});

test.run();
