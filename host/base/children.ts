/** children: threads and processes of Ouro's own. They are no part of the application: they get none of its flags, hooks and NODE_OPTIONS, some of which
 *  a thread refuses, and others would load the application's code; nor do they get the drop-in. */

import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { filesFolder } from './bundled.js';
import { workerThreads } from './threads.js';

/** Their environment variables. */
export function childEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return { ...rest, OURO_REGISTER: 'off', ...more };
}

/** The path of an entry, by its name. */
export const childEntry = (name: string): string => join(filesFolder, `${name}.js`);

/** A thread with an entry of Ouro's. It keeps no process alive. Throws where Node starts no threads. */
export function startThread(name: string): Worker {
  const { Worker } = workerThreads();
  const thread = new Worker(childEntry(name), { execArgv: ['--no-warnings'], env: childEnvironment() as NodeJS.Dict<string> });
  thread.unref();
  return thread;
}
