/** The Keyv store on a real Redis, which this test starts on a free port of the loopback and ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, KeyvStore, Module, Store } from '../../host/index.js';
import { HANG } from '../support/limits.js';
import { need } from '../support/tools.js';
import { cacheWarnings, moduleReturning, scratch } from './cache-support.js';

const folder = scratch();
let next = 0;
const newPath = () => join(folder, `cache${next++}`);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startRedis(port: number): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk) => {
      if (/Ready to accept connections/.test(String(chunk))) resolve();
    });
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

const clients: { close(): Promise<void> }[] = [];

const open = (port: number) => {
  const adapter = new KeyvRedis({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 50 } }, { namespace: 'ouro' });
  const keyv = new Keyv(adapter, { useKeyPrefix: false });
  clients.push({ close: () => adapter.disconnect(true) });
  return new KeyvStore(keyv);
};

if (need('redis-server', 'the cache store on Redis')) {
  const wasm = await moduleReturning(42);
  const artifactKey = generateKeyPairSync('ed25519');
  const compile = async (engine: Engine) => {
    const module = await Module.compile(engine, wasm);
    return new Instance(new Store(engine), module).exports.f();
  };

  test('two machines share, a poisoned entry is found, a server that goes away is no error', async () => {
    const port = await freePort();
    let server = await startRedis(port);
    const one = open(port);
    const other = open(port);
    try {
      const first = new Engine({ artifactKey, cache: { path: newPath(), store: one, timeout: HANG } });
      assert.is(await compile(first), 42);
      await first.flushCache();
      const key = first.keyOf(wasm);
      const artifact = first.precompileModule(wasm);
      assert.equal(new Uint8Array((await other.get(key))!), artifact);

      // The other machine finds it: what it gets is what the store holds.
      const found = new Engine({ artifactKey, cache: { path: newPath(), store: other, timeout: HANG } });
      assert.is(found.lookup(wasm), undefined, 'not in its folder');
      assert.is(await compile(found), 42);
      assert.ok(found.lookup(wasm));
      assert.equal(await cacheWarnings(), ['CACHE_STORE_ASYNC'], 'of the lookup above, which cannot wait');

      // Somebody else writes to the same Redis.
      const evil = new Engine().precompileModule(await moduleReturning(666));
      await one.put(key, evil);
      const careful = new Engine({ artifactKey, cache: { path: newPath(), store: other, timeout: HANG } });
      assert.is(await compile(careful), 42);
      await careful.flushCache();
      assert.equal(await cacheWarnings(), ['CACHE_ENTRY_DAMAGED']);
      assert.equal(new Uint8Array((await one.get(key))!), artifact, 'made anew');

      await other.delete(key);
      assert.is(await one.get(key), undefined);

      // The server dies.
      await stop(server);
      const alone = new Engine({ artifactKey, cache: { path: newPath(), store: one, timeout: 300 } });
      for (let i = 0; i < 3; i++) assert.is(await compile(alone), 42);
      await alone.flushCache();
      const warnings = await cacheWarnings();
      assert.is(warnings.length, 1);
      assert.ok(['CACHE_STORE_FAILED', 'CACHE_STORE_TIMEOUT'].includes(warnings[0]), warnings[0]);

      // And comes back, empty.
      server = await startRedis(port);
      const again = new Engine({ artifactKey, cache: { path: newPath(), store: open(port), timeout: HANG } });
      assert.is(await compile(again), 42);
      await again.flushCache();
      assert.equal(await cacheWarnings(), []);
    } finally {
      for (const { close } of clients) await close().catch(() => {});
      await stop(server);
    }
  });

  test.run();
}
