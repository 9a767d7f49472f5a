/** usage: what this thread does with Ouro. Which functions V8 compiles depends on that. When it has used Ouro for a second, or ends before, what V8 has
 *  made of the code is kept: the compiled code of the functions that were called is then part of it. A process that uses Ouro for more than those
 *  before, of whose functions it has the code, adds its own. */

import { atEnd } from './at-end.js';
import { loaded } from './bundled.js';
import { workerThreads } from './threads.js';
import { clearTimeout, setTimeout } from './timers.js';

export const USE_INSTANCE = 1;
export const USE_HOST_FUNCTION = 2;
export const USE_COMPILE = 4;
/** The drop-in has found native code. */
export const USE_DROP_IN = 8;

/** Milliseconds that the application has for itself. */
const DELAY = 1000;
/** After so many milliseconds V8 has given up code that has not run lately: what is left is not worth keeping. */
const TOO_LATE = 10_000;

let seen = 0;
let isPlanned = false;

export function noteUse(use: number): void {
  if ((seen & use) !== 0) return;
  seen |= use;
  if (!isPlanned && loaded.compiled?.some(({ uses }) => (uses & use) === 0)) keepLater();
}

function keepLater(): void {
  isPlanned = true;
  const started = performance.now();
  const finish = () => {
    isPlanned = false;
    clearTimeout(timer);
    process.off('exit', finish);
    // The last question loads a module of Node's, which takes milliseconds.
    if (performance.now() - started > TOO_LATE || !workerThreads().isMainThread) return;
    const compiled = loaded.compiled!;
    try {
      for (const each of compiled.splice(0)) if ((each.uses & seen) !== seen) loaded.keep!(each, seen | each.uses);
    } catch {
      // The files of this build have gone.
    }
    // What has been loaded to keep them is not worth it.
    compiled.length = 0;
  };
  const timer = setTimeout(finish, DELAY).unref();
  atEnd(finish);
}
