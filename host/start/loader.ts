/** loader: brings Ouro's code into this thread: the files NAME.cjs of dist/, each once, whoever asks for it first. So the library and the drop-in share
 *  one copy of everything, whether they were imported or required.
 *  In: the files, each of which is a function (bundle.mjs). Out: what they export.
 *  The loader is part of each file that users load. It runs in every process and thread, so it is small, and does nothing before it is asked. Of Node's
 *  modules it uses little: what Node has not used itself at its start V8 compiles first (`join` of node:path, 50 us). */

import type { NativeHelper } from '../../runtime/helper.js';
import type { Loaded } from '../base/bundled.js';
import { builtin } from '../base/builtin.js';
import { type Builds, type Compiled, compile } from './code-cache.js';

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
export function open({ folder, builds, importModule }: Surroundings): Loader {
  const key = Symbol.for(`ouro ${folder} ${builds['runtime.cjs']}`);
  const found = (globalThis as any)[key];
  if (found) return found;

  const { setTimeout, clearTimeout, setImmediate } = globalThis;
  const { getBuiltinModule, dlopen, arch, platform } = process;
  const { writeSync } = builtin<typeof import('node:fs')>('fs');
  const compiled: Compiled[] = [];
  const keep: Loaded['keep'] = (code, uses) => require('./keep.cjs').keep(code, uses);
  const loaded: Loaded = {
    compiled,
    keep,
    natives: { setTimeout, clearTimeout, setImmediate, writeSync, getBuiltinModule, promiseThen: Promise.prototype.then },
  };
  const files: Record<string, object> = {};
  let requirePackage: NodeJS.Require | undefined;

  const require = (name: string): any => {
    if (files[name]) return files[name];
    if (name.startsWith('node:')) return getBuiltinModule(name);
    if (!name.startsWith('./')) {
      requirePackage ??= builtin<typeof import('node:module')>('module').createRequire(`${folder}/index.js`);
      return requirePackage(name);
    }
    loaded.helper ??= openHelper(dlopen, `${folder}/ouro-${arch}-${platform}.node`);
    const file = name.slice(2);
    const code = compile(folder, loaded.helper as NativeHelper | undefined, file, `${builds[file]}-${file}`);
    // It counts as loaded when it has run: what is interrupted, as by the end of the stack or a timeout of `vm`, begins anew next time.
    const exports = code.run(require, importModule, loaded, folder);
    compiled.push(code);
    return (files[name] = exports);
  };
  const made = { require, loaded };
  Object.defineProperty(globalThis, key, { value: made });
  return made;
}

/** The native helper; undefined where it cannot be loaded, of which the code will tell. */
function openHelper(dlopen: typeof process.dlopen, path: string): NativeHelper | undefined {
  const module = { exports: {} };
  try {
    dlopen.call(process, module, path);
    return module.exports as NativeHelper;
  } catch {
    return undefined;
  }
}
