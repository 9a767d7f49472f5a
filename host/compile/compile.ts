/** compile: makes artifacts of modules, or just validates them: on this thread or, for callers that must not block it, on others.
 *  In: a module's bytes, options. Out: an artifact. Throws, or rejects with, CompileError, CompilerBug and OuroError. */

import type { Compiler, CompileOptions } from './core.js';
import { withCore } from './cores.js';
import { nativeCores } from './native-cores.js';
import type { AsyncOptions } from './progress.js';
import * as pool from './pool.js';
import { noteUse, USE_COMPILE } from '../base/usage.js';

/** Throws CompileError when the module is not valid, or uses features that are not among `features`. */
export function validateWasm(bytes: Uint8Array, features: number, compiler: Compiler = 'auto'): void {
  withCore(compiler, (core) => core.validate(bytes, features));
}

/** Compiles a module on this thread, which is blocked meanwhile. `parallel`: other threads may help. */
export function compileWasm(bytes: Uint8Array, options: CompileOptions, compiler: Compiler = 'auto', parallel = false): Uint8Array {
  noteUse(USE_COMPILE);
  const started = performance.now();
  const artifact = parallel ? pool.compileWithHelp(bytes, options, compiler) : withCore(compiler, (core) => core.compile(bytes, options));
  nativeCores()?.noteCompile(compiler, performance.now() - started);
  return artifact;
}

/** Compiles a module on other threads. The bytes are copied at once, unless they are in shared memory. */
export async function compileWasmAsync(
  bytes: Uint8Array,
  options: CompileOptions,
  compiler: Compiler = 'auto',
  how: AsyncOptions = {},
): Promise<Uint8Array> {
  noteUse(USE_COMPILE);
  const started = performance.now();
  const artifact = await pool.compile(pool.shared(bytes), options, compiler, how);
  nativeCores()?.noteCompile(compiler, performance.now() - started);
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
