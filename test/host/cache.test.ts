/** The cache's folder: hits, names, damage, trust, limits, and systems that refuse. */

import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from '../../host/cache/folder.js';
import { KEY_LENGTH, KEY_PATTERN } from '../../host/cache/key.js';
import type { Code } from '../../host/artifact/code.js';
import type { Config } from '../../host/engine/config.js';
import { Engine, Instance, Store } from '../../host/index.js';
import { need } from '../support/tools.js';
import { cacheWarnings, isMapped, moduleReturning, plain, readOnly, scratch } from './cache-support.js';

const folder = scratch();
let next = 0;
const newPath = () => join(folder, `cache${next++}`);
const wasm = await moduleReturning(42);
const entries = (path: string) => readdirSync(path).filter((name) => KEY_PATTERN.test(name.slice(0, KEY_LENGTH)) && name.endsWith('.ouro'));
const onlyEntry = (path: string) => join(path, entries(path)[0]);
const child = fileURLToPath(new URL('./cache-child.js', import.meta.url));

function run(code: Code): unknown {
  return (new Instance(new Store(new Engine()), { code }).exports as { f(): unknown }).f();
}

test('what was compiled is found again, mapped from a read-only file of a private folder', async () => {
  const path = newPath();
  const engine = new Engine({ cache: path });
  assert.is(engine.lookup(wasm), undefined);
  assert.not.ok(existsSync(path), 'a lookup makes no folder');
  const code = engine.load(wasm);
  assert.is(run(code), 42);
  assert.is(statSync(path).mode & 0o777, 0o700);
  assert.is(statSync(onlyEntry(path)).mode & 0o777, readOnly);
  assert.ok(isMapped(onlyEntry(path)), 'the new code is that of the file');
  const other = new Engine({ cache: { path } });
  assert.is(run(other.lookup(wasm)!), 42);
  assert.equal(other.load(wasm).file, code.file);
  assert.equal((await other.loadAsync(wasm)).file, code.file);
  assert.equal(readFileSync(onlyEntry(path)), Buffer.from(engine.precompileModule(wasm)));
  assert.is(entries(path).length, 1);
  assert.equal(await cacheWarnings(), []);
});

test('without the option nothing is kept; true means the folder that OURO_CACHE names', () => {
  const path = newPath();
  const before = process.env.OURO_CACHE;
  process.env.OURO_CACHE = path;
  try {
    new Engine().load(wasm);
    new Engine({ cache: false }).load(wasm);
    assert.not.ok(existsSync(path));
    new Engine({ cache: true }).load(wasm);
    assert.is(entries(join(path, 'modules')).length, 1);
  } finally {
    if (before === undefined) delete process.env.OURO_CACHE;
    else process.env.OURO_CACHE = before;
  }
});

test('asynchronously: the bytes may change once the call is made; aborting', async () => {
  const path = newPath();
  const engine = new Engine({ cache: path });
  const bytes = wasm.slice();
  const promise = engine.loadAsync(bytes);
  bytes.fill(0);
  assert.is(run(await promise), 42);
  assert.is(run(engine.lookup(wasm)!), 42);
  const reason = new Error('enough');
  const error = await engine.loadAsync(wasm, { signal: AbortSignal.abort(reason) }).catch((caught) => caught);
  assert.is(error, reason);
});

