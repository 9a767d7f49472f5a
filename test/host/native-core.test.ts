/** The native core is made in the background after a long compile. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wasmCore } from '../../host/compile/cores.js';
import { coreOptions, nativeCorePath } from '../../host/selfhost/native-core.js';
import { compilerWasm } from '../../host/compile/compiler-wasm.js';
import { makeFolder } from '../support/folder.js';
import { HANG, until } from '../support/limits.js';
import { root } from '../support/shared.js';

const test = suite('native core');
const folder = makeFolder('native-core');
const program = join(folder, 'program.mjs');
let caches = 0;
/** However fast the machine: each compile counts as long. */
const slowly = join(folder, 'slowly.mjs');
writeFileSync(slowly, 'const now = performance.now.bind(performance); performance.now = () => now() * 1000;');

/** Runs a program with an empty cache, in which long compiles are those of any length. */
function run(source: string, settings: Record<string, string> = {}): { cache: string; result: SpawnSyncReturns<string> } {
  const cache = join(folder, `cache${caches++}`);
  const { OURO_NATIVE_CORE: _, ...env } = process.env;
  const start = `
    import { existsSync, readFileSync } from 'node:fs';
    const { Engine, Module } = await import(${JSON.stringify(pathToFileURL(join(root, 'build', 'host', 'index.js')).href)});
    const { nativeCorePath } = await import(${JSON.stringify(pathToFileURL(join(root, 'build', 'host', 'selfhost', 'native-core.js')).href)});
    const engine = new Engine();
    const wasm = readFileSync(${JSON.stringify(join(root, 'build', 'host', 'compiler.wasm'))});
    const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
    `;
  writeFileSync(program, start + source);
  const result = spawnSync(process.execPath, ['--import', pathToFileURL(slowly).href, program], {
    encoding: 'utf8',
    env: { ...env, OURO_CACHE: cache, ...settings },
    timeout: HANG,
  });
  assert.is(result.status, 0, result.stderr);
  return { cache, result };
}

/** Files of a cache; a core that is there is whole. */
function content(cache: string): string[] {
  process.env.OURO_CACHE = cache;
  let names: string[];
  try {
    names = readdirSync(cache);
  } catch {
    return [];
  }
  const path = nativeCorePath();
  if (names.some((name) => path.endsWith(name)))
    assert.is(Buffer.compare(readFileSync(path), wasmCore().compile(compilerWasm(), coreOptions())), 0);
  return names;
}

const waitForIt = `while (!existsSync(nativeCorePath())) await sleep(100);`;

test('it is there some time after a long compile, and used from then on', () => {
  for (const compile of ['engine.precompileModule(wasm)', '(await Module.compile(engine, wasm)).serialize()']) {
    const { cache, result } = run(`
      const first = ${compile};
      ${waitForIt}
      const second = new Engine({ compiler: 'native' }).precompileModule(wasm);
      console.log(Buffer.compare(first, second), Buffer.compare(first, ${compile}));`);
    assert.is(result.stdout, '0 0\n');
    assert.is(content(cache).length, 1);
  }
});

test('a command that ends leaves it to a process', async () => {
  const cache = join(folder, `cache${caches++}`);
  const { OURO_NATIVE_CORE: _, ...env } = process.env;
  const input = join(root, 'build', 'host', 'compiler.wasm');
  const command = [
    '--import',
    pathToFileURL(slowly).href,
    join(root, 'dist', 'cli.js'),
    'compile',
    input,
    '-o',
    join(folder, 'compiled.ouro'),
  ];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', env: { ...env, OURO_CACHE: cache } });
  assert.is(status, 0, stderr);
  const cores = () => content(cache).filter((name) => name.endsWith('.ouro'));
  // Everything else on the machine goes before it.
  await until(() => cores().length > 0, 'the native core is made');
  assert.is(cores().length, 1);
});

test('OURO_NATIVE_CORE=off, or a compiler that was chosen: nothing happens', () => {
  const wait = 'engine.precompileModule(wasm); await sleep(4000);';
  assert.equal(content(run(wait, { OURO_NATIVE_CORE: 'off' }).cache), []);
  assert.equal(content(run(`new Engine({ compiler: 'wasm' }).precompileModule(wasm); await sleep(4000);`).cache), []);
});

test('a process that ends meanwhile leaves nothing, or all of it', () => {
  assert.equal(content(run('engine.precompileModule(wasm);').cache), []);
  for (const time of [1000, 1300, 2000]) {
    const names = content(run(`engine.precompileModule(wasm); await sleep(${time}); process.exit(0);`).cache);
    assert.ok(names.length <= 1);
  }
});

test('a cache that cannot be written makes no noise', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { result } = run('engine.precompileModule(wasm); await sleep(5000);', { OURO_CACHE: join(file, 'cache') });
  assert.is(result.stdout + result.stderr, '');
});

test('is neither used nor made where another user could have put it', () => {
  const cache = join(folder, 'foreign');
  mkdirSync(cache, { mode: 0o755 });
  process.env.OURO_CACHE = cache;
  writeFileSync(nativeCorePath(), wasmCore().compile(compilerWasm(), coreOptions()), { mode: 0o444 });
  const source = `
    const say = (compiler) => { try { new Engine({ compiler }).precompileModule(wasm); return 'compiled'; } catch ({ message }) { return message; } };
    console.log(say('native')); console.log(say('auto'));`;
  const { stdout: own } = run(source, { OURO_CACHE: cache }).result;
  assert.is(own, 'compiled\ncompiled\n');
  chmodSync(nativeCorePath(), 0o666);
  const { stdout: writable } = run(source, { OURO_CACHE: cache }).result;
  assert.is(writable, `the native core is not used: another user can write to ${nativeCorePath()}\ncompiled\n`);
  chmodSync(cache, 0o777);
  const { stdout: foreign } = run(source, { OURO_CACHE: cache }).result;
  assert.is(foreign, `the native core is not used: another user can write to ${cache}\ncompiled\n`);
  rmSync(nativeCorePath());
  run(`engine.precompileModule(wasm); await sleep(2500);`, { OURO_CACHE: cache });
  assert.equal(readdirSync(cache), []);
});

test.run();
