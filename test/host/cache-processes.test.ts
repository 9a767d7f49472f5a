/** Many processes on one cache folder at once, and processes that are killed while they write to it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from '../../host/cache/folder.js';
import { parseArtifact } from '../../host/artifact/artifact.js';
import { scratch } from './cache-support.js';

const folder = scratch();
const child = fileURLToPath(new URL('./cache-child.js', import.meta.url));

function start(part: string, path: string, count: number): { process: ChildProcess; output: Promise<string> } {
  const running = spawn(process.execPath, [child, part, path, String(count)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = new Promise<string>((resolve) => {
    let text = '';
    running.stdout!.on('data', (chunk) => {
      text += chunk;
    });
    running.stderr!.on('data', (chunk) => {
      text += chunk;
    });
    running.on('close', () => resolve(text));
  });
  return { process: running, output };
}

test('many processes fill the same entries', async () => {
  const path = join(folder, 'shared');
  const all = Array.from({ length: 6 }, () => start('fill', path, 4));
  for (const { output } of all) {
    const { results, warnings } = JSON.parse(await output);
    assert.equal(results, [5, 5, 5, 5]);
    assert.equal(warnings, []);
  }
  const names = readdirSync(path);
  assert.is(names.length, 2, `one entry for each level, no part files: ${names}`);
});

test('processes that are killed at any moment leave whole entries, and parts that go with time', async () => {
  const path = join(folder, 'killed');
  for (let round = 0; round < 12; round++) {
    const { process: running, output } = start('churn', path, 1000);
    // From before the folder is there to well into the work.
    const until = performance.now() + 5000;
    while (!existsSync(path) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) => setTimeout(resolve, round * 7));
    running.kill('SIGKILL');
    await output;
    for (const name of readdirSync(path)) if (name.endsWith('.ouro')) parseArtifact(readFileSync(join(path, name)));
  }
  const { output } = start('fill', path, 2);
  const { results, warnings } = JSON.parse(await output);
  assert.equal([results, warnings], [[5, 5], []]);
  new Folder(path, 1e9).clean({ now: Date.now() + 2 * 3600_000 });
  assert.equal(
    readdirSync(path).filter((name) => name.endsWith('.part')),
    [],
  );
});

test.run();
