/** pool: the worker threads that compile. They are started when they are needed, and end when they have been idle for a while.
 *  In: modules. Out: promises of artifacts; for callers that block, helpers.
 *  Requires: a thread keeps the process alive only as long as somebody waits for its answer.
 *  Cost: starting a thread takes as long as compiling some 64 KiB of code. Where no thread can be started (under `node --permission` without
 *  --allow-worker, say), this thread does the work, in slices. */

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

/** A thread ends when it has been idle for so long. */
const IDLE_MILLISECONDS = 5000;
/** A module gets one thread for each so many bytes of code, and at least one. */
const THREAD_BYTES = 1 << 16;
/** A thread that compiles itself and is blocked gets one helper for each so many bytes of code. It is more than above, since starting a helper
 *  takes as long as compiling some 64 KiB. */
const HELPER_BYTES = 1 << 18;

/** A request that a thread has not answered yet. */
interface Task {
  readonly onProgress: ((progress: CompileProgress) => void) | undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  /** Whether somebody waits for the answer. Then the process stays alive. */
  wanted: boolean;
}

/** The error when no thread can be started. */
class NoThreads extends Error {}

/** A worker thread, and the requests that it has. */
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

  /** How many requests the thread has. */
  get load(): number {
    return this.#tasks.size;
  }

  /** Sends a request. The promise settles when the thread answers or ends. `wanted`: somebody waits for the answer, so the process must not end
   *  before. */
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

  /** Notes that nobody waits for the answer to this request any more. */
  forget(id: number): void {
    const task = this.#tasks.get(id);
    if (task) task.wanted = false;
    this.#hold();
  }

  /** Keeps the process alive exactly as long as somebody waits for an answer of this thread. */
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

/** The `count` threads with the fewest requests, `limit` at most. New ones are started while there are fewer than `limit` and the system lets it.
 *  Throws NoThreads if there is none. */
function leastLoaded(count: number, limit = parallelism()): Thread[] {
  const chosen = [...threads].sort((a, b) => a.load - b.load).slice(0, Math.min(count, limit));
  try {
    // A new thread takes the place of each one that is busy.
    for (let i = 0; i < chosen.length && threads.size < limit; i++) if (chosen[i].load > 0) chosen[i] = newThread();
    while (chosen.length < count && threads.size < limit) chosen.push(newThread());
  } catch (error) {
    if (!(error instanceof NoThreads) || chosen.length === 0) throw error;
  }
  return chosen;
}

function newThread(): Thread {
  const thread = new Thread();
  threads.add(thread);
  return thread;
}

/** The promise `work`, but it rejects as soon as the signal aborts, whatever becomes of the work. `onAbort` may then end the work. */
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

/** Asks helpers to help with a job, and gives the ports at which the lead receives what they compile. */
function engage(helpers: readonly Thread[], job: Job, compiler: Compiler, onProgress?: (progress: CompileProgress) => void): MessagePort[] {
  return helpers.map((helper) => {
    const { port1, port2 } = new (workerThreads().MessageChannel)();
    const request: Request = { id: ++lastId, compiler, kind: 'help', job, port: port2, progress: onProgress !== undefined };
    // If a helper fails, the lead goes on without it.
    helper.run(request, [port2], false, onProgress).catch(() => {});
    return port1;
  });
}

/** Compiles a module on other threads; compile.ts, `compileWasmAsync`, has the copy of the bytes made, which must not change any more. */
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
  // The messages of several threads may overtake each other. So the first one that comes may not be that with 0, and later ones may say less.
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

/** Compiles on other threads, or on this one in slices when no thread can be started. */
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
      // If the lead has died, its helpers need not go on.
      stop(job.control);
      throw error;
    }
  }
  const onCompiled = onProgress && ((done: number, total: number) => onProgress({ done, total }));
  const work = withCoreAsync(compiler, (core) => compileInSlices(core, job, onCompiled));
  return { id: 0, artifact: await unlessAborted(signal, () => stop(job.control), work) };
}

/** Compiles on this thread, with helpers where the module is large enough. */
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

/** The bytes as they are now, in shared memory, where all threads can read them. Bytes that are in shared memory already are not copied. */
export function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Has the native core made by a thread of its own, which does not keep the process alive. */
export async function makeNativeCore(): Promise<void> {
  await new Thread().run({ id: ++lastId, compiler: 'wasm', kind: 'native-core' }, [], false);
}

/** Validates on another thread, or on this one when no thread can be started. The bytes must not change any more. */
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
