/** The apps of this folder: what they run, where their modules are expected to run under the drop-in, and what is expected of their speed. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/shared.js';

export interface App {
  /** The package, and how it is used where it is used in two ways. */
  readonly name: string;
  /** What Node is to run. */
  readonly args: readonly string[];
  /** How many of its modules Ouro runs and how many are left to V8, apart from those that are too small. */
  readonly ouro: number;
  readonly v8: number;
  /** Settings that it needs: modules below the size floor run on Ouro only when that is lowered. */
  readonly env?: Readonly<Record<string, string>>;
  /** The test has its native code made in the background, as users do. */
  readonly inBackground?: boolean;
  /** What the benchmark should show at most, as a share of plain Node's. */
  readonly goal?: { readonly wall: number; readonly cpu?: number };
  /** Its work can be repeated in one process. Apps without this and without a goal are left out of the benchmark. */
  readonly repeats?: boolean;
}

const runner = join(root, 'test', 'packages', 'run.mjs');
const inPackage = (...path: string[]) => join(root, 'node_modules', ...path);
const app = (file: string) => [runner, file];

/** The environment of an app under the drop-in, with a cache folder of its own. */
export function registered(app: App, cache: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    OURO_CACHE: cache,
    NODE_OPTIONS: `--import ${pathToFileURL(join(root, 'dist', 'register.js'))}`,
    ...app.env,
    ...more,
  };
}

export const apps: readonly App[] = [
  { name: 'sql.js', args: app('sqljs.mjs'), ouro: 1, v8: 0, inBackground: true, goal: { wall: 0.7 }, repeats: true },
  { name: '@sqlite.org/sqlite-wasm', args: app('sqlite-wasm.mjs'), ouro: 1, v8: 0, repeats: true },
  {
    name: 'esbuild-wasm, command',
    args: [
      inPackage('esbuild-wasm', 'bin', 'esbuild'),
      inPackage('esbuild-wasm', 'lib', 'main.js'),
      '--bundle',
      '--platform=node',
      '--minify',
    ],
    ouro: 1,
    v8: 0,
    goal: { wall: 0.35, cpu: 0.25 },
  },
  { name: 'esbuild-wasm, library', args: app('esbuild.mjs'), ouro: 1, v8: 0 },
  { name: '@resvg/resvg-wasm', args: app('resvg.mjs'), ouro: 1, v8: 0, goal: { wall: 0.7 }, repeats: true },
  { name: '@swc/wasm', args: app('swc.cjs'), ouro: 1, v8: 0, goal: { wall: 0.7 }, repeats: true },
  { name: 'web-tree-sitter', args: app('tree-sitter.mjs'), ouro: 2, v8: 0, inBackground: true, repeats: true },
  { name: '@electric-sql/pglite', args: app('pglite.mjs'), ouro: 4, v8: 0, goal: { wall: 0.5 }, repeats: true },
  { name: 'quickjs-emscripten', args: app('quickjs.mjs'), ouro: 1, v8: 0, repeats: true },
  { name: '@jsquash/jpeg', args: app('jpeg.mjs'), ouro: 2, v8: 0, repeats: true },
  { name: 'loro-crdt', args: app('loro.cjs'), ouro: 1, v8: 0, repeats: true },
  { name: '@chainsafe/as-chacha20poly1305', args: app('chacha.cjs'), ouro: 1, v8: 0, env: { OURO_REGISTER_MIN_SIZE: '4k' }, repeats: true },
  { name: '@jsquash/webp', args: app('webp.mjs'), ouro: 1, v8: 1 },
  { name: '@chainsafe/as-sha256', args: app('as-sha256.mjs'), ouro: 0, v8: 1 },
  { name: 'pyodide', args: app('pyodide.mjs'), ouro: 0, v8: 1 },
];
