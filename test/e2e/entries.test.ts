/** The package's entries, by their names, as both kinds of modules load them: there is one copy of the library and of the drop-in in a thread. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';

const test = suite('entries');
const folder = mkdtempSync(join(tmpdir(), 'ouro-entries-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules', 'ouro-wasm'));
const env = { ...process.env, OURO_CACHE: join(folder, 'cache') };

/** What a program prints, as JSON. */
function run(name: string, text: string, ...flags: string[]): any {
  writeFileSync(join(folder, name), text);
  return JSON.parse(execFileSync(process.execPath, [...flags, name], { cwd: folder, env, encoding: 'utf8' }));
}

/** Loads both, in an order, and says whether they are the same. */
const compare = `
const same = (one, other) => Object.keys(other).length > 20 && Object.keys(other).every((name) => one[name] === other[name]);
const wasm = () => new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const works = ({ Engine, Module }, other) => new Module(new Engine(), wasm()) instanceof other.Module;`;

test('required first, then imported', () => {
  const text = `${compare}
  const required = require('ouro-wasm');
  import('ouro-wasm').then((imported) => console.log(JSON.stringify([same(required, imported), works(required, imported)])));`;
  assert.equal(run('first.cjs', text), [true, true]);
});

test('imported first, then required', () => {
  const text = `${compare}
  import * as imported from 'ouro-wasm';
  import { createRequire } from 'node:module';
  const required = createRequire(import.meta.url)('ouro-wasm');
  console.log(JSON.stringify([same(required, imported), works(imported, required)]));`;
  assert.equal(run('second.mjs', text), [true, true]);
});

test('a thread has a copy of its own, however it is loaded', () => {
  const text = `${compare}
  const { Worker, isMainThread, parentPort } = require('node:worker_threads');
  const required = require('ouro-wasm');
  if (isMainThread) new Worker(__filename).on('message', (message) => console.log(JSON.stringify(message)));
  else import('ouro-wasm').then((imported) => parentPort.postMessage([same(required, imported), works(required, imported)]));`;
  assert.equal(run('thread.cjs', text), [true, true]);
});

test('compiling on other threads, files and artifacts work where it is required', () => {
  const text = `
  const { Engine, Instance, Module, Store } = require('ouro-wasm');
  const { writeFileSync } = require('node:fs');
  (async () => {
    const engine = new Engine();
    const module = await Module.compile(engine, '(module (func (export "f") (result i32) (i32.const 42)))');
    writeFileSync('f.ouro', module.serialize());
    console.log(new Instance(new Store(engine), Module.deserializeFile(engine, 'f.ouro')).exports.f());
  })();`;
  symlinkSync(join(root, 'node_modules', '@bytecodealliance'), join(folder, 'node_modules', '@bytecodealliance'));
  assert.is(run('work.cjs', text), 42);
});

test('the drop-in: the namespace is the same one', () => {
  const text = `
  require('ouro-wasm/register');
  const required = require('ouro-wasm/webassembly');
  import('ouro-wasm/webassembly').then((imported) => console.log(JSON.stringify([
    imported.default === required.default, imported.Module === required.Module, globalThis.WebAssembly === required.default])));`;
  assert.equal(run('namespace.cjs', text), [true, true, true]);
});

test('names that importers of CommonJS see', () => {
  const text = `import * as all from './node_modules/ouro-wasm/dist/index.cjs';
  import * as imported from 'ouro-wasm';
  console.log(JSON.stringify(Object.keys(imported).filter((name) => all[name] !== imported[name])));`;
  assert.equal(run('names.mjs', text), []);
});

test('on another platform: it installs and is imported; what needs native code is a typed error, and the drop-in leaves WebAssembly alone', () => {
  const { os, cpu } = createRequire(import.meta.url)(join(root, 'package.json'));
  assert.equal([os, cpu], [undefined, undefined]);
  const text = `Object.defineProperty(process, 'platform', { value: 'darwin' });
  const before = WebAssembly;
  const { Engine, OuroError, Store } = await import('ouro-wasm');
  const { default: namespace } = await import('ouro-wasm/webassembly');
  await import('ouro-wasm/register');
  try {
    new Store(new Engine());
  } catch (error) {
    const { code, message } = error;
    console.log(JSON.stringify([error instanceof OuroError, code, message, namespace === before, WebAssembly === before]));
  }`;
  const [isTyped, code, message, ...same] = run('platform.mjs', text, '--no-warnings');
  assert.equal([isTyped, code, ...same], [true, 'NATIVE_UNAVAILABLE', true, true]);
  assert.match(message, /there is no ouro-x64-darwin\.node beside this file; Ouro runs on Linux on x86-64/);
});

test('every file that package.json names is there', () => {
  const { exports, main, types, typesVersions, bin, files, sideEffects } = createRequire(import.meta.url)(join(root, 'package.json'));
  const paths: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') paths.push(value);
    else if (value) for (const each of Object.values(value)) collect(each);
  };
  collect([exports, main, types, typesVersions, bin, files, sideEffects]);
  assert.ok(paths.length > 20);
  for (const path of paths) assert.not.throws(() => readFileOrFolder(join(root, path)), path);
});

function readFileOrFolder(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
}

test.run();
