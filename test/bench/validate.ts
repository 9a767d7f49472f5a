/** Validation speed on one thread, in MB of module per second, copying the module into the core included. */

import { statSync } from 'node:fs';
import { child } from './child.js';
import type { Program } from './programs.js';
import { minimum, table, time } from './stats.js';

const v8 = { name: 'V8', how: 'v8' };
const ours = [
  { name: 'Ouro, core under V8', how: 'wasm' },
  { name: 'Ouro, native core', how: 'native' },
];

export async function validateSpeed(program: Program, withOuro: boolean, rounds: number): Promise<void> {
  const contestants = withOuro ? [v8, ...ours] : [v8];
  const all = new Map<string, number[]>(contestants.map((each) => [each.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, how } of contestants) all.get(name)!.push((await child<number>('validate-child.js', [how, program.path])).message);
  }
  const megabytes = statSync(program.path).size / 1e6;
  const rows = contestants.map(({ name }) => {
    const shortest = minimum(all.get(name)!);
    return [name, time(shortest), `${(megabytes / (shortest / 1e9)).toFixed(0)} MB/s`];
  });
  console.log(`${table([[`validate ${program.name}, ${megabytes.toFixed(2)} MB`, 'time', 'speed'], ...rows])}\n`);
}
