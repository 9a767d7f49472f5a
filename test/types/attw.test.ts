/** `attw` (the package @arethetypeswrong/cli) on the packed package: for each way to resolve modules, declarations and code are of the same kind. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';
import { skip } from '../support/skip.js';
import { makeProject } from './packed.js';

const test = suite('attw');
const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');

if (!existsSync(attw)) skip('are the types wrong?', '@arethetypeswrong/cli is not installed');
else
  test('the types are not wrong', () => {
    const { folder, tarball, remove } = makeProject();
    try {
      // No rule is left out, and no way to resolve modules.
      const args = [attw, tarball, '--profile', 'strict', '--no-definitely-typed', '--format', 'json'];
      const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
      const { analysis, problems } = JSON.parse(stdout);
      assert.equal(problems ?? {}, {});
      assert.is(status, 0);
      assert.equal(Object.keys(analysis.entrypoints), ['.', './register', './webassembly', './package.json']);
      for (const [entry, { resolutions }] of Object.entries<any>(analysis.entrypoints)) {
        for (const [kind, { resolution, implementationResolution }] of Object.entries<any>(resolutions)) {
          assert.ok(resolution, `${entry}, ${kind}: resolved`);
          if (kind.startsWith('node16') && !resolution.isJson) assert.ok(implementationResolution, `${entry}, ${kind}: there is code`);
        }
      }
    } finally {
      remove();
    }
  });

test.run();
