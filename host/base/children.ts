/** children: starts Ouro's own threads, and tells how to start its processes. They are no part of the application, so they get none of its flags,
 *  hooks and NODE_OPTIONS: a thread refuses some of these, and others would load the application's code. They do not get the drop-in either. */

import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { filesFolder } from './bundled.js';
import { workerThreads } from './threads.js';

/** The environment variables of a thread or process of ours. `more`: variables to add. */
export function childEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return { ...rest, OURO_REGISTER: 'off', ...more };
}

/** The path of the file that a thread or process of ours begins with, by its name. */
export const childEntry = (name: string): string => join(filesFolder, `${name}.js`);

/** Starts a thread of ours, by the name of its entry. It does not keep the process alive. Throws where Node cannot start threads. */
export function startThread(name: string): Worker {
  const { Worker } = workerThreads();
  const thread = new Worker(childEntry(name), { execArgv: ['--no-warnings'], env: childEnvironment() as NodeJS.Dict<string> });
  thread.unref();
  return thread;
}
