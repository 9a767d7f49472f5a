/** access: who can write to a folder. */

import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** This user alone; its group too; anybody else. */
export type Access = 'private' | 'group' | 'foreign';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Who can write to a folder, or put another in its place, and its path without symbolic links; undefined when it is not there. */
export function accessOf(path: string): [Access, string] | undefined {
  const user = process.geteuid?.();
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch {
    return undefined;
  }
  let access: Access = 'private';
  for (let at = real; ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    // In a sticky folder, as the system's for temporary files, others cannot rename what is ours.
    const writers = at !== real && (mode & STICKY) !== 0 ? 0 : mode;
    if ((uid !== user && uid !== 0) || (writers & OTHERS_WRITE) !== 0) return ['foreign', real];
    if ((writers & GROUP_WRITES) !== 0) access = 'group';
    if (at === dirname(at)) return [access, real];
  }
}
