/** The package as a user gets it: packed, installed in an empty folder without a network and without a home, and there imported, required, type-checked,
 *  run as a command, and put in front of an app. What it depends on is packed from node_modules. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { makeFolder } from '../support/folder.js';
import { HANG, until } from '../support/limits.js';
import { root } from '../support/shared.js';
import { need } from '../support/tools.js';

type Conditions = string | Readonly<Record<string, string>>;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Conditions>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
const { name, version, bin, exports, dependencies } = manifestOf(root);
const [command] = Object.keys(bin);

const test = suite('tarball');
const folder = makeFolder('tarball');
const app = join(folder, 'app');
const installed = join(app, 'node_modules', name);
const file = (path: string) => join(app, path);

/** Nothing of an npm that runs these tests, and no home; commands find the Node that runs this. */
function surroundings(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([key]) => !/^(npm_|HOME$|NODE_OPTIONS$|OURO_)/i.test(key));
  return {
    ...Object.fromEntries(kept),
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    OURO_CACHE: join(folder, 'cache'),
    // A builder makes it when its work is done, and would still write here at the end.
    OURO_NATIVE_CORE: 'off',
    npm_config_cache: join(folder, 'npm'),
    npm_config_userconfig: join(folder, 'npmrc'),
    npm_config_offline: 'true',
    npm_config_ignore_scripts: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
}

/** Runs a command in the app's folder; it must end well. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const result = spawnSync(program, args, { cwd: app, encoding: 'utf8', env: { ...surroundings(), ...env }, timeout: HANG });
  const { error, status, signal, stdout, stderr } = result;
  if (error) throw error;
  assert.is(status, 0, `${program} ${args.join(' ')}: ${signal ?? `exit code ${status}`}\n${stdout}${stderr}`);
  return result;
}

const node = (...args: string[]) => run(process.execPath, args);

/** Packs a folder; gives the tarball's path. */
function pack(path: string): string {
  const { stdout } = run('npm', ['pack', path, '--pack-destination', folder, '--json']);
  return join(folder, JSON.parse(stdout)[0].filename);
}

/** The packages that one depends on, and that those depend on. */
function allDependencies(names: readonly string[], found = new Set<string>()): Set<string> {
  for (const each of names) {
    if (found.has(each)) continue;
    found.add(each);
    allDependencies(Object.keys(manifestOf(join(root, 'node_modules', each)).dependencies ?? {}), found);
  }
  return found;
}

const wasm = await parseText('(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))');

function setUp(): void {
  mkdirSync(app);
  const tarballs = [root, ...[...allDependencies(Object.keys(dependencies ?? {}))].map((each) => join(root, 'node_modules', each))].map(
    pack,
  );
  run('npm', ['install', '--prefix', app, ...tarballs]);
  writeFileSync(file('add.wasm'), wasm);
}

/** All paths that `exports` and `bin` name. */
function paths(of: Conditions): string[] {
  return typeof of === 'string' ? [of] : Object.values(of).flatMap(paths);
}

/** The names under which others import it. */
const entries = Object.keys(exports).map((path) => path.replace(/^\./, name));

function contentTests(): void {
  test('what is installed: all that the manifest names, and nothing that only we need', () => {
    assert.is(manifestOf(installed).version, version);
    for (const path of [...Object.values(exports), bin].flatMap(paths)) assert.ok(existsSync(join(installed, path)), path);
    const names = readdirSync(installed).sort();
    assert.equal(names, ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'dist', 'package.json']);
  });

  test('import', () => {
    writeFileSync(
      file('app.mjs'),
      `import { readFileSync } from 'node:fs';
      import { Engine, Instance, instantiate, Module, Store } from '${name}';
      import namespace from '${name}/webassembly';
      import manifest from '${name}/package.json' with { type: 'json' };
      const engine = new Engine();
      const module = new Module(engine, readFileSync('add.wasm'));
      console.log(new Instance(new Store(engine), module).exports.add(40, 2), (await Module.compile(engine, readFileSync('add.wasm'))) instanceof Module);
      console.log((await instantiate('add.wasm')).exports.add(1, 2), namespace.validate(readFileSync('add.wasm')), manifest.version);
      const before = WebAssembly.Module;
      await import('${name}/register');
      console.log(WebAssembly.Module !== before);`,
    );
    assert.is(node('--no-warnings', 'app.mjs').stdout, `42 true\n3 true ${version}\ntrue\n`);
  });

  const required = Object.entries(exports).filter(([path, to]) => path.endsWith('.json') || (typeof to === 'object' && 'require' in to));
  for (const [path] of required) {
    const entry = path.replace(/^\./, name);
    test(`require of ${entry}`, () => {
      assert.is(node('-e', `console.log(typeof require('${entry}'))`).stdout, 'object\n');
    });
  }

  test('import() of each entry from CommonJS', () => {
    writeFileSync(
      file('each.cjs'),
      `(async () => {
        for (const entry of ${JSON.stringify(entries)}) await import(entry, entry.endsWith('.json') ? { with: { type: 'json' } } : undefined);
        console.log('all');
      })();`,
    );
    assert.is(node('--no-warnings', 'each.cjs').stdout, 'all\n');
  });
}

