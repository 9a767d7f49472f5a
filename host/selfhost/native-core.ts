/** native-core: after the first long compile under V8 the core's own native artifact is made in the background, so that later compiles, in
 *  this process and others, are native. It is `ouro self-compile` without the checks.
 *  Once a process, on a thread of its own that keeps no process alive; the file appears whole or not at all, so being killed does no harm.
 *  Builders (register/builder.ts) make it too, and a command that ends too soon for the thread starts one.
 *  OURO_NATIVE_CORE=off leaves it out. */

import type { Compiler } from '../engine/config.js';
import { makeNativeCore, nativeCoreState } from '../compile/cores.js';
import * as pool from '../compile/pool.js';
import { workerThreads } from '../base/threads.js';
import { setTimeout } from '../base/timers.js';

/** A compile that takes so many milliseconds is worth it. */
const LONG = 200;
/** Milliseconds that the application has for itself first: a process that ends soon makes nothing. */
const DELAY = 1000;

/** In bytes of wasm: before compiling so much it is worth waiting for. */
const MUCH = 2 ** 20;

let considered = false;

const isWanted = () => process.env.OURO_NATIVE_CORE !== 'off' && nativeCoreState() === 'missing';

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

/** Tells that a compile took so many milliseconds. */
export function noteCompile(compiler: Compiler, milliseconds: number): void {
  if (considered || milliseconds < LONG || compiler !== 'auto') return;
  considered = true;
  if (!isWanted() || !workerThreads().isMainThread) return;
  setTimeout(() => {
    // Without it all goes on as before.
    pool.makeNativeCore().catch(() => {});
  }, DELAY).unref();
}
