/** pool: worker threads that compile. They are started when they are needed, kept warm for a while, and never keep a process alive that has
 *  nothing else to do. */

import { Worker } from 'node:worker_threads';
import { OuroError } from './errors.js';
import { fromPlain, type Reply, type Request } from './job.js';

/** How long an idle thread waits for more work. */
const IDLE_MILLISECONDS = 5000;

interface Task {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

class Thread {
  readonly tasks = new Map<number, Task>();
  readonly #worker: Worker;
  #retirement: NodeJS.Timeout | undefined;

  constructor() {
    // None of the application's flags or hooks: some are refused in a thread, and others would load the application's code.
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#worker = new Worker(new URL('./compile-worker.js', import.meta.url), {
      execArgv: ['--no-warnings'],
      env: { ...env, OURO_REGISTER: 'off' },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => {
      const task = this.tasks.get(reply.id);
      this.#end(reply.id);
      if (reply.error) task?.reject(fromPlain(reply.error));
      else task?.resolve(reply);
    });
    this.#worker.on('error', (cause) => this.#die(cause));
    this.#worker.on('exit', () => this.#die(undefined));
  }

  run(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.tasks.set(request.id, { resolve, reject });
      clearTimeout(this.#retirement);
      this.#worker.ref();
      this.#worker.postMessage(request);
    });
  }

  /** Nobody waits for this task any more. */
  #end(id: number): void {
    this.tasks.delete(id);
    if (this.tasks.size > 0) return;
    this.#worker.unref();
    clearTimeout(this.#retirement);
    this.#retirement = setTimeout(() => {
      threads.delete(this);
      void this.#worker.terminate();
    }, IDLE_MILLISECONDS);
    this.#retirement.unref();
  }

  #die(cause: Error | undefined): void {
    threads.delete(this);
    clearTimeout(this.#retirement);
    const reason = cause ? `: ${cause.message}` : '';
    for (const task of this.tasks.values())
      task.reject(new OuroError('THREAD_DIED', `the thread that compiled has ended${reason}`, { cause }));
    this.tasks.clear();
  }
}

const threads = new Set<Thread>();
let lastId = 0;

/** A number for a task. */
export function newId(): number {
  return ++lastId;
}

/** The thread with the least to do; a new one when all are busy and there may be more. */
function freeThread(limit: number): Thread {
  let best: Thread | undefined;
  for (const thread of threads) if (!best || thread.tasks.size < best.tasks.size) best = thread;
  if (best && (best.tasks.size === 0 || threads.size >= limit)) return best;
  const thread = new Thread();
  threads.add(thread);
  return thread;
}

export function run(request: Request): Promise<Reply> {
  return freeThread(2).run(request);
}
