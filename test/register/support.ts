/** What the tests of the drop-in share. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a cache folder of this test's own, which goes when the process ends. */
export function useCache(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `ouro-${name}-`));
  process.env.OURO_CACHE = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
