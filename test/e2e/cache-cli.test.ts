/** `ouro cache`, and the cache of `ouro run`, as a user meets them. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from '../host/cache-support.js';
import { root } from '../support/shared.js';

const folder = scratch();
const cache = join(folder, 'cache');
const modules = join(cache, 'modules');

function ouro(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, OURO_CACHE: cache, NO_COLOR: '1' };
  return spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { cwd: folder, encoding: 'utf8', env });
}

function prints(args: string[], wanted: RegExp): void {
  const { status, stdout, stderr } = ouro(...args);
  assert.is(stderr, '');
  assert.match(stdout, wanted);
  assert.is(status, 0);
}

for (const [name, value] of [
  ['one', 1],
  ['two', 2],
] as const) {
  writeFileSync(join(folder, `${name}.wat`), `(module $${name} (func (export "f") (result i32) (i32.const ${value})))`);
}

test('an empty cache', () => {
  prints(['cache', 'ls'], /^nothing is in the cache .*modules\n$/);
  prints(['cache', 'ls', '--json'], /^$/);
  prints(['cache', 'stat'], /^folder +.*modules\nmodules +0, 0 bytes\n$/);
  prints(['cache', 'clean', '--all'], /^removed 0 modules, 0 bytes\n$/);
});

test('run keeps what it compiles, unless told not to', () => {
  prints(['run', '--no-cache', '--invoke', 'f', 'one.wat'], /^1\n$/);
  prints(['cache', 'stat'], /modules +0,/);
  for (let i = 0; i < 2; i++) prints(['run', '--invoke', 'f', 'one.wat'], /^1\n$/);
  prints(['run', '-O', 'none', '--invoke', 'f', 'two.wat'], /^2\n$/);
  assert.is(readdirSync(modules).length, 2);
});

test('ls and stat', () => {
  const row = (name: string, level: string) => new RegExp(`^[0-9a-f]{12} +[\\d.]+ KiB +0 min +${level} +x86-64-v[234] +${name}$`, 'm');
  prints(['cache', 'ls'], /^wasm +size +used +opt +for +module\n/);
  prints(['cache', 'ls'], row('one', 'speed'));
  prints(['cache', 'ls'], row('two', 'none'));
  const lines = ouro('cache', 'ls', '--json').stdout.trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line));
  assert.equal(entries.map(({ name }) => name).sort(), ['one', 'two']);
  for (const { key, path, size, signed, lastUsed } of entries) {
    assert.is(path, join(modules, `${key}.ouro`));
    assert.is(size, statSync(path).size);
    assert.is(signed, false);
    assert.ok(Math.abs(Date.parse(lastUsed) - Date.now()) < 600_000);
  }
  prints(['cache', 'stat'], /modules +2, [\d.]+ KiB\nused +0 min to 0 min ago\nchecked +size and tables: nobody else/);
  const { path, entries: count, bytes, access } = JSON.parse(ouro('cache', 'stat', '--json').stdout);
  assert.equal([path, count, bytes, access], [modules, 2, entries[0].size + entries[1].size, 'private']);
});

test('a damaged entry is shown as such', () => {
  const other = join(folder, 'other');
  const name = `${'a'.repeat(64)}-${'b'.repeat(32)}`;
  ouro('cache', 'ls');
  mkdirSync(other);
  writeFileSync(join(other, `${name}.ouro`), 'text');
  prints(['cache', 'ls', '--dir', other], /^aaaaaaaaaaaa +4 bytes +0 min +this is not an artifact/m);
  prints(['cache', 'clean', '--all', '--dir', other], /^removed 1 module, 4 bytes/);
});

test('clean', () => {
  const long = new Date(Date.now() - 40 * 86_400_000);
  const [first] = readdirSync(modules);
  utimesSync(join(modules, first), long, long);
  prints(['cache', 'ls'], / 40 days /);
  prints(['cache', 'clean'], /^removed 0 modules/);
  prints(['cache', 'clean', '--older-than', '41d'], /^removed 0 modules/);
  prints(['cache', 'clean', '--older-than', '30d'], /^removed 1 module, [\d.]+ KiB\n$/);
  prints(['cache', 'clean', '--max-size', '1M', '--json'], /"entries":0/);
  prints(['cache', 'clean', '--max-size', '1K'], /^removed 1 module/);
  assert.equal(readdirSync(modules), []);
  const old = `compiler-${'0'.repeat(32)}-x64-ff.ouro`;
  writeFileSync(join(cache, old), '');
  mkdirSync(join(cache, 'register'));
  writeFileSync(join(cache, 'register', 'name.v8'), 'why');
  prints(['cache', 'clean', '--all'], /^removed 0 modules, 0 bytes, and 1 native compiler of other versions\n$/);
  assert.not.ok(readdirSync(cache).some((name) => name === old || name === 'register'));
});

test('mistakes', () => {
  for (const [args, message] of [
    [['clean', '--older-than', 'yesterday'], /Expected a time as 30d, 12h or 90m/],
    [['clean', '--max-size', 'much'], /Expected a size as 200K, 500M or 1.5G/],
    [['list'], /unknown command 'list'/],
  ] as [string[], RegExp][]) {
    const { status, stderr } = ouro('cache', ...args);
    assert.is(status, 1);
    assert.match(stderr, message);
  }
  writeFileSync(join(folder, 'file'), '');
  const { status, stderr } = ouro('cache', 'ls', '--dir', 'file');
  assert.is(status, 1);
  assert.match(stderr, /^ouro: .*ENOTDIR/);
});

test.run();
