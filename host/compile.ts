/** compile: modules become artifacts, on this thread or, for callers that must not block it, on others. */

import type { Compiler } from './config.js';
import type { CompileOptions } from './core.js';
import { withCore } from './cores.js';

/** Functions compiled so far, and how many there are. */
export interface CompileProgress {
  readonly done: number;
  readonly total: number;
}

/** How to compile without blocking. */
export interface AsyncOptions {
  /** Hears of progress, at the latest when all is done. */
  onProgress?: (progress: CompileProgress) => void;
  /** Ends the work; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Use several threads for one module where that pays; default true. */
  parallel?: boolean;
}

/** Throws CompileError when the module is not valid or uses other features than these. */
export function validateWasm(bytes: Uint8Array, features: number, compiler: Compiler = 'auto'): void {
  withCore(compiler, (core) => core.validate(bytes, features));
}

/** The artifact for a module. */
export function compileWasm(bytes: Uint8Array, options: CompileOptions, compiler: Compiler = 'auto'): Uint8Array {
  return withCore(compiler, (core) => core.compile(bytes, options));
}

/** The bytes as they are now, where all threads see them. */
function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** The same on other threads. The bytes are copied at once, unless they are in shared memory. */
export async function compileWasmAsync(
  bytes: Uint8Array,
  options: CompileOptions,
  compiler: Compiler = 'auto',
  how: AsyncOptions = {},
): Promise<Uint8Array> {
  const stable = shared(bytes);
  const { compile } = await import('./pool.js');
  return compile(stable, options, compiler, how);
}

/** `validateWasm` on another thread. */
export async function validateWasmAsync(
  bytes: Uint8Array,
  features: number,
  compiler: Compiler = 'auto',
  how: Pick<AsyncOptions, 'signal'> = {},
): Promise<void> {
  const stable = shared(bytes);
  const { validate } = await import('./pool.js');
  await validate(stable, features, compiler, how.signal);
}

export { compilerHash } from './cores.js';
