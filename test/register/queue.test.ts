/** Who builds what, and what is left when builders die. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isBeingBuilt, lock, queuePath, sweep, unlock } from '../../host/register/queue.js';
import { useCache } from './support.js';

useCache('queue');
mkdirSync(dirname(queuePath('a')), { recursive: true });

const lockFile = (key: string) => queuePath(key).replace(/wasm$/, 'lock');
const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;

test('one process builds a module', () => {
  assert.is(isBeingBuilt('a'), false);
  assert.is(lock('a'), 1);
  assert.is(isBeingBuilt('a'), true);
  assert.is(lock('a'), undefined);
  writeFileSync(queuePath('a'), 'bytes');
  unlock('a');
  assert.is(isBeingBuilt('a'), false);
  assert.is(existsSync(queuePath('a')), false);
  assert.is(lock('a'), 1);
});

test('dead builders are counted', () => {
  writeFileSync(lockFile('b'), `${deadPid()} 2`);
  assert.is(isBeingBuilt('b'), false);
  assert.is(lock('b'), 3);
});

test('a damaged lock is no lock', () => {
  writeFileSync(lockFile('c'), 'something else');
  assert.is(isBeingBuilt('c'), false);
  assert.is(lock('c'), 1);
});

test('what killed processes were writing goes after an hour', () => {
  const [old, fresh] = [`${queuePath('d')}.1.part`, `${queuePath('d')}.2.part`];
  for (const path of [old, fresh]) writeFileSync(path, '');
  utimesSync(old, new Date(), new Date(Date.now() - 2 * 3600_000));
  utimesSync(fresh, new Date(), new Date(Date.now() - 1800_000));
  sweep();
  assert.is(existsSync(old), false);
  assert.is(existsSync(fresh), true);
});

test.run();
