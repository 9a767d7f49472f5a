/** Real packages, unchanged, as whole processes on plain Node and under the drop-in: wall time and CPU time to the first result, with artifacts
 *  in its cache, and with an empty cache, where V8 runs them; then the time of a repeated run, in which the glue's calls across the border
 *  count. The two take turns; ratios are of the minima. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, apps, registered } from '../packages/list.js';
import { minimum, table, time } from './stats.js';

/** Milliseconds of warming up, and again of measuring, for a repeated run. */
const STEADY = 1500;

interface Measured {
  /** Nanoseconds. */
  readonly wall: number;
  /** User and system, of the process and those that it has waited for. */
  readonly cpu: number;
  readonly stdout: string;
}

/** Runs Node; bash's `time` asks the kernel how long it took. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const command = ['-c', 'TIMEFORMAT="%3R %3U %3S"; time "$@" 2>&3', 'bash', process.execPath, ...args];
    const child = spawn('bash', command, { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const streams = [child.stdout, child.stderr, child.stdio[3] as NodeJS.ReadableStream].map((stream) => {
      const chunks: Buffer[] = [];
      stream!.on('data', (data: Buffer) => chunks.push(data));
      return () => Buffer.concat(chunks).toString();
    });
    const [stdout, times, stderr] = streams;
    child.on('error', reject);
    child.on('close', (code) => {
      const [wall, user, system] = times().trim().split(/\s+/).map(Number);
      if (code === 0) resolve({ wall: wall * 1e9, cpu: (user + system) * 1e9, stdout: stdout() });
      else reject(new Error(`exit code ${code}: ${stderr().slice(-2000)}`));
    });
  });
}

/** Both contestants, taking turns; the results must be the same where `compare` says so. `after` tidies up behind the drop-in. */
async function alternate(
  app: App,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  rounds: number,
  compare: boolean,
  after?: () => Promise<void>,
): Promise<Measured[][]> {
  const all: Measured[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      all[which].push(await run(args, which === 0 ? process.env : env));
      if (which === 1) await after?.();
    }
  }
  const [first, ...others] = all.flat();
  if (compare && others.some(({ stdout }) => stdout !== first.stdout)) throw new Error(`${app.name}: the outputs differ`);
  return all;
}

/** Stops whoever makes native code for the next start in this cache, which begins when the application has ended, and empties it. */
async function forget(cache: string): Promise<void> {
  const folder = join(cache, 'register');
  const names = (pattern: RegExp) => (existsSync(folder) ? readdirSync(folder).filter((name) => pattern.test(name)) : []);
  const isDone = () => names(/\.(ouro|v8)$/).length > 0 && names(/\.(wasm|part)$/).length === 0;
  for (let i = 0; i < 100 && !isDone(); i++) {
    const [lock] = names(/\.lock$/);
    if (lock) {
      process.kill(Number.parseInt(readFileSync(join(folder, lock), 'utf8'), 10), 'SIGKILL');
      break;
    }
    await sleep(50);
  }
  rmSync(cache, { recursive: true, force: true, maxRetries: 5 });
}

/** Prints whole processes, and repeated runs in one. */
export async function packageTimes(folder: string, only: string, rounds: number): Promise<void> {
  const percent = (ratio: number, goal?: number) =>
    `${ratio.toFixed(2)}${goal === undefined ? '' : ratio <= goal ? ` (≤ ${goal})` : ` (goal ${goal})`}`;
  const least = (list: readonly Measured[], of: (each: Measured) => number) => minimum(list.map(of));
  const whole: string[][] = [['first result', 'Ouro', 'Node', 'wall', 'Ouro, CPU', 'Node, CPU', 'CPU']];
  const sight: string[][] = [['first sight', ...whole[0].slice(1)]];
  const steady: string[][] = [['repeated run', 'Ouro', 'Node', 'ratio']];
  for (const app of apps.filter(({ name, goal, repeats }) => name.includes(only) && (goal || repeats))) {
    const cache = join(folder, app.name.replaceAll(/\W/g, '-'));
    mkdirSync(cache);
    await run(app.args, registered(app, cache, { OURO_REGISTER: 'eager' }));
    const env = registered(app, cache);
    const compare = ([plain, ours]: Measured[][], goal?: App['goal']): string[] => {
      const wall = [least(ours, (each) => each.wall), least(plain, (each) => each.wall)];
      const cpu = [least(ours, (each) => each.cpu), least(plain, (each) => each.cpu)];
      const ratios = [percent(wall[0] / wall[1], goal?.wall), percent(cpu[0] / cpu[1], goal?.cpu)];
      console.error(`  ${app.name}: ${ratios.join(', CPU ')}`);
      return [app.name, ...wall.map(time), ratios[0], ...cpu.map(time), ratios[1]];
    };
    whole.push(compare(await alternate(app, app.args, env, rounds, true), app.goal));
    if (app.goal) {
      const empty = `${cache}-empty`;
      sight.push(compare(await alternate(app, app.args, registered(app, empty), rounds, true, () => forget(empty))));
    }
    if (!app.repeats) continue;
    const runs = await alternate(app, [...app.args, '--steady', String(STEADY)], env, rounds, false);
    const [node, ouro] = runs.map((list) => least(list, ({ stdout }) => Number(stdout.trimEnd().split('\n').at(-1)) * 1e6));
    steady.push([app.name, time(ouro), time(node), percent(ouro / node, 1.5)]);
    console.error(`  ${app.name}, repeated: ${steady.at(-1)!.at(-1)}`);
  }
  console.log(`${table(whole)}\n\n${table(sight)}\n\n${table(steady)}\n`);
}
