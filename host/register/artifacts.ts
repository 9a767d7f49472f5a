/** artifacts: where the drop-in gets native code from: the engine that it runs modules with.
 *  Requires: the native helper; without it nothing here may be called. */

import { keepCacheFolder } from '../cache/location.js';
import { KEY_PATTERN, keyOfHash } from '../cache/key.js';
import { Code } from '../artifact/code.js';
import type { Config } from '../engine/config.js';
import { compilerHash } from '../compile/cores.js';
import { Engine } from '../engine/engine.js';
import type { Func } from '../run/func.js';
import type { Store, StoreOwner } from '../run/store.js';
import { clearTimeout, setTimeout } from '../base/timers.js';
import type { Trap } from '../run/trap.js';
import type { Callable } from '../base/types.js';
import { toError } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { adopt } from '../webassembly/functions.js';
import { writeNote } from './notes.js';

/** Applications that run on V8's stack of about 1 MiB run here, whatever the size of the frames. */
const STACK = 4 * 2 ** 20;

/** Where everything is that the drop-in keeps, whatever the application does to its environment. */
export const folder = keepCacheFolder();

/** Every artifact keeps its wasm: a module may have to run on V8 after all. */
export const config: Config = { cache: true, keepWasm: true, maxWasmStack: STACK };

class RegisterEngine extends Engine implements StoreOwner {
  toError(trap: Trap): Error {
    return toError(trap);
  }

  adopt = (store: Store, callable: Callable): Func | undefined => adopt(store, callable);
}

let shared: RegisterEngine | undefined;

/** The engine of the drop-in. */
export function engine(): RegisterEngine {
  shared ??= new RegisterEngine(config);
  return shared;
}

/** Under which name a module has its notes and waits for a builder. It tells compiler and options too. */
export function nameOf(bytes: Uint8Array, of: Engine = engine()): string {
  return keyOfHash(fingerprint(bytes), of.precompileCompatibilityHash, compilerHash());
}

/** The code that this thread had last, by key: an application that makes a module again has it at once, and code on its way to another thread
 *  is still there when it arrives. The oldest first. */
const recent = new Map<string, Code>();
const MAX_RECENT = 32;

/** What to do when native code has been at work for a while. */
let task: (() => void) | undefined;
/** Milliseconds that the application has for itself. */
const DELAY = 1000;

/** Has `work` done once, where this process finds native code: a while after the first, or when the process ends before. */
export function afterFirstUse(work: () => void): void {
  task = work;
}

let hasRoom = false;

/** Has `work` done when the process ends. It and what else we have done then (two at most) do not count among the listeners that Node warns of. */
export function atEnd(work: () => void): void {
  const most = process.getMaxListeners();
  if (!hasRoom && most > 0) process.setMaxListeners(most + 2);
  hasRoom = true;
  process.once('exit', work);
}

function planTask(work: () => void): void {
  task = undefined;
  const run = () => {
    clearTimeout(timer);
    process.off('exit', run);
    work();
  };
  const timer = setTimeout(run, DELAY).unref();
  atEnd(run);
}

function remember(key: string, code: Code): Code {
  recent.delete(key);
  recent.set(key, code);
  if (recent.size > MAX_RECENT) recent.delete(recent.keys().next().value!);
  return code;
}

/** Code that is there; undefined also where the cache cannot be read. */
export function find(key: string): Code | undefined {
  let code = recent.get(key);
  try {
    code ??= engine().lookupKey(key);
  } catch {
    // An artifact for another CPU, say.
  }
  if (code && task) planTask(task);
  return code && remember(key, code);
}

/** Code that another thread of this process has, by what `code.shared()` gave there; from the cache where nobody has it any more. */
export function findShared(key: string, id: string, nonce: string): Code | undefined {
  if (!KEY_PATTERN.test(key) || !/^\d+$/.test(id) || !/^\d+$/.test(nonce)) return undefined;
  const code = recent.get(key) ?? Code.fromShared(BigInt(id), BigInt(nonce), {});
  return code ? remember(key, code) : find(key);
}

/** Native code for a binary, whatever the mode: from the cache, or compiled now. Throws what the compiler says. */
export function compileNow(bytes: Uint8Array, key = engine().keyOf(bytes)): Code {
  const code = engine().load(bytes);
  writeNote(nameOf(bytes), 'ouro');
  return remember(key, code);
}

/** The same without blocking. */
export async function compileSoon(bytes: Uint8Array, key: string): Promise<Code> {
  const code = await engine().loadAsync(bytes);
  writeNote(nameOf(bytes), 'ouro');
  return remember(key, code);
}
