/** Child processes of the benchmark: each measurement runs in a fresh one, so that no run warms up another. */

import { fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));

/** V8 as the yardstick: everything compiled by the optimising compiler before the first call. */
export const optimising = ['--no-liftoff', '--no-wasm-lazy-compilation'];

export interface ChildResult<T> {
  message: T;
  stdout: Buffer;
  stderr: Buffer;
}

/** Runs a script of this folder; gives the one message that it sends, and its output. */
export function child<T>(script: string, args: string[], nodeFlags: string[] = [], cwd?: string): Promise<ChildResult<T>> {
  return new Promise((resolve, reject) => {
    const execArgv = ['--no-warnings', ...nodeFlags];
    const started = fork(join(folder, script), args, { execArgv, cwd, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let message: T | undefined;
    started.stdout!.on('data', (data: Buffer) => stdout.push(data));
    started.stderr!.on('data', (data: Buffer) => stderr.push(data));
    started.on('message', (received) => {
      message = received as T;
    });
    started.on('error', reject);
    started.on('close', (code, signal) => {
      const errors = Buffer.concat(stderr);
      if (message === undefined)
        reject(new Error(`${script} ${args[0]}: ${signal ?? `exit code ${code}`}: ${errors.toString().trim().slice(-2000)}`));
      else resolve({ message, stdout: Buffer.concat(stdout), stderr: errors });
    });
  });
}
