/** Costs of the border between JS and wasm: calls both ways, loading an artifact, instantiating a module with one page. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseText } from '../../host/text.js';
import { child } from './child.js';
import type { EngineName } from './engines.js';
import { median, table, time } from './stats.js';

const callsModule = `(module
  (import "host" "add" (func $host (param i32 i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "loop") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (call $host (local.get $sum) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`;

const pageModule = '(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.load (i32.const 0))))';

/** Writes the small modules of this measurement into `folder`; gives their paths. */
export async function writeCallModules(folder: string): Promise<{ calls: string; page: string }> {
  const calls = join(folder, 'calls.wasm');
  const page = join(folder, 'page.wasm');
  writeFileSync(calls, await parseText(callsModule));
  writeFileSync(page, await parseText(pageModule));
  return { calls, page };
}

interface Costs {
  toWasm: number;
  toJs: number;
  firstOpen: number;
  open: number;
  openUnchecked: number;
  instantiate: number;
}

export interface CallFiles {
  calls: string;
  page: string;
  large: string;
}

/** Measures each engine in turn, some rounds, and prints the medians. */
export async function callCosts(engines: ReadonlyMap<EngineName, CallFiles>, rounds: number): Promise<void> {
  const all = new Map<EngineName, Costs[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [engine, files] of engines) {
      const { message } = await child<Costs>('calls-child.js', [engine, files.calls, files.page, files.large]);
      all.set(engine, [...(all.get(engine) ?? []), message]);
    }
  }
  const rows: [string, keyof Costs][] = [
    ['JS calls wasm, (i32,i32)->i32', 'toWasm'],
    ['wasm calls JS, (i32,i32)->i32', 'toJs'],
    ['open sqlite3 for the first time', 'firstOpen'],
    ['open sqlite3', 'open'],
    ['open sqlite3 without the hash check', 'openUnchecked'],
    ['instantiate a module with one page', 'instantiate'],
  ];
  const names = [...all.keys()];
  const cell = (engine: EngineName, key: keyof Costs) => time(median(all.get(engine)!.map((costs) => costs[key])));
  console.log(`${table([['cost', ...names], ...rows.map(([title, key]) => [title, ...names.map((name) => cell(name, key))])])}\n`);
}
