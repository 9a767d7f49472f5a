/** notes: what is known of modules, as files of the cache folder. They are named by fingerprints (fingerprint.ts), so a note may be of another binary
 *  that has the same. None of them makes native code run. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cachePath, makeFolder } from '../cache.js';

/** What the ending of a note's name says: there is native code; the module is left to V8, the text is why; the application changes the bytes that it
 *  makes the module of. */
type Kind = 'ouro' | 'v8' | 'changes';

const notePath = (name: string, kind: Kind) => cachePath(`register/${name}.${kind}`);

export function hasNote(name: string, kind: Kind): boolean {
  return existsSync(notePath(name, kind));
}

export function writeNote(name: string, kind: Kind, text = ''): void {
  if (hasNote(name, kind)) return;
  const path = notePath(name, kind);
  try {
    makeFolder(dirname(path), 0o777);
    writeFileSync(path, text);
  } catch {
    // Without the note the next start finds out again.
  }
}

/** Why a module is left to V8, if that is known. */
export function leftToV8(name: string): string | undefined {
  try {
    return hasNote(name, 'v8') ? readFileSync(notePath(name, 'v8'), 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
