/** `npm run bench`: Ouro's speed beside V8's, in the same run, alternating. It prints; it judges nothing.
 *  Options: --engine v8 (V8 alone, to try the harness), --rounds N, --only NAME (programs whose name contains it),
 *  --part run|calls|compile (one part alone). */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CallFiles, callCosts, writeCallModules } from './calls.js';
import { compileSpeed } from './compile.js';
import type { EngineName } from './engines.js';
import { programs } from './programs.js';
import { runTimes, v8Default } from './run-time.js';

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string', default: 'ouro' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    part: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const wanted = (part: string) => options.part === undefined || options.part === part;
const list = programs(options.only);
const sqlite = programs('sqlite3')[0];

console.log(`${cpus()[0].model}, Node ${process.versions.node}, V8 ${process.versions.v8}\n`);
if (programs().length === 0) console.log('no programs: the shared bench folder is not there (OURO_SHARED names it)\n');

const folder = mkdtempSync(join(tmpdir(), 'ouro-bench-'));
try {
  if (wanted('run') && list.length > 0) await runTimes(v8Default, list, rounds);
  if (wanted('calls') && sqlite) {
    const small = await writeCallModules(folder);
    const files = new Map<EngineName, CallFiles>([['v8', { ...small, large: sqlite.path }]]);
    await callCosts(files, rounds);
  }
  if (wanted('compile') && sqlite) await compileSpeed(sqlite, rounds);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
