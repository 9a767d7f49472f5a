/** text-thread: the text format in a worker thread: for callers that cannot wait (this thread sleeps meanwhile), and for texts that would block
 *  this one for long. The thread takes half a second to start, and stays. */

import type { MessagePort, Worker } from 'node:worker_threads';
import { startThread } from '../base/children.js';
import { workerThreads } from '../base/threads.js';
import { OuroError, type OuroErrorCode } from '../base/errors.js';
import { parseText, TextError } from './text.js';

/** What the worker is asked. */
export interface TextRequest {
  readonly text: string;
  readonly signal: Int32Array;
  readonly port: MessagePort;
}

export interface TextReply {
  readonly bytes?: Uint8Array;
  readonly error?: string;
  readonly isTextError?: boolean;
  /** Of an OuroError. */
  readonly code?: OuroErrorCode;
}

/** A worker that has died cannot say so to a thread that sleeps. */
const PATIENCE = 120_000;

/** Shorter texts are parsed sooner than another thread has heard of them. */
const LONG_TEXT = 32_768;

let worker: Worker | undefined;

/** Asks the worker; its reply will be at the port, and the signal set. */
function ask(text: string): { port: MessagePort; signal: Int32Array; worker: Worker } {
  const { MessageChannel } = workerThreads();
  if (!worker) {
    const started = startThread('text-worker');
    worker = started;
    started.on('error', () => forget(started));
    started.on('exit', () => forget(started));
  }
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ text, signal, port: port2 } satisfies TextRequest, [port2]);
  return { port: port1, signal, worker };
}

function forget(ended: Worker): void {
  if (worker === ended) worker = undefined;
}

function take(reply: TextReply | undefined): Uint8Array {
  if (reply?.bytes) return reply.bytes;
  const message = reply?.error ?? 'the thread that parses the text format gave no answer';
  throw reply?.isTextError ? new TextError(message) : new OuroError(reply?.code ?? 'THREAD_DIED', message);
}

/** The binary of a module in text format. Throws as `parseText` does. */
export function parseTextSync(text: string): Uint8Array {
  const { port, signal, worker } = ask(text);
  if (Atomics.wait(signal, 0, 0, PATIENCE) === 'timed-out') {
    forget(worker);
    void worker.terminate();
  }
  const reply = workerThreads().receiveMessageOnPort(port)?.message as TextReply | undefined;
  port.close();
  return take(reply);
}

/** The same without sleeping; a long text is parsed in the worker. */
export async function parseTextAsync(text: string): Promise<Uint8Array> {
  if (text.length < LONG_TEXT) return parseText(text);
  const { port } = ask(text);
  // The port keeps the process alive until the answer is there; it closes, without one, when the worker ends.
  const reply = await new Promise<TextReply | undefined>((resolve) => {
    port.once('message', resolve);
    port.once('close', () => resolve(undefined));
  });
  port.close();
  return take(reply);
}
