/** The command line as a user meets it: output, exit codes, errors. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { root } from '../support/shared.js';

const test = suite('cli');
const folder = mkdtempSync(join(tmpdir(), 'ouro-cli-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `ouro` in the test's folder. */
function ouro(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { cwd: folder, encoding: 'utf8' });
}

/** Asserts exit code, and that the streams match (a string: are equal). */
function expect(result: SpawnSyncReturns<string>, status: number, stdout: string | RegExp, stderr: string | RegExp = ''): void {
  const is = (got: string, wanted: string | RegExp) => (typeof wanted === 'string' ? assert.is(got, wanted) : assert.match(got, wanted));
  is(result.stderr, stderr);
  is(result.stdout, stdout);
  assert.is(result.status, status);
}

const write = (name: string, text: string | Uint8Array) => writeFileSync(join(folder, name), text);

write(
  'math.wat',
  `(module $math
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "half") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))
    (func (export "swap") (param i64 i32) (result i32 i64) (local.get 1) (local.get 0))
    (func $div (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func (export "inverse") (param i32) (result i32) (call $div (local.get 0))))`,
);
write(
  'hello.wat',
  `(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello\\n")
    (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
    (func (export "_start")
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
      (drop (call $sizes (i32.const 128) (i32.const 132)))
      (call $exit (i32.load (i32.const 128)))))`,
);

test('run --invoke', () => {
  expect(ouro('run', '--invoke', 'add', 'math.wat', '2', '0x28'), 0, '42\n');
  expect(ouro('run', '--invoke', 'add', 'math.wat', '2', '-40'), 0, '-38\n');
  expect(ouro('run', '-O', 'none', '--invoke', 'half', 'math.wat', '5'), 0, '2.5\n');
  expect(ouro('run', '--invoke', 'swap', 'math.wat', '-1', '7'), 0, '7\n-1\n');
  expect(ouro('run', '--invoke', 'add', 'math.wat', '2'), 1, '', 'ouro: add takes 2 arguments (i32, i32), but 1 were given\n');
  expect(ouro('run', '--invoke', 'add', 'math.wat', '2', 'x'), 1, '', "ouro: 'x' is no i32\n");
  expect(ouro('run', '--invoke', 'add', 'math.wat', '2', '4294967296'), 1, '', "ouro: '4294967296' is no i32\n");
  expect(ouro('run', '--invoke', 'sub', 'math.wat'), 1, '', "ouro: the module has no exported function 'sub'\n");
});

test('compile, then run the artifact', () => {
  expect(ouro('compile', 'math.wat', '-o', 'math.ouro'), 0, '');
  expect(ouro('run', '--invoke', 'add', 'math.ouro', '1', '2'), 0, '3\n');
  expect(ouro('compile', 'math.wat', '-o', 'none.ouro', '-O', 'none', '--cpu', 'x86-64-v2'), 0, '');
  expect(ouro('run', '--invoke', 'add', 'none.ouro', '1', '2'), 0, '3\n');
  expect(ouro('compile', 'math.wat', '-o', 'no/such/folder.ouro'), 0, '');
  assert.ok(existsSync(join(folder, 'no/such/folder.ouro')));
});

test('a WASI command', () => {
  expect(ouro('run', 'hello.wat'), 1, 'hello\n');
  expect(ouro('run', 'hello.wat', 'one', '--two'), 3, 'hello\n');
  expect(ouro('compile', 'hello.wat', '-o', 'hello.ouro'), 0, '');
  expect(ouro('run', 'hello.ouro'), 1, 'hello\n');
});

test('a trap', () => {
  const result = ouro('run', '--invoke', 'inverse', 'math.wat', '0');
  expect(
    result,
    134,
    '',
    /^ouro: wasm trap: integer divide by zero\n {4}at div \(wasm math:0x[0-9a-f]+\)\n {4}at inverse \(wasm math:0x[0-9a-f]+\)\n$/,
  );
});

test('--preload', () => {
  write(
    'uses.wat',
    '(module (import "math" "add" (func $add (param i32 i32) (result i32))) (func (export "f") (result i32) (call $add (i32.const 3) (i32.const 4))))',
  );
  expect(ouro('run', '--preload', 'math=math.wat', '--invoke', 'f', 'uses.wat'), 0, '7\n');
  expect(ouro('run', '--invoke', 'f', 'uses.wat'), 1, '', 'ouro: unknown import: "math"."add" (func (i32, i32) -> (i32))\n');
  expect(
    ouro('run', '--preload', 'math', '--invoke', 'f', 'uses.wat'),
    1,
    '',
    /^ouro: option '--preload <name=file>' argument 'math' is invalid/,
  );
});

