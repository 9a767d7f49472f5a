/** background: has native code made for the next start, by a builder (builder.ts): a process of low priority that outlives this one.
 *  In: the bytes of a module that V8 runs, and the module's name. Out: a builder that has the bytes.
 *  The builder is started when the application has had some time for itself, or when it ends. Until then the bytes are the application's own.
 *  Requires: a builder gets only bytes that still have the name under which they were noted; the application may have changed them.
 *  Cost: nothing is copied or written when a module is first seen, since that can take as long as everything else that is done then. */

import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { builtin } from '../base/builtin.js';
import { accessOf } from '../cache/access.js';
import { defaultFolder } from '../cache/settings.js';
import { makeFolder } from '../base/files.js';
import { setTimeout } from '../base/timers.js';
import { atEnd } from '../base/at-end.js';
import { cacheFolder } from '../cache/location.js';
import { native } from '../helper/native.js';
import { engine, nameOf } from './artifacts.js';
import { hasNote, writeNote } from './notes.js';
import { log } from './policy.js';
import { isBeingBuilt, partPath, queuePath } from './queue.js';
import { spawnBuilder } from './spawn.js';

/** Milliseconds that the application has for itself before a builder is started. */
const DELAY = 1000;

/** The bytes of modules that wait for a builder, by name. */
const pending = new Map<string, Uint8Array>();
let timer: NodeJS.Timeout | undefined;
/** No builder can be started: nothing is tried any more. */
let failed = false;

/** The bytes of a module to give to `build`: a copy when the application is likely to change them before a builder has them. */
export function lasting(bytes: Uint8Array, name: string): Uint8Array {
  return !failed && !pending.has(name) && mayChange(bytes, name) ? bytes.slice() : bytes;
}

/** Has native code made for a module that V8 runs. `bytes`: what `lasting` gave. `name`: `nameOf` of the bytes at the time when V8 got them. */
export function build(bytes: Uint8Array, name: string): void {
  if (failed || pending.has(name)) return;
  pending.set(name, bytes);
  if (!timer) plan();
}

/** Whether the application is likely to change the bytes of a module soon. Most leave them alone. But a part of something larger (a pool, a wasm
 *  memory) is soon used for something else, and a note may say that this application changes them. */
function mayChange({ buffer, length }: Uint8Array, name: string): boolean {
  return !(buffer instanceof ArrayBuffer) || 2 * length < buffer.byteLength || hasNote(name, 'changes');
}

/** Sees to it that the pending modules get a builder, soon or when the application ends. */
function plan(): void {
  timer = setTimeout(start, DELAY);
  timer.unref();
  atEnd(finish);
}

/** Starts a builder while the application goes on. The bytes are written in another thread. Modules stay in `pending` until the builder runs:
 *  should the application end meanwhile, `finish` takes them. */
async function start(): Promise<void> {
  const names = [...pending.keys()];
  try {
    const { rename, rm, writeFile } = builtin<typeof import('node:fs/promises')>('fs/promises');
    const written: string[] = [];
    for (const name of names) {
      const bytes = readyBytes(name);
      if (!bytes) continue;
      const part = partPath(name);
      const problem = await writeFile(part, bytes, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => error);
      // The application may have changed the bytes while they were written, or transferred their buffer to another thread.
      const isReady = readyBytes(name) !== undefined;
      if (isReady && problem === undefined) {
        await rename(part, queuePath(name));
        written.push(name);
      } else {
        await rm(part, { force: true });
        if (isReady) throw problem;
      }
    }
    run(written, []);
  } catch (error) {
    give(error);
  }
  for (const name of names) pending.delete(name);
  timer = undefined;
  process.off('exit', finish);
  if (pending.size > 0) plan();
}

/** Starts a builder when the application ends. The new process writes the bytes itself. */
function finish(): void {
  try {
    const ready = [...pending.keys()].flatMap((name) => {
      const bytes = readyBytes(name);
      return bytes ? [{ name, bytes }] : [];
    });
    run(
      ready.map(({ name }) => name),
      ready.map(({ bytes }) => bytes),
    );
  } catch (error) {
    give(error);
  }
}

/** The bytes of a pending module, if it has still to be built and the bytes are still those of the module. Throws when the queue cannot be
 *  written, or others can write to it. */
function readyBytes(name: string): Uint8Array | undefined {
  if (isBeingBuilt(name)) return undefined;
  const bytes = pending.get(name)!;
  if (nameOf(bytes) !== name) {
    writeNote(name, 'changes');
    log(
      () => 'native code for the next start cannot be made: the application has changed the bytes of the module; next time they are copied',
    );
    return undefined;
  }
  const place = dirname(queuePath(name));
  makeFolder(place, 0o700);
  accessSync(place, constants.W_OK);
  // Where another user can write, the cache would not use what a builder puts there (cache/cache.ts).
  for (const path of [place, defaultFolder()]) {
    if (accessOf(native(), path)?.[0] === 'foreign') throw new Error(`another user can write to ${path}`);
  }
  return bytes;
}

/** Gives up. Without a builder the application runs on V8, now and at the next start. */
function give(error: unknown): void {
  failed = true;
  log(() => `native code for the next start cannot be made: ${(error as Error).message}`);
}

function run(names: readonly string[], binaries: readonly Uint8Array[]): void {
  if (names.length === 0) return;
  const policy = engine().compileOptions.explicitBounds ? 'explicit' : 'guard';
  const pid = spawnBuilder(cacheFolder(), policy, names, binaries);
  log(() => `process ${pid} makes native code for ${names.length === 1 ? 'a module' : `${names.length} modules`}`);
}
