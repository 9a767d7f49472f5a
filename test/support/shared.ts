/** Where the test data is that is used but never copied: the folder that OURO_SHARED names, else `../shared` beside the project. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root, from build/test/support/. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

const folder = process.env.OURO_SHARED ? resolve(process.env.OURO_SHARED) : join(root, '..', 'shared');

/** The path of a file or folder of the shared test data, or undefined where it is not there. */
export function shared(...parts: string[]): string | undefined {
  const path = join(folder, ...parts);
  return existsSync(path) ? path : undefined;
}
