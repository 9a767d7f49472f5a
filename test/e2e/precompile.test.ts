/** `ouro precompile`: what it finds, what it says, and that the drop-in starts on what it has made. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bar } from '../../host/cli/bar.js';
import { parseText } from '../../host/wasm/text.js';
import { root } from '../support/shared.js';

const test = suite('precompile');
const folder = mkdtempSync(join(tmpdir(), 'ouro-precompile-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function node(args: string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const all = { ...process.env, OURO_CACHE: join(folder, 'cache'), OURO_REGISTER_MIN_SIZE: '16', NO_COLOR: '1', ...env };
  return spawnSync(process.execPath, args, { cwd: join(folder, 'app'), env: all, encoding: 'utf8' });
}

const precompile = (args: string[], env?: Record<string, string>) => node([join(root, 'dist', 'cli.js'), 'precompile', ...args], env);

function write(path: string, content: string | Uint8Array): void {
  const file = join(folder, 'app', path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
}

const answer = (n: number) => parseText(`(module (func (export "answer") (result i32) (i32.const ${n})))`);

test.before(async () => {
  write(
    'node_modules/direct/package.json',
    JSON.stringify({ name: 'direct', exports: './none.js', dependencies: { indirect: '*', lost: '*' } }),
  );
  write('node_modules/direct/lib/a.wasm', await answer(1));
  write('node_modules/direct/lib/copy.wasm', await answer(1));
  write('node_modules/direct/simd.wasm', await parseText('(module (func (result v128) (v128.const i32x4 1 2 3 4)))'));
  write('node_modules/direct/lfs.wasm', 'version 1: this is what large files look like where they were not fetched\n');
  write('node_modules/direct/tiny.wasm', await parseText('(module)'));
  write('node_modules/indirect/package.json', JSON.stringify({ name: 'indirect', dependencies: { direct: '*' } }));
  write('node_modules/indirect/b.wasm', await answer(2));
  write('node_modules/other/c.wasm', await answer(3));
  symlinkSync('..', join(folder, 'app', 'node_modules', 'other', 'loop'));
});

interface Line {
  file: string;
  size: number;
  status: string;
  time?: number;
  artifactSize?: number;
  reason?: string;
}

const lines = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a package and those that it depends on', () => {
  const { stdout, stderr, status } = precompile(['direct', '--json']);
  assert.is(stderr, '');
  assert.is(status, 0);
  const found = lines(stdout).map(({ file, status, reason = '' }) => [
    file.slice(join(folder, 'app', 'node_modules').length + 1),
    status,
    reason,
  ]);
  assert.equal(
    found.map(([file, status]) => `${file} ${status}`),
    [
      'direct/lfs.wasm v8',
      'direct/lib/a.wasm compiled',
      'direct/lib/copy.wasm cached',
      'direct/simd.wasm v8',
      'direct/tiny.wasm v8',
      'indirect/b.wasm compiled',
    ],
  );
  assert.match(found[0][2], /not a wasm|magic|malformed/i);
  assert.match(found[3][2], /^SIMD is not supported/);
  assert.is(found[4][2], 'smaller than 16 bytes: V8 is as fast');
  const [, { size, time, artifactSize }] = lines(stdout);
  assert.ok(size > 30 && time! >= 0 && artifactSize! > 1000);
});

test('a folder, as a table', () => {
  const { stdout, stderr, status } = precompile(['.']);
  assert.is(stderr, '');
  assert.is(status, 0);
  assert.match(stdout, /^file +wasm +time +artifact$/m);
  assert.match(stdout, /^node_modules\/direct\/lib\/a\.wasm +\d+ bytes +in the cache +\S+ KiB$/m);
  assert.match(stdout, /^node_modules\/direct\/simd\.wasm +\d+ bytes +V8 +SIMD is not supported/m);
  assert.match(stdout, /^node_modules\/other\/c\.wasm +\d+ bytes +\d+ ms +\S+ KiB$/m);
  assert.match(stdout, /\n\n1 compiled, 3 already in the cache, 3 left to V8\n$/);
});

test('the drop-in finds what was made, and what is left to V8', () => {
  const app = `
    const { readFileSync } = require('node:fs');
    const open = (name) => new WebAssembly.Instance(new WebAssembly.Module(readFileSync('node_modules/' + name + '.wasm'))).exports;
    console.log(open('indirect/b').answer(), Object.keys(open('direct/simd')).length);`;
  const { stdout, stderr } = node(['--import', pathToFileURL(join(root, 'dist', 'register.js')).href, '-e', app], { OURO_LOG: '1' });
  assert.is(stdout, '2 0\n');
  assert.match(stderr, /native code, found/);
  assert.match(stderr, /runs on V8: SIMD is not supported/);
  assert.not.match(stderr, /this time/);
});

test('what goes wrong', () => {
  const refused = precompile(['nowhere']);
  assert.is(refused.stderr, "ouro: there is neither a folder 'nowhere' nor a package of this name that is installed here\n");
  assert.is(refused.status, 1);
  mkdirSync(join(folder, 'app', 'empty'), { recursive: true });
  const empty = precompile(['empty']);
  assert.is(empty.stderr, 'ouro: there is no .wasm file in empty; modules that are embedded in other files are not found\n');
  assert.is(empty.status, 1);
  const unkept = precompile(['indirect'], { OURO_CACHE: '/dev/null/cache' });
  assert.match(unkept.stdout, /failed +it could not be kept in the cache/);
  assert.is(unkept.status, 1);
});

test('the bar is drawn on a terminal alone, and goes', () => {
  const { stderr } = process;
  const { isTTY, write } = stderr;
  let written = '';
  try {
    stderr.write = ((text: string) => {
      written += text;
      return true;
    }) as typeof stderr.write;
    stderr.isTTY = false;
    new Bar().show(0.5, 'nothing');
    assert.is(written, '');
    stderr.isTTY = true;
    const bar = new Bar();
    bar.show(0.5, 'half');
    bar.show(0.6, 'too soon');
    bar.clear();
    bar.clear();
  } finally {
    Object.assign(stderr, { isTTY, write });
  }
  assert.is(written, `\r\x1b[K${'█'.repeat(12)}${'░'.repeat(12)}  50 % half\r\x1b[K`);
});

test.run();
