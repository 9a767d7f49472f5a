/** location: the folder where Ouro keeps files of its own. */

import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

let kept: string | undefined;

/** Keeps to the folder that the environment names now, from the folder where the process is now: some programs clear the one and leave the other. */
export function keepCacheFolder(): string {
  kept = cacheFolder();
  try {
    kept = resolve(kept);
  } catch {
    // The folder where the process is has been removed.
  }
  return kept;
}

/** The user's cache folder for Ouro; OURO_CACHE names another. */
export function cacheFolder(): string {
  return kept ?? (process.env.OURO_CACHE || envPaths('ouro', { suffix: '' }).cache);
}

/** The path of a file of the cache. */
export function cachePath(name: string): string {
  return join(cacheFolder(), name);
}
