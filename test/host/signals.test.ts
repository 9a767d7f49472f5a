/** Signals of other people's, whose handlers run while wasm does, at the very end of its stack too. */

import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, Module, parseText, Store, Trap } from '../../host/index.js';
import { throws } from './support.js';

test('a flood of signals and stack overflows', async () => {
  let signals = 0;
  const count = () => signals++;
  process.on('SIGUSR2', count);
  const engine = new Engine();
  const text =
    '(module (func $f (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $f (i32.add (local.get 0) (i32.const 1))))))';
  const { f } = new Instance(new Store(engine), new Module(engine, await parseText(text))).exports;
  const flood = spawn('sh', ['-c', `while kill -USR2 ${process.pid} 2>/dev/null; do :; done`]);
  // For a while, and until there are some, however slowly the flood begins.
  for (const end = performance.now() + 2000; performance.now() < end || signals === 0; ) {
    for (let i = 0; i < 20; i++) throws(() => f(0), Trap, /call stack exhausted/);
    await new Promise(setImmediate);
  }
  flood.kill('SIGKILL');
  await new Promise((resolve) => flood.on('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off('SIGUSR2', count);
  assert.ok(signals > 0);
});

test.run();
