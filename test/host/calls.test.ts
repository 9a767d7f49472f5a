/** Calls across the border with hand-made code: conversions, results, host functions, exceptions. */

import vm from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Func, FuncType, Instance, Module, Store, Trap } from '../../host/index.js';
import { emitFunction, linkText } from '../link/sample.js';
import { type Body, engine, moduleOf, throws } from './support.js';

/** An instance whose functions have these bodies. */
async function instance(text: string, bodies: Body[], imports: unknown[] = []) {
  const store = new Store(engine);
  const module = await moduleOf(text, bodies);
  return { store, instance: new Instance(store, module, imports) };
}

// lea eax, [rdi + rsi]; ret
const addCode = '8d0437 c3';

test('integers', async () => {
  const { instance: made } = await instance('(module (func (export "add") (param i32 i32) (result i32) (i32.const 0)))', [addCode]);
  const { add } = made.exports;
  assert.is(add(2, 40), 42);
  assert.is(add(0x7fffffff, 1), -0x80000000);
  assert.is(add('7', { valueOf: () => 3 }), 10);
  assert.is(add(2.9, -1.5), 1);
  assert.is(add(), 0);
  throws(() => add(1n, 2), TypeError);
  throws(() => add(Symbol(), 2), TypeError);
  assert.is(add.length, 2);
});

test('i64 and floats', async () => {
  const text = `(module
    (func (export "i64") (param i64 i64) (result i64) (i64.const 0))
    (func (export "f64") (param f64 f64) (result f64) (f64.const 0))
    (func (export "f32") (param f32 f32) (result f32) (f32.const 0)))`;
  // lea rax, [rdi + rsi]; addsd xmm0, xmm1; addss xmm0, xmm1
  const { instance: made } = await instance(text, ['488d0437 c3', 'f20f58c1 c3', 'f30f58c1 c3']);
  const { i64, f64, f32 } = made.exports;
  assert.is(i64(1n, 2n), 3n);
  assert.is(i64(-1n, 0n), -1n);
  assert.is(i64(2n ** 63n, 0n), -(2n ** 63n));
  throws(() => i64(1, 2n), TypeError);
  assert.is(f64(0.5, 0.25), 0.75);
  assert.ok(Number.isNaN(f64(undefined, 1)));
  assert.is(f32(0.1, 0), Math.fround(0.1));
});

test('imports, results, exceptions and nesting', async () => {
  const text = `(module
    (import "m" "f" (func $f (param i32) (result i32)))
    (func (export "g") (param i32) (result i32) (i32.const 0))
    (export "f" (func $f)))`;
  // sub rsp, 24; mov [rsp+8], r14; r11 = code; r14 = vmcontext; lea rax, [rip+3]; jmp r11; r14 back; inc eax; add rsp, 24; ret
  const call = { hex: '4883ec18 4c89742408 4d8b5e30 4d8b7638 488d0503000000 41ffe3 4c8b742408 ffc0 4883c418 c3', frame: 24 };
  const seen: unknown[] = [];
  let reenter: ((value: number) => number) | undefined;
  const host = (value: number) => {
    seen.push(value);
    if (value === 13) throw new RangeError('unlucky');
    if (value > 100) return reenter!(value - 100);
    return value * 2;
  };
  const { instance: made, store } = await instance(text, [call], [host]);
  const { g, f } = made.exports;
  assert.is(g(4), 9);
  assert.is(g(-4), -7);
  throws(() => g(13), RangeError, /^unlucky$/);
  assert.is(g(5), 11);
  reenter = g;
  assert.is(g(304), 12, 'activations nest');
  throws(() => g(113), Error, /unlucky/);
  assert.is(g(1), 3);
  assert.equal(seen, [4, -4, 13, 5, 304, 204, 104, 4, 113, 13, 1]);
  assert.is(f(21), 42, 'an exported import is the host function');
  assert.is((made.getExport(store, 'f') as Func).call(store, 4), 8);
});

test('many arguments and results', async () => {
  const text = `(module (import "m" "f" (func $f (param i32 i64 f32 f64 i32 i32 i32 i32 i32 f64) (result i32 i64 f32 f64 i32 f64)))
    (export "f" (func $f)))`;
  let got: unknown[] = [];
  const host = (...args: unknown[]) => {
    got = args;
    return [1, 2n, 3.5, 4.5, 5, 6.5];
  };
  const { instance: made } = await instance(text, [], [host]);
  assert.equal(made.exports.f(1, -2n, 0.5, 0.25, 5, 6, 7, 8, -9, 1e300), [1, 2n, 3.5, 4.5, 5, 6.5]);
  assert.equal(got, [1, -2n, 0.5, 0.25, 5, 6, 7, 8, -9, 1e300]);
  const { instance: wrong } = await instance(text, [], [() => [1, 2n]]);
  throws(() => wrong.exports.f(1, -2n, 0.5, 0.25, 5, 6, 7, 8, -9, 1), Error, /must return 6 values, not 2/);
});

