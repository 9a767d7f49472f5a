/** Cost grows with a function's size, not with its square: each shape of test/support/stress.ts, four times as large, may take twelve
 *  times as long at most (a square takes sixteen). Processor time, the best of several, so that other processes do not count. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wasmCore } from '../../host/compile/cores.js';
import { Engine } from '../../host/index.js';
import { shapes } from '../support/stress.js';

const test = suite('scaling');
const TRIES = 3;
const MAX_RATIO = 12;
/** Less than this is noise. */
const MIN_MS = 4;
const core = wasmCore();

function cost(wasm: Uint8Array, options: Engine['compileOptions']): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    const before = process.cpuUsage().user;
    core.compile(wasm, options);
    best = Math.min(best, (process.cpuUsage().user - before) / 1000);
  }
  return Math.max(best, MIN_MS);
}

for (const optLevel of ['none', 'speed'] as const) {
  const options = new Engine({ optLevel, compiler: 'wasm' }).compileOptions;
  for (const [name, { size, make }] of Object.entries(shapes)) {
    test(`${name}, ${optLevel}`, () => {
      const ratio = cost(make(4 * size), options) / cost(make(size), options);
      assert.ok(ratio < MAX_RATIO, `four times as much takes ${ratio.toFixed(1)} times as long`);
    });
  }
}

test.run();
