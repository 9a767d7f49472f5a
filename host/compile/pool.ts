/** pool: worker threads that compile. They are started when they are needed, kept warm for a while, and never keep a process alive that has
 *  nothing else to do.
 *  In: modules.  Out: promises of artifacts; for callers that block, helpers.
 *  Where threads cannot be started (as under `node --permission` without --allow-worker) the work is done here, in slices. */

import type { MessagePort, TransferListItem, Worker } from 'node:worker_threads';
import { startThread } from '../base/children.js';
import type { AsyncOptions, CompileProgress } from './progress.js';
import type { Compiler, CompileOptions } from './core.js';
import { withCore, withCoreAsync } from './cores.js';
import { OuroError } from '../base/errors.js';
import { fromPlain, type Reply, type Request } from './job.js';
import { compileInSlices, type Job, lead, newControl, stop } from './parallel.js';
import { codeSectionSize } from '../wasm/binary.js';
import { parallelism, workerThreads } from '../base/threads.js';
import { clearTimeout, setTimeout } from '../base/timers.js';

/** How long an idle thread waits for more work. */
const IDLE_MILLISECONDS = 5000;
/** Bytes of code for each thread, at least. */
const THREAD_BYTES = 1 << 16;
/** The same for each thread beside one that is blocked meanwhile: starting a thread takes as long as compiling some 64 KiB. */
const HELPER_BYTES = 1 << 18;

interface Task {
  readonly onProgress: ((progress: CompileProgress) => void) | undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  /** Whether somebody waits for it: then the process stays alive. */
  wanted: boolean;
}

/** No thread could be started. */
class NoThreads extends Error {}

class Thread {
  readonly #tasks = new Map<number, Task>();
  readonly #worker: Worker;
  #started = false;
  #retirement: NodeJS.Timeout | undefined;

  constructor() {
    try {
      this.#worker = startThread('compile-worker');
    } catch (cause) {
      throw new NoThreads('no thread can be started', { cause });
    }
    this.#worker.on('message', (reply: Reply) => this.#hear(reply));
    this.#worker.on('error', (cause) => this.#die(cause));
    this.#worker.on('exit', () => this.#die(undefined));
  }

  get load(): number {
    return this.#tasks.size;
  }

  /** Settled by the thread's answer or end. `wanted`: somebody waits for it, so the process must not end before. */
  run(
    request: Request,
    transfer: readonly TransferListItem[] = [],
    wanted = true,
    onProgress?: (progress: CompileProgress) => void,
  ): Promise<Reply> {
    clearTimeout(this.#retirement);
    return new Promise((resolve, reject) => {
      this.#tasks.set(request.id, { onProgress, resolve, reject, wanted });
      this.#worker.postMessage(request, transfer);
      this.#hold();
    });
  }

  /** Nobody waits for this task any more. */
  forget(id: number): void {
    const task = this.#tasks.get(id);
    if (task) task.wanted = false;
    this.#hold();
  }

  /** Keeps the process alive as long as somebody waits for a task. */
  #hold(): void {
    for (const { wanted } of this.#tasks.values()) {
      if (!wanted) continue;
      this.#worker.ref();
      return;
    }
    this.#worker.unref();
  }

  #hear({ id, progress, ...reply }: Reply): void {
    this.#started = true;
    const task = this.#tasks.get(id);
    if (!task) return;
    if (progress) {
      task.onProgress?.(progress);
      return;
    }
    this.#tasks.delete(id);
    this.#hold();
    if (this.#tasks.size === 0) this.#retirement = setTimeout(() => this.#retire(), IDLE_MILLISECONDS).unref();
    if (reply.error) task.reject(fromPlain(reply.error));
    else task.resolve({ id, ...reply });
  }

  #retire(): void {
    threads.delete(this);
    void this.#worker.terminate();
  }

  #die(cause: Error | undefined): void {
    threads.delete(this);
    clearTimeout(this.#retirement);
    const error = this.#started
      ? new OuroError('THREAD_DIED', `a thread that compiled has ended${cause ? `: ${cause.message}` : ''}`, { cause })
      : new NoThreads('a thread ended as it started', { cause });
    for (const task of this.#tasks.values()) task.reject(error);
    this.#tasks.clear();
  }
}

const threads = new Set<Thread>();
let lastId = 0;

/** The `count` threads with the least to do, no more than `limit`. Throws NoThreads. */
function leastLoaded(count: number, limit = parallelism()): Thread[] {
  const chosen = [...threads].sort((a, b) => a.load - b.load).slice(0, Math.min(count, limit));
  // A new thread is better than one that is busy.
  for (let i = 0; i < chosen.length && threads.size < limit; i++) if (chosen[i].load > 0) chosen[i] = newThread();
  while (chosen.length < count && threads.size < limit) chosen.push(newThread());
  return chosen;
}

