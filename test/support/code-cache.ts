/** What the tests of the code cache know of its files: host/start/code-cache.ts. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const HASH_SIZE = 32;
export const HEADER_SIZE = HASH_SIZE + 128;

/** The files of a cache folder. */
export function kept(cache: string): string[] {
  const folder = join(cache, 'code');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** Puts the right hash in front. */
export function sign(bytes: Buffer): Buffer {
  const hash = createHash('sha256')
    .update(bytes.fill(0, 0, HASH_SIZE))
    .digest();
  bytes.set(hash);
  return bytes;
}

export function isWhole(path: string): boolean {
  const bytes = readFileSync(path);
  return sign(Buffer.from(bytes)).equals(bytes);
}
