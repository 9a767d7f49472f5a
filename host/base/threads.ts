/** threads: Node's module for threads, and the number of processors. Both are asked for when they are first needed: few programs need them, and
 *  the modules are slow to load. */

import { builtin } from './builtin.js';

let workers: typeof import('node:worker_threads') | undefined;

/** node:worker_threads. */
export function workerThreads(): typeof import('node:worker_threads') {
  workers ??= builtin<typeof import('node:worker_threads')>('worker_threads');
  return workers;
}

let processors = 0;

/** How many threads can run at the same time. */
export function parallelism(): number {
  processors ||= builtin<typeof import('node:os')>('os').availableParallelism();
  return processors;
}
