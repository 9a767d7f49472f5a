/** The drop-in and the library in one process, which share one copy of the runtime: objects of the one given to the other. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { root } from '../support/shared.js';
import { App } from './support.js';

const files = {
  'add.wasm': await parseText('(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'),
  'caller.wasm': await parseText(
    '(module (import "m" "f" (func $f (param i32 i32) (result i32))) (func (export "call") (result i32) (call $f (i32.const 2) (i32.const 3))))',
  ),
  'source.wasm': await parseText(
    '(module (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 1)) (func (export "f") (param i32) (result i32) (local.get 0)))',
  ),
  'user.wasm': await parseText(
    '(module (import "m" "t" (table 1 funcref)) (import "m" "g" (global $g (mut i32))) (func (export "get") (result i32) (global.get $g)))',
  ),
  'prelude.mjs': `import { readFileSync } from 'node:fs';
    export const library = await import('${pathToFileURL(join(root, 'dist', 'index.js')).href}');
    export const bytes = (name) => readFileSync(name + '.wasm');
    const { Engine, Instance, Module, Store } = library;
    export const engine = new Engine();
    export const inLibrary = (name, imports = [], store = new Store(engine)) => new Instance(store, new Module(engine, bytes(name)), imports).exports;
    export const inDropIn = (name, imports = {}) => new WebAssembly.Instance(new WebAssembly.Module(bytes(name)), { m: imports }).exports;
    export const attempt = (work) => { try { return work(); } catch (error) { return error.code ?? error.constructor.name; } };`,
  'functions.mjs': `import { inDropIn, inLibrary } from './prelude.mjs';
    console.log(inLibrary('caller', [inDropIn('add').add]).call(), inDropIn('caller', { f: inLibrary('add').add }).call());`,
  'objects.mjs': `import { attempt, engine, inDropIn, inLibrary, library } from './prelude.mjs';
    const store = new library.Store(engine);
    const ours = inLibrary('source', [], store);
    const theirs = inDropIn('source');
    console.log(attempt(() => inDropIn('user', ours)), attempt(() => inLibrary('user', [theirs.t, theirs.g])));
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    const global = new WebAssembly.Global({ value: 'i32', mutable: true }, 5);
    const { get } = inLibrary('user', [table, global], store);
    global.value = 6;
    console.log(get(), attempt(() => inDropIn('user', { t: table, g: global })));
    store.dispose();
    console.log(theirs.f(7), theirs.t.length);`,
  'promise.mjs': `class Other { constructor(work) { work(() => {}, () => {}); } then() {} static resolve() { return new Other(() => {}); } }
    globalThis.Promise = Other;
    const { readFileSync } = await import('node:fs');
    const f = (one, other) => one + other;
    const module = new WebAssembly.Module(readFileSync('caller.wasm'));
    console.log(new WebAssembly.Instance(module, { m: { f } }).exports.call());`,
};

/** At first sight, with native code, and compiled at once. */
function everyStart(file: string, expected: string): void {
  const app = new App('library', files);
  for (const OURO_REGISTER of ['background', 'eager', 'background']) {
    const { stdout, stderr } = app.run([file], { OURO_REGISTER });
    assert.is(stdout, expected, `${OURO_REGISTER}: ${stderr}`);
  }
}

test('functions are called', () => everyStart('functions.mjs', '5 5\n'));

test('what an instance uses stays with its kind, and its store goes alone', () => {
  const app = new App('objects', files);
  const { stdout, stderr } = app.run(['objects.mjs'], { OURO_REGISTER: 'eager' });
  assert.is(stdout, 'LinkError WRONG_STORE\n6 LinkError\n7 2\n', stderr);
});

test('another class in the place of Promise', () => everyStart('promise.mjs', '5\n'));

test.run();
