/** A process that yields to all others, with the threads that it has and with its session. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { yieldToOthers } from '../../host/register/priority.js';

test('all of a process gets the lowest priority', async () => {
  // Node has threads of its own, all of them when its first line runs.
  const child = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 60_000)'], { detached: true });
  try {
    await once(child.stdout, 'data');
    const { pid } = child as { pid: number };
    yieldToOthers(pid);
    assert.is(getPriority(pid), constants.priority.PRIORITY_LOW);
    assert.not.equal(getPriority(), constants.priority.PRIORITY_LOW);
    if (process.platform === 'linux') {
      const threads = readdirSync(`/proc/${pid}/task`).map(Number);
      assert.ok(threads.length > 1);
      for (const thread of threads) assert.is(getPriority(thread), constants.priority.PRIORITY_LOW);
      const group = `/proc/${pid}/autogroup`;
      // Empty, or not there, where sessions have no groups.
      const text = existsSync(group) ? readFileSync(group, 'utf8') : '';
      if (text !== '') assert.match(text, / nice 19\n/);
    }
  } finally {
    child.kill('SIGKILL');
  }
});

test('a session that others share is left alone', async () => {
  const group = '/proc/self/autogroup';
  const before = existsSync(group) ? readFileSync(group, 'utf8') : '';
  const child = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 60_000)']);
  try {
    await once(child.stdout, 'data');
    const { pid } = child as { pid: number };
    yieldToOthers(pid);
    assert.is(getPriority(pid), constants.priority.PRIORITY_LOW);
    if (before !== '') assert.is(readFileSync(group, 'utf8'), before);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that is gone', () => {
  yieldToOthers(2 ** 22 + 1);
});

test.run();
