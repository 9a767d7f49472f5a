/** notes: what is known of modules, as files of the cache folder. They are named by fingerprints (fingerprint.ts), so a note may be of another binary
 *  that has the same. None of them makes native code run. */

import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cachePath } from '../cache/location.js';
import { makeFolder } from '../base/files.js';

/** What the ending of a note's name says: there is native code; the module is left to V8, the text is why; the same, but for a day, since its builders
 *  have died, maybe only because containers ended that they were in; the application changes the bytes that it makes the module of. */
type Kind = 'ouro' | 'v8' | 'died' | 'changes';

const notePath = (name: string, kind: Kind) => cachePath(`register/${name}.${kind}`);

/** How exact the time is at which a note was last asked for (queue.ts, sweep). */
const DAY = 24 * 3600_000;

export function hasNote(name: string, kind: Kind): boolean {
  const path = notePath(name, kind);
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return false;
    if (Date.now() - stats.mtimeMs > DAY) {
      if (kind === 'died') {
        rmSync(path, { force: true });
        return false;
      }
      touch(path);
    }
    return true;
  } catch {
    return false;
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // A folder that is only read: there nobody sweeps.
  }
}

export function writeNote(name: string, kind: Kind, text = ''): void {
  if (hasNote(name, kind)) return;
  const path = notePath(name, kind);
  try {
    makeFolder(dirname(path), 0o777);
    // Through no link that somebody has put there.
    writeFileSync(path, text, { flag: 'wx' });
  } catch {
    // Without the note the next start finds out again.
  }
}

/** Why a module is left to V8, if that is known. */
export function leftToV8(name: string): string | undefined {
  try {
    let kind: Kind = 'v8';
    if (!hasNote(name, kind)) {
      // Another builder may have made it all the same.
      if (hasNote(name, 'ouro') || !hasNote(name, 'died')) return undefined;
      kind = 'died';
    }
    return readFileSync(notePath(name, kind), 'utf8');
  } catch {
    return undefined;
  }
}