test('references keep their identity', async () => {
  const text = `(module
    (func (export "extern") (param externref) (result externref) (local.get 0))
    (func (export "func") (param funcref) (result funcref) (local.get 0)))`;
  const { instance: made, store } = await instance(text, ['4889f8 c3', '4889f8 c3']);
  const { extern, func } = made.exports;
  const values = [null, undefined, 0, -0, Number.NaN, 'text', Symbol('s'), {}, () => 1, 5n];
  for (const value of values) assert.ok(Object.is(extern(value), value));
  assert.is(func(func), func);
  assert.is(func(null), null);
  throws(() => func(() => 1), TypeError);
  const host = new Func(store, new FuncType([], []), () => {});
  assert.is(func(host), host.callable);
});

test('bits pass unchanged', async () => {
  const { instance: made, store } = await instance('(module (func (export "f") (param f32) (result f32) (local.get 0)))', ['c3']);
  const func = made.getFunc(store, 'f');
  assert.equal(func.callRaw([0x7fa00001n]), [0x7fa00001n]);
});

test('traps', async () => {
  const text = '(module $m (func $inner (export "f") (param i32) (unreachable)))';
  const { artifact } = await linkText(text, {
    emit: (core) => {
      // sub rsp, 8; call [r14 + trap entry]
      const at = emitFunction(core, '4883ec08 41ff16 90', 8);
      core.call('linkTrap', at + 7, 1);
      core.call('linkAddress', at, 33);
    },
  });
  const store = new Store(engine);
  const { f } = new Instance(store, Module.deserialize(engine, artifact)).exports;
  for (let i = 0; i < 3; i++) {
    try {
      f(1);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, Trap);
      assert.instance(error, WebAssembly.RuntimeError);
      const trap = error as Trap;
      assert.is(trap.code, 'Unreachable');
      assert.match(trap.message, /unreachable/);
      assert.equal(trap.frames, [{ module: 'm', funcIndex: 0, funcName: 'inner', wasmOffset: 33 }]);
      assert.match(trap.stack!, /Trap: wasm trap.*\n {4}at inner \(wasm m:0x21\)\n {4}at /);
    }
  }
});

test('traps of what the host does for wasm', async () => {
  const text = '(module $m (table 1 funcref) (elem func 0) (func $init (export "f") (param i32)))';
  // table.init(table 0, segment 0, to edi, from 0, count 1): sub rsp, 8; mov edx, edi; xor edi, edi; xor esi, esi; xor ecx, ecx;
  // mov r8d, 1; mov rax, [r14 + builtins]; call [rax + 8 * 12]; add rsp, 8; ret
  const body = { hex: '4883ec08 89fa 31ff 31f6 31c9 41b801000000 498b4618 ff5060 4883c408 c3', frame: 8 };
  const { instance: made } = await instance(text, [body]);
  const { f } = made.exports;
  f(0);
  for (let i = 0; i < 2; i++) {
    try {
      f(1);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, Trap);
      assert.is((error as Trap).code, 'TableOutOfBounds');
      assert.equal(
        (error as Trap).frames.map(({ funcName }) => funcName),
        ['init'],
      );
    }
  }
  f(0);
});

test('calls that a vm timeout has ended', async () => {
  const text = '(module (import "m" "f" (func $f (param i32) (result i32))) (export "f" (func $f)))';
  const endless = new vm.Script('for (;;);');
  let isThere = false;
  let timeout = 20;
  const { instance: made } = await instance(
    text,
    [],
    [
      (depth: number) => {
        if (depth > 0) return made.exports.f(depth - 1);
        isThere = true;
        return endless.runInThisContext();
      },
    ],
  );
  const outer = await instance(
    text,
    [],
    [
      () => {
        try {
          new vm.Script('call()').runInNewContext({ call: () => made.exports.f(3) }, { timeout });
        } catch (error) {
          assert.match((error as Error).message, /timed out/); // an Error of the other context
          return 5;
        }
        return 6;
      },
    ],
  );
  for (const argument of [1, 2]) {
    isThere = false;
    // The time may be up before the innermost call: then once more, with more of it.
    for (; !isThere; timeout *= 2) assert.is(outer.instance.exports.f(argument), 5);
  }
});

test.run();
