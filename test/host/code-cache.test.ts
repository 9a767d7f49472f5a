/** What V8 has compiled of the library, kept for the next start. What makes a file unfit is tested with the drop-in, which has the same code:
 *  register/load.test.ts. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as unbundled from '../../host/index.js';
import { isWhole, kept } from '../support/code-cache.js';
import { HANG } from '../support/limits.js';
import { root } from '../support/shared.js';
import { need } from '../support/tools.js';

// With it nothing is kept.
delete process.env.NODE_V8_COVERAGE;

const test = suite('code cache');
const folder = mkdtempSync(join(tmpdir(), 'ouro-code-cache-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const library = pathToFileURL(join(root, 'dist', 'index.js')).href;

const adder = await unbundled.parseText(
  '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))',
);
writeFileSync(join(folder, 'adder.wasm'), adder);
writeFileSync(join(folder, 'adder.ouro'), new unbundled.Module(new unbundled.Engine(), adder).serialize());

const preludeOf = (url: string) =>
  `import { readFileSync } from 'node:fs'; import { Engine, Instance, Module, Store } from '${url}'; const engine = new Engine();`;
const prelude = preludeOf(library);
const add = `console.log(new Instance(new Store(engine), Module.deserializeFile(engine, 'adder.ouro')).exports.add(40, 2));`;

let caches = 0;

/** An empty cache folder. */
function emptyCache(): string {
  const path = join(folder, `cache${caches++}`);
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** Nothing is kept of a process that has gone on for long: none has, however slow the machine. */
const slowClock = `data:text/javascript,const now = performance.now.bind(performance); performance.now = () => now() / 1000;`;

/** Runs a program in a fresh process. */
function run(
  cache: string,
  program: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
  url = library,
): string {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const command = [...args, '--import', slowClock, '--input-type=module', '--eval', preludeOf(url) + program];
  const { stdout, stderr, status } = spawnSync(process.execPath, command, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...rest, OURO_CACHE: cache, ...env },
    timeout: HANG,
  });
  assert.is(status, 0, stderr);
  assert.is(stderr, '');
  return stdout;
}

test('kept when a process that made an instance ends, and used from then on', () => {
  const cache = emptyCache();
  run(cache, '');
  assert.equal(kept(cache), []);
  assert.is(run(cache, add), '42\n');
  const [path, ...others] = kept(cache);
  assert.equal(others, []);
  assert.ok(isWhole(path));
  assert.is(statSync(path).mode & 0o222, 0);
  const { ino } = statSync(path);
  assert.is(run(cache, add), '42\n');
  assert.is(statSync(path).ino, ino);
});

test('a process that uses the library for more adds what that needs', () => {
  const cache = emptyCache();
  run(cache, add);
  const [path] = kept(cache);
  const { ino, size } = statSync(path);
  const compile = `new Module(engine, readFileSync('adder.wasm'));`;
  run(cache, compile);
  const more = statSync(path);
  assert.is.not(more.ino, ino);
  assert.ok(more.size > size);
  assert.ok(isWhole(path));
  for (const program of [compile, add, compile + add]) {
    run(cache, program);
    assert.is(statSync(path).ino, more.ino);
  }
});

test('kept while a process goes on', () => {
  const cache = emptyCache();
  // Ends when it is kept, not before.
  const look = `import { existsSync, readdirSync } from 'node:fs';
    const folder = process.env.OURO_CACHE + '/code';
    const timer = setInterval(() => {
      if (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith('.code'))) return;
      clearInterval(timer);
      console.log('end');
    }, 50);`;
  assert.is(run(cache, add + look), '42\nend\n');
  assert.is(kept(cache).length, 1);
});

test('a damaged file is replaced', () => {
  const cache = emptyCache();
  run(cache, add);
  const [path] = kept(cache);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  assert.is(run(cache, add), '42\n');
  assert.ok(isWhole(path));
  assert.is(statSync(path).mode & 0o222, 0);
});

/** Puts files into a cache folder, by their ages in days. */
function fill(cache: string, ages: Readonly<Record<string, number>>): void {
  mkdirSync(join(cache, 'code'), { recursive: true, mode: 0o700 });
  for (const [name, age] of Object.entries(ages)) {
    const path = join(cache, 'code', name);
    writeFileSync(path, '');
    utimesSync(path, new Date(), new Date(Date.now() - age * 24 * 3600_000));
  }
}

