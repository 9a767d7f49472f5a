/** Run time between bench.start and bench.end: Ouro against V8's optimising compiler, and the first run in a fresh process against
 *  Node's default tiers. The contestants take turns in every round, each run in a fresh process. */

import { child, optimising } from './child.js';
import type { EngineName } from './engines.js';
import type { Program } from './programs.js';
import { geometricMean, median, minimum, table, time } from './stats.js';

interface Times {
  load: number;
  instantiate: number;
  run: number;
  exitCode: number;
}

/** One contestant: an engine, its Node flags, and the file that it loads for a program. */
interface Contestant {
  name: string;
  engine: EngineName;
  flags: string[];
  file: (program: Program) => string;
}

/** Below this, a run is made of the two calls of the imports, and its ratio says nothing. */
const shortest = 100_000;

export const v8Optimising: Contestant = { name: 'V8 optimising', engine: 'v8', flags: optimising, file: (program) => program.path };
export const v8Default: Contestant = { name: 'Node default', engine: 'v8', flags: [], file: (program) => program.path };

export function ouro(artifacts: ReadonlyMap<string, string>): Contestant {
  return { name: 'Ouro', engine: 'ouro', flags: [], file: (program) => artifacts.get(program.name)! };
}

function checkOutput(contestant: Contestant, program: Program, result: { stdout: Buffer; stderr: Buffer; message: Times }): void {
  const wrong = (what: string) => new Error(`${program.name} on ${contestant.name}: wrong ${what}`);
  if (result.message.exitCode !== 0) throw wrong(`exit code ${result.message.exitCode}`);
  if (program.stdout && !program.stdout.equals(result.stdout)) throw wrong('stdout');
  if (program.stderr && !program.stderr.equals(result.stderr)) throw wrong('stderr');
}

/** All times of all contestants for one program, in alternating order. */
async function measure(program: Program, contestants: Contestant[], rounds: number): Promise<Map<string, Times[]>> {
  const all = new Map<string, Times[]>(contestants.map((each) => [each.name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const each of order) {
      const result = await child<Times>('run-child.js', [each.engine, each.file(program), program.folder], each.flags);
      checkOutput(each, program, result);
      all.get(each.name)!.push(result.message);
    }
  }
  return all;
}

/** Compares `subject` with the optimising and the default V8, program by program, and prints both tables. */
export async function runTimes(subject: Contestant, list: Program[], rounds: number): Promise<void> {
  const contestants = [subject, v8Optimising, v8Default].filter((each, i, all) => all.findIndex((other) => other.name === each.name) === i);
  const whole = (times: Times) => times.load + times.instantiate + times.run;
  const steady: string[][] = [['run time', subject.name, 'median', v8Optimising.name, 'median', 'ratio', 'of medians']];
  const first: string[][] = [['first run', subject.name, 'load', 'instantiate', v8Default.name, 'ratio']];
  const ratios: { steady: number[]; medians: number[]; first: number[] } = { steady: [], medians: [], first: [] };
  for (const program of list) {
    const all = await measure(program, contestants, rounds);
    const pick = (name: string, of: (times: Times) => number) => all.get(name)!.map(of);
    const own = pick(subject.name, (times) => times.run);
    const yardstick = pick(v8Optimising.name, (times) => times.run);
    const ratio = minimum(own) / minimum(yardstick);
    const ofMedians = median(own) / median(yardstick);
    const comparable = Math.max(minimum(own), minimum(yardstick)) >= shortest;
    if (comparable) {
      ratios.steady.push(ratio);
      ratios.medians.push(ofMedians);
    }
    const show = (value: number) => (comparable ? value.toFixed(2) : '(short)');
    const times = [minimum(own), median(own), minimum(yardstick), median(yardstick)].map(time);
    steady.push([program.name, ...times, show(ratio), show(ofMedians)]);

    const ownFirst = median(pick(subject.name, whole));
    const defaultFirst = median(pick(v8Default.name, whole));
    ratios.first.push(ownFirst / defaultFirst);
    const parts = [median(pick(subject.name, (t) => t.load)), median(pick(subject.name, (t) => t.instantiate))].map(time);
    first.push([program.name, time(ownFirst), ...parts, time(defaultFirst), (ownFirst / defaultFirst).toFixed(2)]);
    console.error(`  ${program.name}: ${show(ratio)}`);
  }
  if (ratios.steady.length > 0) {
    steady.push(['geometric mean', '', '', '', '', geometricMean(ratios.steady).toFixed(3), geometricMean(ratios.medians).toFixed(3)]);
  }
  first.push(['geometric mean', '', '', '', '', geometricMean(ratios.first).toFixed(3)]);
  console.log(`${table(steady)}\n\n${table(first)}\n`);
}
