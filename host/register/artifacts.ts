/** artifacts: where the drop-in gets native code from: the engine with which it runs modules, its cache, and other threads of the process.
 *  In: a binary, or the key of an artifact. Out: code, which is mapped and can run.
 *  Requires: the native helper has been loaded (behaviour.ts); without it nothing here may be called.
 *  Cost: `find` maps a file, or takes code that this thread has had lately; `compileNow` may compile. */

import { KEY_PATTERN, keyOfHash } from '../cache/key.js';
import { Code } from '../artifact/code.js';
import type { Config } from '../engine/config.js';
import { compilerHash } from '../compile/compiler-wasm.js';
import { Engine } from '../engine/engine.js';
import type { Func } from '../run/func.js';
import type { Store, StoreOwner } from '../run/store.js';
import { noteUse, USE_DROP_IN } from '../base/usage.js';
import type { Trap } from '../run/trap.js';
import type { Callable } from '../base/types.js';
import { useNativeCores } from '../compile/native-cores.js';
import { ownNativeCores } from '../selfhost/native-core.js';
import { toError } from './v8-errors.js';
import { fingerprint } from './fingerprint.js';
import { adopt } from '../webassembly/exported-functions.js';
import { writeNote } from './notes.js';

/** Size of the wasm stack, in bytes. Applications that run on V8's stack of about 1 MiB must run here too, whatever the size of our frames. */
const STACK = 4 * 2 ** 20;

/** The engine's configuration. Every artifact keeps its wasm, because a module may have to run on V8 after all. */
export const config: Config = { cache: true, keepWasm: true, maxWasmStack: STACK };

class RegisterEngine extends Engine implements StoreOwner {
  toError(trap: Trap): Error {
    return toError(trap);
  }

  adopt = (store: Store, callable: Callable): Func | null | undefined => adopt(store, callable);
}

let shared: RegisterEngine | undefined;

/** The engine of the drop-in. */
export function engine(): RegisterEngine {
  shared ??= new RegisterEngine(config);
  return shared;
}

/** The name of a module's notes, and of its files in the queue. It depends on the compiler and the options too. */
export function nameOf(bytes: Uint8Array, of: Engine = engine()): string {
  return keyOfHash(fingerprint(bytes), of.precompileCompatibilityHash, compilerHash());
}

/** The code that this thread has used last, by key, the oldest first. It is kept for two reasons: an application that makes a module again gets its
 *  code at once, and code whose module is on its way to another thread is still there when that arrives. */
const recent = new Map<string, Code>();
const MAX_RECENT = 32;

function remember(key: string, code: Code): Code {
  recent.delete(key);
  recent.set(key, code);
  if (recent.size > MAX_RECENT) recent.delete(recent.keys().next().value!);
  return code;
}

/** The code with this key, if this thread or the cache has it. Undefined also when the cache cannot be read. */
export function find(key: string): Code | undefined {
  let code = recent.get(key);
  try {
    code ??= engine().lookupKey(key);
  } catch {
    // The artifact cannot be loaded; it may be for another CPU, say.
  }
  if (code) noteUse(USE_DROP_IN);
  return code && remember(key, code);
}

/** The code that another thread of this process has; `id` and `nonce` are what `code.shared()` gave there. When no thread has it any more, it
 *  comes from the cache. */
export function findShared(key: string, id: string, nonce: string): Code | undefined {
  if (!KEY_PATTERN.test(key) || !/^\d+$/.test(id) || !/^\d+$/.test(nonce)) return undefined;
  const code = recent.get(key) ?? Code.fromShared(BigInt(id), BigInt(nonce), {});
  return code ? remember(key, code) : find(key);
}

/** The code for a binary, in any mode: from the cache, or compiled now. Throws what the compiler throws. */
export function compileNow(bytes: Uint8Array, key = engine().keyOf(bytes)): Code {
  useNativeCores(() => ownNativeCores);
  const code = engine().load(bytes);
  writeNote(nameOf(bytes), 'ouro');
  return remember(key, code);
}

/** `compileNow` without blocking. */
export async function compileSoon(bytes: Uint8Array, key: string): Promise<Code> {
  useNativeCores(() => ownNativeCores);
  const code = await engine().loadAsync(bytes);
  writeNote(nameOf(bytes), 'ouro');
  return remember(key, code);
}
