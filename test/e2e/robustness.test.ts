/** Bad input: each mistake is a typed error with a stable code and one plain sentence, and the process lives on. Each part of
 *  robustness-child.ts runs in a process of its own, so that a crash shows. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('robustness');
const folder = mkdtempSync(join(tmpdir(), 'ouro-robust-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const script = join(dirname(fileURLToPath(import.meta.url)), 'robustness-child.js');
const parts = [
  'artifacts that were changed',
  'artifacts that were cut',
  'artifacts for something else',
  'garbled modules',
  'imports that do not fit',
  'wrong arguments and uses',
  'files',
];

for (const part of parts) {
  test(part, () => {
    const result = spawnSync(process.execPath, ['--enable-source-maps', script, part, folder], { encoding: 'utf8' });
    const end = result.signal ?? `exit code ${result.status}`;
    assert.is(end, 'exit code 0', `${end}: ${result.stderr.slice(-3000)}`);
    assert.is(result.stdout, 'alive\n');
  });
}

test.run();
