/** queue: the binaries that wait for a builder, and the locks of those that have one, as files in the cache folder.
 *  In: names of modules (artifacts.ts, `nameOf`). Out: paths, and the number of an attempt.
 *  Requires: of all processes at most one builds a module at a time. A builder takes the lock first.
 *  Cost: a few system calls; `sweep` looks at each file. */

import { closeSync, lstatSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachePath } from '../cache/location.js';
import { makeFolder } from '../base/files.js';

/** A module whose builders have died so many times is left to V8 for a day. */
export const MAX_ATTEMPTS = 3;

/** The path of a waiting binary. */
export function queuePath(name: string): string {
  return cachePath(`register/${name}.wasm`);
}

/** A path under which a process writes the binary before it renames it; different each time, so that several processes can write at once. */
export function partPath(name: string): string {
  return `${queuePath(name)}.${process.pid}-${Math.random().toString(36).slice(2)}.part`;
}

function lockPath(name: string): string {
  return cachePath(`register/${name}.lock`);
}

const HOUR = 3600_000;
const DAY = 24 * HOUR;

interface Lock {
  readonly pid: number;
  /** How many builders there have been. */
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

function readLock(name: string): Lock | undefined {
  try {
    const [pid, attempts] = readFileSync(lockPath(name), 'utf8').split(' ').map(Number);
    const since = statSync(lockPath(name)).mtimeMs;
    return Number.isInteger(pid) && Number.isInteger(attempts) ? { pid, attempts, since } : { pid: 0, attempts: 0, since };
  } catch {
    return undefined;
  }
}

/** The modules that this process builds. */
const held = new Set<string>();

/** Whether the process that has made a lock is still alive. When a container or the machine starts anew, another process soon has the same id,
 *  perhaps this one. So a lock counts for a day at most, which is longer than any build takes. */
function isAlive(name: string, { pid, since }: Lock): boolean {
  if (pid === process.pid) return held.has(name);
  if (pid === 0 || Date.now() - since > DAY) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a process that is alive builds the module. */
export function isBeingBuilt(name: string): boolean {
  const lock = readLock(name);
  return lock !== undefined && isAlive(name, lock);
}

/** Locks a module, to build it. Gives the number of this attempt, from 1; undefined when another process builds it, or the lock cannot be written. */
export function lock(name: string): number | undefined {
  const before = readLock(name);
  if (before && isAlive(name, before)) return undefined;
  if (before) rmSync(lockPath(name), { force: true });
  const attempts = (before?.attempts ?? 0) + 1;
  try {
    makeFolder(dirname(lockPath(name)), 0o700);
    const file = openSync(lockPath(name), 'wx', 0o600);
    writeSync(file, `${process.pid} ${attempts}`);
    closeSync(file);
    held.add(name);
    return attempts;
  } catch {
    return undefined;
  }
}

/** Ends the work on a module: removes its binary and its lock. */
export function unlock(name: string): void {
  rmSync(queuePath(name), { force: true });
  rmSync(lockPath(name), { force: true });
  held.delete(name);
}

/** Milliseconds after which a file is of no use, by the ending of its name. The time of a note is when it was last asked for, exact to a day. So
 *  older notes belong to modules or compilers that are gone. */
const MAX_AGES = new Map([
  ['part', HOUR],
  ['wasm', DAY],
  ['died', DAY],
  ...['lock', 'ouro', 'v8', 'changes'].map((ending) => [ending, 30 * DAY] as const),
]);

/** Removes the files that nobody will use any more. */
export function sweep(now = Date.now()): void {
  const folder = dirname(queuePath(''));
  try {
    for (const file of readdirSync(folder)) {
      const path = join(folder, file);
      const maxAge = MAX_AGES.get(file.slice(file.lastIndexOf('.') + 1));
      const stats = maxAge === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false });
      if (stats && now - stats.mtimeMs > maxAge! && !isBeingBuilt(file.slice(0, file.indexOf('.')))) rmSync(path, { force: true });
    }
  } catch {
    // Somebody has removed the folder, or it belongs to another user.
  }
}

/** Removes all notes, locks and waiting binaries. A builder at work goes on with the binary that it has read. */
export function forget(): void {
  rmSync(dirname(queuePath('')), { recursive: true, force: true });
}
