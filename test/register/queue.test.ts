/** Who builds what, and what is left when builders die. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hasNote, leftToV8, writeNote } from '../../host/register/notes.js';
import { isBeingBuilt, lock, queuePath, sweep, unlock } from '../../host/register/queue.js';
import { useCache } from './support.js';

useCache('queue');
mkdirSync(dirname(queuePath('a')), { recursive: true });

const lockFile = (key: string) => queuePath(key).replace(/wasm$/, 'lock');
const age = (path: string, hours: number) => utimesSync(path, new Date(), new Date(Date.now() - hours * 3600_000));
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

test('a module whose builders have died is left to V8 for a day', () => {
  const died = queuePath('l').replace(/wasm$/, 'died');
  writeNote('l', 'died', 'why');
  age(died, 23);
  assert.is(leftToV8('l'), 'why');
  writeNote('l', 'ouro');
  assert.is(leftToV8('l'), undefined);
  rmSync(queuePath('l').replace(/wasm$/, 'ouro'));
  age(died, 25);
  assert.is(leftToV8('l'), undefined);
  assert.is(existsSync(died), false);
  writeNote('l', 'died', 'why');
  age(died, 25);
  sweep();
  assert.is(existsSync(died), false);
});

test('a damaged lock is no lock', () => {
  writeFileSync(lockFile('c'), 'something else');
  assert.is(isBeingBuilt('c'), false);
  assert.is(lock('c'), 1);
});

test('a lock of a process that had the id of this one, or that another process has by now', () => {
  writeFileSync(lockFile('e'), `${process.pid} 1`);
  assert.is(isBeingBuilt('e'), false);
  assert.is(lock('e'), 2);
  assert.is(lock('e'), undefined);
  writeFileSync(lockFile('f'), `${process.ppid} 1`);
  assert.is(isBeingBuilt('f'), true);
  assert.is(lock('f'), undefined);
  age(lockFile('f'), 25);
  assert.is(isBeingBuilt('f'), false);
  assert.is(lock('f'), 2);
});

test('what killed processes were writing goes after an hour', () => {
  const [old, fresh] = [`${queuePath('d')}.1.part`, `${queuePath('d')}.2.part`];
  for (const path of [old, fresh]) writeFileSync(path, '');
  age(old, 2);
  age(fresh, 0.5);
  sweep();
  assert.is(existsSync(old), false);
  assert.is(existsSync(fresh), true);
});

test('what no builder has taken goes after a day, what is known of a module a month after it was last asked for', () => {
  const paths = [
    queuePath('g'),
    queuePath('h'),
    lockFile('h'),
    ...['ouro', 'v8', 'changes'].map((kind) => queuePath('i').replace(/wasm$/, kind)),
  ];
  const left = (hours: number) => {
    for (const path of paths) writeFileSync(path, '');
    writeFileSync(lockFile('h'), `${process.ppid} 1`);
    for (const path of paths) if (path !== lockFile('h')) age(path, hours);
    sweep();
    return paths.filter((path) => existsSync(path)).length;
  };
  assert.is(left(23), 6);
  assert.is(left(25), 5); // one of two is being built
  assert.is(left(31 * 24), 2);
  writeFileSync(lockFile('j'), '1 2');
  age(lockFile('j'), 31 * 24);
  sweep();
  assert.is(existsSync(lockFile('j')), false);
  writeFileSync(paths[3], '');
  age(paths[3], 31 * 24);
  assert.is(hasNote('i', 'ouro'), true);
  sweep();
  assert.is(hasNote('i', 'ouro'), true);
});

test('a note follows no link', () => {
  const target = `${queuePath('k')}.target`;
  symlinkSync(target, queuePath('k').replace(/wasm$/, 'v8'));
  writeNote('k', 'v8', 'why');
  assert.is(existsSync(target), false);
});

test('sweeping a folder that is gone', () => {
  rmSync(dirname(queuePath('a')), { recursive: true });
  sweep();
});

test.run();
