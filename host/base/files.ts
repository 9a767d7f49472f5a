/** files: how Ouro writes files. A file is written under a name of its own, read-only, and then renamed. So no reader ever sees half a file, and
 *  nothing changes under a mapping. */

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a folder, and those above it that are missing. A folder that exists stays as it is. This does not use `recursive`: with that Node loops
 *  for ever where the system answers ENOENT to every new name, as it does in /proc. */
export function makeFolder(path: string, mode: number): void {
  if (makeOne(path, mode)) return;
  makeFolder(dirname(path), mode);
  if (!makeOne(path, mode)) throw new Error(`cannot make the folder ${path}`);
}

/** Makes one folder; gives false when the folder above it is missing. A folder that exists, or that another process makes meanwhile, is as good.
 *  If there is something else than a folder, writing into it will say so. */
function makeOne(path: string, mode: number): boolean {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) return false;
    if (code !== 'EEXIST') throw error;
  }
  return true;
}

const OTHERS_WRITE = 0o022;

/** Whether only this user and root can write to a file. */
export function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return (uid === 0 || uid === process.geteuid?.()) && (mode & OTHERS_WRITE) === 0;
}

/** Writes a file whole or not at all. `durable`: even if the machine stops meanwhile. That means waiting for the disk, which can take longer than
 *  everything else; a caller whose readers check what they read need not wait. */
export function writeAtomic(path: string, bytes: Uint8Array, mode = 0o444, durable = true): void {
  makeFolder(dirname(path), 0o777);
  const part = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}.part`;
  try {
    const file = openSync(part, 'wx', mode);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
