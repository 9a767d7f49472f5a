/** Worker threads with the native helper: loaded first by a worker that ends, several at once, a worker stopped while wasm is left. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { add, importLoop, load } from '../support/codes.js';
import { loadHelper, Machine, TrapError } from '../support/machine.js';

const script = new URL('../support/native-worker.js', import.meta.url);

async function runWorker(rounds: number): Promise<number> {
  const worker = new Worker(script, { workerData: { rounds } });
  const ended = once(worker, 'exit');
  const [traps] = await once(worker, 'message');
  await ended;
  return traps;
}

test('a worker loads the helper first and ends, then the main thread traps', async () => {
  assert.is(await runWorker(20), 40);
  const v8 = new WebAssembly.Memory({ initial: 1 });
  const helper = loadHelper();
  const machine = new Machine(helper, [load], { memory: helper.address(new Uint8Array(v8.buffer)) });
  assert.throws(
    () => machine.call(0, 1 << 20),
    (error: unknown) => error instanceof TrapError,
  );
  machine.close();
});

test('several workers at once', async () => {
  assert.equal(await Promise.all([300, 200, 300].map(runWorker)), [600, 400, 600]);
});

test('a worker is terminated while wasm is left', async () => {
  const helper = loadHelper();
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       (async () => {
         const { loadHelper, Machine } = await import(${JSON.stringify(new URL('../support/machine.js', import.meta.url).href)});
         const { importLoop } = await import(${JSON.stringify(new URL('../support/codes.js', import.meta.url).href)});
         const machine = new Machine(loadHelper(), [importLoop]);
         machine.hostImport(0, () => { parentPort.postMessage('in'); for (;;); });
         machine.call(0, 5);
       })();`,
      { eval: true },
    );
    await once(worker, 'message');
    await worker.terminate();
  }
  const machine = new Machine(helper, [add, importLoop]);
  assert.is(machine.call(0, 1, 2), 3);
  machine.close();
});

test('a worker is terminated while the pool hashes bytes that nobody else keeps', async () => {
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(
      `import(${JSON.stringify(new URL('../support/machine.js', import.meta.url).href)}).then(({ loadHelper }) => {
         const helper = loadHelper();
         const mapping = helper.mapBytes(new Uint8Array(20_000_000));
         helper.hashMapping(mapping.address, mapping.size, 0, 0);
         helper.hashBytes(new Uint8Array(20_000_000));
         require('node:worker_threads').parentPort.postMessage('hashing');
         setInterval(() => {}, 1000);
       });`,
      { eval: true },
    );
    await once(worker, 'message');
    await worker.terminate();
  }
});

test.run();
