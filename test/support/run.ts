/** Runs the test files below build/test, each in a process of its own, two at a time.
 *  In:   `node build/test/support/run.js [--nodes this,26] [filter…]`: only files whose path contains one of the filters; all of them on this
 *        Node, and those whose outcome may depend on the Node on each other one that is named (support/nodes.ts).
 *  Out:  a line for each file, failures in full, and last `N passed, N failed, N skipped`. Exit code 1 when something failed.
 *  A file that crashes, hangs, or ends without uvu's summary counts as one failure by its name; one that says it skips all it has counts as skipped. */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge, type Outcome } from './judge.js';
import { SILENCE } from './limits.js';
import { nodeExecutable } from './nodes.js';
import { root } from './shared.js';
import { watch } from './watch.js';

/** Folders whose tests load the native helper, start the command line or use V8's own wasm. */
const dependOnNode = ['bootstrap', 'e2e', 'fuzz', 'host', 'link', 'native', 'packages', 'register', 'spec'];

const parallel = 2;
/** Seconds of processor time for one file. */
const defaultLimit = 600;
const testFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** The source of a compiled test; a test whose source was deleted is not run. */
function sourceOf(path: string): string {
  return join(root, 'test', relative(testFolder, path).replace(/\.js$/, '.ts'));
}

function testFiles(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...testFiles(path));
    else if (entry.name.endsWith('.test.js') && existsSync(sourceOf(path))) found.push(path);
  }
  return found.sort();
}

/** A file may raise its own limit with a line `// processor time limit: 1800 s`. */
function processorLimit(file: string): number {
  const match = /^\/\/ processor time limit: (\d+) s$/m.exec(readFileSync(file, 'utf8'));
  return match ? Number(match[1]) : defaultLimit;
}

interface Job {
  file: string;
  /** As shown. */
  name: string;
  executable: string;
  /** Not the Node that this runs on: tests that repeat things to be thorough need not (`OURO_TEST_BRIEF`). */
  other: boolean;
}

/** The files to run on one Node: `this` or a major version. */
function jobsFor(version: string, files: string[]): Job[] {
  const executable = nodeExecutable(version);
  const jobs: Job[] = [];
  for (const file of files) {
    const path = relative(testFolder, file);
    if (version !== 'this' && !dependOnNode.includes(path.split(sep)[0])) continue;
    const other = version !== 'this';
    jobs.push({ file, name: `${other ? `node ${version}: ` : ''}${path.replace(/\.js$/, '.ts')}`, executable, other });
  }
  return jobs;
}

function runFile({ file, executable, other }: Job): Promise<Outcome & { seconds: number }> {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(executable, ['--enable-source-maps', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Whether a test's compiler is native must not depend on what another test did a moment before.
      env: { OURO_NATIVE_CORE: 'off', ...(other && { OURO_TEST_BRIEF: '1' }), ...process.env },
    });
    let output = '';
    let hang = '';
    const limits = { processor: processorLimit(file), silence: SILENCE / 1000 };
    const watched = watch(child.pid!, limits, (reason) => {
      hang = reason;
      // What it has left behind may hold the other ends for ever.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (data) => {
        output += data;
        watched.heard();
      });
    }
    child.on('close', (code, signal) => {
      watched.stop();
      const seconds = (performance.now() - started) / 1000;
      resolve({ ...judge(output, { code, crash: hang || (signal ? `ended by ${signal}` : '') }), seconds });
    });
  });
}

async function main(): Promise<void> {
  const { values, positionals: filters } = parseArgs({ options: { nodes: { type: 'string', default: 'this' } }, allowPositionals: true });
  const files = testFiles(testFolder).filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const reports: string[] = [];
  const jobs: Job[] = [];
  for (const version of values.nodes.split(',')) {
    try {
      jobs.push(...jobsFor(version, files));
    } catch (cause) {
      sum.failed++;
      reports.push(`\n--- node ${version}\n${(cause as Error).message}`);
    }
  }
  let next = 0;

  const worker = async () => {
    while (next < jobs.length) {
      const job = jobs[next++];
      const { name } = job;
      const outcome = await runFile(job);
      sum.passed += outcome.passed;
      sum.failed += outcome.failed;
      sum.skipped += outcome.skipped;
      const counts = `${outcome.passed} passed${outcome.failed ? `, ${outcome.failed} FAILED` : ''}${outcome.skipped ? `, ${outcome.skipped} skipped` : ''}`;
      console.log(`${outcome.failed ? 'FAIL' : 'ok  '} ${name}: ${counts} (${outcome.seconds.toFixed(1)} s)`);
      for (const reason of outcome.reasons) console.log(`       skipped: ${reason}`);
      if (outcome.report) reports.push(`\n--- ${name}\n${outcome.report}`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));

  for (const report of reports) console.log(report);
  if (jobs.length === 0 && sum.failed === 0) {
    console.log(`no test file matches: ${filters.join(' ')}`);
    process.exitCode = 1;
  }
  if (sum.failed > 0) process.exitCode = 1;
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
}

await main();
