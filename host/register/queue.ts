/** queue: binaries that wait for a builder, and which of them has one, as files of the cache. Of all processes at most one builds a module.
 *  `name`: artifacts.ts, nameOf. */

import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachePath } from '../cache.js';

/** A module whose builders have died so many times is left to V8. */
export const MAX_ATTEMPTS = 3;

/** The binary. */
export function queuePath(name: string): string {
  return cachePath(`register/${name}.wasm`);
}

/** The binary while it is written, by whom so ever. */
export function partPath(name: string): string {
  return `${queuePath(name)}.${process.pid}-${Math.random().toString(36).slice(2)}.part`;
}

function lockPath(name: string): string {
  return cachePath(`register/${name}.lock`);
}

interface Lock {
  readonly pid: number;
  /** How many builders there have been. */
  readonly attempts: number;
}

function readLock(name: string): Lock | undefined {
  try {
    const [pid, attempts] = readFileSync(lockPath(name), 'utf8').split(' ').map(Number);
    return Number.isInteger(pid) && Number.isInteger(attempts) ? { pid, attempts } : { pid: 0, attempts: 0 };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a living process builds the module. */
export function isBeingBuilt(name: string): boolean {
  const lock = readLock(name);
  return lock !== undefined && isAlive(lock.pid);
}

/** Takes the module on; gives the number of this attempt, or undefined when another process is at it. */
export function lock(name: string): number | undefined {
  const before = readLock(name);
  if (before && isAlive(before.pid)) return undefined;
  if (before) rmSync(lockPath(name), { force: true });
  const attempts = (before?.attempts ?? 0) + 1;
  try {
    const file = openSync(lockPath(name), 'wx', 0o600);
    writeSync(file, `${process.pid} ${attempts}`);
    closeSync(file);
    return attempts;
  } catch {
    return undefined;
  }
}

/** The module is done with. */
export function unlock(name: string): void {
  rmSync(queuePath(name), { force: true });
  rmSync(lockPath(name), { force: true });
}

/** Milliseconds after which what a process has been writing was left by one that was killed. */
const MAX_PART_AGE = 3600_000;

/** Removes what nobody will use any more. */
export function sweep(now = Date.now()): void {
  const folder = dirname(queuePath(''));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = name.endsWith('.part') ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (stats && now - stats.mtimeMs > MAX_PART_AGE) rmSync(path, { force: true });
  }
}
