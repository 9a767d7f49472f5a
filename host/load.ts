/** load: brings the library's code into this process.
 *  In: library.cjs, beside the file that this is bundled into: see bundle.mjs. Out: what it exports.
 *  Once this thread has made an instance, what V8 has made of the code by the process's end is kept: the compiled code of the functions that
 *  were called is then part of it. */

import { builtin } from './builtin.js';
import { compile } from './code-cache.js';

/** `build`: hash of library.cjs. `importModule`: import() for the code, where it resolves names as the file that imports it would. */
export function load(folder: string, url: string, build: string, importModule: (name: string) => Promise<unknown>): Record<string, any> {
  const { run, keep } = compile(folder, 'library.cjs', 'require, importModule, onInstance, __dirname, __url', build);
  let due = keep !== undefined;
  const onInstance = () => {
    if (!due) return;
    due = false;
    if (builtin<typeof import('node:worker_threads')>('worker_threads').isMainThread) process.once('exit', keep!);
  };
  return run(process.getBuiltinModule, importModule, due ? onInstance : undefined, folder, url);
}
