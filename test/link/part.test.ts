/** Parts: however a module's functions are shared out, and in whatever order they are compiled, the same artifact comes of it. */
// time limit: 300 s

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core, type CoreExports } from '../../host/compile/core.js';
import { compilerWasm, wasmCore } from '../../host/compile/cores.js';
import { Engine } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { freshCore } from '../support/core.js';
import { root, shared } from '../support/shared.js';
import { skip } from '../support/skip.js';

const test = suite('parts');

let seed = 20231;
/** A whole number below `limit`. */
function random(limit: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % limit;
}

function shuffled(count: number): number[] {
  const list = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

const optionsOf = (optLevel: 'none' | 'speed', generateAddressMap: boolean) =>
  new Engine({ optLevel, generateAddressMap, compiler: 'wasm' }).compileOptions;

/** Compiles runs of at most `longest` functions in a random order on several cores, one of which then joins them. */
function inParts(cores: Core[], wasm: Uint8Array, options: ReturnType<typeof optionsOf>, longest: number): Uint8Array {
  for (const core of cores) core.begin(wasm, options);
  try {
    const count = cores[0].bodySizes().length;
    const runs: { first: number; count: number }[] = [];
    for (let first = 0; first < count; first += runs.at(-1)!.count)
      runs.push({ first, count: Math.min(count - first, 1 + random(longest)) });
    const parts: Uint8Array[] = [];
    for (const i of shuffled(runs.length)) parts[i] = cores[random(cores.length)].compilePart(runs[i].first, runs[i].count);
    return cores[random(cores.length)].link(parts);
  } finally {
    for (const core of cores) core.end();
  }
}

function check(what: string, artifact: Uint8Array, wanted: Uint8Array): void {
  const at = artifact.findIndex((byte, i) => byte !== wanted[i]);
  assert.ok(at < 0 && artifact.length === wanted.length, `${what}: differs from byte ${at} on`);
}

/** Constants of all sizes, jump tables, static tables seen with several types, some by several functions, some by one. */
const mixed = (functions: number) => `(module (memory 1)
  (table 6 funcref) (elem (i32.const 1) $f0 $f1 $g)
  (table $empty 0 funcref)
  (type $f (func (param i32 f64) (result f64))) (type $g (func (result i32)))
  (func $g (export "g") (type $g) (call_indirect $empty (type $g) (i32.const 0)))
  ${Array.from({ length: functions }, (_, i) => {
    const body = [
      '(f64.neg (local.get 1))',
      `(f64.add (local.get 1) (f64.const ${i % 3}.1))`,
      '(f64.promote_f32 (f32.mul (f32.demote_f64 (f64.abs (local.get 1))) (f32.const 0.3)))',
      '(call_indirect (type $f) (local.get 0) (f64.const 0.7) (local.get 0))',
      '(f64.convert_i32_s (call_indirect (type $g) (local.get 0)))',
      `(block (result f64) (block (block (block (block (br_table 0 1 2 3 ${'0 1 '.repeat(i % 4)} 3 (local.get 0)))
        (return (f64.const 1.25))) (return (f64.const 2.5))) (return (f64.const 3.75))) (f64.load (local.get 0)))`,
      `(call $f${(i * 7) % functions} (i32.const ${i}) (f64.const 0.1))`,
    ][(i * 5) % 7];
    return `(func $f${i} (type $f) ${body})`;
  }).join('\n  ')})`;

test('every kind of reference, with assertions', async () => {
  const cores = [0, 1, 2].map(() => new Core(freshCore().exports as unknown as CoreExports));
  for (const functions of [2, 40]) {
    const wasm = await parseText(mixed(functions));
    for (const options of [optionsOf('none', true), optionsOf('speed', true), optionsOf('speed', false)]) {
      const wanted = wasmCore().compile(wasm, options);
      for (const longest of [1, 3, functions + 1]) check(`${functions} functions`, inParts(cores, wasm, options, longest), wanted);
    }
  }
});

test('a module without functions', async () => {
  const options = optionsOf('speed', true);
  for (const text of ['(module)', '(module (import "a" "b" (func)) (memory 1) (data (i32.const 8) "x"))']) {
    const wasm = await parseText(text);
    check(text, inParts([wasmCore()], wasm, options, 1), wasmCore().compile(wasm, options));
  }
});

const programs = new Map<string, Uint8Array>([
  ['compiler.wasm', compilerWasm()],
  ['ouro.wasm', readFileSync(join(root, 'dist', 'ouro.wasm'))],
]);
for (const name of ['sqlite3/sqlite3', 'tinygo/tinygo-regex', 'hashset/benchmark', 'shootout/shootout-ackermann', 'bz2/benchmark']) {
  const path = shared('bench', `${name}.wasm`);
  if (path === undefined) skip(`parts of ${name}`, 'the shared bench folder is not there');
  else programs.set(name, readFileSync(path));
}

for (const [name, wasm] of programs) {
  test(`${name}, shared out at random`, () => {
    const cores = [wasmCore(), wasmCore(), wasmCore()];
    for (const options of [optionsOf('speed', true), optionsOf('none', false)]) {
      const wanted = cores[0].compile(wasm, options);
      for (const longest of [4, 500])
        check(`${options.optLevel}, up to ${longest} functions`, inParts(cores, wasm, options, longest), wanted);
    }
  });
}

test('step by step on one core', () => {
  const options = optionsOf('speed', true);
  const wasm = compilerWasm();
  const core = wasmCore();
  core.begin(wasm, options);
  for (let left = core.bodySizes().length; left > 0; ) {
    const count = Math.min(left, 1 + random(30));
    core.compileNext(count);
    left -= count;
  }
  const artifact = core.link();
  core.end();
  check('compiler.wasm', artifact, wasmCore().compile(wasm, options));
});

test.run();
