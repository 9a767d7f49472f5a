/** The package's declarations are whole: programs that check those of libraries too (skipLibCheck: false) compile, with both of the compilers that
 *  people use, however they resolve modules, whether they are ES modules or CommonJS, with Node's declarations or without. */
// time limit: 300 s

import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';
import { makeProject } from './packed.js';

const test = suite('consumers');
const { folder, remove } = makeProject();
test.after(remove);
symlinkSync(join(root, 'node_modules', 'keyv'), join(folder, 'node_modules', 'keyv'));

/** What all consumers do, in a function that returns what it has come to: nothing is unused. */
const body = `
const cache: CacheOptions = { path: 'here', store: new KeyvStore({} as ConstructorParameters<typeof KeyvStore>[0]) };
export const engine: Engine = new Engine({ cache, artifactKey: { publicKey: '' } } satisfies Config);
// @ts-expect-error: the options are known.
new Engine({ cash: true });
// @ts-expect-error: a key is no number.
new Engine({ artifactKey: { publicKey: 5 } });
export const module: Module = new Module(engine, new Uint8Array(8));
export const store = new Store(engine);
export const { exports: members } = new Instance(store, module, [(value: number) => value]);
export const size: number = new Memory(store, memoryType(1)).size();
export const frames = (trap: Trap): readonly TrapFrame[] => trap.frames;
// @ts-expect-error: what is internal is not declared.
module.code;
export const compiled: Promise<Module> = Module.compile(engine, '(module)', { onProgress: ({ done }) => done, signal: AbortSignal.timeout(1) });
export const other: WebAssembly.Module = new namespace.Module(new Uint8Array(8));
export const another: WasmModule = new WasmModule(new Uint8Array(8));
export const isValid: boolean = validate(new Uint8Array(8));
`;
const names = 'type CacheOptions, type Config, Engine, Instance, KeyvStore, Memory, memoryType, Module, Store, Trap, type TrapFrame';

const sources = {
  'esm.mts': `import 'ouro-wasm/register';
import { ${names} } from 'ouro-wasm';
import namespace, { Module as WasmModule, validate } from 'ouro-wasm/webassembly';
${body}
export const { instance } = await (await import('ouro-wasm')).instantiate('add.wasm');
`,
  'cjs.cts': `import 'ouro-wasm/register';
import { ${names} } from 'ouro-wasm';
import namespace, { Module as WasmModule, validate } from 'ouro-wasm/webassembly';
${body}
// A class is one type, however it came.
export const same = async (): Promise<typeof Engine> => (await import('ouro-wasm')).Engine;
export const back = async (): Promise<Module> => new (await import('ouro-wasm')).Module(engine, '(module)');
`,
  'require.cts': `import register = require('ouro-wasm/register');
import ouro = require('ouro-wasm');
import wasm = require('ouro-wasm/webassembly');
const module: ouro.Module = new ouro.Module(new ouro.Engine(), '(module)');
const same: WebAssembly.Module = new wasm.default.Module(new Uint8Array(8));
const others: wasm.Module = new wasm.Module(new Uint8Array(8));
export = { module, same, others, register };
`,
  'node.mts': `import { generateKeyPairSync } from 'node:crypto';
import { open } from 'node:fs/promises';
import Keyv from 'keyv';
import { Engine, KeyvStore, Module } from 'ouro-wasm';
const { privateKey } = generateKeyPairSync('ed25519');
const engine = new Engine({ artifactKey: { privateKey }, cache: new KeyvStore(new Keyv()) });
export const module: Promise<Module> = open('add.ouro').then((file) => Module.deserializeOpenFile(engine, file));
`,
} as const;
type Source = keyof typeof sources;
for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text);

const compilers = { 'TypeScript 5.9': 'typescript-5.9', 'TypeScript 7': 'typescript' };

test('the compilers are those', () => {
  for (const [name, folder] of Object.entries(compilers)) {
    const output = execFileSync(process.execPath, [join(root, 'node_modules', folder, 'bin', 'tsc'), '--version'], { encoding: 'utf8' });
    assert.ok(output.startsWith(name.replace('TypeScript', 'Version')), `${folder}: ${output}`);
  }
});

const both: Source[] = ['esm.mts', 'cjs.cts', 'require.cts'];
/** With `esnext`, all modules are ES modules. TypeScript 7 has no node10, which does not read `exports`. */
const resolutions: { module: string; moduleResolution: string; files: Source[]; only?: string }[] = [
  { module: 'node16', moduleResolution: 'node16', files: both },
  { module: 'nodenext', moduleResolution: 'nodenext', files: both },
  { module: 'esnext', moduleResolution: 'bundler', files: ['esm.mts', 'cjs.cts'] },
  { module: 'preserve', moduleResolution: 'bundler', files: both },
  { module: 'commonjs', moduleResolution: 'node10', files: ['cjs.cts', 'require.cts'], only: 'TypeScript 5.9' },
];

/** With Node's declarations there is more to check. */
const surroundings = {
  'without @types/node': { types: [], more: [] as Source[] },
  'with @types/node': { types: ['node'], more: ['node.mts'] as Source[] },
};

for (const [compiler, path] of Object.entries(compilers)) {
  for (const { module, moduleResolution, files, only } of resolutions) {
    if (only && only !== compiler) continue;
    for (const [surrounding, { types, more }] of Object.entries(surroundings)) {
      test(`${compiler}, module ${module}, ${moduleResolution}, ${surrounding}`, () => {
        const options = {
          ...{ module, moduleResolution, types, typeRoots: [join(root, 'node_modules', '@types')] },
          ...{ target: 'es2022', lib: ['es2022', 'dom'] },
          ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedSideEffectImports: true, esModuleInterop: true },
          ...{ skipLibCheck: false, noEmit: true },
        };
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [...files, ...more] }));
        const tsc = join(root, 'node_modules', path, 'bin', 'tsc');
        execFileSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
      });
    }
  }
}

test.run();
