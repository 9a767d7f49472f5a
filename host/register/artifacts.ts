/** artifacts: where the drop-in gets native code from: the engine that it runs modules with.
 *  Requires: the native helper; without it nothing here may be called. */

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

/** Applications that run on V8's stack of about 1 MiB run here, whatever the size of the frames. */
const STACK = 4 * 2 ** 20;

/** Every artifact keeps its wasm: a module may have to run on V8 after all. */
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

/** Under which name a module has its notes and waits for a builder. It tells compiler and options too. */
export function nameOf(bytes: Uint8Array, of: Engine = engine()): string {
  return keyOfHash(fingerprint(bytes), of.precompileCompatibilityHash, compilerHash());
}

/** The code that this thread had last, by key: an application that makes a module again has it at once, and code on its way to another thread
 *  is still there when it arrives. The oldest first. */
const recent = new Map<string, Code>();
const MAX_RECENT = 32;

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
  if (code) noteUse(USE_DROP_IN);
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
  useNativeCores(() => ownNativeCores);
  const code = engine().load(bytes);
  writeNote(nameOf(bytes), 'ouro');
  return remember(key, code);
}

/** The same without blocking. */
export async function compileSoon(bytes: Uint8Array, key: string): Promise<Code> {
  useNativeCores(() => ownNativeCores);
  const code = await engine().loadAsync(bytes);
  writeNote(nameOf(bytes), 'ouro');
  return remember(key, code);
}
