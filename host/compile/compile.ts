/** compile: modules become artifacts, on this thread or, for callers that must not block it, on others. */

import type { Compiler, CompileOptions } from './core.js';
import { withCore } from './cores.js';
import { nativeCores } from './native-cores.js';
import type { AsyncOptions } from './progress.js';
import * as pool from './pool.js';
import { noteUse, USE_COMPILE } from '../base/usage.js';

/** Throws CompileError when the module is not valid or uses other features than these. */
export function validateWasm(bytes: Uint8Array, features: number, compiler: Compiler = 'auto'): void {
  withCore(compiler, (core) => core.validate(bytes, features));
}

/** The artifact for a module. This thread is blocked; `parallel`: others may help it. */
export function compileWasm(bytes: Uint8Array, options: CompileOptions, compiler: Compiler = 'auto', parallel = false): Uint8Array {
  noteUse(USE_COMPILE);
  const started = performance.now();
  const artifact = parallel ? pool.compileWithHelp(bytes, options, compiler) : withCore(compiler, (core) => core.compile(bytes, options));
  nativeCores()?.noteCompile(compiler, performance.now() - started);
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
