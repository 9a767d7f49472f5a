/** The compiler as a WASI command (dist/ouro.wasm): under node:wasi, and run by Ouro itself, it writes the same artifacts as the host's compiler. */

import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, Module, Store } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { root, shared } from '../support/shared.js';
import { skip } from '../support/skip.js';

const test = suite('wasi');
const folder = mkdtempSync(join(tmpdir(), 'ouro-wasi-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string) => join(folder, name);
const command = join(root, 'dist', 'ouro.wasm');
const compiled = new WebAssembly.Module(readFileSync(command));

interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the command in a fresh instance; the test's folder is `.` and `/guest`. */
function sandbox(...args: string[]): Result {
  const [stdout, stderr] = ['stdout', 'stderr'].map((name) => openSync(file(name), 'w'));
  try {
    const preopens = { '.': folder, '/guest': folder };
    const wasi = new WASI({ version: 'preview1', args: ['ouro', ...args], env: {}, preopens, stdout, stderr, returnOnExit: true });
    const imports: Record<string, (...args: any[]) => any> = {};
    for (const [name, func] of Object.entries(wasi.wasiImport as Record<string, (...args: any[]) => any>)) {
      imports[name] = (...args) => func(...args); // called directly, these functions crash Node 20 at random
    }
    const status = wasi.start(new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: imports })) as unknown as number;
    return { status, stdout: readFileSync(file('stdout'), 'utf8'), stderr: readFileSync(file('stderr'), 'utf8') };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

const silent = { status: 0, stdout: '', stderr: '' };

function sameArtifact(input: string, cpu: 'x86-64-v2' | 'x86-64-v3' | 'x86-64-v4', optLevel: 'none' | 'speed'): void {
  assert.equal(sandbox('compile', input, '-o', 'sandbox.ouro', '--target', 'x86_64-linux', '--cpu', cpu, '-O', optLevel), silent);
  const host = new Engine({ cpu, optLevel, memoryPolicy: 'guard' }).precompileModule(readFileSync(file(input)));
  assert.is(Buffer.compare(readFileSync(file('sandbox.ouro')), host), 0, `${input}, ${cpu}, ${optLevel}`);
}

writeFileSync(
  file('math.wasm'),
  await parseText(`(module $math
    (memory (export "memory") 1) (data (i32.const 8) "text")
    (table 2 funcref) (elem (i32.const 0) $square $load)
    (global $count (mut i64) (i64.const 0))
    (type $unary (func (param i32) (result i32)))
    (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
    (func $load (type $unary) (i32.load (local.get 0)))
    (func (export "call") (param i32 i32) (result i32)
      (global.set $count (i64.add (global.get $count) (i64.const 1)))
      (call_indirect (type $unary) (local.get 0) (local.get 1)))
    (func (export "count") (result i64) (global.get $count))
    (func (export "root") (param f64) (result f64) (f64.nearest (f64.sqrt (local.get 0)))))`),
);
writeFileSync(file('empty.wasm'), await parseText('(module)'));
copyFileSync(join(root, 'dist', 'compiler.wasm'), file('compiler.wasm'));

test('small modules, for each CPU at each level', () => {
  for (const input of ['empty.wasm', 'math.wasm']) {
    for (const cpu of ['x86-64-v2', 'x86-64-v3', 'x86-64-v4'] as const) {
      for (const level of ['none', 'speed'] as const) sameArtifact(input, cpu, level);
    }
  }
});

test('the compiler itself', () => sameArtifact('compiler.wasm', 'x86-64-v3', 'speed'));

for (const name of ['regex/benchmark', 'shootout/shootout-base64']) {
  const path = shared('bench', `${name}.wasm`);
  if (path === undefined) {
    skip(`${name} in the sandbox`, 'the shared bench folder is not there');
    continue;
  }
  test(name, () => {
    copyFileSync(path, file('program.wasm'));
    sameArtifact('program.wasm', 'x86-64-v3', 'speed');
  });
}

test('what the sandbox compiled runs', () => {
  assert.equal(sandbox('compile', '/guest/math.wasm', '-o', '/guest/math.ouro', '--cpu', 'x86-64-v2'), silent);
  const engine = new Engine();
  const { call, count, root } = new Instance(new Store(engine), Module.deserializeFile(engine, file('math.ouro'))).exports;
  assert.equal([call(7, 0), call(8, 1), count(), root(10)], [49, 0x74786574, 2n, 3]);
});

test('run by Ouro', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), 'run', '--dir', '.', command, ...args], { cwd: folder, encoding: 'utf8' });
  const good = run('compile', 'math.wasm', '-o', 'native.ouro', '--cpu', 'x86-64-v3');
  assert.equal([good.status, good.stdout, good.stderr], [0, '', '']);
  const host = new Engine({ cpu: 'x86-64-v3', memoryPolicy: 'guard' }).precompileModule(readFileSync(file('math.wasm')));
  assert.is(Buffer.compare(readFileSync(file('native.ouro')), host), 0);
  const bad = run('compile', 'nothing.wasm', '-o', 'native.ouro');
  assert.equal([bad.status, bad.stdout, bad.stderr], [1, '', 'ouro: cannot read nothing.wasm\n']);
});

