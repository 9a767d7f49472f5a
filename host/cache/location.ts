/** location: the folder where Ouro keeps files of its own. */

import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { loaded } from '../base/bundled.js';

/** The folder that the environment names now, from the folder where the process is now: some programs clear the one and leave the other. */
export function cacheFolderNow(): string {
  const folder = process.env.OURO_CACHE || envPaths('ouro', { suffix: '' }).cache;
  try {
    return resolve(folder);
  } catch {
    // The folder where the process is has been removed.
    return folder;
  }
}

/** The user's cache folder for Ouro; OURO_CACHE names another. In a process with the drop-in it is the one of the start. */
export function cacheFolder(): string {
  return loaded.cacheFolder ?? (process.env.OURO_CACHE || envPaths('ouro', { suffix: '' }).cache);
}

/** The path of a file of the cache. */
export function cachePath(name: string): string {
  return join(cacheFolder(), name);
}
