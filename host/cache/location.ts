/** location: the folder where Ouro keeps files of its own. */

import { loaded } from '../base/bundled.js';
import { builtin } from '../base/builtin.js';
import { systemCache } from './system-cache.js';

/** The user's cache folder for Ouro, as env-paths names it. On Linux this is found without that package, which asks the system for the home folder and
 *  others when it is loaded, whether they are needed or not; and without node:path (start/loader.ts). */
function defaultFolder(): string {
  if (process.platform !== 'linux') return systemCache();
  return `${process.env.XDG_CACHE_HOME || `${homeFolder()}/.cache`}/ouro`;
}

/** The home folder, or another one where the system knows of none. */
function homeFolder(): string {
  const { homedir, tmpdir } = builtin<typeof import('node:os')>('os');
  try {
    return homedir();
  } catch {
    return `${tmpdir()}/ouro-${process.geteuid?.()}`;
  }
}

const namedFolder = () => process.env.OURO_CACHE || defaultFolder();

/** A path from the root. Throws where the folder that the process is in has been removed. */
export function absolute(path: string): string {
  return path.startsWith('/') ? path : builtin<typeof import('node:path')>('path').resolve(path);
}

/** The folder that the environment names now, from the folder where the process is now: some programs clear the one and leave the other. Undefined where
 *  this cannot be known yet. */
export function cacheFolderNow(): string | undefined {
  let folder: string | undefined;
  try {
    folder = namedFolder();
    return absolute(folder);
  } catch {
    return folder;
  }
}

/** The user's cache folder for Ouro; OURO_CACHE names another. In a process with the drop-in it is the one of the start. */
export function cacheFolder(): string {
  return loaded.cacheFolder ?? namedFolder();
}

/** The path of a file of the cache. */
export function cachePath(name: string): string {
  return `${cacheFolder()}/${name}`;
}
