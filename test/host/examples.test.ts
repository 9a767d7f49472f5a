/** The examples in doc comments are run: each `@example` of these files, in a folder with the files that they name. A line `EXPRESSION; // => VALUE`
 *  must give that value. */

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as ouro from '../../host/index.js';
import { root } from '../support/shared.js';

const files = ['engine/module', 'engine/engine', 'artifact/export', 'artifact/functions', 'wasm/text', 'base/types', 'cache/store'];

const test = suite('examples');
const folder = mkdtempSync(join(tmpdir(), 'ouro-examples-'));
const start = process.cwd();
const cache = process.env.OURO_CACHE;

/** The module of the examples. */
const text = `(module $adder
  (import "env" "log" (func $log (param i32)))
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (memory (export "memory") 1 4)
  (export "log" (func $log)))`;

test.before(async () => {
  const wasm = await ouro.parseText(text);
  const library = pathToFileURL(join(root, 'build/host/index.js'));
  mkdirSync(join(folder, 'node_modules/ouro-wasm'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/ouro-wasm/package.json'), '{"type":"module","exports":"./index.js"}');
  writeFileSync(join(folder, 'node_modules/ouro-wasm/index.js'), `export * from '${library}';`);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'add.wat'), text);
  writeFileSync(join(folder, 'add.wasm'), wasm);
  writeFileSync(join(folder, 'add.ouro'), new ouro.Engine().precompileModule(wasm));
  writeFileSync(
    join(folder, 'worker.js'),
    `import { parentPort, workerData } from 'node:worker_threads';
    import { Engine, Instance, Module, Store } from 'ouro-wasm';
    const engine = new Engine();
    const module = Module.fromShared(engine, workerData);
    parentPort.postMessage(new Instance(new Store(engine), module, [() => {}]).exports.add(20, 22));`,
  );
  process.chdir(folder);
  process.env.OURO_CACHE = join(folder, 'cache');
});
test.after(() => {
  process.chdir(start);
  if (cache === undefined) delete process.env.OURO_CACHE;
  else process.env.OURO_CACHE = cache;
  rmSync(folder, { recursive: true, force: true });
});

interface Example {
  readonly where: string;
  readonly code: string;
}

function examplesOf(file: string): Example[] {
  const path = `host/${file}.ts`;
  const source = readFileSync(join(root, path), 'utf8');
  const found: Example[] = [];
  for (const comment of source.matchAll(/\/\*\*([\s\S]*?)\*\//g)) {
    const lines = comment[1].split('\n').map((line) => line.replace(/^\s*\* ? ?/, '').trimEnd());
    const at = lines.findIndex((line) => line.trim() === '@example');
    if (at < 0) continue;
    const end = lines.findIndex((line, i) => i > at && line.startsWith('@'));
    const line = source.slice(0, comment.index).split('\n').length + at;
    found.push({ where: `${path}:${line}`, code: lines.slice(at + 1, end < 0 ? undefined : end).join('\n') });
  }
  return found;
}

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

async function run({ code }: Example): Promise<void> {
  const engine = new ouro.Engine();
  const wasm = readFileSync('add.wasm');
  const module = new ouro.Module(engine, wasm);
  const check = (actual: unknown, expected: unknown, line: string) => assert.equal(actual, expected, line);
  const scope = { ...ouro, engine, module, store: new ouro.Store(engine), wasm, readFileSync, open, once, Worker, check };
  const body = code.replace(/^(\s*)(.*); \/\/ => (.*)$/gm, (line, indent, expression, expected) => {
    return `${indent}check(${expression}, ${expected}, ${JSON.stringify(line.trim())});`;
  });
  // A block of its own: an example may name its variables as ours are named.
  await new AsyncFunction(...Object.keys(scope), `'use strict'; { ${body}\n}`)(...Object.values(scope));
}

for (const file of files) {
  for (const example of examplesOf(file)) test(example.where, () => run(example));
}

test('every public member of Module has an example', () => {
  const source = readFileSync(join(root, 'host/engine/module.ts'), 'utf8');
  const from = source.indexOf('export class Module ');
  const lines = source.slice(from, source.indexOf('\n}\n', from)).split('\n');
  const member = /^ {2}(?!\/|\*|#|static #|\}|constructor\(engine: Engine, (?:code|source: ModuleSource \|))[\w[]/;
  let comment = '';
  for (const line of lines.slice(1)) {
    if (/^ {2}\/\*\*/.test(line)) comment = '';
    comment += line;
    if (member.test(line)) assert.match(comment, /@example|@internal/, line.trim());
  }
});

test.run();
