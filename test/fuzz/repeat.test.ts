/** One core gives the same artifact for a module whatever it compiled before, and the same as the test build, whose memory is strict (see
 *  compiler/base/memory.ts): nothing reads what was never written, or by an address from before a table moved. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Core as TestCore } from '../support/core.js';
import { root } from '../support/shared.js';
import { generate } from './generate.js';

interface Exports {
  memory: WebAssembly.Memory;
  allocateInput(length: number): number;
  compile(pointer: number, length: number, level: number, cpuLow: number, cpuHigh: number, flags: number): number;
  outputPointer(): number;
  outputLength(): number;
  reset(): void;
}

const wasm = readFileSync(join(root, 'build', 'compiler.wasm'));
const compiled = new WebAssembly.Module(wasm);
const fresh = () => new WebAssembly.Instance(compiled).exports as unknown as Exports;
const strict = new TestCore().exports as unknown as Exports;
const used = fresh();

function artifact(core: Exports, bytes: Uint8Array, level: number, cpu: number): Buffer {
  const pointer = core.allocateInput(bytes.length) >>> 0;
  new Uint8Array(core.memory.buffer).set(bytes, pointer);
  assert.ok(core.compile(pointer, bytes.length, level, cpu, 0, 0));
  const copy = Buffer.from(new Uint8Array(core.memory.buffer, core.outputPointer() >>> 0, core.outputLength() >>> 0));
  core.reset();
  return copy;
}

const AVX_AND_BMI = 0x7fff;

function checkModule(bytes: Uint8Array, what: string): void {
  for (const [level, cpu] of [
    [0, 0],
    [1, 0],
    [1, AVX_AND_BMI],
  ]) {
    const expected = artifact(strict, bytes, level, cpu);
    const where = `${what}, level ${level}, cpu ${cpu}`;
    assert.ok(artifact(used, bytes, level, cpu).equals(expected), `${where}: the first time differs from the strict core`);
    assert.ok(artifact(used, bytes, level, cpu).equals(expected), `${where}: the second time differs`);
  }
  assert.ok(artifact(fresh(), bytes, 1, 0).equals(artifact(used, bytes, 1, 0)), `${what}: a fresh core differs`);
}

// 104642: making a preheader moved the table that was being read.
const seeds = [104642, ...Array.from({ length: 40 }, (_, i) => i + 1)];

test(`${seeds.length} random modules compile to the same bytes each time`, () => {
  for (const seed of seeds) checkModule(generate(seed).bytes, `seed ${seed}`);
});

test('the compiler itself compiles to the same bytes each time', () => checkModule(wasm, 'compiler.wasm'));

test.run();
