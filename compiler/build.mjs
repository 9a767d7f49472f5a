/** Builds the compiler core with asc: build/compiler.wasm, build/ouro.wasm (the WASI command) and build/compiler.test.wasm.
 *  A target is built again only when a source, the configuration or a step of the build is newer than its output.
 *  All sources are read once, before anything is built: a build never mixes two states of a file that changes meanwhile, and its outputs
 *  carry the time of the reading, so that such a change is seen by the next build.
 *  `node compiler/build.mjs [name…]` builds only the named targets (compiler, ouro, test). */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Texts } from './texts.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const targets = [
  { name: 'compiler', entry: 'compiler/index.ts', output: 'build/compiler.wasm', target: 'release' },
  { name: 'ouro', entry: 'compiler/wasi.ts', output: 'build/ouro.wasm', target: 'release' },
  { name: 'test', entry: 'compiler/test.ts', output: 'build/compiler.test.wasm', target: 'test' },
];

/** Paths of the sources below `folder`. */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : entry.name.endsWith('.ts') ? [path] : [];
  });
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

process.chdir(root);
const wanted = process.argv.slice(2);
const paths = [...sources('compiler'), ...sources('runtime'), 'asconfig.json'];
const others = ['node_modules/assemblyscript/package.json', ...['build.mjs', 'texts.mjs'].map((name) => join('compiler', name))];
const inputs = Math.max(...[...paths, ...others].map(modified));
const stale = targets.filter(({ name, output }) => (wanted.length === 0 || wanted.includes(name)) && modified(output) <= inputs);
if (stale.length === 0) process.exit();
mkdirSync('build', { recursive: true });

const taken = new Date();
const snapshot = new Map(paths.map((path) => [resolve(path), readFileSync(path, 'utf8')]));

/** The compiler's memory starts where the language's heap would: nothing may take memory from that. Nor are literals its strings. */
const noHeap = {
  afterCompile(module) {
    for (const name of ['~lib/rt/stub/__new', '~lib/string/String#charCodeAt', '~lib/string/String#get:length', '~lib/string/String.__eq'])
      if (module.getFunction(name) !== 0) throw new Error(`something uses the language's heap or strings (${name})`);
  },
};

// Loaded late: it costs half a second, which an up-to-date build need not pay.
const { default: asc } = await import('assemblyscript/asc');

for (const { entry, output, target } of stale) {
  // asc writes several files and may fail half-way: only a complete build takes the final name.
  const part = output.replace(/\.wasm$/, `.${process.pid}.wasm`);
  const started = performance.now();
  const texts = new Texts();
  /** Sources as they were when the build began. Null: no such file. */
  const readFile = (name, base) => {
    const source = snapshot.get(resolve(base, name)) ?? null;
    return name.endsWith('.ts') && source ? texts.take(source) : source;
  };
  const options = [entry, '--config', 'asconfig.json', '--target', target, '--outFile', part];
  const { error, stderr } = await asc.main(options, { readFile, transforms: [noHeap, texts] });
  const text = stderr.toString();
  if (text) process.stderr.write(text);
  if (error) {
    rmSync(part, { force: true });
    console.error(`build: ${entry}: ${error.message}`);
    process.exit(1);
  }
  utimesSync(part, taken, taken);
  renameSync(part, output);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${output}: ${readFileSync(output).length} bytes, ${seconds} s`);
}
