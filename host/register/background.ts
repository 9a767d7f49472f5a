/** background: native code for the next start, made by a process of its own, of low priority, that outlives this one. */

import { log } from './policy.js';

/** After the application has had so much time for itself. */
const DELAY = 1000;

interface Job {
  readonly key: string;
  readonly bytes: Uint8Array;
}

let pending: Job[] = [];
let timer: NodeJS.Timeout | undefined;

/** Has native code made for a module that V8 runs. */
export function build(bytes: Uint8Array, key: string): void {
  if (pending.some((job) => job.key === key)) return;
  pending.push({ key, bytes: bytes.slice() });
  if (timer) return;
  timer = setTimeout(flush, DELAY);
  timer.unref();
  process.once('exit', flush);
}

function flush(): void {
  const jobs = pending;
  pending = [];
  clearTimeout(timer);
  timer = undefined;
  process.off('exit', flush);
  if (jobs.length === 0) return;
  log(() => `${jobs.length} modules to build`);
}
