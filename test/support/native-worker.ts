/** A worker thread for the native helper's tests: calls, traps and leaves `rounds` times, posts how many traps it saw. */

import { parentPort, workerData } from 'node:worker_threads';
import { callImport, load, recurse } from './codes.js';
import { loadHelper, Machine, TrapError } from './machine.js';

const helper = loadHelper();
const memory = new WebAssembly.Memory({ initial: 1 });
const machine = new Machine(helper, [callImport, load, recurse], { memory: helper.address(new Uint8Array(memory.buffer)), stack: 65536 });
let traps = 0;

function trapping(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof TrapError)) throw error;
    traps++;
  }
}

machine.hostImport(0, () => trapping(() => machine.call(1, 65536)));
for (let round = 0; round < workerData.rounds; round++) {
  machine.call(0);
  trapping(() => machine.call(2));
}
parentPort!.postMessage(traps);
