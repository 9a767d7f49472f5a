/** compile-worker: a thread that compiles for others. */

import { parentPort } from 'node:worker_threads';
import { withCore } from './cores.js';
import { type Reply, type Request, toPlain } from './job.js';

const answer = (reply: Reply, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(reply, transfer);

parentPort!.on('message', (request: Request) => {
  const { id, bytes, compiler } = request;
  try {
    if (request.kind === 'validate') {
      withCore(compiler, (core) => core.validate(bytes, request.features));
      answer({ id });
    } else {
      const artifact = withCore(compiler, (core) => core.compile(bytes, request.options));
      answer({ id, artifact }, [artifact.buffer as ArrayBuffer]);
    }
  } catch (error) {
    answer({ id, error: toPlain(error) });
  }
});
