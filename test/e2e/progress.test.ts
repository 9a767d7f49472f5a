/** The progress line of long compiles: on a terminal, and nowhere else. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';
import { need } from '../support/tools.js';

const test = suite('progress');
const folder = mkdtempSync(join(tmpdir(), 'ouro-progress-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const cli = join(root, 'dist', 'cli.js');
const large = join(root, 'node_modules', '@electric-sql', 'pglite', 'dist', 'pglite.wasm');
const env = { ...process.env, OURO_CACHE: folder, TERM: 'xterm' };

const plain = join(folder, 'plain.ouro');

test('no line where there is no terminal', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'compile', large, '-o', plain], { encoding: 'utf8', env });
  assert.equal({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

if (need('script', 'progress on a terminal', 3)) {
  /** What a command writes on a terminal of its own. */
  const onTerminal = (clock: string, ...args: string[]) => {
    const command = [process.execPath, '--import', join(folder, clock), cli, ...args].map((word) => `'${word}'`).join(' ');
    const { status, stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], { encoding: 'utf8', env });
    return { status, stdout };
  };
  // The line waits for half a second, which a machine may or may not need.
  writeFileSync(join(folder, 'fast.mjs'), 'const now = performance.now.bind(performance); performance.now = () => now() * 1000;');
  writeFileSync(join(folder, 'stopped.mjs'), 'performance.now = () => 1;');

  test('a line with percent, which is gone at the end; the same artifact', () => {
    const output = join(folder, 'shown.ouro');
    const { status, stdout } = onTerminal('fast.mjs', 'compile', large, '-o', output);
    assert.is(status, 0);
    const lines = stdout.split('\r\x1b[K');
    const shown = lines.slice(1, -1).map((line) => {
      const percent = / (\d+) % compiling /.exec(line)?.[1];
      assert.ok(percent !== undefined, JSON.stringify(line));
      return Number(percent);
    });
    assert.ok(shown.length > 0, 'no line was shown');
    for (let i = 1; i < shown.length; i++) assert.ok(shown[i] >= shown[i - 1]);
    assert.ok(shown.at(-1)! <= 100);
    assert.is(lines[0], '');
    assert.is(lines.at(-1), '');
    assert.is(Buffer.compare(readFileSync(output), readFileSync(plain)), 0);
  });

  test('no line for a compile that does not take long', () => {
    const output = join(folder, 'soon.ouro');
    assert.equal(onTerminal('stopped.mjs', 'compile', large, '-o', output), { status: 0, stdout: '' });
  });

  test('no line for small modules', () => {
    const small = join(folder, 'small.wasm');
    writeFileSync(small, Buffer.from('0061736d01000000', 'hex'));
    assert.equal(onTerminal('fast.mjs', 'compile', small, '-o', join(folder, 'small.ouro')), { status: 0, stdout: '' });
  });
}

test.run();