test('a large module is hashed off the thread, to the same name', async () => {
  const engine = new Engine({ cache: newPath() });
  const padding = new Uint8Array(3 * 2 ** 19);
  const size = padding.length + 2;
  const leb = [(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, ((size >> 14) & 0x7f) | 0x80, size >> 21];
  const large = Buffer.concat([wasm, Buffer.from([0, ...leb, 1, 0x78]), padding]);
  assert.is(engine.lookup(large), undefined);
  assert.is(run(await engine.loadAsync(large)), 42);
  assert.is(run(engine.lookup(large)!), 42);
  assert.is(run(await engine.loadAsync(large)), 42);
});

test('an invalid module is refused as without a cache, and not kept', () => {
  const path = newPath();
  const engine = new Engine({ cache: path });
  for (let i = 0; i < 2; i++) assert.throws(() => engine.load(wasm.subarray(0, 20)), /at offset/);
  assert.is(engine.lookup(wasm.subarray(0, 20)), undefined);
  assert.not.ok(existsSync(path));
});

test('every option that changes code has entries of its own, and so has every compatibility hash', () => {
  const path = newPath();
  const configs: Config[] = [
    {},
    { optLevel: 'none' },
    { cpu: 'x86-64-v2' },
    { memoryPolicy: 'explicit' },
    { nanCanonicalization: true },
    { generateAddressMap: false },
    { keepWasm: true },
    { wasmSignExtension: false },
  ];
  const hashes = new Set<string>();
  for (const config of configs) {
    const engine = new Engine({ ...config, cache: path });
    assert.is(engine.lookup(wasm), undefined, JSON.stringify(config));
    assert.is(run(engine.load(wasm)), 42);
    assert.ok(engine.lookup(wasm), JSON.stringify(config));
    assert.match(engine.precompileCompatibilityHash, /^[0-9a-f]{64}$/);
    hashes.add(engine.precompileCompatibilityHash);
  }
  assert.is(hashes.size, configs.length);
  assert.is(entries(path).length, configs.length);
  // What changes no code changes no name.
  const same = new Engine({ cache: path, maxWasmStack: 2 ** 21, compiler: 'wasm', parallelCompilation: false });
  assert.is(same.precompileCompatibilityHash, new Engine().precompileCompatibilityHash);
  assert.ok(same.lookup(wasm));
});

test('damaged entries are thrown away and made anew, and that is said once', async () => {
  const path = newPath();
  const engine = new Engine({ cache: path });
  engine.load(wasm);
  const file = onlyEntry(path);
  const good = readFileSync(file);
  const flipped = Buffer.from(good);
  flipped[600] ^= 1; // in the header
  flipped.writeUInt32LE(77, 512 + 8); // another version of the format
  const damages: [string, (at: string) => void][] = [
    ['truncated', (at) => truncateSync(at, good.length - 100)],
    ['truncated in the header', (at) => truncateSync(at, 30)],
    ['emptied', (at) => truncateSync(at, 0)],
    ['longer', (at) => writeFileSync(at, Buffer.concat([good, Buffer.alloc(1)]))],
    ['text', (at) => writeFileSync(at, 'no space left on device')],
    ['of another version', (at) => writeFileSync(at, flipped)],
  ];
  for (const [name, damage] of damages) {
    // A new file: a mapped one must not change.
    rmSync(file, { force: true });
    writeFileSync(file, good, plain);
    damage(file);
    const fresh = new Engine({ cache: path });
    assert.is(run(fresh.load(wasm)), 42, name);
    assert.equal(await cacheWarnings(), ['CACHE_ENTRY_DAMAGED'], name);
    assert.equal(readFileSync(file), good, name);
    assert.ok(fresh.lookup(wasm));
    // The second time it is not said again.
    rmSync(file);
    writeFileSync(file, 'text', plain);
    assert.is(fresh.lookup(wasm), undefined);
    assert.not.ok(existsSync(file));
    assert.equal(await cacheWarnings(), [], name);
  }
});

test('the hash is checked where it is asked for, and where others can write', async () => {
  const path = newPath();
  const file = () => onlyEntry(path);
  const flip = () => {
    const at = file();
    const bytes = readFileSync(at);
    bytes[bytes.length >> 1] ^= 1;
    rmSync(at);
    writeFileSync(at, bytes, plain);
  };
  const checks = async (config: Config, found: boolean) => {
    flip();
    assert.is(new Engine(config).lookup(wasm) === undefined, found);
    assert.equal(await cacheWarnings(), found ? ['CACHE_ENTRY_DAMAGED'] : []);
    rmSync(path, { recursive: true });
    new Engine(config).load(wasm);
  };
  new Engine({ cache: path }).load(wasm);
  await checks({ cache: path }, false);
  await checks({ cache: { path, verifyHash: true } }, true);
  rmSync(file());
  chmodSync(path, 0o777);
  const code = new Engine({ cache: path }).load(wasm);
  assert.is(run(code), 42);
  assert.not.ok(isMapped(file()), 'a copy: the file could change');
  await checks({ cache: path }, true);
  // A folder in a folder of others.
  const outer = newPath();
  mkdirSync(outer);
  chmodSync(outer, 0o777);
  const inner = join(outer, 'inner');
  new Engine({ cache: inner }).load(wasm);
  assert.not.ok(isMapped(onlyEntry(inner)));
});

if (need('root', 'the default folder of another user'))
  test("the default folder is left out when it is another user's", async () => {
    const before = process.env.OURO_CACHE;
    const path = newPath();
    process.env.OURO_CACHE = path;
    try {
      new Engine({ cache: true }).load(wasm);
      chownSync(path, 65534, 65534);
      const engine = new Engine({ cache: true });
      assert.is(engine.lookup(wasm), undefined);
      for (let i = 0; i < 2; i++) assert.is(run(engine.load(wasm)), 42);
      assert.equal(await cacheWarnings(), ['CACHE_FOLDER_FAILED']);
      // Where the configuration names it, it is used with care.
      const named = new Engine({ cache: join(path, 'modules') });
      assert.ok(named.lookup(wasm));
      assert.equal(await cacheWarnings(), []);
      const signing = () => new Engine({ cache: true, artifactKey });
      const artifactKey = generateKeyPairSync('ed25519');
      signing().load(wasm);
      assert.ok(signing().lookup(wasm));
      assert.equal(await cacheWarnings(), []);
    } finally {
      if (before === undefined) delete process.env.OURO_CACHE;
      else process.env.OURO_CACHE = before;
    }
  });

test('an entry that others could write to', async () => {
  const path = newPath();
  const compiled = new Engine({ cache: path });
  compiled.load(wasm);
  // Written to by whoever can.
  chmodSync(onlyEntry(path), 0o666);
  assert.is(compiled.lookup(wasm), undefined);
  assert.equal(entries(path), []);
  assert.is(run(compiled.load(wasm)), 42);
  assert.is(statSync(onlyEntry(path)).mode & 0o777, readOnly);
  assert.equal(await cacheWarnings(), []);
});

if (need('root', "another user's entry"))
  test("another user's entry", async () => {
    const path = newPath();
    const compiled = new Engine({ cache: path });
    compiled.load(wasm);
    chownSync(onlyEntry(path), 65534, 65534);
    assert.is(compiled.lookup(wasm), undefined);
    assert.is(run(compiled.load(wasm)), 42);
    assert.is(statSync(onlyEntry(path)).uid, 0);
    assert.equal(await cacheWarnings(), []);
  });

test('the least recently used go when the folder is full', async () => {
  const path = newPath();
  const modules = await Promise.all([1, 2, 3, 4].map(moduleReturning));
  const size = new Engine().precompileModule(modules[0]).length;
  const engine = new Engine({ cache: { path, maxBytes: size * 3 + 100 } });
  for (const [i, module] of modules.slice(0, 3).entries()) {
    engine.load(module);
    for (const name of entries(path)) {
      // As if each was put in an hour after the one before; the one just made has no old time yet.
      if (Date.now() - statSync(join(path, name)).mtimeMs < 1800_000) {
        const then = new Date(Date.now() - (10 - i) * 3600_000);
        utimesSync(join(path, name), then, then);
      }
    }
  }
  assert.ok(engine.lookup(modules[0]), 'used now');
  engine.load(modules[3]);
  assert.equal(
    modules.map((module) => engine.lookup(module) !== undefined),
    [true, false, false, true],
    'cleaning goes to nine tenths of the limit',
  );
  // Larger than the whole limit.
  const small = new Engine({ cache: { path: newPath(), maxBytes: 1000 } });
  assert.is(run(small.load(wasm)), 42);
  assert.is(small.lookup(wasm), undefined);
});

test('cleaning by age, and what crashes leave behind', () => {
  const path = newPath();
  new Engine({ cache: path }).load(wasm);
  const held = new Folder(path, 1e9);
  const key = held.entries()[0].key;
  writeFileSync(`${held.file(key)}.123-abc.part`, 'half');
  writeFileSync(join(path, 'notes.part'), 'of somebody else');
  assert.equal(held.clean(), { entries: 0, bytes: 0, parts: 0 }, 'still being written');
  const later = Date.now() + 2 * 3600_000;
  assert.equal(held.clean({ now: later, olderThan: 3 * 3600_000 }), { entries: 0, bytes: 0, parts: 1 });
  const { entries: removed, bytes } = held.clean({ now: later, olderThan: 3600_000 });
  assert.is(removed, 1);
  assert.ok(bytes > 4096);
  assert.equal(readdirSync(path), ['notes.part']);
  assert.equal(new Folder(newPath(), 1).clean(), { entries: 0, bytes: 0, parts: 0 }, 'no folder at all');
});

test('the next process that puts something in removes what crashes left behind', () => {
  const path = newPath();
  new Engine({ cache: path }).load(wasm);
  const part = `${onlyEntry(path)}.123-abc.part`;
  writeFileSync(part, 'half');
  const long = new Date(Date.now() - 2 * 3600_000);
  utimesSync(part, long, long);
  new Engine({ cache: path, optLevel: 'none' }).load(wasm);
  assert.not.ok(existsSync(part));
  assert.is(entries(path).length, 2);
});

test('a mapped entry that is removed stays as it is', () => {
  const path = newPath();
  const code = new Engine({ cache: path }).load(wasm);
  new Folder(path, 1).clean({ maxBytes: 0 });
  assert.equal(entries(path), []);
  assert.is(run(code), 42);
});

test('a folder that cannot be: the compile goes on, and that is said once', async () => {
  const path = newPath();
  writeFileSync(path, 'a file in the way');
  for (const cache of [path, join(path, 'below'), '/proc/nowhere']) {
    const engine = new Engine({ cache });
    for (let i = 0; i < 3; i++) assert.is(run(engine.load(wasm)), 42);
    assert.is(run(await engine.loadAsync(wasm)), 42);
    assert.equal(await cacheWarnings(), ['CACHE_FOLDER_FAILED'], cache);
  }
});

if (need('readers', 'a read-only cache folder'))
  test('a folder of root, read by another user: hits, mapped, but nothing new', () => {
    const path = newPath();
    new Engine({ cache: path }).load(wasm);
    for (const each of [folder, path]) chmodSync(each, 0o755);
    chmodSync(onlyEntry(path), 0o444);
    const reader = spawnSync(process.execPath, [child, 'read', path], { uid: 65534, gid: 65534, encoding: 'utf8', env: { HOME: '/' } });
    assert.is(reader.status, 0, reader.stderr);
    assert.equal(JSON.parse(reader.stdout), { hit: true, mapped: true, results: [42, 7, 7], warnings: ['CACHE_FOLDER_FAILED'] });
  });

if (need('mounts', 'a full disk'))
  test('a full disk', async () => {
    const path = newPath();
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=0700', 'none', path], { stdio: 'ignore' });
    try {
      const engine = new Engine({ cache: path });
      const modules = await Promise.all([11, 12, 13, 14].map(moduleReturning));
      for (const [i, module] of modules.entries()) assert.is(run(engine.load(module)), 11 + i);
      assert.equal(await cacheWarnings(), ['CACHE_FOLDER_FAILED']);
      assert.equal(
        readdirSync(path).filter((name) => name.endsWith('.part')),
        [],
      );
      for (const module of modules) assert.is(run(new Engine({ cache: path }).load(module)), run(engine.load(module)));
      await cacheWarnings();
    } finally {
      // Mapped entries keep it busy: it goes when the last mapping does.
      execFileSync('umount', ['--lazy', path]);
    }
  });

test.run();
