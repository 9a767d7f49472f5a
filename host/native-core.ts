/** native-core: after the first long compile under V8 the core's own native artifact is made in the background, so that later compiles, in
 *  this process and others, are native. It is `ouro self-compile` without the checks.
 *  Once a process, on a thread of its own that keeps no process alive; the file appears whole or not at all, so being killed does no harm.
 *  OURO_NATIVE_CORE=off leaves it out. */

import type { Compiler } from './config.js';
import { nativeCoreState } from './cores.js';
import * as pool from './pool.js';
import { workerThreads } from './threads.js';

/** A compile that takes so many milliseconds is worth it. */
const LONG = 200;
/** Milliseconds that the application has for itself first: a process that ends soon makes nothing. */
const DELAY = 1000;

let considered = false;

/** Tells that a compile took so many milliseconds. */
export function noteCompile(compiler: Compiler, milliseconds: number): void {
  if (considered || milliseconds < LONG || compiler !== 'auto') return;
  considered = true;
  if (process.env.OURO_NATIVE_CORE === 'off' || nativeCoreState() !== 'missing' || !workerThreads().isMainThread) return;
  setTimeout(() => {
    // Without it all goes on as before.
    pool.makeNativeCore().catch(() => {});
  }, DELAY).unref();
}
