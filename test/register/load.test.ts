/** What V8 has compiled of the drop-in, kept for the next start: used when it is whole and ours, else made anew. */

import {
  chmodSync,
  chownSync,
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { HASH_SIZE, HEADER_SIZE, isWhole, kept, sign } from '../support/code-cache.js';
import { root } from '../support/shared.js';
import { need } from '../support/tools.js';
import { App } from './support.js';

// With it nothing is kept.
delete process.env.NODE_V8_COVERAGE;

/** What is loaded where there is native code to run. */
const parts = ['runtime.cjs', 'drop-in.cjs'];

const files = {
  'adder.wasm': await parseText('(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'),
  'app.cjs': `const adder = new WebAssembly.Module(require('node:fs').readFileSync('adder.wasm'));
    console.log(new WebAssembly.Instance(adder).exports.add(40, 2));`,
  // Ends when it is kept, not before.
  'long.cjs': `require('./app.cjs');
    const { existsSync, readdirSync } = require('node:fs');
    const folder = process.env.OURO_CACHE + '/code';
    const timer = setInterval(() => {
      if (!existsSync(folder) || readdirSync(folder).filter((name) => name.endsWith('.code')).length < ${parts.length}) return;
      clearInterval(timer);
      console.log('end');
    }, 50);`,
  'off.cjs': `console.log(0);`,
  'other.cjs': `const [, , node, ...args] = process.argv;
    require('node:child_process').spawnSync(node, [...process.execArgv, ...args], { stdio: 'inherit' });`,
};

function partOf(app: App, part: string): string {
  return kept(app.cache).find((path) => path.includes(`-${part}-`))!;
}

/** An application whose module has native code in the cache, that has not yet been run on it. */
function prepared(name: string): App {
  const app = new App(name, files);
  assert.is(app.run(['app.cjs'], { OURO_REGISTER: 'eager' }).stdout, '42\n');
  for (const path of kept(app.cache)) rmSync(path);
  return app;
}

test('kept when native code has run, and used from then on', () => {
  const app = prepared('code');
  assert.is(app.run(['off.cjs']).stdout, '0\n');
  assert.equal(kept(app.cache), []);
  assert.is(app.run(['app.cjs']).stdout, '42\n');
  const paths = kept(app.cache);
  assert.is(paths.length, parts.length);
  for (const path of paths) {
    assert.ok(isWhole(path));
    assert.is(statSync(path).mode & 0o222, 0);
  }
  const before = paths.map((path) => statSync(path).ino);
  assert.is(app.run(['app.cjs']).stdout, '42\n');
  assert.equal(
    paths.map((path) => statSync(path).ino),
    before,
  );
});

test('kept while the application goes on', () => {
  const app = prepared('code-long');
  assert.is(app.run(['long.cjs']).stdout, '42\nend\n');
  for (const part of parts) assert.ok(isWhole(partOf(app, part)));
});

const isRoot = need('root', 'code that another user has put there');

for (const part of parts)
  test(`damaged, foreign and old files are not used: ${part}`, () => {
    const app = prepared('code-damaged');
    app.run(['app.cjs']);
    const path = partOf(app, part);
    const whole = readFileSync(path);
    const change = (at: number) => {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1;
      writeFileSync(path, bytes);
    };
    const damages: (() => void)[] = [
      () => change(0),
      () => change(HASH_SIZE),
      () => change(whole.length >> 1),
      () => change(whole.length - 1),
      () => truncateSync(path, whole.length - 1),
      () => truncateSync(path, HASH_SIZE),
      () => writeFileSync(path, ''),
      () => writeFileSync(path, 'something else'),
      // Whole, and of another build.
      () => {
        const bytes = Buffer.from(whole);
        bytes.write('0000', HASH_SIZE);
        writeFileSync(path, sign(bytes));
      },
      () => chmodSync(path, 0o666),
    ];
    if (isRoot) damages.push(() => chownSync(path, 12345, 12345));
    for (const damage of damages) {
      chmodSync(path, 0o644);
      damage();
      const { ino } = statSync(path);
      const { stdout, stderr } = app.run(['app.cjs']);
      assert.is(stdout, '42\n', stderr);
      assert.is.not(statSync(path).ino, ino);
      assert.ok(isWhole(path));
      assert.is(statSync(path).mode & 0o222, 0);
    }
  });

test('neither used nor kept in a folder where another user could have put it', () => {
  const app = prepared('code-foreign');
  app.run(['app.cjs']);
  const path = partOf(app, 'drop-in.cjs');
  // What V8 makes of another text of the same length.
  const { length } = readFileSync(join(root, 'dist', 'drop-in.cjs'));
  const planted = new Script(`(function () { console.log('planted'); }) //`.padEnd(length));
  const bytes = Buffer.concat([readFileSync(path).subarray(0, HEADER_SIZE), planted.createCachedData()]);
  const mine = join(app.folder, 'mine');
  writeFileSync(mine, sign(bytes), { mode: 0o644 });
  rmSync(path);
  symlinkSync(mine, path);
  assert.match(app.run(['app.cjs']).stdout, /planted/);
  for (const folder of [join(app.cache, 'code'), app.cache]) {
    chmodSync(folder, 0o777);
    const { stdout, stderr } = app.run(['app.cjs']);
    assert.is(stdout, '42\n', stderr);
    for (const each of kept(app.cache)) rmSync(each);
    assert.is(app.run(['app.cjs']).stdout, '42\n');
    assert.equal(kept(app.cache), []);
    chmodSync(folder, 0o700);
    symlinkSync(mine, path);
  }
});

test('another build of the same Node makes its own', () => {
  const app = prepared('code-node');
  app.run(['app.cjs']);
  const path = partOf(app, 'drop-in.cjs');
  const node = join(app.folder, 'node');
  copyFileSync(process.execPath, node);
  utimesSync(node, 1e9, 1e9);
  const before = statSync(path).ino;
  for (let i = 0; i < 2; i++) assert.is(app.run(['other.cjs', node, 'app.cjs']).stdout, '42\n');
  assert.is(kept(app.cache).length, 2 * parts.length);
  assert.is(statSync(path).ino, before);
});

for (const part of parts)
  test(`what V8 refuses is replaced when it is a day old: ${part}`, () => {
    const app = prepared('code-flags');
    app.run(['app.cjs']);
    const path = partOf(app, part);
    const { ino } = statSync(path);
    assert.is(app.run(['--no-opt', 'app.cjs']).stdout, '42\n');
    assert.is(statSync(path).ino, ino);
    utimesSync(path, new Date(), new Date(Date.now() - 2 * 24 * 3600_000));
    assert.is(app.run(['app.cjs']).stdout, '42\n');
    assert.is(statSync(path).ino, ino);
    assert.is(app.run(['--no-opt', 'app.cjs']).stdout, '42\n');
    assert.is.not(statSync(path).ino, ino);
  });

test('where nothing can be written, the application does not notice', () => {
  const app = prepared('code-readonly');
  rmSync(join(app.cache, 'code'), { recursive: true });
  writeFileSync(join(app.cache, 'code'), '');
  const { stdout, stderr, status } = app.run(['app.cjs']);
  assert.is(stdout, '42\n');
  assert.is(status, 0, stderr);
  assert.not.match(stderr, /warning/i);
});

test.run();
