/** What the runner makes of a test file's output and end: test/support/judge.ts. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judge } from '../support/judge.js';

const test = suite('judge');
const folder = mkdtempSync(join(tmpdir(), 'ouro-judge-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const summary = (total: number, passed: number, skipped = 0) =>
  `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n`;
const counts = (output: string, code: number | null = 0, crash = '') => {
  const { passed, failed, skipped } = judge(output, { code, crash });
  return { passed, failed, skipped };
};

test('a file with a summary', () => {
  assert.equal(counts(`• • •   (3 / 3)\n${summary(3, 3)}`), { passed: 3, failed: 0, skipped: 0 });
  assert.equal(counts(`• ✘ •   (2 / 3)\n${summary(3, 2)}`, 1), { passed: 2, failed: 1, skipped: 0 });
  assert.equal(counts(`• • •   (3 / 3)\n${summary(3, 3, 2)}`), { passed: 3, failed: 0, skipped: 2 });
});

test('a file of which a part is skipped', () => {
  assert.equal(counts(`\nSKIP 2 a tool: it is not installed\n• •   (2 / 2)\n${summary(2, 2)}`), { passed: 2, failed: 0, skipped: 2 });
});

test('a file of which all is skipped is skipped, not crashed', () => {
  const { reasons, report, ...rest } = judge('\nSKIP 1 redis: it is not installed\n\nSKIP 4 more: no machine\n', { code: 0 });
  assert.equal(rest, { passed: 0, failed: 0, skipped: 5 });
  assert.equal(reasons, ['redis: it is not installed', 'more: no machine']);
  assert.is(report, '');
});

test('a file that says nothing, or something else, is a failure', () => {
  for (const output of ['', '\n', 'all is well\n', 'we SKIP 1 that\n', 'SKIP this\n']) {
    assert.equal(counts(output), { passed: 0, failed: 1, skipped: 0 }, JSON.stringify(output));
    assert.match(judge(output, { code: 0 }).report, /CRASH: no summary, exit code 0$/);
  }
});

test('a file that skips something and then crashes is a failure', () => {
  const skips = '\nSKIP 1 redis: it is not installed\n';
  assert.equal(counts(skips, 1), { passed: 0, failed: 1, skipped: 1 });
  assert.equal(counts(`${skips}Error: no\n`, 13), { passed: 0, failed: 1, skipped: 1 });
  assert.equal(counts(skips, null, 'ended by SIGSEGV'), { passed: 0, failed: 1, skipped: 1 });
  assert.equal(counts(skips, null, 'no end within 300 s of processor time'), { passed: 0, failed: 1, skipped: 1 });
  // Tests have run, and their end is not there.
  assert.equal(counts(`${skips}• • `), { passed: 0, failed: 1, skipped: 1 });
});

test('a file that crashes after its summary is a failure', () => {
  const output = `• •   (2 / 2)\n${summary(2, 2)}`;
  assert.equal(counts(output, 1), { passed: 2, failed: 1, skipped: 0 });
  assert.equal(counts(output, null, 'ended by SIGABRT'), { passed: 2, failed: 1, skipped: 0 });
});

/** The same with files that are run, as the runner does. */
function run(text: string) {
  const path = join(folder, 'file.test.mjs');
  const uvu = JSON.stringify(import.meta.resolve('uvu'));
  const skip = JSON.stringify(new URL('../support/skip.js', import.meta.url).href);
  writeFileSync(path, `import { test } from ${uvu}; import { skip } from ${skip};\n${text}`);
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
  return counts(stdout + stderr, status, signal ?? '');
}

test('whole files', () => {
  const skips = `skip('a tool', 'it is not installed', 3);`;
  assert.equal(run(skips), { passed: 0, failed: 0, skipped: 3 });
  assert.equal(run(''), { passed: 0, failed: 1, skipped: 0 });
  assert.equal(run(`test('one', () => ${skips.slice(0, -1)}); test.run();`), { passed: 1, failed: 0, skipped: 3 });
  assert.equal(run(`${skips} test('one', () => {}); test.run();`), { passed: 1, failed: 0, skipped: 3 });
  assert.equal(run(`${skips} throw new Error('no');`), { passed: 0, failed: 1, skipped: 3 });
  assert.equal(run(`${skips} process.abort();`), { passed: 0, failed: 1, skipped: 3 });
  // A test that never ends, and one that ends the process.
  assert.equal(run(`${skips} test('one', () => new Promise(() => {})); test.run();`), { passed: 0, failed: 1, skipped: 3 });
  assert.equal(run(`${skips} test('one', () => process.exit(0)); test.run();`), { passed: 0, failed: 1, skipped: 3 });
});

test.run();
