/** Costs in one process: calls across the border, opening a file, instantiating. `calls-child.js ENGINE FILES`: a CallFiles as JSON,
 *  which names what the engine opens: modules for v8, artifacts for ouro. Sends nanoseconds. */

import type { CallFiles } from './calls.js';
import { benchEngine } from './engines.js';
import { median, minimum } from './stats.js';

const [engineName, list] = process.argv.slice(2);
const files: CallFiles = JSON.parse(list);
const engine = await benchEngine(engineName);

function elapsed(what: () => void): number {
  const started = process.hrtime.bigint();
  what();
  return Number(process.hrtime.bigint() - started);
}

/** The least time for one call, over many short rounds: some of them meet no other process. */
function perCall(what: (count: number) => void): number {
  const count = 20_000;
  const rounds: number[] = [];
  for (let i = 0; i < 400; i++) rounds.push(elapsed(() => what(count)) / count);
  return minimum(rounds);
}

let sum = 0;
const instance = engine.instantiate(engine.open(files.calls), {
  host: {
    add: (a: number, b: number) => (a + b) | 0,
  },
});
const { add, addByCall, loop, loopThrough } = engine.exports(instance);

const toWasm = perCall((count) => {
  for (let i = 0; i < count; i++) sum = add(sum, i);
});
const toWasmByCall = perCall((count) => {
  for (let i = 0; i < count; i++) sum = addByCall(sum, i);
});
const toJs = perCall((count) => {
  sum ^= loop(count);
});
const toJsThrough = perCall((count) => {
  sum ^= loopThrough(count);
});

const opens: number[] = [];
const opensUnchecked: number[] = [];
for (let i = 0; i < 30; i++) {
  opens.push(elapsed(() => engine.open(files.large)));
  opensUnchecked.push(elapsed(() => engine.open(files.large, { verifyHash: false })));
}

const kept: unknown[] = [];

/** The median of instantiations after the first ones; all are kept. */
function instantiation(file: string, imports: Record<string, Record<string, unknown>> = {}): number {
  const module = engine.open(file);
  const times: number[] = [];
  for (let i = 0; i < 200; i++) times.push(elapsed(() => kept.push(engine.instantiate(module, imports))));
  return median(times.slice(10));
}

const host = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, (a: number, b: number) => a + b + i]));
const instantiate = instantiation(files.page);
const instantiateImports = instantiation(files.imports, { host });
const instantiateImage = instantiation(files.image);

const page = engine.open(files.page);
const get = engine.exportGetter(page, engine.instantiate(page, {}), 'f');
const getExport = perCall((count) => {
  for (let i = 0; i < count; i++) if (get() === undefined) sum++;
});

process.send!({
  toWasm,
  toWasmByCall,
  toJs,
  toJsThrough,
  firstOpen: opens[0],
  open: median(opens),
  openUnchecked: median(opensUnchecked),
  instantiate,
  instantiateImports,
  instantiateImage,
  getExport,
  sum,
});
process.disconnect();
