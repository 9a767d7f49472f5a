/** Builds the native helper with the system's C compiler: dist/ouro-<arch>-<os>.node from runtime/native/*.c and *.S.
 *  Node-API only, so no node-gyp and no download: the headers come from the package node-api-headers.
 *  Writes runtime/native/layout.h first. Does nothing when no input is newer than the output. `CC` names another compiler. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layoutHeader } from './layout.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, '..', '..');
const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers');

const shared = ['layout.ts', 'builtins.ts', 'traps.ts', 'artifact.ts', 'cpu.ts'];
const layout = layoutHeader(shared.map((name) => readFileSync(join(folder, '..', name), 'utf8')).join('\n'));
const layoutFile = join(folder, 'layout.h');
if (!existsSync(layoutFile) || readFileSync(layoutFile, 'utf8') !== layout) writeFileSync(layoutFile, layout);

const output = join(root, 'dist', `ouro-${process.arch}-${process.platform}.node`);
const inputs = readdirSync(folder).sort();
// A file may be for one architecture or system alone: enter_x64.S, signals_linux.c.
const suffixes = { arch: ['x64', 'arm64'], platform: ['linux', 'darwin', 'win32'] };
const foreign = [...suffixes.arch, ...suffixes.platform].filter((name) => name !== process.arch && name !== process.platform);
const sources = inputs.filter((name) => /\.[cS]$/.test(name) && !foreign.some((suffix) => name.includes(`_${suffix}.`)));
const changed = Math.max(...inputs.map((name) => statSync(join(folder, name)).mtimeMs));
const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (built <= changed) {
  mkdirSync(dirname(output), { recursive: true });
  const part = `${output}.${process.pid}`;
  const compiler = process.env.CC ?? 'cc';
  const flags = ['-std=gnu11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror', '-Wl,-z,nodelete'];
  const { error, status } = spawnSync(compiler, [...flags, '-I', headers, '-o', part, ...sources], { cwd: folder, stdio: 'inherit' });
  if (error || status !== 0) {
    rmSync(part, { force: true });
    console.error(error ? `build: cannot run the C compiler '${compiler}': ${error.message}` : `build: '${compiler}' failed`);
    process.exit(1);
  }
  renameSync(part, output);
  console.log(`${output.slice(root.length + 1)}: ${statSync(output).size} bytes`);
}
