/** parallel: several threads compile one module. One of them is the lead, the others are its helpers. The lead compiles chunks as the helpers do,
 *  joins the parts that they send, and links.
 *  In: a module's bytes and options, a control block in shared memory, ports between the lead and its helpers.
 *  Out: the artifact: the same bytes for any number of threads.
 *  Requires: the bytes do not change, and all threads make the same plan of chunks from them. A thread that is free takes the next chunk by
 *  counting in the control block. So nobody hands out work, and a thread that starts late, is slow or dies holds up nobody: when a chunk takes
 *  longer than it should, the lead compiles it itself. The lead waits only for chunks that a running thread has taken. So threads that lead one
 *  job and help with another cannot block each other.
 *  Cost: each thread decodes and validates the whole module in its own core. */

import type { MessagePort } from 'node:worker_threads';
import type { CompileOptions, Core } from './core.js';
import { workerThreads } from '../base/threads.js';
import { setImmediate } from '../base/timers.js';

/** Bytes of function bodies in a chunk, about. That is some 10 ms of work; a thread can stop after each chunk. */
const CHUNK_BYTES = 1 << 14;

// Words of the control block.
/** How many chunks have been taken. */
const TAKEN = 0;
/** 1 when the threads shall stop. */
const STOPPED = 1;
/** How many functions have been compiled. */
const COMPILED = 2;
/** How many chunks helpers have sent. The lead sleeps on this word. */
const SENT = 3;
const WORDS = 4;

/** The control block of a job, which all its threads share. */
export type Control = Int32Array<SharedArrayBuffer>;

