/** Builds the compiler core with asc: build/compiler.wasm, build/ouro.wasm (the WASI command) and build/compiler.test.wasm.
 *  A target is built again only when a source, the configuration or this file is newer than its output.
 *  `node compiler/build.mjs [name…]` builds only the named targets (compiler, ouro, test). */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const targets = [
  { name: 'compiler', entry: 'compiler/index.ts', output: 'build/compiler.wasm', target: 'release' },
  { name: 'ouro', entry: 'compiler/wasi.ts', output: 'build/ouro.wasm', target: 'release' },
  { name: 'test', entry: 'compiler/test.ts', output: 'build/compiler.test.wasm', target: 'test' },
];

/** Time of the newest file below `folder` whose name ends in .ts. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (entry.name.endsWith('.ts')) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

process.chdir(root);
const inputs = Math.max(
  newest('compiler'),
  newest('runtime'),
  modified('asconfig.json'),
  modified('node_modules/assemblyscript/package.json'),
  modified(fileURLToPath(import.meta.url)),
);
const wanted = process.argv.slice(2);
mkdirSync('build', { recursive: true });

for (const { name, entry, output, target } of targets) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (!existsSync(entry) || modified(output) > inputs) continue;
  // Loaded late: it costs half a second, which an up-to-date build need not pay.
  const { default: asc } = await import('assemblyscript/asc');
  // asc writes several files and may fail half-way: only a complete build takes the final name.
  const part = output.replace(/\.wasm$/, `.${process.pid}.wasm`);
  const started = performance.now();
  const { error, stderr } = await asc.main([entry, '--config', 'asconfig.json', '--target', target, '--outFile', part]);
  const text = stderr.toString();
  if (text) process.stderr.write(text);
  if (error) {
    rmSync(part, { force: true });
    console.error(`build: ${entry}: ${error.message}`);
    process.exit(1);
  }
  renameSync(part, output);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${output}: ${readFileSync(output).length} bytes, ${seconds} s`);
}
