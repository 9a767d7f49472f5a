/** Cache stores: sharing through one, its order with the folder, and stores that fail, hang, lie or are attacked. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CacheOptions } from '../../host/cache/settings.js';
import type { CacheStore } from '../../host/cache/guarded-store.js';
import { type Config, Engine, Instance, KeyvStore, Module, Store } from '../../host/index.js';
import { cacheWarnings, moduleReturning, plain, scratch } from './cache-support.js';

const folder = scratch();
let next = 0;
const newPath = () => join(folder, `cache${next++}`);
const wasm = await moduleReturning(42);
const never = () => new Promise<never>(() => {});

/** A store in memory that counts. */
class Shelf implements CacheStore {
  readonly items = new Map<string, Uint8Array>();
  readonly calls: string[] = [];
  get(key: string): Uint8Array | undefined {
    this.calls.push('get');
    return this.items.get(key);
  }
  put(key: string, bytes: Uint8Array): void {
    this.calls.push('put');
    this.items.set(key, bytes.slice());
  }
  delete(key: string): void {
    this.calls.push('delete');
    this.items.delete(key);
  }
}

/** The same with answers that take time. */
class SlowShelf implements CacheStore {
  readonly shelf = new Shelf();
  async get(key: string) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return this.shelf.get(key);
  }
  async put(key: string, bytes: Uint8Array) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.shelf.put(key, bytes);
  }
  async delete(key: string) {
    this.shelf.delete(key);
  }
}

const engineWith = (cache: CacheOptions, config: Config = {}) => new Engine({ ...config, cache: { path: newPath(), ...cache } });
const run = (module: Module) => new Instance(new Store(module.engine), module).exports.f();
const compile = async (engine: Engine) => run(await Module.compile(engine, wasm));

test('one machine compiles, others find it: in the store, then in their own folders', async () => {
  for (const store of [new Shelf(), new SlowShelf()]) {
    const { calls, items } = store instanceof Shelf ? store : store.shelf;
    const first = engineWith({ store });
    assert.is(await compile(first), 42);
    await first.flushCache();
    assert.equal(calls.splice(0), ['get', 'put']);
    const [[key, bytes]] = items;
    assert.match(key, /^[0-9a-f]{64}-[0-9a-f]{32}$/);
    assert.equal(bytes, first.precompileModule(wasm));
    const path = newPath();
    const second = engineWith({ store, path });
    assert.is(await compile(second), 42);
    assert.equal(calls.splice(0), ['get'], 'not compiled again');
    assert.equal(readdirSync(path), [`${key}.ouro`]);
    assert.is(await compile(second), 42);
    assert.equal(calls.splice(0), [], 'from the folder');
  }
  assert.equal(await cacheWarnings(), []);
});

test('without a folder', async () => {
  const store = new Shelf();
  for (let i = 0; i < 2; i++) assert.is(await compile(engineWith({ store, path: false })), 42);
  assert.equal(store.calls, ['get', 'put', 'get']);
});

test('synchronous compiles ask a store that answers at once, and say once that others are not asked', async () => {
  const store = new Shelf();
  assert.is(run(new Module(engineWith({ store }), wasm)), 42);
  assert.is(run(new Module(engineWith({ store }), wasm)), 42);
  assert.equal(store.calls, ['get', 'put', 'get']);
  assert.equal(await cacheWarnings(), []);
  const slow = new SlowShelf();
  const engine = engineWith({ store: slow, path: false });
  for (let i = 0; i < 3; i++) assert.is(run(new Module(engine, wasm)), 42);
  await engine.flushCache();
  assert.ok(slow.shelf.items.size > 0, 'what they compile is put into it all the same');
  assert.equal(await cacheWarnings(), ['CACHE_STORE_ASYNC']);
});

test('a store that fails is said once and left alone for a while', async () => {
  let calls = 0;
  const fail = () => {
    calls++;
    throw new Error('no route to host');
  };
  const failing: CacheStore[] = [
    { get: fail, put: fail, delete: fail },
    { get: async () => fail(), put: async () => fail(), delete: async () => fail() },
  ];
  for (const store of failing) {
    calls = 0;
    const engine = engineWith({ store, path: false });
    for (let i = 0; i < 3; i++) assert.is(await compile(engine), 42);
    assert.is(run(new Module(engine, wasm)), 42);
    await engine.flushCache();
    assert.is(calls, 1);
    assert.equal(await cacheWarnings(), ['CACHE_STORE_FAILED']);
  }
  // Only writing fails.
  const engine = engineWith({ store: { get: () => undefined, put: fail, delete: fail }, path: false });
  assert.is(await compile(engine), 42);
  await engine.flushCache();
  assert.equal(await cacheWarnings(), ['CACHE_STORE_FAILED']);
});

test('a store that hangs costs its timeout once', async () => {
  let calls = 0;
  const hang = () => {
    calls++;
    return never();
  };
  const store: CacheStore = { get: hang, put: hang, delete: hang };
  const engine = engineWith({ store, timeout: 60, path: false });
  const started = performance.now();
  assert.is(await compile(engine), 42);
  assert.ok(performance.now() - started >= 55);
  // It rests for half a minute, which here does not end.
  const { now } = performance;
  const stopped = performance.now();
  performance.now = () => stopped;
  try {
    for (let i = 0; i < 20; i++) assert.is(await compile(engine), 42);
    assert.is(run(new Module(engine, wasm)), 42);
    await engine.flushCache();
  } finally {
    performance.now = now;
  }
  assert.is(calls, 1, 'it rests');
  assert.equal(await cacheWarnings(), ['CACHE_STORE_TIMEOUT']);
});

