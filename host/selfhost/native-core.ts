/** native-core: the compiler core as native code: where its artifact is kept, how it is run, and when it is made. Compiling gets it from here by
 *  every entry of a process or thread that may compile (compile/native-cores.ts).
 *
 *  After the first long compile under V8 the artifact is made in the background, so that later compiles, in this process and others, are native. It is
 *  `ouro self-compile` without the checks. Once a process, on a thread of its own that keeps no process alive; the file appears whole or not at all, so
 *  being killed does no harm. Builders (builder.ts) make it too, and a command that ends too soon for the thread starts one.
 *  OURO_NATIVE_CORE=off leaves it out. */

import { existsSync, statSync } from 'node:fs';
import { Code } from '../artifact/code.js';
import { isOurs, writeAtomic } from '../base/files.js';
import { workerThreads } from '../base/threads.js';
import { setTimeout } from '../base/timers.js';
import { Folder } from '../cache/folder.js';
import { cacheFolder, cachePath } from '../cache/location.js';
import { compilerHash, compilerWasm } from '../compile/compiler-wasm.js';
import { type CompileOptions, type Compiler, Core, type CoreExports } from '../compile/core.js';
import { withCore } from '../compile/cores.js';
import type { NativeCores } from '../compile/native-cores.js';
import * as pool from '../compile/pool.js';
import { resolveConfig } from '../engine/config.js';
import { cpuFeatures } from '../helper/cpu.js';
import { memoriesAreGuarded } from '../helper/guard.js';
import { Func } from '../run/func.js';
import { LinkedInstance } from '../run/linked-instance.js';
import type { Memory } from '../run/memory.js';
import { Store } from '../run/store.js';

/** The compiler's recursion is bounded; this is more than it takes, in bytes. */
const CORE_STACK = 8 * 2 ** 20;

// Its artifact.

/** Where this machine's native core is kept. Where memories have no guard pages, it is another one. */
export function nativeCorePath(): string {
  const variant = memoriesAreGuarded() ? '' : '-explicit';
  return cachePath(`compiler-${compilerHash().slice(0, 32)}-${process.arch}-${cpuFeatures('native').toString(16)}${variant}.ouro`);
}

/** How the native core is compiled. */
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
/** Why there will be none. */
let refusal: string | undefined;

/** The native core's code, as soon as the cache has it. */
function cachedNativeCode(): Code | undefined {
  if (nativeCode || refusal !== undefined) return nativeCode;
  // Whoever can write there could run code here.
  const { access } = new Folder(cacheFolder(), 0);
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
    // A damaged or foreign file costs speed alone: the wasm core gives the same artifacts.
    refusal = (error as Error).message;
  }
  return nativeCode;
}

// Running it.

/** A fresh core that runs natively. */
export function nativeCore(code: Code): Core {
  const instance = new LinkedInstance(new Store({ maxWasmStack: CORE_STACK }), code);
  const exports: Record<string, unknown> = {};
  for (const [position, name] of instance.exportNames.entries()) {
    const extern = instance.exportAt(position);
    exports[name] = extern instanceof Func ? extern.callable : (extern as Memory).js;
  }
  return new Core(exports as unknown as CoreExports);
}

/** For compile/native-cores.ts. */
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

// Having it made.

/** A compile that takes so many milliseconds is worth it. */
const LONG = 200;
/** Milliseconds that the application has for itself first: a process that ends soon makes nothing. */
const DELAY = 1000;

/** In bytes of wasm: before compiling so much it is worth waiting for. */
const MUCH = 2 ** 20;

let considered = false;

/** Not where there is one that must not be used, or where another could not be used either. */
const isWanted = () => process.env.OURO_NATIVE_CORE !== 'off' && !cachedNativeCode() && refusal === undefined;

/** Whether there was a long compile, and there is no native core yet. */
export const nativeCoreIsDue = () => considered && isWanted();

/** Makes it here and now, unless it is there, when `size` bytes of wasm are much. */
export function ensureNativeCore(size = MUCH): void {
  if (size < MUCH || !isWanted()) return;
  try {
    makeNativeCore();
  } catch {
    // Without it all goes on as before.
  }
}

function noteCompile(compiler: Compiler, milliseconds: number): void {
  if (considered || milliseconds < LONG || compiler !== 'auto') return;
  considered = true;
  if (!isWanted() || !workerThreads().isMainThread) return;
  setTimeout(() => {
    // Without it all goes on as before.
    pool.makeNativeCore().catch(() => {});
  }, DELAY).unref();
}