test('a text that was changed in place is compiled anew', () => {
  const cache = emptyCache();
  const copy = join(folder, 'copy');
  cpSync(join(root, 'dist'), copy, { recursive: true });
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
  const program = `${add} try { Module.deserializeFile(engine, 'none'); } catch (error) { console.log(error.message); }`;
  const runCopy = () => run(cache, program, {}, [], pathToFileURL(join(copy, 'index.js')).href);
  const [before, after] = ['there is no such file', 'there IS no such file'];
  assert.match(runCopy(), before);
  assert.is(kept(cache).length, 1);
  const text = join(copy, 'runtime.cjs');
  const { mtimeMs } = statSync(text);
  writeFileSync(text, readFileSync(text, 'latin1').replace(before, after));
  utimesSync(text, new Date(), new Date(mtimeMs + 60_000));
  for (let i = 0; i < 2; i++) assert.match(runCopy(), after);
});

test('files of older builds go when they are old, and no others', () => {
  const cache = emptyCache();
  fill(cache, { 'old.code': 31, 'old.code.123-4x.part': 31, 'young.code': 29, 'notes.txt': 400, 'qr.code.js': 400 });
  run(cache, add);
  const names = kept(cache).map((path) => path.slice(path.lastIndexOf('/') + 1));
  const [own, ...others] = names.sort();
  assert.match(own, /^[\da-f]{16}-runtime\.cjs-\w+-\w+-v/);
  assert.equal(others, ['notes.txt', 'qr.code.js', 'young.code']);
});

test('kept where the cache folder was at the start, wherever the process goes', () => {
  const elsewhere = emptyCache();
  mkdirSync(join(elsewhere, 'relative'));
  mkdirSync(join(folder, 'relative'), { mode: 0o700 });
  assert.is(run('relative', `${add} process.chdir('${elsewhere}'); process.env.OURO_CACHE = '${elsewhere}';`), '42\n');
  assert.equal(kept(join(elsewhere, 'relative')), []);
  assert.equal(kept(elsewhere), []);
  assert.is(kept(join(folder, 'relative')).length, 1);
});

test('nothing is made in a cache folder that others can write to', () => {
  const cache = emptyCache();
  chmodSync(cache, 0o777);
  assert.is(run(cache, add), '42\n');
  assert.not(existsSync(join(cache, 'code')));
});

if (need('root', 'a cache folder of another user'))
  test('nothing is made in a cache folder of another user', () => {
    const cache = emptyCache();
    chownSync(cache, 12345, 12345);
    assert.is(run(cache, add), '42\n');
    assert.not(existsSync(join(cache, 'code')));
  });

test('a cache folder that the process may not read changes nothing', () => {
  const cache = emptyCache();
  const flag = Number(process.versions.node.split('.')[0]) >= 22 ? '--permission' : '--experimental-permission';
  const readable = [join(folder, 'adder.ouro'), root, process.execPath].map((path) => `--allow-fs-read=${realpathSync(path)}`);
  assert.is(run(cache, add, {}, [flag, '--allow-addons', ...readable, '--no-warnings']), '42\n');
  assert.equal(kept(cache), []);
});

test('nothing is written where there is no cache folder, by threads, or when Node is told not to', () => {
  const cache = join(folder, 'none');
  assert.is(run(cache, add), '42\n');
  assert.throws(() => statSync(cache), /ENOENT/);
  const empty = emptyCache();
  assert.is(run(empty, add, { NODE_DISABLE_COMPILE_CACHE: '1' }), '42\n');
  // Code that counts what runs is slow for good.
  assert.is(run(empty, add, { NODE_V8_COVERAGE: join(folder, 'coverage') }), '42\n');
  writeFileSync(join(folder, 'adds.mjs'), prelude + add);
  assert.is(run(empty, `import { Worker } from 'node:worker_threads'; new Worker('./adds.mjs', { execArgv: [] });`), '42\n');
  assert.equal(kept(empty), []);
});

test('the exports are those of the unbundled library, and are there once', () => {
  const names = JSON.stringify(Object.keys(unbundled).sort());
  const twice = `import * as all from '${library}'; import { Engine as same } from '${library}'; console.log(JSON.stringify([Object.keys(all).sort(), same === Engine]));`;
  assert.is(run(emptyCache(), twice), `[${names},true]\n`);
});

test('traces name the file', () => {
  const program = `try { new Module(engine, new Uint8Array(3)); } catch (error) { console.log(error.stack); }`;
  const cache = emptyCache();
  const first = run(cache, program);
  assert.match(first, /dist\/runtime\.cjs:\d+:\d+/);
  run(cache, add);
  assert.ok(kept(cache).some((path) => path.includes('runtime.cjs')));
  assert.is(run(cache, program), first);
});

test.run();