export function newControl(): Control {
  return new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** Asks all threads of a job to stop after their present chunk. */
export function stop(control: Control): void {
  Atomics.store(control, STOPPED, 1);
  Atomics.notify(control, SENT);
}

function isStopped(control: Control): boolean {
  return Atomics.load(control, STOPPED) === 1;
}

/** A listener that is told how many of a module's functions have been compiled; the first time it is told 0. */
export type OnCompiled = (done: number, total: number) => void;

/** The compilation of one module, as all its threads get it. */
export interface Job {
  readonly bytes: Uint8Array;
  readonly options: CompileOptions;
  readonly control: Control;
}

/** A run of neighbouring functions, by their positions among those that the module defines. `bytes`: the size of their bodies. */
interface Chunk {
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
}

/** How a module's functions are shared out. */
interface Plan {
  /** How many functions there are. */
  readonly functions: number;
  /** In index order. */
  readonly chunks: readonly Chunk[];
  /** The indices of the chunks in the order in which they are taken: first those that take much longer than others, the largest first. */
  readonly order: readonly number[];
}

/** @internal Makes the plan from the sizes of all function bodies, in bytes. */
export function planChunks(sizes: Uint32Array, chunkBytes = CHUNK_BYTES): Plan {
  const chunks: Chunk[] = [];
  for (let first = 0; first < sizes.length; ) {
    let bytes = 0;
    let end = first;
    while (end < sizes.length && (end === first || bytes + sizes[end] <= chunkBytes)) bytes += sizes[end++];
    chunks.push({ first, count: end - first, bytes });
    first = end;
  }
  const urgency = ({ bytes }: Chunk) => (bytes > 2 * chunkBytes ? bytes : 0);
  const order = chunks.map((_, i) => i).sort((a, b) => urgency(chunks[b]) - urgency(chunks[a]) || a - b);
  return { functions: sizes.length, chunks, order };
}

/** Takes chunks and compiles them until none is left, or the job is stopped. `done` gets each compiled part. */
function work(core: Core, plan: Plan, control: Control, done: (index: number, part: Uint8Array) => void, onCompiled?: OnCompiled): void {
  while (!isStopped(control)) {
    const turn = Atomics.add(control, TAKEN, 1);
    if (turn >= plan.order.length) return;
    const index = plan.order[turn];
    const { first, count } = plan.chunks[index];
    done(index, core.compilePart(first, count));
    const compiled = Atomics.add(control, COMPILED, count) + count;
    onCompiled?.(compiled, plan.functions);
  }
}

/** A compiled chunk on its way from a helper to the lead. */
interface Sent {
  readonly index: number;
  readonly part: Uint8Array;
}

/** Helps the thread that leads a job. Nothing is done about errors: what fails here fails in the lead too, which reports it. */
export function help(core: Core, { bytes, options, control }: Job, port: MessagePort, onCompiled?: OnCompiled): void {
  if (isStopped(control)) return;
  const send = (index: number, part: Uint8Array) => {
    port.postMessage({ index, part } satisfies Sent, [part.buffer as ArrayBuffer]);
    Atomics.add(control, SENT, 1);
    Atomics.notify(control, SENT);
  };
  try {
    core.begin(bytes, options);
    work(core, planChunks(core.bodySizes()), control, send, onCompiled);
  } catch {
  } finally {
    core.end();
  }
}

/** Compiles a module with the helpers at the other ends of `ports`. Gives the artifact; undefined when the job was stopped. Throws what
 *  `Core.compile` throws. */
export function lead(
  core: Core,
  { bytes, options, control }: Job,
  ports: readonly MessagePort[],
  onCompiled?: OnCompiled,
): Uint8Array | undefined {
  try {
    core.begin(bytes, options);
    const plan = planChunks(core.bodySizes());
    onCompiled?.(0, plan.functions);
    if (ports.length === 0) {
      for (const _ of compileChunks(core, plan, onCompiled)) if (isStopped(control)) return undefined;
      return core.link();
    }
    const parts: Uint8Array[] = new Array(plan.chunks.length);
    let ownBytes = 1;
    const started = performance.now();
    const keep = (index: number, part: Uint8Array) => {
      parts[index] = part;
      ownBytes += plan.chunks[index].bytes;
    };
    work(core, plan, control, keep, onCompiled);
    const millisecondsPerByte = (performance.now() - started) / ownBytes;
    collect(core, plan, control, ports, parts, millisecondsPerByte);
    return isStopped(control) ? undefined : core.link(parts);
  } finally {
    core.end();
    stop(control);
    for (const port of ports) port.close();
  }
}

/** Waits for the chunks that helpers have taken, and puts them into `parts`. A chunk that takes longer than it should is compiled here: its thread
 *  has died, or gets no processor because others are busy. `cost`: milliseconds for each byte of a body, as this thread has measured them. */
function collect(core: Core, plan: Plan, control: Control, ports: readonly MessagePort[], parts: Uint8Array[], cost: number): void {
  const { receiveMessageOnPort } = workerThreads();
  for (;;) {
    const sent = Atomics.load(control, SENT);
    for (const port of ports) {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
        const { index, part } = next.message as Sent;
        parts[index] = part;
      }
    }
    const missing = plan.order.find((index) => parts[index] === undefined);
    if (missing === undefined || isStopped(control)) return;
    const { first, count, bytes } = plan.chunks[missing];
    const patience = 2 + 1.5 * bytes * cost;
    if (Atomics.wait(control, SENT, sent, patience) === 'timed-out') parts[missing] = core.compilePart(first, count);
  }
}

/** Compiles all chunks in index order, one at each step. */
function* compileChunks(core: Core, { chunks, functions }: Plan, onCompiled?: OnCompiled): Generator<void> {
  for (const { first, count } of chunks) {
    yield;
    core.compileNext(count);
    onCompiled?.(first + count, functions);
  }
}

/** Compiles a module on this thread alone, and lets the event loop turn between chunks. Gives the artifact; undefined when the job was stopped. */
export async function compileInSlices(
  core: Core,
  { bytes, options, control }: Job,
  onCompiled?: OnCompiled,
): Promise<Uint8Array | undefined> {
  try {
    core.begin(bytes, options);
    const plan = planChunks(core.bodySizes());
    onCompiled?.(0, plan.functions);
    for (const _ of compileChunks(core, plan, onCompiled)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isStopped(control)) return undefined;
    }
    return core.link();
  } finally {
    core.end();
  }
}
