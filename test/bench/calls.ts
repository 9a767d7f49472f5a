/** Costs of the border between JS and wasm: calls both ways, loading an artifact, instantiating, looking up exports. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseText } from '../../host/wasm/text.js';
import { child } from './child.js';
import type { EngineName } from './engines.js';
import { minimum, table, time } from './stats.js';

const callsModule = `(module
  (import "host" "add" (func $host (param i32 i32) (result i32)))
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "addByCall") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
  (func (export "loop") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (call $host (local.get $sum) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func $through (param i32 i32) (result i32) (call $host (local.get 0) (local.get 1)))
  (table funcref (elem $through))
  (func (export "loopThrough") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (call_indirect (param i32 i32) (result i32) (local.get $sum) (local.get $n) (i32.const 0)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`;

const pageModule = '(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.load (i32.const 0))))';

const importsModule = `(module
  ${Array.from({ length: 30 }, (_, i) => `(import "host" "f${i}" (func (param i32 i32) (result i32)))`).join('\n')}
  (memory (export "memory") 1))`;

const imageModule = `(module (memory (export "memory") 17) (data (i32.const 0) "${'ouro'.repeat(2 ** 18)}"))`;

/** Writes the small modules of this measurement into `folder`; gives their paths. */
export async function writeCallModules(folder: string): Promise<Omit<CallFiles, 'large'>> {
  const texts = { calls: callsModule, page: pageModule, imports: importsModule, image: imageModule };
  const paths: Record<string, string> = {};
  for (const [name, text] of Object.entries(texts)) {
    paths[name] = join(folder, `${name}.wasm`);
    writeFileSync(paths[name], await parseText(text));
  }
  return paths as unknown as Omit<CallFiles, 'large'>;
}

interface Costs {
  toWasm: number;
  toWasmByCall: number;
  toJs: number;
  toJsThrough: number;
  firstOpen: number;
  open: number;
  openUnchecked: number;
  instantiate: number;
  instantiateImports: number;
  instantiateImage: number;
  getExport: number;
}

export interface CallFiles {
  calls: string;
  page: string;
  imports: string;
  image: string;
  large: string;
}

/** Measures each engine in turn, some rounds, and prints the minima. */
export async function callCosts(engines: ReadonlyMap<EngineName, CallFiles>, rounds: number): Promise<void> {
  const all = new Map<EngineName, Costs[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [engine, files] of engines) {
      const { message } = await child<Costs>('calls-child.js', [engine, JSON.stringify(files)]);
      all.set(engine, [...(all.get(engine) ?? []), message]);
    }
  }
  const rows: [string, keyof Costs][] = [
    ['JS calls wasm, (i32,i32)->i32', 'toWasm'],
    ['JS calls wasm that calls wasm', 'toWasmByCall'],
    ['wasm calls JS, (i32,i32)->i32', 'toJs'],
    ['the same one function deeper', 'toJsThrough'],
    ['open sqlite3 for the first time', 'firstOpen'],
    ['open sqlite3', 'open'],
    ['open sqlite3 without the hash check', 'openUnchecked'],
    ['instantiate a module with one page', 'instantiate'],
    ['instantiate with 30 imported functions', 'instantiateImports'],
    ['instantiate with 1 MiB of data', 'instantiateImage'],
    ['get an export of an instance', 'getExport'],
  ];
  const names = [...all.keys()];
  const least = (engine: EngineName, key: keyof Costs) => minimum(all.get(engine)!.map((costs) => costs[key]));
  const ratio = (key: keyof Costs) => (names.length < 2 ? [] : [(least(names[1], key) / least(names[0], key)).toFixed(2)]);
  const line = ([title, key]: [string, keyof Costs]) => [title, ...names.map((name) => time(least(name, key))), ...ratio(key)];
  console.log(`${table([['cost', ...names, ...(names.length < 2 ? [] : ['ratio'])], ...rows.map(line)])}\n`);
}
