/** Cost grows with a function's size, not with its square: each shape of test/support/stress.ts, four times as large, may take twelve
 *  times as long at most (a square takes sixteen). Processor time, the least of several, so that other processes do not count; where they are in the
 *  way all the same, of many. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wasmCore } from '../../host/compile/cores.js';
import { Engine } from '../../host/index.js';
import { shapes } from '../support/stress.js';

const test = suite('scaling');
const TRIES = 3;
const MOST_TRIES = 30;
const MAX_RATIO = 12;
/** Less than this is noise. */
const MIN_MS = 4;
const core = wasmCore();

function cost(wasm: Uint8Array, options: Engine['compileOptions']): number {
  const before = process.cpuUsage().user;
  core.compile(wasm, options);
  return (process.cpuUsage().user - before) / 1000;
}

/** How many times as long the large one takes: by the least time of each. */
function ratioOf(large: Uint8Array, small: Uint8Array, options: Engine['compileOptions']): number {
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let ratio = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES || (ratio >= MAX_RATIO && i < MOST_TRIES); i++) {
    for (const [which, wasm] of [large, small].entries()) least[which] = Math.min(least[which], cost(wasm, options));
    ratio = Math.max(least[0], MIN_MS) / Math.max(least[1], MIN_MS);
  }
  return ratio;
}

for (const optLevel of ['none', 'speed'] as const) {
  const options = new Engine({ optLevel, compiler: 'wasm' }).compileOptions;
  for (const [name, { size, make }] of Object.entries(shapes)) {
    test(`${name}, ${optLevel}`, () => {
      const ratio = ratioOf(make(4 * size), make(size), options);
      assert.ok(ratio < MAX_RATIO, `four times as much takes ${ratio.toFixed(1)} times as long`);
    });
  }
}

test.run();
