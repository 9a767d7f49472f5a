/** access: who can write to a folder. */

import type { NativeHelper } from '../../runtime/helper.js';

/** This user alone; its group too; anybody else. */
export type Access = 'private' | 'group' | 'foreign';

/** Whether Node's permission model, where it is on, lets this process read a file: the helper reads what the system allows. */
export function mayRead(path: string): boolean {
  return process.permission?.has('fs.read', path) ?? true;
}

/** Who can write to a folder, or put another in its place, and its path without symbolic links; undefined when it is not there. */
export function accessOf(helper: NativeHelper, path: string): [Access, string] | undefined {
  if (!mayRead(path)) return undefined;
  if (!mayRead('/')) throw new Error(`this process may not read the folders above ${path}`);
  return helper.folderAccess(path);
}
