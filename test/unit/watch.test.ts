/** What ends test files that hang: test/support/watch.ts. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../support/limits.js';
import { type Limits, watch } from '../support/watch.js';

const test = suite('watch');

function start(script: string): ChildProcess {
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Why a process is ended; empty when it ends by itself. */
async function endOf(child: ChildProcess, limits: Partial<Limits>): Promise<string> {
  let why = '';
  const watched = watch(child.pid!, { processor: 1e6, silence: 1e6, interval: 20, ...limits }, (reason) => (why = reason));
  child.stdout!.on('data', watched.heard);
  await once(child, 'close');
  watched.stop();
  return why;
}

/** Whether a process is gone, or waits for its parent to notice. */
function hasEnded(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

test('a process that computes for ever', async () => {
  assert.is(await endOf(start('for (;;);'), { processor: 1 }), 'no end within 1 s of processor time');
});

test('a child of it that does, which is ended too', async () => {
  const child = start(`const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'for (;;);']); console.log(pid);`);
  const text = once(child.stdout!, 'data');
  const why = endOf(child, { processor: 1 });
  const pid = Number(await text);
  assert.is(await why, 'no end within 1 s of processor time');
  await until(() => hasEnded(pid), 'the child has ended');
});

test('a process that waits for ever', async () => {
  assert.is(await endOf(start('setInterval(() => {}, 1e6);'), { silence: 0.5 }), 'nothing was heard of it for 0.5 s');
});

test('a process that takes its time', async () => {
  assert.is(await endOf(start('setTimeout(() => {}, 500);'), {}), '');
});

test.run();
