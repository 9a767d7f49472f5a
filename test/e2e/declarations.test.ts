/** The package's declarations are whole: programs that check those of libraries too (no skipLibCheck) compile, however they resolve modules. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { root } from '../support/shared.js';

const test = suite('declarations');
const folder = mkdtempSync(join(tmpdir(), 'ouro-declarations-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules', 'ouro-wasm'));
writeFileSync(
  join(folder, 'program.mts'),
  `import 'ouro-wasm/register';
import { type CacheOptions, Engine, Instance, instantiate, KeyvStore, Module, Store } from 'ouro-wasm';
import namespace, { validate } from 'ouro-wasm/webassembly';
const cache: CacheOptions = { path: 'here', store: new KeyvStore({} as ConstructorParameters<typeof KeyvStore>[0]) };
const engine = new Engine({ cache });
// @ts-expect-error: the options are known.
new Engine({ cash: true });
const module: Module = await Module.compile(engine, new Uint8Array(8));
export const { exports } = new Instance(new Store(engine), module, []);
export const other: WebAssembly.Module = new namespace.Module(new Uint8Array(8));
export const isValid: boolean = validate(new Uint8Array(8));
export const { instance } = await instantiate('add.wasm');
`,
);

for (const [module, moduleResolution] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])
  test(`moduleResolution ${moduleResolution}`, () => {
    const options = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: 'es2022,dom',
      types: 'node',
      typeRoots: join(root, 'node_modules', '@types'),
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '--noEmit', '--strict', ...args, 'program.mts'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  });

test.run();
