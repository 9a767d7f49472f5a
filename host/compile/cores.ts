/** cores: where compiler cores come from. The core runs natively where its own artifact is in the cache (`ouro self-compile` puts it
 *  there), else as wasm under V8; both give the same bytes. An idle core is kept for the next use. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bundledCompilerHash, filesFolder } from '../base/bundled.js';
import { cacheFolder, cachePath } from '../cache/location.js';
import { isOurs, writeAtomic } from '../base/files.js';
import { Folder } from '../cache/folder.js';
import { Code } from '../artifact/code.js';
import { type Compiler, resolveConfig } from '../engine/config.js';
import { type CompileOptions, Core, type CoreExports } from './core.js';
import { cpuFeatures } from '../helper/cpu.js';
import { OuroError } from '../base/errors.js';
import { Instance } from '../run/instance.js';
import { memoriesAreGuarded } from '../run/memory.js';
import { native } from '../helper/native.js';
import { Store } from '../run/store.js';
import { V8 } from '../base/v8.js';

/** The compiler's recursion is bounded; this is more than it takes. */
const CORE_STACK = 8 * 2 ** 20;

let wasmBytes: Uint8Array | undefined;

/** compiler.wasm, which stands beside this file. */
export function compilerWasm(): Uint8Array {
  if (!wasmBytes) {
    const path = join(filesFolder, 'compiler.wasm');
    try {
      wasmBytes = readFileSync(path);
    } catch (cause) {
      throw new OuroError('FILE_UNREADABLE', `the compiler is not there: cannot read ${path}; build it with 'npm run build'`, { cause });
    }
  }
  return wasmBytes;
}

let hash = bundledCompilerHash;

/** SHA-256 of the compiler. */
export function compilerHash(): string {
  if (hash === '') {
    const bytes = Buffer.alloc(32);
    native().sha256(compilerWasm(), 0, 0, bytes);
    hash = bytes.toString('hex');
  }
  return hash;
}

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
  writeAtomic(
    nativeCorePath(),
    withCore('wasm', (core) => core.compile(compilerWasm(), coreOptions())),
  );
}

let module: WebAssembly.Module | undefined;

/** A fresh core under V8. */
export function wasmCore(): Core {
  module ??= new V8.Module(compilerWasm() as BufferSource);
  return new Core(new V8.Instance(module, {}).exports as unknown as CoreExports);
}

/** A fresh core that runs natively. */
export function nativeCore(code: Code): Core {
  const store = new Store({ maxWasmStack: CORE_STACK });
  return new Core(new Instance(store, { code }).exports as unknown as CoreExports);
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

/** Whether this machine has a native core that works; `refused`: it has one that must not be used, or could have no other. */
export function nativeCoreState(): 'there' | 'missing' | 'refused' {
  if (cachedNativeCode()) return 'there';
  return refusal === undefined ? 'missing' : 'refused';
}

const idle = new Map<'wasm' | 'native', Core>();

/** A core that nobody else has, and where it goes back to. */
function take(compiler: Compiler): { core: Core; giveBack: () => void } {
  const code = compiler === 'wasm' ? undefined : cachedNativeCode();
  if (compiler === 'native' && !code) {
    const why =
      refusal === undefined
        ? "there is no native core in the cache: 'ouro self-compile' makes it"
        : `the native core is not used: ${refusal}`;
    throw new OuroError('CONFIG_INVALID', why);
  }
  const kind = code ? 'native' : 'wasm';
  const core = idle.get(kind) ?? (code ? nativeCore(code) : wasmCore());
  idle.delete(kind);
  const giveBack = () => {
    if (core.usable) idle.set(kind, core);
  };
  return { core, giveBack };
}

/** Lends a core. Nobody else has it until `work` is done. */
export function withCore<T>(compiler: Compiler, work: (core: Core) => T): T {
  const { core, giveBack } = take(compiler);
  try {
    return work(core);
  } finally {
    giveBack();
  }
}

/** Lends a core for work that goes on in later turns of the event loop. */
export async function withCoreAsync<T>(compiler: Compiler, work: (core: Core) => Promise<T>): Promise<T> {
  const { core, giveBack } = take(compiler);
  try {
    return await work(core);
  } finally {
    giveBack();
  }
}
