/** A progress line on a terminal. Compiling keeps this thread busy, so another thread writes the line. */

import { Worker } from 'node:worker_threads';

/** Smaller modules are compiled long before the line would show. */
const MIN_SIZE = 100_000;

const script = `
const { workerData: { text, flag } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const started = Date.now();
const state = new Int32Array(flag);
let wait = 500;
while (Atomics.wait(state, 0, 0, wait) === 'timed-out') {
  writeSync(2, '\\r\\x1b[K' + text + ' … ' + ((Date.now() - started) / 1000).toFixed(1) + ' s');
  Atomics.store(state, 1, 1);
  wait = 200;
}
if (Atomics.load(state, 1)) writeSync(2, '\\r\\x1b[K');
Atomics.store(state, 2, 1);
Atomics.notify(state, 2);
`;

/** Does the work; on a terminal, when it takes more than half a second, with a line that says what is going on. */
export function withProgress<T>(text: string, size: number, work: () => T): T {
  if (!process.stderr.isTTY || size < MIN_SIZE) return work();
  const state = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(script, { eval: true, workerData: { text, flag: state.buffer } });
  worker.unref();
  try {
    return work();
  } finally {
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
    // The line must be gone before something else is written.
    if (Atomics.load(state, 1)) Atomics.wait(state, 2, 0, 1000);
  }
}
