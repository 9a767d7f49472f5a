/** native-core: the compiler core as native code: where its artifact is kept, how it is run, and when it is made. Every entry of a process or thread
 *  that may compile hands `ownNativeCores` to the room `compile` (compile/native-cores.ts).
 *  In: compiler.wasm, the cache folder. Out: cores that run natively, the same artifacts as from a core under V8.
 *  Requires: nothing is run from a folder or a file that another user can write to. The file appears whole or not at all, so being killed does no
 *  harm.
 *  Cost: after the first long compile under V8 the artifact is made in the background, so that later compiles, in this process and others, are
 *  native. That is `ouro self-compile` without the checks. It is done once a process, on a thread of its own that does not keep the process alive.
 *  Builders (builder.ts) make the artifact too, and a command that ends too soon for the thread starts a builder. OURO_NATIVE_CORE=off switches
 *  all this off. */

import { existsSync, statSync } from 'node:fs';
import { Code } from '../artifact/code.js';
import { isOurs, writeAtomic } from '../base/files.js';
import { workerThreads } from '../base/threads.js';
import { setTimeout } from '../base/timers.js';
import { accessOf } from '../cache/access.js';
import { cacheFolder, cachePath } from '../cache/location.js';
import { compilerHash, compilerWasm } from '../compile/compiler-wasm.js';
import { type CompileOptions, type Compiler, Core, type CoreExports } from '../compile/core.js';
import { withCore } from '../compile/cores.js';
import type { NativeCores } from '../compile/native-cores.js';
import * as pool from '../compile/pool.js';
import { resolveConfig } from '../engine/config.js';
import { cpuFeatures } from '../helper/cpu.js';
import { memoriesAreGuarded } from '../helper/guard.js';
import { native } from '../helper/native.js';
import { Func } from '../run/func.js';
import { LinkedInstance } from '../run/linked-instance.js';
import type { Memory } from '../run/memory.js';
import { Store } from '../run/store.js';

/** Size of the core's wasm stack, in bytes. The compiler's recursion is bounded, and this is more than it takes. */
const CORE_STACK = 8 * 2 ** 20;

// The core's artifact.

/** The path of this machine's native core. Where memories have no guard pages, it is another one. */
export function nativeCorePath(): string {
  const variant = memoriesAreGuarded() ? '' : '-explicit';
  return cachePath(`compiler-${compilerHash().slice(0, 32)}-${process.arch}-${cpuFeatures('native').toString(16)}${variant}.ouro`);
}

/** The options with which the native core is compiled. */
export function coreOptions(): CompileOptions {
  return {
    optLevel: 'speed',
    cpuFeatures: cpuFeatures('native'),
    explicitBounds: !memoriesAreGuarded(),
    nanCanonicalization: false,
    generateAddressMap: true,
    keepWasm: false,
    wasmFeatures: resolveConfig().wasmFeatures,
  };
}

/** Compiles the compiler under V8 and puts the artifact into the cache. */
export function makeNativeCore(): void {
  const artifact = withCore('wasm', (core) => core.compile(compilerWasm(), coreOptions()));
  writeAtomic(nativeCorePath(), artifact);
}

let nativeCode: Code | undefined;
/** Why this process will have no native core. */
let refusal: string | undefined;

/** The native core's code, if the cache has it and it may be used. */
function cachedNativeCode(): Code | undefined {
  if (nativeCode || refusal !== undefined) return nativeCode;
  // A user who can write to the folder could have this process run any code.
  const access = accessOf(native(), cacheFolder())?.[0];
  if (access === 'foreign') {
    refusal = `another user can write to ${cacheFolder()}`;
    return undefined;
  }
  const path = nativeCorePath();
  if (!existsSync(path)) return undefined;
  try {
    if (access === 'private' && !isOurs(statSync(path))) throw new Error(`another user can write to ${path}`);
    nativeCode = Code.fromFile(path);
  } catch (error) {
    // A file that is damaged or another user's costs only speed: the core under V8 gives the same artifacts.
    refusal = (error as Error).message;
  }
  return nativeCode;
}

// Running the core.

/** A fresh core that runs this code natively. */
export function nativeCore(code: Code): Core {
  const instance = new LinkedInstance(new Store({ maxWasmStack: CORE_STACK }), code);
  const exports: Record<string, unknown> = {};
  for (const [position, name] of instance.exportNames.entries()) {
    const extern = instance.exportAt(position);
    exports[name] = extern instanceof Func ? extern.callable : (extern as Memory).js;
  }
  return new Core(exports as unknown as CoreExports);
}

/** The provider of native cores, for compile/native-cores.ts. */
export const ownNativeCores: NativeCores = {
  isThere: () => cachedNativeCode() !== undefined,
  make: () => nativeCore(cachedNativeCode()!),
  get problem() {
    return refusal === undefined
      ? "there is no native core in the cache: 'ouro self-compile' makes it"
      : `the native core is not used: ${refusal}`;
  },
  noteCompile,
};

// Having the artifact made.

/** A compile under V8 that takes at least so many milliseconds is long: then a native core is worth making. */
const LONG = 200;
/** Milliseconds that the application has for itself before the core is made. A process that ends sooner makes none. */
const DELAY = 1000;

/** In bytes of wasm. Before so much is compiled it is worth waiting for a native core. */
const MUCH = 2 ** 20;

/** There was a long compile. */
let considered = false;

/** Whether the native core shall be made: there is none yet, and nothing says that one could not be used. */
const isWanted = () => process.env.OURO_NATIVE_CORE !== 'off' && !cachedNativeCode() && refusal === undefined;

/** Whether there was a long compile, and there is no native core yet. */
export const nativeCoreIsDue = () => considered && isWanted();

/** Makes the native core here and now, if there is none yet and `size`, the bytes of wasm that are to be compiled, is worth it. */
export function ensureNativeCore(size = MUCH): void {
  if (size < MUCH || !isWanted()) return;
  try {
    makeNativeCore();
  } catch {
    // Without a native core everything goes on as before.
  }
}

/** Has the native core made in the background after the first long compile under V8. */
function noteCompile(compiler: Compiler, milliseconds: number): void {
  if (considered || milliseconds < LONG || compiler !== 'auto') return;
  considered = true;
  if (!isWanted() || !workerThreads().isMainThread) return;
  setTimeout(() => {
    // Without a native core everything goes on as before.
    pool.makeNativeCore().catch(() => {});
  }, DELAY).unref();
}
