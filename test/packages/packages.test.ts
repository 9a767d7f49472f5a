/** Real packages, unchanged, print the same on plain Node, and under the drop-in on V8 and on native code.
 *  On other Nodes than the one that runs the tests (`OURO_TEST_BRIEF`): on plain Node and on native code just made. */
// processor time limit: 2400 s

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFolder, removeFolder } from '../support/folder.js';
import { HANG, until } from '../support/limits.js';
import { type App, apps, registered } from './list.js';

const test = suite('packages');
const folder = makeFolder('packages');

interface Run {
  readonly stdout: string;
  readonly stderr: string;
}

function run(app: App, env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve, reject) => {
    // esbuild's command crashes when its output is a file.
    const child = spawn(process.execPath, app.args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: HANG, killSignal: 'SIGKILL' });
    const chunks: Buffer[][] = [[], []];
    child.stdout.on('data', (data) => chunks[0].push(data));
    child.stderr.on('data', (data) => chunks[1].push(data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const [stdout, stderr] = chunks.map((each) => Buffer.concat(each).toString());
      if (code === 0) resolve({ stdout, stderr });
      else reject(new Error(`${app.name}: ${signal ?? `exit code ${code}`}: ${stderr.slice(-3000)}`));
    });
  });
}

/** The modules whose log line has these words, and those lines. */
function modules(stderr: string, words: string): { names: Set<string>; count: number; lines: string[] } {
  const lines = stderr.split('\n').filter((line) => line.startsWith('ouro: module ') && line.includes(words));
  const names = new Set(lines.map((line) => line.split(/[ ,]/)[2]));
  return { names, count: names.size, lines };
}

async function nativeCode(cache: string, count: number): Promise<void> {
  const files = join(cache, 'modules');
  const made = () => (existsSync(files) ? readdirSync(files).filter((name) => name.endsWith('.ouro')).length : 0);
  await until(() => made() >= count, `${count} modules have native code`);
}

/** Asserts that the run was on native code, and what is left to V8 is so because Ouro cannot run it. `words`: how native code came about. */
function assertNative(app: App, stderr: string, words: string): void {
  const left = modules(stderr, 'runs on V8');
  const native = [...modules(stderr, words).names].filter((name) => !left.names.has(name));
  assert.is(native.length, app.ouro, stderr);
  assert.ok(left.count >= app.v8, stderr);
  for (const line of left.lines) assert.match(line, /is not supported/);
}

for (const app of apps) {
  test(app.name, async () => {
    const cache = mkdtempSync(join(folder, 'cache-'));
    const runWith = (more: Record<string, string> = {}) => run(app, registered(app, cache, { OURO_LOG: '1', ...more }));
    const { stdout: expected } = await run(app, process.env);
    assert.ok(expected.length > 0);

    if (process.env.OURO_TEST_BRIEF) {
      const { stdout, stderr } = await runWith({ OURO_REGISTER: 'eager' });
      assert.is(stdout, expected, 'the run on native code just made differs');
      assertNative(app, stderr, 'is compiled now');
      return;
    }
    if (app.inBackground) {
      const { stdout, stderr } = await runWith();
      assert.is(stdout, expected, 'the first run differs');
      assert.is(modules(stderr, 'runs on V8 this time').count, app.ouro, stderr);
      await nativeCode(cache, app.ouro);
    } else {
      // The same, but nothing is made in the background, which takes long where other tests keep the machine busy.
      const { stdout, stderr } = await runWith({ OURO_REGISTER_INCLUDE: 'none' });
      assert.is(stdout, expected, 'the run on V8 differs');
      assert.is(modules(stderr, 'it is not in OURO_REGISTER_INCLUDE').count, modules(stderr, '').count, stderr);
      const eager = await runWith({ OURO_REGISTER: 'eager' });
      assert.is(eager.stdout, expected, 'the run on native code just made differs');
    }
    const { stdout, stderr } = await runWith();
    assert.is(stdout, expected, 'the run on native code from the cache differs');
    assertNative(app, stderr, 'native code, found');
    removeFolder(cache);
  });
}

test.run();
