/** `npm run bench`: Ouro's speed beside V8's, in the same run, alternating. It prints; it judges nothing.
 *  Options: --engine v8 (V8 alone, to try the harness), --rounds N, --only NAME (programs whose name contains it),
 *  --part run|calls|cold|module|compile|validate|memory|packages (one part alone). */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bootstrap } from '../../host/selfhost/bootstrap.js';
import { type CallFiles, callCosts, writeCallModules } from './calls.js';
import { coldCalls } from './cold.js';
import { compilerMemory, compileSpeed, ouroCompilers, v8Compiler } from './compile.js';
import type { EngineName } from './engines.js';
import { packageTimes } from './packages.js';
import { programs } from './programs.js';
import { ouro, runTimes, v8Default } from './run-time.js';
import { validateSpeed } from './validate.js';

const { values: options } = parseArgs({
  options: {
    engine: { type: 'string', default: 'ouro' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    part: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const withOuro = options.engine === 'ouro';
const wanted = (part: string) => options.part === undefined || options.part === part;
const list = programs(options.only);
const sqlite = programs('sqlite3')[0];
const folder = mkdtempSync(join(tmpdir(), 'ouro-bench-'));

/** Compiles wasm files into the temporary folder; gives the artifacts' paths. */
async function precompile(files: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const { Engine } = await import('ouro-wasm');
  const engine = new Engine();
  const artifacts = new Map<string, string>();
  for (const [name, path] of files) {
    const artifact = join(folder, `${name}.ouro`);
    writeFileSync(artifact, engine.precompileModule(readFileSync(path)));
    artifacts.set(name, artifact);
  }
  return artifacts;
}

console.log(`${cpus()[0].model}, Node ${process.versions.node}, V8 ${process.versions.v8}\n`);
if (programs().length === 0) console.log('no programs: the shared bench folder is not there (OURO_SHARED names it)\n');

try {
  if (wanted('run') && list.length > 0) {
    const subject = withOuro ? ouro(await precompile(new Map(list.map(({ name, path }) => [name, path])))) : v8Default;
    await runTimes(subject, list, rounds);
  }
  if (wanted('calls') && sqlite) {
    const small = await writeCallModules(folder);
    const wasm: CallFiles = { ...small, large: sqlite.path };
    const files = new Map<EngineName, CallFiles>([['v8', wasm]]);
    if (withOuro) files.set('ouro', Object.fromEntries(await precompile(new Map(Object.entries(wasm)))) as unknown as CallFiles);
    await callCosts(files, rounds);
  }
  if (wanted('cold')) {
    const { calls } = await writeCallModules(folder);
    const files = new Map<EngineName, string>([['v8', calls]]);
    if (withOuro) files.set('ouro', (await precompile(new Map([['calls', calls]]))).get('calls')!);
    await coldCalls(files, 3 * rounds);
  }
  if (withOuro && (wanted('compile') || wanted('validate') || wanted('module'))) {
    // A native core of this very compiler, whatever is in the user's cache.
    process.env.OURO_CACHE = join(folder, 'cache');
    bootstrap();
  }
  if (wanted('compile') && sqlite) {
    await compileSpeed(sqlite, withOuro ? [v8Compiler, ...ouroCompilers] : [v8Compiler], rounds);
  }
  if (wanted('validate') && sqlite) await validateSpeed(sqlite, withOuro, rounds);
  if (wanted('module') && withOuro) {
    execFileSync(process.execPath, [fileURLToPath(new URL('module.js', import.meta.url)), String(rounds)], { stdio: 'inherit' });
  }
  if (wanted('memory') && withOuro) compilerMemory(list);
  if (wanted('packages') && withOuro) await packageTimes(folder, options.only, rounds);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