function typeTests(): void {
  writeFileSync(
    file('program.mts'),
    `import '${name}/register';
import { type CacheOptions, Engine, Instance, Module, Store } from '${name}';
import namespace from '${name}/webassembly';
const cache: CacheOptions = { path: 'here' };
const engine = new Engine({ cache });
// @ts-expect-error: the options are known.
new Engine({ cash: true });
const module: Module = await Module.compile(engine, new Uint8Array(8));
export const { exports } = new Instance(new Store(engine), module, []);
export const other: WebAssembly.Module = new namespace.Module(new Uint8Array(8));
`,
  );
  writeFileSync(
    file('program.cts'),
    `import namespace = require('${name}/webassembly');
export const isValid: boolean = namespace.default.validate(new Uint8Array(8));
export async function compile(bytes: Uint8Array): Promise<Uint8Array> {
  const { Engine, Module } = await import('${name}');
  // @ts-expect-error: the options are known.
  new Engine({ cash: true });
  return (await Module.compile(new Engine(), bytes)).serialize();
}
`,
  );
  for (const program of ['program.mts', 'program.cts'])
    test(`types, ${program}`, () => {
      const options = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--strict', '--noEmit'];
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
      node(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, ...types, program);
    });
}

function commandTests(): void {
  test('the command, from its link and by npx', () => {
    const link = join('node_modules', '.bin', command);
    run(link, ['compile', 'add.wasm', '-o', 'add.ouro']);
    for (const module of ['add.ouro', 'add.wasm']) assert.is(run(link, ['run', '--invoke', 'add', module, '40', '2']).stdout, '42\n');
    assert.is(run('npx', ['--no-install', command, 'run', '--invoke', 'add', 'add.ouro', '1', '2']).stdout, '3\n');
    assert.is(run(link, ['--version']).stdout.trim(), version);
  });
}

function registerTests(): void {
  writeFileSync(
    file('plain.cjs'),
    `const adder = new WebAssembly.Module(require('node:fs').readFileSync('add.wasm'));
    console.log(new WebAssembly.Instance(adder).exports.add(40, 2));`,
  );
  for (const flag of ['--import', '--require'])
    test(`the drop-in by ${flag}, with a cold cache and with a warm one`, async () => {
      const cache = join(folder, `cache${flag}`);
      const env = { OURO_CACHE: cache, OURO_LOG: '1', OURO_REGISTER_MIN_SIZE: '0' };
      const start = (more = {}) => run(process.execPath, [flag, `${name}/register`, 'plain.cjs'], { ...env, ...more });
      const notes = join(cache, 'register');
      // Noted, and nothing left of the work.
      const isBuilt = () => {
        const names = existsSync(notes) ? readdirSync(notes) : [];
        return names.some((each) => each.endsWith('.ouro')) && !names.some((each) => /\.(wasm|lock|part)$/.test(each));
      };
      const cold = start();
      assert.is(cold.stdout, '42\n');
      assert.match(cold.stderr, /runs on V8/);
      await until(isBuilt, 'there is native code');
      const warm = start();
      assert.is(warm.stdout, '42\n');
      assert.match(warm.stderr, /runs as native code/);
      assert.match(start({ OURO_CACHE: `${cache}-eager`, OURO_REGISTER: 'eager' }).stderr, /is compiled now/);
    });
}

if (need('npm', 'the package from its tarball', 11)) {
  setUp();
  contentTests();
  typeTests();
  commandTests();
  registerTests();
}
test.run();
