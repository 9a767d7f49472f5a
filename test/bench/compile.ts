/** Compile speed on one thread, in MB of code section per second. */

import { readFileSync } from 'node:fs';
import { child, optimising } from './child.js';
import type { Program } from './programs.js';
import { median, table, time } from './stats.js';

/** V8's own compiler on one thread. */
const oneThread = [...optimising, '--single-threaded', '--wasm-num-compilation-tasks=0'];

/** The size of a module's code section. */
export function codeSize(bytes: Uint8Array): number {
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = leb();
    if (id === 10) return size;
    at += size;
  }
  return 0;
}

export async function compileSpeed(program: Program, rounds: number): Promise<void> {
  const contestants = [{ name: 'V8 optimising', how: 'v8', flags: oneThread }];
  const times = new Map<string, number[]>(contestants.map((each) => [each.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, how, flags } of contestants) {
      const { message } = await child<{ time: number }>('compile-child.js', [how, program.path], flags);
      times.get(name)!.push(message.time);
    }
  }
  const megabytes = codeSize(readFileSync(program.path)) / 1e6;
  const rows = contestants.map(({ name }) => {
    const middle = median(times.get(name)!);
    return [name, time(middle), `${(megabytes / (middle / 1e9)).toFixed(2)} MB/s`];
  });
  console.log(`${table([[`compile ${program.name}, one thread`, 'time', 'speed'], ...rows])}\n`);
}
