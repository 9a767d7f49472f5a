/** text-sync: the text format for callers that cannot wait: a worker thread parses while this one sleeps. Costs half a second the first
 *  time; where waiting is possible, `parseText` is the better way. */

import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { OuroError, type OuroErrorCode } from './errors.js';
import { TextError } from './text.js';

/** What the worker is asked. */
export interface TextRequest {
  readonly text: string;
  readonly signal: Int32Array;
  readonly port: import('node:worker_threads').MessagePort;
}

export interface TextReply {
  readonly bytes?: Uint8Array;
  readonly error?: string;
  readonly isTextError?: boolean;
  /** Of an OuroError. */
  readonly code?: OuroErrorCode;
}

type Workers = typeof import('node:worker_threads');

let worker: Worker | undefined;

/** The binary of a module in text format. Throws as `parseText` does. */
export function parseTextSync(text: string): Uint8Array {
  // Loaded late: few programs need it, and it is slow to load.
  const { MessageChannel, receiveMessageOnPort, Worker } = createRequire(import.meta.url)('node:worker_threads') as Workers;
  if (!worker) {
    worker = new Worker(new URL('./worker.js', import.meta.url), { execArgv: ['--no-warnings'] });
    worker.unref();
  }
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ text, signal, port: port2 } satisfies TextRequest, [port2]);
  Atomics.wait(signal, 0, 0);
  const reply = receiveMessageOnPort(port1)?.message as TextReply | undefined;
  port1.close();
  if (reply?.bytes) return reply.bytes;
  const message = reply?.error ?? 'the parser of the text format gave no answer';
  throw reply?.isTextError ? new TextError(message) : new OuroError(reply?.code ?? 'THREAD_DIED', message);
}
