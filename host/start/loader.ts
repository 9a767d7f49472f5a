/** loader: brings Ouro's code into this thread: the files NAME.cjs of dist/, each once, whoever asks for it first. So the library and the drop-in share
 *  one copy of everything, whether they were imported or required.
 *  In: the files, each of which is a function (bundle.mjs). Out: what they export.
 *  The loader is part of each file that users load. It runs in every process and thread, so it is small, and does nothing before it is asked.
 *
 *  When this thread has used Ouro (usage.ts) for a second, or ends before, what V8 has made of the code is kept: the compiled code of the functions
 *  that were called is then part of it. A process that uses it for more than those before, of whose functions it has the code, adds its own. */

import { join } from 'node:path';
import type { NativeHelper } from '../../runtime/helper.js';
import { atEnd } from '../base/at-end.js';
import type { Loaded } from '../base/bundled.js';
import { builtin } from '../base/builtin.js';
import { type Builds, type Compiled, compile } from './code-cache.js';
import type * as Keep from './keep.js';

/** Milliseconds that the application has for itself. */
const DELAY = 1000;
/** After so many milliseconds V8 has given up code that has not run lately: what is left is not worth keeping. */
const TOO_LATE = 10_000;

/** Nothing is kept of the file that does so. */
const KEEP = './keep.cjs';

/** Where the files are, and how the file that users load imports others. */
export interface Surroundings {
  readonly folder: string;
  readonly builds: Builds;
  readonly importModule: (name: string) => Promise<unknown>;
}

export interface Loader {
  /** What a file of Ouro's exports, by './NAME.cjs'; a module of Node's; or a package. */
  require(name: string): any;
  readonly loaded: Loaded;
}

/** This thread's loader for a build of Ouro. */
export function open(surroundings: Surroundings): Loader {
  const { folder, builds } = surroundings;
  const key = Symbol.for(`ouro ${folder} ${builds['runtime.cjs']}`);
  const found = (globalThis as any)[key];
  if (found) return found;
  const made = makeLoader(surroundings);
  Object.defineProperty(globalThis, key, { value: made });
  return made;
}

function makeLoader({ folder, builds, importModule }: Surroundings): Loader {
  const { setTimeout, clearTimeout, setImmediate } = globalThis;
  const { writeSync } = builtin<typeof import('node:fs')>('fs');
  const natives = { setTimeout, clearTimeout, setImmediate, writeSync, promiseThen: Promise.prototype.then };
  const files = new Map<string, object>();
  const compiled: Compiled[] = [];
  let seen = 0;
  let isPlanned = false;
  let requirePackage: NodeJS.Require | undefined;

  const keepLater = () => {
    isPlanned = true;
    const started = performance.now();
    const finish = () => {
      isPlanned = false;
      clearTimeout(timer);
      process.off('exit', finish);
      // The last question loads a module of Node's, which takes milliseconds.
      if (performance.now() - started > TOO_LATE || !builtin<typeof import('node:worker_threads')>('worker_threads').isMainThread) return;
      const due = compiled.splice(0).filter(({ uses }) => (uses & seen) !== seen);
      if (due.length === 0) return;
      try {
        const { keep } = require(KEEP) as typeof Keep;
        for (const each of due) keep(each, seen | each.uses);
      } catch {
        // The files of this build have gone.
      }
    };
    const timer = setTimeout(finish, DELAY).unref();
    atEnd(finish);
  };

  const onUse = (use: number) => {
    if ((seen & use) !== 0) return;
    seen |= use;
    if (!isPlanned && compiled.some(({ uses }) => (uses & use) === 0)) keepLater();
  };

  const loaded: Loaded = { onUse, natives, atEnd };

  const require = (name: string): any => {
    if (name.startsWith('node:')) return process.getBuiltinModule(name);
    if (!name.startsWith('./')) {
      requirePackage ??= builtin<typeof import('node:module')>('module').createRequire(join(folder, 'index.js'));
      return requirePackage(name);
    }
    const known = files.get(name);
    if (known) return known;
    if (files.size === 0) loaded.helper = openHelper(folder);
    const exports = {};
    files.set(name, exports);
    const file = name.slice(2);
    const helper = name === KEEP ? undefined : (loaded.helper as NativeHelper | undefined);
    const code = compile(folder, helper, file, `${builds[file]}-${file}`);
    compiled.push(code);
    code.run(exports, require, importModule, loaded, folder);
    return exports;
  };
  return { require, loaded };
}

/** The native helper; undefined where it cannot be loaded, of which the code will tell. */
function openHelper(folder: string): NativeHelper | undefined {
  const module = { exports: {} };
  try {
    process.dlopen(module, join(folder, `ouro-${process.arch}-${process.platform}.node`));
    return module.exports as NativeHelper;
  } catch {
    return undefined;
  }
}
