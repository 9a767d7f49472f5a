/** `ouro run` with whole programs: arguments, environment, streams, folders, exit codes, other modules, traps; and the output of
 *  `validate`, `objdump` and `wast --json` where cli.test.ts does not look. */
// time limit: 300 s

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { root } from '../support/shared.js';

const test = suite('run');
const folder = mkdtempSync(join(tmpdir(), 'ouro-run-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Surroundings {
  input?: string;
  env?: Record<string, string>;
}

function ouro(args: string[], { input = '', env = {} }: Surroundings = {}): SpawnSyncReturns<string> {
  const options = { cwd: folder, encoding: 'utf8' as const, input, env: { ...process.env, ...env } };
  return spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], options);
}

function gives(args: string[], stdout: string, status = 0, surroundings?: Surroundings): void {
  const result = ouro(args, surroundings);
  assert.equal([result.stdout, result.stderr, result.status], [stdout, '', status], args.join(' '));
}

/** One plain sentence on stderr, nothing on stdout, exit code 1. */
function complains(args: string[], message: RegExp): void {
  const result = ouro(args);
  assert.equal([result.stdout, result.status], ['', 1], `${args.join(' ')}: ${result.stderr}`);
  assert.match(result.stderr, message);
  assert.match(result.stderr, /^ouro: [^\n]+\n$/);
}

const path = (name: string) => join(folder, name);
const write = (name: string, content: string | Uint8Array) => writeFileSync(path(name), content);

