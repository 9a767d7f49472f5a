/** The official WebAssembly suite, command by command, on Ouro (OURO_WAST_ENGINE=v8: on V8's own WebAssembly, to try the runner).
 *  Scripts run in child processes, so that a crash costs one script: it counts as one failure, and the next child goes on after it.
 *  A command counts as a test. What is skipped, and why, stands in skip.txt. */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../host/wast/run-script.js';
import { shared } from '../support/shared.js';
import { skip } from '../support/skip.js';

const child = join(dirname(fileURLToPath(import.meta.url)), 'child.js');
const engine = process.env.OURO_WAST_ENGINE ?? 'ouro';
const sum = { passed: 0, failed: 0, skipped: 0 };

function fail(text: string): void {
  sum.failed++;
  console.log(`FAIL ${text}`);
}

/** Runs scripts until the end or a crash; gives the scripts that are still to run. */
async function runChild(files: string[]): Promise<string[]> {
  const started = spawn(process.execPath, ['--no-warnings', child, engine, ...files], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  started.stderr.on('data', (data) => (errors += data));
  const closed = new Promise<string>((resolve) => started.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`)));
  let last: Outcome | undefined;
  for await (const line of createInterface({ input: started.stdout })) {
    const outcome: Outcome = JSON.parse(line);
    last = outcome;
    if (outcome.status === 'failed') fail(`${outcome.file}:${outcome.line} ${outcome.command}: ${outcome.reason}`);
    else sum[outcome.status]++;
  }
  const end = await closed;
  if (end === 'exit code 0') return [];
  // The last command that was reported tells which script was running, or the one before it when that script had not begun.
  const at = last ? files.findIndex((file) => basename(file) === last.file) : 0;
  fail(`${basename(files[at])}: the process ended with ${end} after line ${last?.line ?? 0}\n${errors.trim().slice(-2000)}`);
  return files.slice(at + 1);
}

const folder = shared('spec');
if (folder === undefined) {
  skip('official suite', 'the shared spec folder is not there');
} else {
  let files = readdirSync(folder)
    .filter((name) => name.endsWith('.wast'))
    .sort()
    .map((name) => join(folder, name));
  while (files.length > 0) files = await runChild(files);
}
console.log(`  Total:     ${sum.passed + sum.failed}\n  Passed:    ${sum.passed}\n  Skipped:   ${sum.skipped}`);
if (sum.failed > 0) process.exitCode = 1;
