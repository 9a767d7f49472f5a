/** text-worker: the worker thread of the library. Parses text modules for callers that wait. */

import { parentPort } from 'node:worker_threads';
import { OuroError } from './base/errors.js';
import { parseText, TextError } from './wasm/text.js';
import type { TextReply, TextRequest } from './wasm/text-thread.js';

parentPort?.on('message', async ({ text, signal, port }: TextRequest) => {
  let reply: TextReply;
  try {
    reply = { bytes: await parseText(text) };
  } catch (error) {
    reply = {
      error: error instanceof Error ? error.message : String(error),
      isTextError: error instanceof TextError,
      code: error instanceof OuroError ? error.code : undefined,
    };
  }
  port.postMessage(reply);
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});
