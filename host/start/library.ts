/** load: brings the library's code into this process.
 *  In: library.cjs, beside the file that this is bundled into: see bundle.mjs. Out: what it exports.
 *  When this thread has used it (use.ts) for a second, or ends before, what V8 has made of the code is kept: the compiled code of the functions that
 *  were called is then part of it. A process that uses it for more than those before, of whose functions it has the code, adds its own. */

import { builtin } from '../base/builtin.js';
import { compile } from './code-cache.js';
import { clearTimeout, setTimeout } from '../base/timers.js';

/** Milliseconds that the application has for itself. */
const DELAY = 1000;
/** After so many milliseconds V8 has given up code that has not run lately: what is left is not worth keeping. */
const TOO_LATE = 10_000;

/** `build`: hash of library.cjs. `importModule`: import() for the code, where it resolves names as the file that imports it would. */
export function load(folder: string, url: string, build: string, importModule: (name: string) => Promise<unknown>): Record<string, any> {
  const { run, uses, keep } = compile(folder, 'library.cjs', 'require, importModule, onUse, __dirname, __url', build);
  let seen = uses;
  let isPlanned = false;
  const plan = () => {
    isPlanned = true;
    const started = performance.now();
    const finish = () => {
      isPlanned = false;
      clearTimeout(timer);
      process.off('exit', finish);
      if (performance.now() - started < TOO_LATE) keep(seen);
    };
    const timer = setTimeout(finish, DELAY).unref();
    process.once('exit', finish);
  };
  const onUse = (use: number) => {
    if ((seen & use) !== 0) return;
    seen |= use;
    if (!isPlanned && builtin<typeof import('node:worker_threads')>('worker_threads').isMainThread) plan();
  };
  return run(process.getBuiltinModule, importModule, onUse, folder, url);
}
