/** Compile speed, in MB of code section per second, on one thread and on all, and the memory that the core takes. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type CompileOptions, Core, type CoreExports } from '../../host/compile/core.js';
import { resolveConfig } from '../../host/engine/config.js';
import { compilerWasm } from '../../host/compile/cores.js';
import { cpuFeatures } from '../../host/helper/cpu.js';
import { child, optimising } from './child.js';
import type { Program } from './programs.js';
import { median, table, time } from './stats.js';

/** V8's own compiler on one thread. */
const oneThread = [...optimising, '--single-threaded', '--wasm-num-compilation-tasks=0'];

export interface CodeSize {
  /** Bytes of the code section. */
  section: number;
  /** Bytes of the largest function body. */
  largest: number;
}

/** The size of a module's code. */
export function codeSize(bytes: Uint8Array): CodeSize {
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
    const section = leb();
    if (id !== 10) {
      at += section;
      continue;
    }
    let largest = 0;
    for (let count = leb(); count > 0; count--) {
      const size = leb();
      largest = Math.max(largest, size);
      at += size;
    }
    return { section, largest };
  }
  return { section: 0, largest: 0 };
}

interface Contestant {
  name: string;
  how: 'v8' | 'wasm' | 'native';
  /** `one`; `help`: one that is blocked, with others' help; `all`: on other threads, while this one is free. */
  threads: 'one' | 'help' | 'all';
  flags: string[];
}

export const v8Compiler: Contestant = { name: 'V8 optimising', how: 'v8', threads: 'one', flags: oneThread };
export const ouroCompilers: Contestant[] = [
  { name: 'Ouro, core under V8', how: 'wasm', threads: 'one', flags: [] },
  { name: 'Ouro, native core', how: 'native', threads: 'one', flags: [] },
  { name: 'V8 optimising, all threads', how: 'v8', threads: 'all', flags: optimising },
  { name: 'Ouro, native core, helped', how: 'native', threads: 'help', flags: [] },
  { name: 'Ouro, native core, all threads', how: 'native', threads: 'all', flags: [] },
];

export async function compileSpeed(program: Program, contestants: Contestant[], rounds: number): Promise<void> {
  type Times = { first: number; second?: number };
  const all = new Map<string, Times[]>(contestants.map((each) => [each.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, how, threads, flags } of contestants) {
      const { message } = await child<Times>('compile-child.js', [how, threads, program.path], flags);
      all.get(name)!.push(message);
    }
  }
  const megabytes = codeSize(readFileSync(program.path)).section / 1e6;
  const speed = (nanoseconds: number) => `${(megabytes / (nanoseconds / 1e9)).toFixed(2)} MB/s`;
  const rows = contestants.map(({ name }) => {
    const times = all.get(name)!;
    const first = median(times.map((each) => each.first));
    const again = times.every((each) => each.second !== undefined) ? median(times.map((each) => each.second!)) : undefined;
    return [name, time(first), speed(first), again === undefined ? '' : time(again), again === undefined ? '' : speed(again)];
  });
  console.log(table([[`compile ${program.name}, one thread unless said`, 'first', 'speed', 'again', 'speed'], ...rows]));
  // Least times: what else runs on the machine disturbs several threads more than one.
  const least = (threads: Contestant['threads'], of: (times: Times) => number | undefined) => {
    const found = contestants.find((each) => each.how === 'native' && each.threads === threads);
    return found ? Math.min(...all.get(found.name)!.map((each) => of(each) ?? Number.NaN)) : Number.NaN;
  };
  if (contestants.some(({ threads }) => threads === 'help')) {
    const ratio = (threads: Contestant['threads'], of: (times: Times) => number | undefined) =>
      (least(threads, of) / least('one', of)).toFixed(2);
    const both = (threads: Contestant['threads']) =>
      `${ratio(threads, ({ first }) => first)} first, ${ratio(threads, ({ second }) => second)} again`;
    console.log(
      `${availableParallelism()} processors; native core, least time to that of one thread: helped ${both('help')}; all ${both('all')}`,
    );
  }
  console.log();
}

/** The starts of mappings that may be a wasm memory (behind them V8 reserves gigabytes), with their resident bytes. */
function wasmMappings(): Map<string, number> {
  const found = new Map<string, number>();
  if (process.platform !== 'linux') return found;
  const mappings = readFileSync('/proc/self/smaps', 'utf8').matchAll(/^(\w+)-(\w+) (\S+) .*\n(?:[A-Z].*\n)*?Rss: +(\d+) kB/gm);
  let last: RegExpMatchArray | undefined;
  for (const mapping of mappings) {
    const [, start, end, access] = mapping;
    const reserved = access.startsWith('---') && Number(`0x${end}`) - Number(`0x${start}`) > 2 ** 32;
    if (last && reserved && last[2] === start && last[3].startsWith('rw')) found.set(last[1], Number(last[4]) * 1024);
    last = mapping;
  }
  return found;
}

/** The memory of the core after compiling, against the bound that it is built for: what was in use at the worst moment, what of it the
 *  system has made resident, and the whole pages that wasm's memory consists of. */
export function compilerMemory(list: readonly Program[]): void {
  const { wasmFeatures } = resolveConfig();
  const options: CompileOptions = {
    optLevel: 'speed',
    cpuFeatures: cpuFeatures('native'),
    explicitBounds: false,
    nanCanonicalization: false,
    generateAddressMap: true,
    keepWasm: false,
    wasmFeatures,
  };
  const module = new WebAssembly.Module(compilerWasm() as BufferSource);
  const rows = [['compiler memory', 'module', 'largest body', 'bound', 'in use', 'ratio', 'resident', 'ratio', 'wasm pages', 'ratio']];
  const kilobytes = (bytes: number) => `${(bytes / 1e3).toFixed(bytes < 1e5 ? 1 : 0)} kB`;
  for (const program of list) {
    const bytes = readFileSync(program.path);
    const before = wasmMappings();
    const exports = new WebAssembly.Instance(module, {}).exports as unknown as CoreExports & { peakMemory(): number };
    new Core(exports).compile(bytes, options);
    const mapping = [...wasmMappings()].find(([start]) => !before.has(start));
    const { largest } = codeSize(bytes);
    const bound = 60 * largest + 6 * bytes.length;
    const against = (used: number | undefined) => (used === undefined ? ['', ''] : [kilobytes(used), (used / bound).toFixed(2)]);
    rows.push([
      program.name,
      ...[bytes.length, largest, bound].map(kilobytes),
      ...against(exports.peakMemory()),
      ...against(mapping?.[1]),
      ...against(exports.memory.buffer.byteLength),
    ]);
  }
  console.log(`${table(rows)}\n`);
}
