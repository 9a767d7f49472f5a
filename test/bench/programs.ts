/** The scalar programs of the shared bench folder. Left out: intgemm-simd, splay, libsodium (they need more than the scalar features). */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { shared } from '../support/shared.js';

export interface Program {
  name: string;
  /** The .wasm file; its folder is the program's current and preopened directory. */
  path: string;
  folder: string;
  stdout: Buffer | undefined;
  stderr: Buffer | undefined;
}

const leftOut = new Set(['intgemm-simd', 'splay', 'libsodium']);

/** The programs by name, or an empty list where the shared folder is not there. */
export function programs(filter = ''): Program[] {
  const root = shared('bench');
  if (root === undefined) return [];
  const found: Program[] = [];
  for (const group of readdirSync(root).sort()) {
    if (leftOut.has(group)) continue;
    const files = readdirSync(join(root, group)).sort();
    for (const file of files) {
      if (!file.endsWith('.wasm')) continue;
      const path = join(root, group, file);
      const stem = basename(file, '.wasm');
      const expected = (stream: string) =>
        files.includes(`${stem}.${stream}.expected`) ? readFileSync(join(root, group, `${stem}.${stream}.expected`)) : undefined;
      const name = stem === 'benchmark' ? group : stem;
      if (name.includes(filter)) found.push({ name, path, folder: dirname(path), stdout: expected('stdout'), stderr: expected('stderr') });
    }
  }
  return found;
}
