/** Determinism: an artifact depends on module and options alone, not on what the compiler did before, nor on what runs it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Code } from '../../host/artifact/code.js';
import { compilerWasm, nativeCore, wasmCore } from '../../host/compile/cores.js';
import type { Core } from '../../host/compile/core.js';
import { CompileError, Engine } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { root, shared } from '../support/shared.js';
import { skip } from '../support/skip.js';

const test = suite('determinism');
const options = (['none', 'speed'] as const).map((optLevel) => new Engine({ optLevel, compiler: 'wasm' }).compileOptions);

/** Modules by name, small and large, with and without every kind of section. */
const modules = new Map<string, Uint8Array>([
  ['empty', await parseText('(module)')],
  [
    'everything',
    await parseText(`(module $everything
      (import "m" "f" (func $f (param i32 f64) (result i64))) (import "m" "g" (global $g i32))
      (memory (export "memory") 1 5) (data (i32.const 100) "active") (data $passive "passive")
      (table $t 4 funcref) (elem (i32.const 1) $f $h) (elem $e func $h)
      (global (mut f32) (f32.const 1.5)) (global (export "sum") i32 (i32.add (global.get $g) (i32.const 1)))
      (func $h (export "h") (param i32) (result i32 i32)
        (local $i i32) (local $x f64)
        (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7)) (data.drop $passive) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
        (loop $again (local.set $x (f64.add (local.get $x) (f64.const 0.1)))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
        (br_table 0 0 0 (i32.const 1) (i32.const 2) (i32.trunc_sat_f64_s (local.get $x))) unreachable)
      (func $start) (start $start))`),
  ],
  ['compiler.wasm', compilerWasm()],
  ['ouro.wasm', readFileSync(join(root, 'dist', 'ouro.wasm'))],
]);
for (const name of ['sqlite3/sqlite3', 'tinygo/tinygo-regex']) {
  const path = shared('bench', `${name}.wasm`);
  if (path === undefined) skip(`determinism of ${name}`, 'the shared bench folder is not there');
  else modules.set(name, readFileSync(path));
}

const compileBoth = (core: Core, wasm: Uint8Array) => options.map((each) => core.compile(wasm, each));
const fresh = new Map(Array.from(modules, ([name, wasm]) => [name, compileBoth(wasmCore(), wasm)]));

function check(name: string, artifacts: Uint8Array[]): void {
  artifacts.forEach((artifact, level) => {
    const wanted = fresh.get(name)![level];
    const at = artifact.findIndex((byte, i) => byte !== wanted[i]);
    assert.ok(at < 0 && artifact.length === wanted.length, `${name}, ${options[level].optLevel}: differs from byte ${at} on`);
  });
}

test('a used compiler gives the same bytes as a fresh one', () => {
  const core = wasmCore();
  for (const order of [[...modules], [...modules].reverse()]) {
    for (const [name, wasm] of order) check(name, compileBoth(core, wasm));
  }
});

test('also after modules that it refused', () => {
  const core = wasmCore();
  for (const [name, wasm] of modules) {
    for (const part of [0.3, 0.9]) {
      const cut = wasm.subarray(0, Math.max(5, Math.floor(wasm.length * part)));
      assert.throws(
        () => core.compile(cut, options[1]),
        (error: unknown) => error instanceof CompileError,
      );
    }
    check(name, compileBoth(core, wasm));
  }
});

test('the native compiler gives the same bytes, fresh and used', () => {
  const code = Code.fromBytes(fresh.get('compiler.wasm')![1]);
  const used = nativeCore(code);
  for (const [name, wasm] of modules) {
    check(name, compileBoth(nativeCore(code), wasm));
    check(name, compileBoth(used, wasm));
  }
});

test('the place of the bytes in memory makes no difference', () => {
  const wasm = modules.get('everything')!;
  for (const shift of [1, 3, 4096]) {
    const larger = new Uint8Array(wasm.length + shift + 7).fill(0xff);
    larger.set(wasm, shift);
    check('everything', compileBoth(wasmCore(), larger.subarray(shift, shift + wasm.length)));
  }
});

test('another thread gives the same bytes', async () => {
  const library = join(root, 'dist', 'index.js');
  const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.library).then(({ Engine }) => {
      const engines = ['none', 'speed'].map((optLevel) => new Engine({ optLevel }));
      parentPort.postMessage(workerData.modules.map((wasm) => engines.map((engine) => engine.precompileModule(wasm))));
    });`;
  const names = ['everything', 'ouro.wasm'];
  const worker = new Worker(script, { eval: true, workerData: { library, modules: names.map((name) => modules.get(name)!) } });
  const artifacts: Uint8Array[][] = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  for (const [i, name] of names.entries()) check(name, artifacts[i]);
});

test.run();
