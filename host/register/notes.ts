/** notes: what earlier starts have found out about modules, as files in the cache folder.
 *  In and out: the name of a module (artifacts.ts, `nameOf`) and a kind of note; some notes have a text.
 *  Requires: nothing runs native code because of a note. Names are made of fingerprints (fingerprint.ts), so a note may belong to another binary with
 *  the same fingerprint.
 *  Cost: a system call or two for each question. */

import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cachePath } from '../cache/location.js';
import { makeFolder } from '../base/files.js';

/** The kind of a note is the ending of its file name:
 *  - `ouro`: there is native code for the module.
 *  - `v8`: the module is left to V8; the text says why.
 *  - `died`: the same, but for a day only. Its builders have died, perhaps just because the containers ended that they ran in.
 *  - `changes`: the application changes the bytes from which it makes the module. */
type Kind = 'ouro' | 'v8' | 'died' | 'changes';

const notePath = (name: string, kind: Kind) => cachePath(`register/${name}.${kind}`);

/** A note's time is when it was last asked for; it is exact to a day (queue.ts, `sweep`). A `died` note counts no longer than this, either. */
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
    // The folder is read-only for this process. Then nobody sweeps it either.
  }
}

export function writeNote(name: string, kind: Kind, text = ''): void {
  if (hasNote(name, kind)) return;
  const path = notePath(name, kind);
  try {
    makeFolder(dirname(path), 0o777);
    // With the flag x the file must not exist yet: so nobody can have put a link there through which this would write.
    writeFileSync(path, text, { flag: 'wx' });
  } catch {
    // Without the note the next start finds out again.
  }
}

/** The reason for which a module is left to V8; undefined when it is not. */
export function leftToV8(name: string): string | undefined {
  try {
    let kind: Kind = 'v8';
    if (!hasNote(name, kind)) {
      // After the builders that died, another one may have made the native code.
      if (hasNote(name, 'ouro') || !hasNote(name, 'died')) return undefined;
      kind = 'died';
    }
    return readFileSync(notePath(name, kind), 'utf8');
  } catch {
    return undefined;
  }
}