test('--dir and --env', async () => {
  mkdirSync(join(folder, 'data'), { recursive: true });
  const text = `(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "count") (result i32 i32) (drop (call $environ (i32.const 0) (i32.const 4))) (i32.load (i32.const 0)) (call $prestat (i32.const 3) (i32.const 16))))`;
  write('wasi.wasm', await parseText(text));
  expect(ouro('run', '--invoke', 'count', 'wasi.wasm'), 0, '0\n8\n'); // 8: no such descriptor
  expect(ouro('run', '--dir', 'data', '--env', 'A=1', '--env', 'B=x=y', '--invoke', 'count', 'wasi.wasm'), 0, '2\n0\n');
  expect(ouro('run', '--dir', 'data::/guest', '--env', 'PATH', '--env', 'NOT_SET_HERE', '--invoke', 'count', 'wasi.wasm'), 0, '1\n0\n');
});

test('validate', () => {
  expect(ouro('validate', 'math.wat'), 0, '');
  write('bad.wat', '(module (func (result i32) (f64.const 0)))');
  expect(ouro('validate', 'bad.wat'), 1, '', /^ouro: bad\.wat: .*expected i32.*\(at offset 0x[0-9a-f]+\)\n$/);
  write('bad.wasm', 'no wasm');
  expect(ouro('validate', 'bad.wasm'), 1, '', /^ouro: bad\.wasm: .*\(at offset 0x0\)\n$/);
});

test('objdump', () => {
  const { stdout, status } = ouro('objdump', 'math.wat');
  assert.is(status, 0);
  assert.match(stdout, /^add \(function 0, wasm 0x[0-9a-f]+, \d+ bytes, frame \d+\):$/m);
  assert.match(stdout, /^inverse \(function 4/m);
  assert.match(stdout, /^ +0x[0-9a-f]+ +[0-9a-f]+ {2}\S/m);
});

test('errors are one plain sentence', () => {
  expect(ouro('run', 'no.wasm'), 1, '', 'ouro: cannot read no.wasm: there is no such file\n');
  expect(
    ouro('run', 'math.wat'),
    1,
    '',
    /^ouro: math\.wat: the module is no WASI command: .*--invoke calls one of: add, half, swap, inverse\n$/,
  );
  expect(ouro('compile', 'math.wat'), 1, '', /^ouro: required option/);
  mkdirSync(join(folder, 'taken'), { recursive: true });
  expect(ouro('compile', 'math.wat', '-o', 'taken'), 1, '', 'ouro: cannot write taken: it is a directory\n');
  const none = join(folder, 'none');
  expect(ouro('run', '--dir', '.', '--dir', `${none}::/x`, 'hello.wat'), 1, '', `ouro: cannot read ${none}: there is no such file\n`);
  expect(ouro('run', '--dir', 'math.wat', 'hello.wat'), 1, '', /^ouro: cannot read .*math\.wat: it is no directory\n$/);
  expect(ouro('frobnicate'), 1, '', /^ouro: unknown command 'frobnicate'/);
  expect(ouro('compile', 'math.wat', '-o', 'x', '--cpu', 'z80'), 1, '', /^ouro: option '--cpu <cpu>' argument 'z80' is invalid/);
  const artifact = readFileSync(join(folder, 'math.ouro'));
  artifact[artifact.length >> 1] ^= 1;
  write('damaged.ouro', artifact);
  expect(ouro('run', '--invoke', 'add', 'damaged.ouro', '1', '2'), 1, '', /^ouro: damaged\.ouro: the artifact is damaged: .*\n$/);
  expect(ouro('--version'), 0, /^\d+\.\d+\.\d+\n$/);
});

test('wast', () => {
  write('ok.wast', '(module (func (export "f") (result i32) (i32.const 3))) (assert_return (invoke "f") (i32.const 3))');
  expect(ouro('wast', 'ok.wast'), 0, '2 passed, 0 failed, 0 skipped\n');
  write('bad.wast', '(module (func (export "f") (result i32) (i32.const 3))) (assert_return (invoke "f") (i32.const 4))');
  expect(ouro('wast', 'bad.wast'), 1, /FAIL bad\.wast:1 assert_return: .*\n1 passed, 1 failed, 0 skipped\n$/);
});

test('output that nobody reads, or that cannot be written', () => {
  write('lines.wast', '(assert_malformed (module quote "(") "")'.repeat(5000));
  const cli = `'${process.execPath}' '${join(root, 'dist', 'cli.js')}'`;
  const shell = (command: string) => spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  // Much more than a pipe holds.
  for (const command of ['wast --json lines.wast', `objdump '${join(root, 'dist', 'compiler.wasm')}'`]) {
    const { stdout, stderr } = shell(`{ ${cli} ${command}; echo "status $?" >&2; } | head -n 1`);
    assert.is(stdout.split('\n').length, 2);
    assert.is(stderr, 'status 141\n');
  }
  if (!existsSync('/dev/full')) return;
  for (const command of ['wast ok.wast', 'cache stat', '--help']) {
    expect(shell(`${cli} ${command} >/dev/full`), 1, '', /^ouro: cannot write the output: ENOSPC: .*\n$/);
  }
});

test.run();
