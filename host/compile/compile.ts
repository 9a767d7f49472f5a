/** compile: modules become artifacts, on this thread or, for callers that must not block it, on others. */

import type { Compiler } from '../engine/config.js';
import type { CompileOptions } from './core.js';
import { withCore } from './cores.js';
import { noteCompile } from '../selfhost/native-core.js';
import * as pool from './pool.js';
import { noteUse, USE_COMPILE } from '../base/usage.js';

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

/** The artifact for a module. This thread is blocked; `parallel`: others may help it. */
export function compileWasm(bytes: Uint8Array, options: CompileOptions, compiler: Compiler = 'auto', parallel = false): Uint8Array {
  noteUse(USE_COMPILE);
  const started = performance.now();
  const artifact = parallel ? pool.compileWithHelp(bytes, options, compiler) : withCore(compiler, (core) => core.compile(bytes, options));
  noteCompile(compiler, performance.now() - started);
  return artifact;
}

/** The artifact for a module, made on other threads. The bytes are copied at once, unless they are in shared memory. */
export async function compileWasmAsync(
  bytes: Uint8Array,
  options: CompileOptions,
  compiler: Compiler = 'auto',
  how: AsyncOptions = {},
): Promise<Uint8Array> {
  noteUse(USE_COMPILE);
  const started = performance.now();
  const artifact = await pool.compile(pool.shared(bytes), options, compiler, how);
  noteCompile(compiler, performance.now() - started);
  return artifact;
}

/** `validateWasm` on another thread. */
export async function validateWasmAsync(
  bytes: Uint8Array,
  features: number,
  compiler: Compiler = 'auto',
  how: Pick<AsyncOptions, 'signal'> = {},
): Promise<void> {
  await pool.validate(pool.shared(bytes), features, compiler, how.signal);
}
