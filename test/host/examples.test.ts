/** The examples in doc comments are run: each `@example` of the files that the library's entry names, in a folder with the files that they name. A
 *  line `EXPRESSION; // => VALUE` must be reached, and give that value. All that is public has an example, or at least a doc comment. */

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

const index = readFileSync(join(root, 'host/index.ts'), 'utf8');
const files = [...new Set([...index.matchAll(/from '\.\/(.*)\.js'/g)].map(([, file]) => file))];
const sourceOf = (file: string): string => readFileSync(join(root, `host/${file}.ts`), 'utf8');

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
  const due = new Set<number>();
  const check = (actual: unknown, expected: unknown, line: string, id: number) => {
    assert.equal(actual, expected, line);
    due.delete(id);
  };
  const importModule = (name: string) => import(name);
  const own = { engine, module, store: new ouro.Store(engine), wasm, console: { log: () => {} }, readFileSync, open, once, Worker };
  const scope = { ...ouro, ...own, check, importModule };
  const body = code
    .replace(/^import (\w+) from ('.*');$/gm, 'const $1 = (await importModule($2)).default;')
    .replace(/^(\s*)(.*?); \/\/ => (.*)$/gm, (line, indent, expression, expected) => {
      due.add(due.size);
      return `${indent}check(${expression}, ${expected}, ${JSON.stringify(line.trim())}, ${due.size - 1});`;
    });
  const checks = [...due];
  // A block of its own: an example may name its variables as ours are named.
  await new AsyncFunction(...Object.keys(scope), `'use strict'; { ${body}\n}`)(...Object.values(scope));
  assert.is(due.size, 0, `${due.size} of ${checks.length} values were not looked at`);
}

for (const file of files) {
  for (const example of examplesOf(file)) test(example.where, () => run(example));
}

/** The doc comment of each declaration that a file exports. */
function* declarations(file: string): Iterable<{ readonly name: string; readonly kind: string; readonly comment: string }> {
  const source = sourceOf(file);
  const pattern = /^(?:(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n)?export (?:async )?(class|function|interface|type) (\w+)/gm;
  for (const [, comment = '', kind, name] of source.matchAll(pattern)) yield { name, kind, comment };
}

interface Member {
  readonly line: string;
  /** Of the member, or of the overload before it. */
  readonly comment: string;
  readonly isProperty: boolean;
}

/** The public members of a class. A setter has its getter's comment. */
function membersOf(file: string, name: string): Member[] {
  const source = sourceOf(file);
  const from = source.search(new RegExp(`^export class ${name}\\b`, 'm'));
  const members: Member[] = [];
  let comment = '';
  let getter = '';
  for (const line of source.slice(from, source.indexOf('\n}\n', from)).split('\n').slice(1)) {
    if (/^ {2}\/\*\*/.test(line)) comment = line;
    else if (comment && line.startsWith('   *')) comment += line;
    const isProperty = /^ {2}[\w# ]+\??(:| =)/.test(line);
    if (/^ {2}(?!(\w+ )*#|override name|static \{)[\w[*]/.test(line) && !line.startsWith(`  set ${getter}(`)) {
      members.push({ line: line.trim(), comment, isProperty });
      getter = /^ {2}get (\w+)/.exec(line)?.[1] ?? '';
    }
    if (isProperty || line.startsWith('  }')) comment = '';
  }
  return members;
}

interface Export {
  readonly name: string;
  readonly isType: boolean;
  readonly file: string;
  /** As it is called there. */
  readonly local: string;
  readonly kind: string;
  readonly comment: string;
}

/** What the library's entry exports. */
const exported = [...index.matchAll(/export (type )?\{([^}]*)\} from '\.\/(.*)\.js'/g)].flatMap(([, all, names, file]) => {
  const known = new Map([...declarations(file)].map((each) => [each.name, each]));
  return [...names.matchAll(/(type )?(\w+)(?: as (\w+))?/g)].map(([, type, local, name = local]): Export => {
    const { kind, comment } = known.get(local) ?? { kind: 'nothing', comment: '' };
    return { name, isType: Boolean(all || type), file, local, kind, comment };
  });
});
const names = (list: readonly Export[]) => list.map(({ name }) => name);
const values = exported.filter(({ isType }) => !isType);
const types = exported.filter(({ isType }) => isType);

test('what the entry exports is what is looked at', () => {
  assert.equal(names(values).sort(), Object.keys(ouro).sort());
  for (const { name, kind } of exported) assert.ok(['class', 'function', 'interface', 'type'].includes(kind), `${name} is declared`);
});

test('every public class and function, and Config, has an example', () => {
  const wanted = exported.filter(({ name, isType }) => !isType || ['Config', 'CacheStore'].includes(name));
  assert.is(wanted.length, values.length + 2);
  const without = wanted.filter(({ comment }) => !comment.includes('@example'));
  assert.equal(names(without), []);
});

test('every public type has a doc comment', () => {
  assert.ok(types.length > 20);
  assert.equal(names(types.filter(({ comment }) => !comment)), []);
});

test('every public member has a doc comment, and every public method of the main classes an example', () => {
  const main = ['Module', 'Engine', 'Instance', 'Store', 'Linker', 'Func', 'Memory', 'Table', 'Global', 'Wasi', 'ModuleFunctions'];
  const without: string[] = [];
  const classes = values.filter(({ kind }) => kind === 'class');
  for (const name of main) assert.ok(names(classes).includes(name), name);
  for (const { name, file, local } of classes) {
    const members = membersOf(file, local);
    if (main.includes(name)) assert.ok(members.length > 3, name);
    for (const { line, comment, isProperty } of members) {
      const wanted = main.includes(name) && !isProperty ? /@example|@internal/ : /\w/;
      if (!wanted.test(comment)) without.push(`${name}: ${line}`);
    }
  }
  assert.equal(without, []);
});

test.run();
