/** background: native code for the next start, made by a process of its own (builder.ts), of low priority, that outlives this one.
 *  It is started when the application has had some time for itself, or when it ends. Until then the module's bytes are the application's own:
 *  to copy and to write them can take as long as all else that first sight costs. */

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

/** Milliseconds that the application has for itself. */
const DELAY = 1000;

/** Modules that wait, by name. */
const pending = new Map<string, Uint8Array>();
let timer: NodeJS.Timeout | undefined;
let failed = false;

/** The bytes of a module that may be built, or a copy where the application is likely to change them before a builder has them. */
export function lasting(bytes: Uint8Array, name: string): Uint8Array {
  return !failed && !pending.has(name) && mayChange(bytes, name) ? bytes.slice() : bytes;
}

/** Has native code made for a module that V8 runs. `bytes`: `lasting`. `name`: nameOf(bytes) when V8 got them. */
export function build(bytes: Uint8Array, name: string): void {
  if (failed || pending.has(name)) return;
  pending.set(name, bytes);
  if (!timer) plan();
}

/** Most applications leave the bytes of a module alone. A part of something larger (a pool, a wasm memory) is soon something else. */
function mayChange({ buffer, length }: Uint8Array, name: string): boolean {
  return !(buffer instanceof ArrayBuffer) || 2 * length < buffer.byteLength || hasNote(name, 'changes');
}

function plan(): void {
  timer = setTimeout(start, DELAY);
  timer.unref();
  atEnd(finish);
}

/** While the application goes on: the bytes are written in another thread. What is being written when it ends is still pending. */
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
      // Meanwhile the application may have changed them, or given them away.
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

/** When the application ends: the builder's process writes the bytes itself. */
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

/** The bytes of a pending module, where somebody has to build it, and they can be kept. */
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
  // Nothing that a builder puts there would be used: cache.ts.
  for (const path of [place, defaultFolder()]) {
    if (accessOf(native(), path)?.[0] === 'foreign') throw new Error(`another user can write to ${path}`);
  }
  return bytes;
}

/** Without a builder the application goes on as it is, now and at the next start. */
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
