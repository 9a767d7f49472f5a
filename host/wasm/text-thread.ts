/** text-thread: parses the text format in a worker thread. There are two uses: callers that must have the binary at once, for whom this thread sleeps
 *  until the worker is done; and long texts, which would block this thread for too long.
 *  In: a text. Out: a wasm binary; the errors of `parseText`, or OuroError `THREAD_DIED`.
 *  Cost: the thread takes half a second to start. It stays for later texts. */

import type { MessagePort, Worker } from 'node:worker_threads';
import { startThread } from '../base/children.js';
import { workerThreads } from '../base/threads.js';
import { OuroError, type OuroErrorCode } from '../base/errors.js';
import { parseText, TextError } from './text.js';

/** A request to the worker. */
export interface TextRequest {
  readonly text: string;
  /** One word in shared memory. The worker sets it when it has replied, and wakes a thread that sleeps on it. */
  readonly signal: Int32Array;
  /** Where the reply goes. */
  readonly port: MessagePort;
}

/** The worker's reply: the binary, or the message of an error. */
export interface TextReply {
  readonly bytes?: Uint8Array;
  readonly error?: string;
  readonly isTextError?: boolean;
  /** The code of an OuroError. */
  readonly code?: OuroErrorCode;
}

/** Milliseconds that this thread sleeps at most. A worker that has died cannot tell a thread that sleeps. */
const PATIENCE = 120_000;

/** In characters. A shorter text is parsed on this thread, in less time than it takes to reach another. */
const LONG_TEXT = 32_768;

let worker: Worker | undefined;

/** Sends a text to the worker. Its reply will come to the port, and then the signal is set. */
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

/** Notes that a worker has ended, so that the next text gets a new one. */
function forget(ended: Worker): void {
  if (worker === ended) worker = undefined;
}

/** The binary in a reply. Throws the error in it. */
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

/** The binary of a module in text format, without blocking: a long text is parsed in the worker. Throws as `parseText` does. */
export async function parseTextAsync(text: string): Promise<Uint8Array> {
  if (text.length < LONG_TEXT) return parseText(text);
  const { port } = ask(text);
  // The port keeps the process alive until the reply is there. If the worker ends before that, the port closes without a reply.
  const reply = await new Promise<TextReply | undefined>((resolve) => {
    port.once('message', resolve);
    port.once('close', () => resolve(undefined));
  });
  port.close();
  return take(reply);
}
