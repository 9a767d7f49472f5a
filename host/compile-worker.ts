/** compile-worker: a thread that compiles for others. */

import { parentPort } from 'node:worker_threads';
import { withCore } from './compile/cores.js';
import { useNativeCores } from './compile/native-cores.js';
import { ownNativeCores, makeNativeCore } from './selfhost/native-core.js';
import { type Reply, type Request, toPlain } from './compile/job.js';
import { help, lead } from './compile/parallel.js';

useNativeCores(() => ownNativeCores);

const post = (reply: Reply, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(reply, transfer);

function serve(request: Request): Reply {
  const { id, compiler } = request;
  if (request.kind === 'native-core') {
    makeNativeCore();
    return { id };
  }
  if (request.kind === 'validate') {
    withCore(compiler, (core) => core.validate(request.bytes, request.features));
    return { id };
  }
  const onCompiled = request.progress ? (done: number, total: number) => post({ id, progress: { done, total } }) : undefined;
  if (request.kind === 'help') {
    withCore(compiler, (core) => help(core, request.job, request.port, onCompiled));
    return { id };
  }
  return { id, artifact: withCore(compiler, (core) => lead(core, request.job, request.ports, onCompiled)) };
}

parentPort!.on('message', (request: Request) => {
  let reply: Reply;
  try {
    reply = serve(request);
  } catch (error) {
    reply = { id: request.id, error: toPlain(error) };
  }
  post(reply, reply.artifact ? [reply.artifact.buffer as ArrayBuffer] : []);
});

post({ id: 0 });