function newThread(): Thread {
  const thread = new Thread();
  threads.add(thread);
  return thread;
}

/** Rejects as soon as the signal says so, whatever the work does then. */
function unlessAborted<T>(signal: AbortSignal | undefined, onAbort: () => void, work: Promise<T>): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      onAbort();
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Hands helpers their share of a job; the ports at which the lead hears of them. */
function engage(helpers: readonly Thread[], job: Job, compiler: Compiler, onProgress?: (progress: CompileProgress) => void): MessagePort[] {
  return helpers.map((helper) => {
    const { port1, port2 } = new (workerThreads().MessageChannel)();
    const request: Request = { id: ++lastId, compiler, kind: 'help', job, port: port2, progress: onProgress !== undefined };
    // The lead does without a helper that fails.
    helper.run(request, [port2], false, onProgress).catch(() => {});
    return port1;
  });
}

/** See `compileWasmAsync`. The bytes must not change any more. */
export async function compile(
  bytes: Uint8Array,
  options: CompileOptions,
  compiler: Compiler,
  { signal, onProgress, parallel = true }: AsyncOptions,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const job: Job = { bytes, options, control: newControl() };
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // The messages of several threads may overtake each other, also the first one, with 0.
  let last: CompileProgress | undefined;
  const report = (progress: CompileProgress): void => {
    if (!last && progress.done > 0) report({ done: 0, total: progress.total });
    if (signal?.aborted || (last && progress.done <= last.done)) return;
    last = progress;
    try {
      onProgress?.(progress);
    } catch (error) {
      stop(job.control);
      fail(error);
    }
  };
  const hear = onProgress && report;

  const { artifact } = await Promise.race([failed, compileSomewhere(job, compiler, parallel, signal, hear)]);
  if (hear) report({ done: last?.total ?? 0, total: last?.total ?? 0 });
  return artifact!;
}

async function compileSomewhere(
  job: Job,
  compiler: Compiler,
  parallel: boolean,
  signal: AbortSignal | undefined,
  onProgress?: (progress: CompileProgress) => void,
): Promise<Reply> {
  const count = parallel ? Math.max(1, Math.floor(codeSectionSize(job.bytes) / THREAD_BYTES)) : 1;
  try {
    const [first, ...helpers] = leastLoaded(count);
    const ports = engage(helpers, job, compiler, onProgress);
    const request: Request = { id: ++lastId, compiler, kind: 'lead', job, ports, progress: onProgress !== undefined };
    const onAbort = () => {
      stop(job.control);
      first.forget(request.id);
    };
    return await unlessAborted(signal, onAbort, first.run(request, ports, true, onProgress));
  } catch (error) {
    if (!(error instanceof NoThreads)) {
      // When the lead has died, its helpers need not go on.
      stop(job.control);
      throw error;
    }
  }
  const onCompiled = onProgress && ((done: number, total: number) => onProgress({ done, total }));
  const work = withCoreAsync(compiler, (core) => compileInSlices(core, job, onCompiled));
  return { id: 0, artifact: await unlessAborted(signal, () => stop(job.control), work) };
}

/** Compiles on this thread, with the help of others where that pays. */
export function compileWithHelp(bytes: Uint8Array, options: CompileOptions, compiler: Compiler): Uint8Array {
  const count = Math.min(parallelism() - 1, Math.floor(codeSectionSize(bytes) / HELPER_BYTES));
  if (count === 0) return withCore(compiler, (core) => core.compile(bytes, options));
  const job: Job = { bytes: shared(bytes), options, control: newControl() };
  let helpers: Thread[] = [];
  try {
    helpers = leastLoaded(count, parallelism() - 1);
  } catch (error) {
    if (!(error instanceof NoThreads)) throw error;
  }
  return withCore(compiler, (core) => lead(core, job, engage(helpers, job, compiler))!);
}

/** The bytes as they are now, where all threads see them. */
export function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Has the native core made, by a thread that does nothing else and keeps no process alive. */
export async function makeNativeCore(): Promise<void> {
  await new Thread().run({ id: ++lastId, compiler: 'wasm', kind: 'native-core' }, [], false);
}

/** See `validateWasmAsync`. */
export async function validate(bytes: Uint8Array, features: number, compiler: Compiler, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const request: Request = { id: ++lastId, compiler, kind: 'validate', bytes, features };
  try {
    const [thread] = leastLoaded(1);
    await unlessAborted(signal, () => thread.forget(request.id), thread.run(request));
  } catch (error) {
    if (!(error instanceof NoThreads)) throw error;
    withCore(compiler, (core) => core.validate(bytes, features));
  }
}