test('validate', async () => {
  assert.equal(sandbox('validate', 'math.wasm'), silent);
  assert.equal(sandbox('validate', 'compiler.wasm'), silent);
  writeFileSync(file('invalid.wasm'), await parseText('(module (func (result i32) (f64.const 0)))'));
  const message = /^ouro: invalid\.wasm: type mismatch: expected i32, found f64 \(at offset 0x[0-9a-f]+\)\n$/;
  for (const args of [['validate'], ['compile', '-o', 'invalid.ouro']]) {
    const { status, stdout, stderr } = sandbox(...args, 'invalid.wasm');
    assert.equal([status, stdout], [1, '']);
    assert.match(stderr, message);
  }
  assert.not(existsSync(file('invalid.ouro')));
  writeFileSync(file('cut.wasm'), readFileSync(file('math.wasm')).subarray(0, 40));
  assert.match(sandbox('validate', 'cut.wasm').stderr, /^ouro: cut\.wasm: .+ \(at offset 0x[0-9a-f]+\)\n$/);
});

test('errors are one sentence, with exit code 1', () => {
  mkdirSync(file('taken'), { recursive: true });
  const cases: [string[], RegExp][] = [
    [[], /usage: ouro compile IN -o OUT/],
    [['frobnicate', 'math.wasm'], /usage: ouro compile IN -o OUT/],
    [['compile', 'nothing.wasm', '-o', 'x.ouro'], /cannot read nothing\.wasm/],
    [['compile', '/elsewhere/math.wasm', '-o', 'x.ouro'], /cannot read \/elsewhere\/math\.wasm/],
    [['validate', 'taken'], /cannot read taken/],
    [['compile', 'math.wasm'], /an output file is missing: -o OUT/],
    [['compile', '-o', 'x.ouro'], /an input file is missing/],
    [['compile', 'math.wasm', '-o'], /a value is missing behind -o/],
    [['compile', 'math.wasm', 'empty.wasm', '-o', 'x.ouro'], /more than one input file: empty\.wasm/],
    [['compile', 'math.wasm', '-o', 'taken'], /cannot write taken/],
    [['compile', 'math.wasm', '-o', 'x.ouro', '--frob', '1'], /unknown option --frob/],
    [['compile', 'math.wasm', '-o', 'x.ouro', '--cpu', 'z80'], /unknown CPU .*: z80/],
    [['compile', 'math.wasm', '-o', 'x.ouro', '--target', 'pdp11'], /unknown target .*: pdp11/],
    [['compile', 'math.wasm', '-o', 'x.ouro', '-O', '9'], /unknown optimisation level .*: 9/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = sandbox(...args);
    assert.equal([status, stdout], [1, ''], args.join(' '));
    assert.match(stderr, message);
    assert.match(stderr, /^(ouro: |usage: )[^\n]+\n$/);
  }
  assert.not(existsSync(file('x.ouro')));
});

test.run();
