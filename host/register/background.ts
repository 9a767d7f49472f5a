/** background: native code for the next start, made by a process of its own (builder.ts), of low priority, that outlives this one.
 *  It is started when the application has had some time for itself, or when it ends. */

import { dirname } from 'node:path';
import { builtin } from '../builtin.js';
import { makeFolder, writeAtomic } from '../cache.js';
import { setTimeout } from '../timers.js';
import { engine, folder } from './artifacts.js';
import { log } from './policy.js';
import { isBeingBuilt, queuePath } from './queue.js';
import { spawnBuilder } from './spawn.js';

/** Milliseconds that the application has for itself. */
const DELAY = 1000;

interface Job {
  readonly key: string;
  readonly bytes: Uint8Array;
}

const pending = new Map<string, Job>();
let timer: NodeJS.Timeout | undefined;
let failed = false;

/** Has native code made for a module that V8 runs. `bytes` are kept, and do not change. */
export function build(bytes: Uint8Array, key: string): void {
  if (failed || pending.has(key)) return;
  pending.set(key, { key, bytes });
  if (timer) return;
  timer = setTimeout(start, DELAY);
  timer.unref();
  process.once('exit', finish);
}

/** While the application goes on. What is being written when it ends is still pending. */
async function start(): Promise<void> {
  const jobs = [...pending.values()];
  const { rename, writeFile } = builtin<typeof import('node:fs/promises')>('fs/promises');
  try {
    for (const { key, bytes } of jobs) {
      const path = queuePath(key);
      makeFolder(dirname(path), 0o700);
      const part = `${path}.${process.pid}.part`;
      await writeFile(part, bytes, { mode: 0o600 });
      await rename(part, path);
    }
    run(jobs);
  } catch (error) {
    give(error);
  }
  for (const { key } of jobs) pending.delete(key);
  timer = undefined;
  process.off('exit', finish);
  if (pending.size > 0) {
    timer = setTimeout(start, DELAY);
    timer.unref();
    process.once('exit', finish);
  }
}

/** When the application ends. */
function finish(): void {
  const jobs = [...pending.values()];
  try {
    for (const { key, bytes } of jobs) {
      if (isBeingBuilt(key)) continue;
      const path = queuePath(key);
      makeFolder(dirname(path), 0o700);
      writeAtomic(path, bytes, 0o600, false);
    }
    run(jobs);
  } catch (error) {
    give(error);
  }
}

/** Without a builder the application goes on as it is, now and at the next start. */
function give(error: unknown): void {
  failed = true;
  log(() => `native code for the next start cannot be made: ${(error as Error).message}`);
}

function run(all: readonly Job[]): void {
  const jobs = all.filter(({ key }) => !isBeingBuilt(key));
  if (jobs.length === 0) return;
  const policy = engine().compileOptions.explicitBounds ? 'explicit' : 'guard';
  const keys = jobs.map(({ key }) => key);
  const child = spawnBuilder(folder, policy, keys);
  child.on('error', give);
  log(() => `process ${child.pid} makes native code for ${jobs.length === 1 ? 'a module' : `${jobs.length} modules`}`);
}
