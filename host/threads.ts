/** threads: Node's modules for threads, loaded when they are first needed: few programs need them, and they are slow to load. */

import { createRequire } from 'node:module';

let workers: typeof import('node:worker_threads') | undefined;

export function workerThreads(): typeof import('node:worker_threads') {
  workers ??= createRequire(import.meta.url)('node:worker_threads') as typeof import('node:worker_threads');
  return workers;
}

let processors = 0;

/** How many threads can run at the same time. */
export function parallelism(): number {
  processors ||= (createRequire(import.meta.url)('node:os') as typeof import('node:os')).availableParallelism();
  return processors;
}