test('a thread that is busy for longer than the limit does not take that for the store', async () => {
  const store = new SlowShelf();
  const engine = engineWith({ store, timeout: 60, path: false });
  assert.is(await compile(engine), 42);
  const until = performance.now() + 200;
  while (performance.now() < until);
  await engine.flushCache();
  assert.is(store.shelf.items.size, 1);
  assert.equal(await cacheWarnings(), []);
});

test('a store that gives something else than bytes', async () => {
  for (const answer of ['text', 5, {}, [1, 2]]) {
    const engine = engineWith({ store: { get: () => answer as never, put: () => {}, delete: () => {} } });
    assert.is(await compile(engine), 42);
    assert.equal(await cacheWarnings(), ['CACHE_STORE_FAILED']);
  }
  const engine = engineWith({ store: { get: () => null as never, put: () => {}, delete: () => {} } });
  assert.is(await compile(engine), 42);
  assert.equal(await cacheWarnings(), []);
});

test('damaged entries of a store are found by the hash, deleted, and made anew', async () => {
  const store = new SlowShelf();
  const { items, calls } = store.shelf;
  const first = engineWith({ store });
  await compile(first);
  await first.flushCache();
  const [[key, good]] = items;
  const flipped = good.slice();
  flipped[good.length >> 1] ^= 1;
  for (const bad of [flipped, good.subarray(0, 100), good.subarray(0, good.length - 1), new Uint8Array(0), Buffer.from('<html>')]) {
    items.set(key, bad);
    calls.length = 0;
    const path = newPath();
    const engine = engineWith({ store, path });
    assert.is(await compile(engine), 42);
    await engine.flushCache();
    assert.equal(calls, ['get', 'delete', 'put']);
    assert.equal(items.get(key), good);
    assert.equal(await cacheWarnings(), ['CACHE_ENTRY_DAMAGED']);
  }
});

test('with a key: unsigned, foreign and swapped entries are refused, deleted, and made anew', async () => {
  const artifactKey = generateKeyPairSync('ed25519');
  const store = new Shelf();
  const { items } = store;
  await compile(engineWith({ store }, { artifactKey }));
  const [[key, good]] = items;
  items.clear();
  // Another module, signed by the same key: swapping it in must not work.
  const other = await moduleReturning(666);
  await Module.compile(engineWith({ store }, { artifactKey }), other);
  const [swapped] = items.values();
  // The same module at another level.
  items.clear();
  await compile(engineWith({ store }, { artifactKey, optLevel: 'none' }));
  const [otherOptions] = items.values();
  const foreign = new Engine({ artifactKey: generateKeyPairSync('ed25519') }).precompileModule(other);
  const attacks = { unsigned: new Engine().precompileModule(other), foreign, swapped, otherOptions };
  for (const [name, bytes] of Object.entries(attacks)) {
    items.clear();
    items.set(key, bytes);
    assert.is(await compile(engineWith({ store }, { artifactKey })), 42, name);
    assert.equal(items.get(key), good, name);
    assert.equal(await cacheWarnings(), ['CACHE_ENTRY_DAMAGED'], name);
  }
});

test('with a key: the folder too', async () => {
  const artifactKey = generateKeyPairSync('ed25519');
  const path = newPath();
  const engine = () => new Engine({ artifactKey, cache: path });
  await compile(engine());
  const [name] = readdirSync(path);
  rmSync(join(path, name));
  writeFileSync(join(path, name), new Engine().precompileModule(await moduleReturning(666)), plain);
  assert.is(await compile(engine()), 42);
  assert.equal(await cacheWarnings(), ['CACHE_ENTRY_DAMAGED']);
  assert.ok(engine().lookup(wasm));
});

test('with a public key alone: finds what others signed, keeps nothing', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const store = new Shelf();
  const path = newPath();
  const reader = engineWith({ store, path }, { artifactKey: { publicKey } });
  assert.is(await compile(reader), 42);
  assert.is(store.items.size, 0);
  mkdirSync(path, { recursive: true });
  assert.equal(readdirSync(path), []);
  await compile(engineWith({ store }, { artifactKey: { privateKey } }));
  store.calls.length = 0;
  assert.is(await compile(reader), 42);
  assert.is(await compile(reader), 42);
  assert.equal(store.calls, ['get']);
  assert.is(readdirSync(path).length, 1);
  assert.equal(await cacheWarnings(), []);
});

test('a Keyv that tells errors as events, or takes nothing', async () => {
  throwsTypeError(() => new KeyvStore({} as never));
  throwsTypeError(() => new KeyvStore(undefined as never));
  let listener: (error: unknown) => void = () => {};
  const keyv = {
    get: async (): Promise<unknown> => {
      listener(new Error('connection lost'));
      return undefined;
    },
    set: async () => false,
    delete: async () => true,
    on: (_: string, hear: (error: unknown) => void) => {
      listener = hear;
    },
  };
  const store = new KeyvStore(keyv);
  const failed = async (work: Promise<unknown>) => (await work.catch((error) => error)) as Error;
  assert.match((await failed(store.get('key'))).message, /connection lost/);
  assert.match((await failed(store.put('key', wasm))).message, /did not take/);
});

function throwsTypeError(work: () => unknown): void {
  assert.throws(work, (error: unknown) => error instanceof TypeError);
}

test.run();
