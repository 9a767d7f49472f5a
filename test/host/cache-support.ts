/** What the tests of the cache share. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseText } from '../../host/wasm/text.js';

/** A folder for one test file, gone when the process ends. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ouro-cache-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The mode of a file of the cache: those may read it whom the user lets read what is new. */
export const readOnly = 0o444 & ~process.umask();

/** For files that are put there by hand: the group cannot write to them, whatever the umask. */
export const plain = { mode: 0o644 };

/** A module like no other: it returns this number. */
export function moduleReturning(value: number): Promise<Uint8Array> {
  return parseText(`(module $m${value} (func (export "f") (result i32) (i32.const ${value})))`);
}

const seen: (Error & { code?: string })[] = [];
process.on('warning', (warning) => seen.push(warning));

/** The codes of the cache's warnings since the last call. */
export async function cacheWarnings(): Promise<string[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return seen.splice(0).flatMap(({ name, code }) => (name === 'OuroCacheWarning' ? [code!] : []));
}

/** Whether a file, or one of a folder, is mapped into this process. */
export function isMapped(path: string): boolean {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return lines.some((line) => line.includes(path) && !line.endsWith(' (deleted)'));
}
