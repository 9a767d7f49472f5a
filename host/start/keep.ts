/** keep: keeps what V8 has made of Ouro's own code for the next start (code-cache.ts). It is a file of its own, which is loaded where there is something to
 *  keep, once for each build and each Node. */

import { accessSync, constants, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { accessOf } from '../cache/access.js';
import { writeAtomic } from '../base/files.js';
import { type Compiled, HASH_SIZE } from './code-cache.js';

/** After so many milliseconds a file goes: it may be that of an older build, or another Node, and is soon made anew. */
const MAX_AGE = 30 * 24 * 3600_000;

/** What came from the cache and has not run V8 may have given up since, when it collected garbage: less than there was is no gain.
 *  Nothing is kept where the cache folder is not there: nobody has asked for anything to be written in this home. Nor where it is another user's, as in a home
 *  that `sudo` keeps. */
export function keep({ place, script, size }: Compiled, uses: number): void {
  const { helper, path, tag } = place!;
  const folder = dirname(path);
  const cache = dirname(folder);
  try {
    // First: to make data that cannot be written would cost each process some milliseconds.
    accessSync(cache, constants.W_OK);
    if ((accessOf(helper, folder) ?? accessOf(helper, cache))?.[0] === 'foreign') return;
    const data = script.createCachedData();
    if (data.length < size) return;
    const bytes = Buffer.concat([Buffer.alloc(HASH_SIZE), Buffer.from(tag), Buffer.of(uses), data]);
    helper.sha256(bytes, 0, HASH_SIZE, bytes);
    writeAtomic(path, bytes, 0o444, false);
    sweep(folder, Date.now() - MAX_AGE);
  } catch {
    // The next start compiles the text again.
  }
}

/** What we write there, whole and in part. */
const OURS = /\.code(\.[\w-]+\.part)?$/;

/** Removes files from before a time; ours alone, since the folder may have been put there for something else. */
function sweep(folder: string, time: number): void {
  for (const name of readdirSync(folder)) {
    if (!OURS.test(name)) continue;
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && stats.mtimeMs < time) rmSync(path, { force: true });
  }
}
