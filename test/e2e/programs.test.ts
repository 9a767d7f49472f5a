/** Real programs: each scalar program of the shared bench folder, compiled at both levels, saved, and run by the command line, prints what it should.
 *  Programs without an expected output are compared with a run on V8.
 *  Cost: two processes at a time; gcc-loops takes most of it. */
// processor time limit: 1800 s

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../host/index.js';
import { child } from '../bench/child.js';
import { type Program, programs } from '../bench/programs.js';
import { root } from '../support/shared.js';
import { skip } from '../support/skip.js';

const test = suite('programs');
const folder = mkdtempSync(join(tmpdir(), 'ouro-programs-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Output {
  stdout: string;
  stderr: string;
}

/** At most two of the given works at a time, in the order of the calls. */
function pool(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = size;
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

function ouro(args: string[], cwd: string): Promise<Output> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, OURO_CACHE: join(folder, 'cache') };
    const started = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    started.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    started.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    started.on('error', reject);
    started.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`ouro ${args[0]} ended with ${signal ?? `exit code ${code}`}: ${output.stderr.slice(-2000)}`));
    });
  });
}

/** (module (func (export "start")) (func (export "end"))): what the programs import to be timed. */
const bench = Buffer.from('0061736d010000000104016000000303020000070f02057374617274000003656e6400010a070202000b02000b', 'hex');
writeFileSync(join(folder, 'bench.wasm'), bench);

/** In this process, so that one warm compiler does them all. */
const engines = { none: new Engine({ optLevel: 'none' }), speed: new Engine({ optLevel: 'speed' }) };

async function compileAndRun(program: Program, level: keyof typeof engines): Promise<Output> {
  const artifact = join(folder, `${program.name}.${level}.ouro`);
  writeFileSync(artifact, engines[level].precompileModule(readFileSync(program.path)));
  return ouro(['run', '--dir', '.', '--preload', `bench=${join(folder, 'bench.wasm')}`, artifact], program.folder);
}

async function expectedOf(program: Program): Promise<Output> {
  const { stdout, stderr } = program;
  if (stdout && stderr) return { stdout: stdout.toString(), stderr: stderr.toString() };
  const result = await child('run-child.js', ['v8', program.path, program.folder], [], program.folder);
  return { stdout: result.stdout.toString(), stderr: result.stderr.toString() };
}

/** Without the times that some programs print. */
const steady = ({ stdout, stderr }: Output) => ({ stdout: stdout.replace(/\d+\.\d+(?= ?s)/g, 'TIME'), stderr });

const all = programs();
if (all.length === 0) skip('real programs', 'the shared bench folder is not there');
// The longest first, so that it is not left for the end.
all.sort((one, other) => Number(other.name === 'gcc-loops') - Number(one.name === 'gcc-loops'));

const run = pool(2);
/** A failure is the test's, when its turn comes. */
const later = <T>(work: () => Promise<T>) => {
  const promise = run(work);
  promise.catch(() => {});
  return promise;
};

for (const program of all) {
  const expected = later(() => expectedOf(program));
  for (const level of ['none', 'speed'] as const) {
    const actual = later(() => compileAndRun(program, level));
    test(`${program.name}, ${level}`, async () => assert.equal(steady(await actual), steady(await expected)));
  }
}
test.run();
