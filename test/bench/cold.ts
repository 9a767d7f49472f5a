/** Cold calls: 200,000 calls in a loop that a fresh process runs once, while V8 still interprets and then compiles both the loop and what it calls.
 *  Each time is that of the loop alone, of a process of its own; the engines take turns. */

import { child } from './child.js';
import type { EngineName } from './engines.js';
import { median, minimum, table, time } from './stats.js';

/** What `cold-child.js` can do. */
export type ColdShape = 'add' | 'addByCall' | 'property' | 'turns' | 'toJs';

const titles: Record<ColdShape, string> = {
  add: 'JS calls wasm, (i32,i32)->i32',
  addByCall: 'JS calls wasm that calls wasm',
  property: 'the first one as a property of exports',
  turns: 'both functions in turn, in one place',
  toJs: 'wasm calls JS, (i32,i32)->i32',
};

/** Prints minima and medians. `files`: the module of calls.ts, as each engine opens it. */
export async function coldCalls(files: ReadonlyMap<EngineName, string>, rounds: number): Promise<void> {
  const engines = [...files];
  const rows: string[][] = [];
  for (const [shape, title] of Object.entries(titles)) {
    const times = engines.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < engines.length; i++) {
        const at = (i + round) % engines.length;
        const [engine, file] = engines[at];
        const { message } = await child<{ elapsed: number }>('cold-child.js', [engine, file, shape]);
        times[at].push(message.elapsed);
      }
    }
    const ratio = (of: (values: number[]) => number) => (engines.length < 2 ? [] : [(of(times[1]) / of(times[0])).toFixed(2)]);
    rows.push([
      title,
      ...times.map((values) => time(minimum(values))),
      ...ratio(minimum),
      ...times.map((values) => time(median(values))),
      ...ratio(median),
    ]);
  }
  const names = engines.map(([name]) => name);
  const heads = (what: string) => [...names.map((name) => `${name}, ${what}`), ...(engines.length < 2 ? [] : ['ratio'])];
  console.log(`${table([['200,000 calls in a fresh process', ...heads('least'), ...heads('median')], ...rows])}\n`);
}
