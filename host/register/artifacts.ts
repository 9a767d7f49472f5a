/** artifacts: where the drop-in gets native code from: the engine that it runs modules with, and what is known of modules that are left to V8.
 *  Requires: the native helper; without it nothing here may be called. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cachePath } from '../cache.js';
import type { Code } from '../code.js';
import type { Config } from '../config.js';
import { Engine } from '../engine.js';
import type { Func } from '../func.js';
import type { Store, StoreOwner } from '../store.js';
import type { Trap } from '../trap.js';
import type { Callable } from '../types.js';
import { toError } from './errors.js';
import { adopt } from './functions.js';

/** Applications that run on V8's stack of about 1 MiB run here, whatever the size of the frames. */
const STACK = 4 * 2 ** 20;

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

/** Where it is noted that the module with this key is left to V8. The key tells compiler and options too. */
function notePath(key: string): string {
  return cachePath(`register/${key}.v8`);
}

/** Why a module is left to V8, if that is known. */
export function leftToV8(key: string): string | undefined {
  const path = notePath(key);
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** Notes it for the next start. */
export function leaveToV8(key: string, reason: string): void {
  const path = notePath(key);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, reason);
  } catch {
    // Without the note the next start finds out again.
  }
}

/** From the cache; undefined also where it cannot be read. */
export function find(key: string): Code | undefined {
  try {
    return engine().lookupKey(key);
  } catch {
    return undefined;
  }
}

/** Native code for a binary, whatever the mode: from the cache, or compiled now. Throws what the compiler says. */
export function compileNow(bytes: Uint8Array): Code {
  return engine().load(bytes);
}

/** The same without blocking. */
export function compileSoon(bytes: Uint8Array): Promise<Code> {
  return engine().loadAsync(bytes);
}
