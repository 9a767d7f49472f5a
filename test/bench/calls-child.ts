/** Costs in one process: calls across the border, opening a file, instantiating. `calls-child.js ENGINE CALLS-FILE PAGE-FILE LARGE-FILE`.
 *  The files are what the engine opens: modules for v8, artifacts for ouro. Sends nanoseconds. */

import { benchEngine } from './engines.js';
import { median, minimum } from './stats.js';

const [engineName, callsFile, pageFile, largeFile] = process.argv.slice(2);
const engine = await benchEngine(engineName);

function elapsed(what: () => void): number {
  const started = process.hrtime.bigint();
  what();
  return Number(process.hrtime.bigint() - started);
}

/** The least time for one call, over some rounds of many. */
function perCall(count: number, what: (count: number) => void): number {
  const rounds: number[] = [];
  for (let i = 0; i < 12; i++) rounds.push(elapsed(() => what(count)) / count);
  return minimum(rounds);
}

let sum = 0;
const instance = engine.instantiate(engine.open(callsFile), {
  host: {
    add: (a: number, b: number) => (a + b) | 0,
  },
});
const { add, loop } = engine.exports(instance);

const toWasm = perCall(2_000_000, (count) => {
  for (let i = 0; i < count; i++) sum = add(sum, i);
});
const toJs = perCall(2_000_000, (count) => {
  sum ^= loop(count);
});

const opens: number[] = [];
const opensUnchecked: number[] = [];
for (let i = 0; i < 30; i++) {
  opens.push(elapsed(() => engine.open(largeFile)));
  opensUnchecked.push(elapsed(() => engine.open(largeFile, { verifyHash: false })));
}

const page = engine.open(pageFile);
const instantiations: number[] = [];
const kept: unknown[] = [];
for (let i = 0; i < 200; i++) instantiations.push(elapsed(() => kept.push(engine.instantiate(page, {}))));

process.send!({
  toWasm,
  toJs,
  firstOpen: opens[0],
  open: median(opens),
  openUnchecked: median(opensUnchecked),
  instantiate: median(instantiations),
  sum,
});
process.disconnect();
