/** Lifetimes: what is kept alive while it can be called, what goes; recursion through JS to the end of its stack. */

import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, Module, parseText, Store, Trap } from '../../host/index.js';
import { throws } from './support.js';

const engine = new Engine();
setFlagsFromString('--expose-gc');
const gc: () => void = vm.runInNewContext('gc');

test('functions, tables and memories keep what they need', async () => {
  const artifact = engine.precompileModule(
    await parseText(`(module
      (import "m" "f" (func $f (param i32) (result i32)))
      (memory (export "memory") 1)
      (table (export "t") 4 funcref)
      (elem (i32.const 0) $g $f)
      (func $g (export "g") (param i32) (result i32) (call $f (i32.add (local.get 0) (i32.load (i32.const 8)))))
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "indirect") (param i32 i32) (result i32)
        (call_indirect (param i32) (result i32) (local.get 0) (local.get 1))))`),
  );
  const kept: any[] = [];
  for (let i = 0; i < 120; i++) {
    const { g, indirect, t, grow, memory } = new Instance(new Store(engine), Module.deserialize(engine, artifact), [
      (value: number) => value * 2,
    ]).exports;
    assert.is(g(i), 2 * i);
    assert.is(grow(), 1);
    assert.is(indirect(i, 1), 2 * i);
    if (i % 20 === 0) kept.push([g, indirect, t, memory]);
    if (i % 30 === 29) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5)); // finalizers run
    }
    for (const [g, indirect, t, memory] of kept) {
      assert.is(g(3), 6);
      assert.is(indirect(4, 0), 8);
      assert.is(t.get(1)(5), 10);
      assert.is(memory.buffer.byteLength, 2 * 65536);
    }
  }
});

test('recursion through JS', async () => {
  const wasm = await parseText('(module (import "m" "f" (func $f (param i32))) (func (export "g") (param i32) (call $f (local.get 0))))');
  const module = new Module(engine, wasm);
  let deepest = 0;
  const { g } = new Instance(new Store(engine), module, [
    (depth: number) => {
      deepest = depth;
      g(depth + 1);
    },
  ]).exports;
  for (let i = 0; i < 3; i++) {
    deepest = 0;
    throws(() => g(0), Error, /call stack/i); // JS's RangeError, or the wasm stack's trap, whichever ends first
    assert.ok(deepest > 100);
  }
  const { g: flat } = new Instance(new Store(engine), module, [() => {}]).exports;
  flat(1);
});

test('a larger stack goes deeper', async () => {
  const wasm = await parseText(
    '(module (global $n (export "n") (mut i32) (i32.const 0)) (func $f (export "f") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $f)))',
  );
  const depth = (maxWasmStack: number) => {
    const sized = new Engine({ maxWasmStack, optLevel: 'none' });
    const { f, n } = new Instance(new Store(sized), new Module(sized, wasm)).exports;
    throws(f, Trap, /call stack exhausted/, 'StackOverflow');
    return n.value;
  };
  assert.ok(depth(2 ** 22) > 3 * depth(2 ** 20));
});

test.run();
