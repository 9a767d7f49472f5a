/** Runs the cases on V8's namespace and on ours, and compares. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { V8 } from '../../host/base/v8.js';
import { attempt, binaries, cases, describe, type Namespace } from './cases.js';
import { sharing, sharingBinaries } from './sharing.js';
import { wander } from './wander.js';

/** How many different runs at random: each takes a few milliseconds. */
const SEEDS = Number(process.env.OURO_FUZZ_ROUNDS ?? 12);

/** Makes a test of each case. */
export async function compare(ours: object): Promise<void> {
  add(ours, cases, await binaries());
  const wasm = await sharingBinaries();
  add(ours, sharing, wasm);
  for (let seed = 1; seed <= SEEDS; seed++) add(ours, { [`sharing at random, ${seed}`]: (W, wasm) => wander(W, wasm, seed) }, wasm);
  test.run();
}

function add<T>(ours: object, cases: Readonly<Record<string, (W: Namespace, wasm: T) => unknown>>, wasm: T): void {
  const run = async (namespace: object, work: (W: Namespace, wasm: T) => unknown) => {
    const value = attempt(() => work(namespace, wasm));
    return lines(await (value as Promise<unknown>));
  };
  for (const [name, work] of Object.entries(cases)) {
    test(name, async () => {
      assert.equal(await run(ours, work), await run(V8, work));
    });
  }
}

/** V8's words change from version to version; ours are those of Node 20. */
const compareWords = process.versions.node.startsWith('20.');

/** One line for each part of a value, so that differences show. */
function lines(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((each, i) => lines(each).map((line) => `${i}. ${line}`));
  const line = describe(value);
  return [compareWords ? line : line.replace(/((?:\w*Error) (?:\w*Error)(?: \w+)?): [\s\S]*/, '$1')];
}