/** A command that does one thing after another; `$out` writes bytes to stdout. */
const command = (body: string, more = '') => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  ${more}
  (func $to (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $length))
    (if (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))
  (func $out (param $at i32) (param $length i32) (call $to (i32.const 1) (local.get $at) (local.get $length)))
  (func $copy (param $fd i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 1000))
      (if (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $exit (i32.const 9))))
      (if (i32.load (i32.const 8)) (then (call $out (i32.const 4096) (i32.load (i32.const 8))) (br $more)))))
  (func (export "_start") ${body}))`;

const programs: Record<string, string> = {
  arguments: command(
    '(drop (call $args_sizes (i32.const 16) (i32.const 20))) (drop (call $args (i32.const 100) (i32.const 4096))) (call $out (i32.const 4096) (i32.load (i32.const 20)))',
  ),
  environment: command(
    '(drop (call $env_sizes (i32.const 16) (i32.const 20))) (drop (call $env (i32.const 100) (i32.const 4096))) (call $out (i32.const 4096) (i32.load (i32.const 20)))',
  ),
  echo: command('(call $copy (i32.const 0))'),
  both: command(
    '(call $out (i32.const 32) (i32.const 4)) (call $to (i32.const 2) (i32.const 36) (i32.const 4))',
    '(data (i32.const 32) "out\\0aerr\\0a")',
  ),
  file: command(
    `(if (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 8) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 16))
      (then (call $exit (i32.const 7))))
     (call $copy (i32.load (i32.const 16)))`,
    '(data (i32.const 32) "note.txt")',
  ),
  exit: command(
    '(call $out (i32.const 32) (i32.const 4)) (call $exit (i32.const 42)) (call $out (i32.const 32) (i32.const 4))',
    '(data (i32.const 32) "bye\\0a")',
  ),
  crash: command(
    '(call $out (i32.const 32) (i32.const 7)) (call $outer (i32.const 70000))',
    `(data (i32.const 32) "before\\0a")
    (func $outer (param i32) (call $inner (i32.mul (local.get 0) (i32.const 2))))
    (func $inner (param i32) (i32.store (local.get 0) (i32.const 1)))`,
  ),
  deep: command('(call $down)', '(global $g (mut i32) (i32.const 0)) (func $down (call $down) (global.set $g (i32.const 1)))'),
};
for (const [name, text] of Object.entries(programs)) write(`${name}.wasm`, await parseText(text));

test('arguments', () => {
  gives(['run', 'arguments.wasm'], 'arguments.wasm\0');
  gives(['run', 'arguments.wasm', 'one', '--two', '-O', '', 'ä ö'], 'arguments.wasm\0one\0--two\0-O\0\0ä ö\0');
});

test('environment', () => {
  gives(['run', 'environment.wasm'], '');
  gives(
    ['run', '--env', 'A=1', '--env', 'B=x=y', '--env', 'OURO_TEST', '--env', 'OURO_UNSET', 'environment.wasm'],
    'A=1\0B=x=y\0OURO_TEST=here\0',
    0,
    {
      env: { OURO_TEST: 'here' },
    },
  );
});

test('stdin, stdout, stderr', () => {
  const input = 'line\n'.repeat(2000);
  gives(['run', 'echo.wasm'], input, 0, { input });
  gives(['run', 'echo.wasm'], '');
  const result = ouro(['run', 'both.wasm']);
  assert.equal([result.stdout, result.stderr, result.status], ['out\n', 'err\n', 0]);
});

test('folders', () => {
  mkdirSync(path('data'), { recursive: true });
  write('data/note.txt', 'text of the note\n');
  gives(['run', '--dir', 'data', 'file.wasm'], 'text of the note\n');
  gives(['run', '--dir', 'data::/', 'file.wasm'], 'text of the note\n');
  gives(['run', '--dir', '.', 'file.wasm'], '', 7);
  gives(['run', 'file.wasm'], '', 7);
  const result = ouro(['run', '--dir', 'nowhere', 'file.wasm']);
  assert.equal([result.stdout, result.status], ['', 1]);
  assert.match(result.stderr, /^ouro: [^\n]*\n$/);
});

test('exit codes, at both levels, as module, text and artifact', () => {
  write('exit.wat', programs.exit);
  for (const level of ['none', 'speed']) {
    gives(['run', '-O', level, 'exit.wasm'], 'bye\n', 42);
    gives(['run', '-O', level, 'exit.wat'], 'bye\n', 42);
    gives(['compile', '-O', level, 'exit.wat', '-o', 'exit.ouro'], '');
    gives(['run', 'exit.ouro'], 'bye\n', 42);
  }
});

test('a trap prints its backtrace, exit code 134', () => {
  for (const level of ['none', 'speed']) {
    const { stdout, stderr, status } = ouro(['run', '-O', level, 'crash.wasm']);
    assert.equal([stdout, status], ['before\n', 134]);
    assert.match(stderr, /^ouro: wasm trap: out of bounds memory access\n/);
    assert.match(stderr, /\n {4}at inner \(wasm:0x[0-9a-f]+\)\n {4}at outer \(wasm:0x[0-9a-f]+\)\n {4}at _start \(wasm:0x[0-9a-f]+\)\n$/);
  }
  const { stderr, status } = ouro(['run', 'deep.wasm']);
  assert.is(status, 134);
  assert.match(stderr, /^ouro: wasm trap: call stack exhausted\n {4}at down /);
});

test('the address in a backtrace is that of the instruction', () => {
  const [, offset] = /at inner \(wasm:0x([0-9a-f]+)\)/.exec(ouro(['run', '-O', 'none', 'crash.wasm']).stderr)!;
  assert.is(readFileSync(path('crash.wasm'))[Number.parseInt(offset, 16)], 0x36, 'i32.store');
});

test('--invoke with numbers of every type', () => {
  const types = ['i32', 'i64', 'f32', 'f64'];
  write(
    'same.wat',
    `(module ${types.map((type) => `(func (export "${type}") (param ${type}) (result ${type}) (local.get 0))`).join('')}
    (func (export "nothing")) (func (export "all") (result i32 i64 f32 f64) (i32.const -1) (i64.const -2) (f32.const 0.5) (f64.const -0))
    (func (export "reference") (param externref)))`,
  );
  const cases: [string, string, string][] = [
    ['i32', '4294967295', '-1'],
    ['i32', '-2147483648', '-2147483648'],
    ['i32', '0x10', '16'],
    ['i64', '18446744073709551615', '-1'],
    ['i64', '-9223372036854775808', '-9223372036854775808'],
    ['f32', '0.1', '0.10000000149011612'],
    ['f64', '-0', '-0'],
    ['f64', '1e400', 'Infinity'],
    ['f64', '-inf', '-Infinity'],
    ['f64', 'nan', 'NaN'],
    ['f64', '-1.5e-3', '-0.0015'],
  ];
  for (const [type, given, wanted] of cases) gives(['run', '--invoke', type, 'same.wat', given], `${wanted}\n`);
  gives(['run', '--invoke', 'nothing', 'same.wat'], '');
  gives(['run', '--invoke', 'all', 'same.wat'], '-1\n-2\n0.5\n-0\n');
  complains(['run', '--invoke', 'i64', 'same.wat', '1.5'], /'1\.5' is no i64/);
  complains(['run', '--invoke', 'i64', 'same.wat', '18446744073709551616'], /is no i64/);
  complains(['run', '--invoke', 'f32', 'same.wat', 'x'], /'x' is no f32/);
  complains(['run', '--invoke', 'i32', 'same.wat', ''], /'' is no i32/);
  complains(['run', '--invoke', 'reference', 'same.wat', '1'], /externref cannot be given/);
});

test('--preload: modules that use WASI, and modules that use each other', async () => {
  const library = `(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 16) "from the library\\0a") (data (i32.const 0) "\\10\\00\\00\\00\\11\\00\\00\\00")
    (global $count (mut i32) (i32.const 0))
    (func (export "hello") (result i32)
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
    (func (export "fail") unreachable))`;
  write('library.wat', library);
  write(
    'middle.wat',
    '(module (import "library" "hello" (func $hello (result i32))) (func (export "twice") (result i32) (drop (call $hello)) (call $hello)))',
  );
  write(
    'top.wat',
    `(module (import "middle" "twice" (func $twice (result i32))) (import "library" "hello" (func $hello (result i32))) (import "library" "fail" (func $fail))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "_start") (drop (call $twice)) (call $exit (call $hello))) (func (export "fail") (call $fail)))`,
  );
  const preload = ['--preload', 'library=library.wat', '--preload', 'middle=middle.wat'];
  gives(['run', ...preload, 'top.wat'], 'from the library\n'.repeat(3), 3);
  gives(['compile', 'library.wat', '-o', 'library.ouro'], '');
  gives(['run', '--preload', 'library=library.ouro', '--invoke', 'twice', 'middle.wat'], `${'from the library\n'.repeat(2)}2\n`);
  const { stderr, status } = ouro(['run', ...preload, '--invoke', 'fail', 'top.wat']);
  assert.is(status, 134);
  assert.match(stderr, /^ouro: wasm trap: wasm `unreachable` instruction executed\n {4}at fail /);
  complains(['run', '--preload', 'middle=middle.wat', 'top.wat'], /unknown import: "library"\."hello"/);
  complains(['run', '--preload', 'library=nothing.wasm', 'top.wat'], /cannot read nothing\.wasm/);
});

test('what cannot be run', () => {
  write('start.wat', '(module (func $s unreachable) (start $s))');
  assert.is(ouro(['run', 'start.wat']).status, 134);
  write('needs.wat', '(module (import "env" "a" (func)) (import "env" "b" (global i32)) (func (export "_start")))');
  complains(['run', 'needs.wat'], /unknown imports: "env"\."a" \(func \(\) -> \(\)\), "env"\."b" \(global i32\)/);
  write('simd.wat', '(module (func (export "_start") (drop (v128.const i64x2 0 0))))');
  complains(['run', 'simd.wat'], /simd\.wat: .*SIMD.* \(at offset 0x[0-9a-f]+\)/i);
  write('wrong.wat', '(module (func (i32.frobnicate)))');
  complains(['run', 'wrong.wat'], /wrong\.wat: 1:\d+: /);
  write('cut.ouro', readFileSync(path('exit.ouro')).subarray(0, 3000));
  complains(['run', 'cut.ouro'], /cut\.ouro: the artifact is truncated/);
  complains(['run', '.'], /cannot read \.: it is a directory/);
  complains(['run'], /missing required argument/);
  complains(['run', '--frob', 'exit.wasm'], /unknown option '--frob'/);
});

test('compile leaves nothing behind when it fails, and replaces whole files', () => {
  write('bad.wat', '(module (func (result i32) (f64.const 0)))');
  complains(
    ['compile', 'bad.wat', '-o', 'bad.ouro'],
    /bad\.wat: type mismatch: expected i32, found f64 in function 0 .*\(at offset 0x[0-9a-f]+\)/,
  );
  assert.not(existsSync(path('bad.ouro')));
  write('exit.ouro.old', 'x');
  gives(['compile', 'exit.wasm', '-o', 'exit.ouro.old'], '');
  gives(['run', 'exit.ouro.old'], 'bye\n', 42);
  complains(['compile', 'exit.wasm', '-o', 'data'], /cannot write data/);
  assert.equal(
    readdirSync(folder).filter((name) => name.includes('.part')),
    [],
  );
});

test('objdump of an artifact, without the module', () => {
  gives(['compile', '-O', 'none', 'crash.wasm', '-o', 'crash.ouro'], '');
  const { stdout, stderr, status } = ouro(['objdump', 'crash.ouro']);
  assert.equal([stderr, status], ['', 0]);
  assert.match(stdout, /^inner \(function \d+, wasm 0x[0-9a-f]+, \d+ bytes, frame \d+\):$/m);
  complains(['objdump', 'nothing.ouro'], /cannot read nothing\.ouro/);
});

test('wast --json', () => {
  write(
    'script.wast',
    `(module (func (export "f") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0))))
(assert_return (invoke "f" (i32.const 2)) (i32.const 3))
(assert_return (invoke "f" (i32.const 2)) (i32.const 4))
(assert_trap (invoke "f" (i32.const 0)) "integer divide by zero")`,
  );
  const { stdout, stderr, status } = ouro(['wast', '--json', 'script.wast']);
  assert.equal([stderr, status], ['', 1]);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    lines.map(({ file, line, command: kind, status: outcome }) => [file, line, kind, outcome]),
    [
      ['script.wast', 1, 'module', 'passed'],
      ['script.wast', 2, 'assert_return', 'passed'],
      ['script.wast', 3, 'assert_return', 'failed'],
      ['script.wast', 4, 'assert_trap', 'passed'],
    ],
  );
  assert.type(lines[2].reason, 'string');
});

test.run();
