/** Folders of a test's own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Removes a folder. Processes that outlive the test may still write there, which is no reason to fail. */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  } catch {
    // It stays, in the system's folder for what nobody needs.
  }
}

/** Makes a folder, which goes when the process ends. */
export function makeFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `ouro-${name}-`));
  process.on('exit', () => removeFolder(folder));
  return folder;
}
