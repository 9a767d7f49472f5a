/** Artifacts from bytes, files and open files: what is refused and how, what is mapped, what runs off the thread. */

import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ArtifactError, CompileError, Engine, Instance, Module, OuroError, parseText, Store, TextError } from '../../host/index.js';
import * as A from '../../runtime/artifact.js';
import { ABI_VERSION } from '../../runtime/layout.js';
import { engine, rejects, throws } from './support.js';

const test = suite('loading modules');
const folder = mkdtempSync(join(tmpdir(), 'ouro-test-'));
const file = (name: string) => join(folder, name);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const text = '(module $adder (memory 1) (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))';
const wasm = await parseText(text);
const artifact = engine.precompileModule(wasm);
writeFileSync(file('add.ouro'), artifact);
writeFileSync(file('add.wasm'), wasm);
writeFileSync(file('add.wat'), text);
writeFileSync(file('empty'), '');

const add = (module: Module) => new Instance(new Store(module.engine), module).exports.add(2, 40);

/** A copy with changed header fields; the hash is made right again. */
function changed(fields: Record<number, number>): Uint8Array {
  const bytes = artifact.slice();
  const view = new DataView(bytes.buffer);
  for (const [field, value] of Object.entries(fields)) view.setUint32(A.HEADER_AT + Number(field), value, true);
  bytes.fill(0, A.HEADER_AT + A.H_HASH, A.HEADER_AT + A.H_HASH + A.HASH_SIZE);
  bytes.set(createHash('sha256').update(bytes).digest(), A.HEADER_AT + A.H_HASH);
  return bytes;
}

test('a file of any kind', () => {
  for (const name of ['add.ouro', 'add.wasm', 'add.wat']) {
    const module = Module.fromTrustedFile(engine, file(name));
    assert.is(add(module), 42, name);
    assert.is(module.name, 'adder');
    assert.is(module.engine, engine);
  }
  const url = (name: string) => pathToFileURL(file(name));
  assert.is(add(Module.fromFile(engine, url('add.wasm'))), 42);
  assert.is(add(Module.deserializeFile(engine, url('add.ouro'))), 42);
  assert.is(add(Module.fromTrustedFile(engine, url('add.wat'))), 42);
  throws(() => Module.fromFile(engine, new URL('http://127.0.0.1/a.wasm')), TypeError);
  throws(() => Module.deserializeFile(engine, 5 as unknown as string), TypeError, /a path or a file URL/);
  throws(() => Module.fromTrustedFile(engine, file('no')), OuroError, /there is no such file/, 'FILE_UNREADABLE');
  throws(() => Module.fromTrustedFile(engine, file('empty')), CompileError, /empty: /, 'MODULE_MALFORMED');
  const flipped = artifact.slice();
  flipped[flipped.length - 5] ^= 1;
  writeFileSync(file('flipped.ouro'), flipped);
  throws(() => Module.fromTrustedFile(engine, file('flipped.ouro')), ArtifactError, /flipped\.ouro: /, 'ARTIFACT_HASH_MISMATCH');
});

test('binary only', async () => {
  for (const source of [Buffer.from(text), Buffer.from('  \n;; comment')]) {
    throws(() => Module.fromBinary(engine, source), CompileError, /text format, where a binary is wanted/, 'MODULE_MALFORMED');
    throws(() => Module.validate(engine, source), CompileError, /text format, where a binary is wanted/, 'MODULE_MALFORMED');
  }
  throws(() => Module.fromBinary(engine, text as unknown as Uint8Array), CompileError, /text format/);
  for (const work of [
    () => Module.fromBinary(engine, artifact),
    () => new Module(engine, artifact),
    () => Module.validate(engine, artifact),
  ]) {
    throws(work, CompileError, /this is an artifact.*Module\.deserialize/, 'MODULE_MALFORMED');
  }
  assert.is(add(Module.fromBinary(engine, wasm)), 42);
});

test('nothing at all is the same error from bytes and files', async () => {
  const none = new Uint8Array(0);
  throws(() => Module.deserialize(engine, none), ArtifactError, /not an artifact/, 'ARTIFACT_NOT_AN_ARTIFACT');
  throws(() => Module.deserializeFile(engine, file('empty')), ArtifactError, /empty: .*not an artifact/, 'ARTIFACT_NOT_AN_ARTIFACT');
  const empty = await open(file('empty'));
  throws(() => Module.deserializeOpenFile(engine, empty), ArtifactError, /not an artifact/, 'ARTIFACT_NOT_AN_ARTIFACT');
  await empty.close();
  await rejects(Module.deserializeAsync(engine, none), ArtifactError, /not an artifact/, 'ARTIFACT_NOT_AN_ARTIFACT');
  await rejects(Module.deserializeFileAsync(engine, file('empty')), ArtifactError, /empty: .*not an/, 'ARTIFACT_NOT_AN_ARTIFACT');
});

test('what differs is named, both sides', () => {
  const cases: [Record<number, number>, string, RegExp][] = [
    [
      { [A.H_FORMAT_VERSION]: A.FORMAT_VERSION + 7 },
      'ARTIFACT_WRONG_VERSION',
      new RegExp(`newer ouro: its format version is ${A.FORMAT_VERSION + 7}, that of this ouro is ${A.FORMAT_VERSION}:`),
    ],
    [{ [A.H_FORMAT_VERSION]: 0 }, 'ARTIFACT_WRONG_VERSION', /an older ouro: its format version is 0, /],
    [
      { [A.H_ABI_VERSION]: 9999 },
      'ARTIFACT_WRONG_VERSION',
      new RegExp(`a newer ouro: its ABI version is 9999, that of this ouro is ${ABI_VERSION}:`),
    ],
    [{ [A.H_ABI_VERSION]: 0 }, 'ARTIFACT_WRONG_VERSION', /an older ouro: its ABI version is 0, /],
    [{ [A.H_TARGET]: A.TARGET_A64 }, 'ARTIFACT_WRONG_ARCHITECTURE', /for aarch64, this machine is x86-64/],
    [{ [A.H_TARGET]: 243 }, 'ARTIFACT_WRONG_ARCHITECTURE', /for machine 243, this machine is x86-64/],
    [{ [A.H_CPU_FEATURES]: 2 ** 30 + 1 }, 'ARTIFACT_CPU_LACKS_FEATURE', /needs a CPU with feature 30, .*\(it needs .+; this CPU has .*sse/],
  ];
  for (const [fields, code, message] of cases) {
    const bytes = changed(fields);
    throws(() => Module.deserialize(engine, bytes), ArtifactError, message, code);
    writeFileSync(file('other.ouro'), bytes);
    throws(() => Module.deserializeFile(engine, file('other.ouro')), ArtifactError, /other\.ouro: /, code);
  }
});

test('options that the engine rules out', () => {
  const load = (config: ConstructorParameters<typeof Engine>[0]) => Module.deserialize(new Engine(config), artifact);
  const refused = (config: ConstructorParameters<typeof Engine>[0], message: RegExp) =>
    throws(() => load(config), ArtifactError, message, 'ARTIFACT_WRONG_OPTIONS');
  refused({ nanCanonicalization: true }, /compiled with nanCanonicalization false, this engine wants true/);
  refused({ memoryPolicy: 'explicit' }, /compiled with memoryPolicy 'guard', this engine wants 'explicit'/);
  refused({ wasmMultiValue: false }, /compiled with wasmMultiValue true, this engine wants false/);
  assert.is(add(load({ optLevel: 'none', memoryPolicy: 'guard', maxWasmStack: 2 ** 21 })), 42);
  const strict = new Engine({ nanCanonicalization: true, memoryPolicy: 'explicit', wasmMultiValue: false });
  assert.is(add(Module.deserialize(engine, strict.precompileModule(wasm))), 42);
});

test('open files', async () => {
  const handle = await open(file('add.ouro'));
  await handle.read(Buffer.alloc(100), 0, 100);
  const module = Module.deserializeOpenFile(engine, handle);
  const { bytesRead } = await handle.read(Buffer.alloc(10), 0, 10); // it is still the caller's, at its position
  assert.is(bytesRead, 10);
  await handle.close();
  assert.is(add(module), 42);
  throws(() => Module.deserializeOpenFile(engine, handle), OuroError, /the file is closed/, 'FILE_UNREADABLE');

  const number = openSync(file('add.ouro'), 'r');
  const second = Module.deserializeOpenFile(engine, number, { verifyHash: false });
  closeSync(number);
  rmSync(file('add.ouro'));
  assert.is(add(second), 42);
  writeFileSync(file('add.ouro'), artifact);

  throws(() => Module.deserializeOpenFile(engine, 999_999), OuroError, /file descriptor 999999/, 'FILE_UNREADABLE');
  throws(() => Module.deserializeOpenFile(engine, 'add.ouro' as unknown as number), TypeError, /FileHandle/);
  throws(() => Module.deserializeOpenFile(engine, undefined as unknown as number), TypeError, /FileHandle/);
  throws(() => Module.deserializeOpenFile(engine, 1.5), TypeError);
  const writable = openSync(file('add.ouro'), 'a');
  throws(() => Module.deserializeOpenFile(engine, writable), OuroError, /permission denied/, 'FILE_UNREADABLE');
  closeSync(writable);
  const directory = openSync(folder, 'r');
  throws(() => Module.deserializeOpenFile(engine, directory), OuroError, /it is a directory/, 'FILE_UNREADABLE');
  closeSync(directory);
  const wrong = openSync(file('add.wasm'), 'r');
  throws(() => Module.deserializeOpenFile(engine, wrong), ArtifactError, /a wasm binary, not/, 'ARTIFACT_NOT_AN_ARTIFACT');
  closeSync(wrong);
});

test('the file is mapped, not read', () => {
  const module = Module.deserializeFile(engine, file('add.ouro'));
  const { start, end } = module.imageRange();
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const parts = lines.filter((line) => {
    const [from, to] = line
      .split(' ')[0]
      .split('-')
      .map((hex) => BigInt(`0x${hex || 0}`));
    return from < end && to > start;
  });
  assert.ok(parts.length >= 2);
  for (const line of parts) {
    assert.match(line, 'add.ouro');
    assert.match(line, / r--p | r-xp /); // private, and nothing writable
  }
});

test('off the thread', async () => {
  assert.is(add(await Module.deserializeAsync(engine, artifact)), 42);
  assert.is(add(await Module.deserializeFileAsync(engine, file('add.ouro'))), 42);
  assert.is(add(await Module.deserializeFileAsync(engine, file('add.ouro'), { verifyHash: false })), 42);
  const flipped = artifact.slice();
  flipped[flipped.length - 5] ^= 1;
  writeFileSync(file('flipped.ouro'), flipped);
  await rejects(Module.deserializeAsync(engine, flipped), ArtifactError, /hash/, 'ARTIFACT_HASH_MISMATCH');
  await rejects(
    Module.deserializeFileAsync(engine, file('flipped.ouro')),
    ArtifactError,
    /flipped\.ouro: .*hash/,
    'ARTIFACT_HASH_MISMATCH',
  );
  await rejects(Module.deserializeFileAsync(engine, file('no')), OuroError, /there is no such file/, 'FILE_UNREADABLE');
  await rejects(Module.deserializeAsync(engine, artifact.subarray(0, 700)), ArtifactError, /truncated/, 'ARTIFACT_WRONG_SIZE');
  await rejects(Module.deserializeAsync(engine, artifact.subarray(0, 70)), ArtifactError, /truncated/, 'ARTIFACT_WRONG_SIZE');
  await rejects(Module.deserializeAsync(engine, wasm), ArtifactError, /a wasm binary/, 'ARTIFACT_NOT_AN_ARTIFACT');

  // A large file: this thread goes on meanwhile. No timer runs before the promise settles where the hash is made on this thread.
  const large = await parseText(`(module (memory 1000) (data (i32.const 0) "${'x'.repeat(30_000_000)}"))`);
  writeFileSync(file('large.ouro'), engine.precompileModule(large));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await Module.deserializeFileAsync(engine, file('large.ouro'));
  clearInterval(timer);
  assert.ok(ticks > 0);
});

test('signed: from bytes, files and open files, with and without waiting', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const trusting = new Engine({ artifactKey: { publicKey } });
  const signed = new Engine({ artifactKey: { privateKey } }).precompileModule(wasm);
  const damaged = signed.slice();
  damaged[artifact.length - 5] ^= 1;
  const cases: [Uint8Array, string | undefined][] = [
    [signed, undefined],
    [artifact, 'ARTIFACT_NOT_SIGNED'],
    [damaged, 'ARTIFACT_HASH_MISMATCH'],
  ];
  for (const [bytes, code] of cases) {
    const path = file('signed.ouro');
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
    const handle = await open(path);
    const works: (() => Module | Promise<Module>)[] = [
      () => Module.deserialize(trusting, bytes),
      () => Module.deserializeAsync(trusting, bytes),
      () => Module.deserializeFile(trusting, path, { verifyHash: false }),
      () => Module.deserializeFileAsync(trusting, path, { verifyHash: false }),
      () => Module.deserializeOpenFile(trusting, handle),
      () => Module.fromTrustedFile(trusting, path),
      () => Module.fromTrustedFileAsync(trusting, path),
    ];
    for (const work of works) {
      if (code === undefined) assert.is(add(await work()), 42);
      else await rejects((async () => work())(), ArtifactError, /./, code);
    }
    await handle.close();
  }
});

test('files without waiting', async () => {
  for (const name of ['add.wasm', 'add.wat']) assert.is(add(await Module.fromFileAsync(engine, file(name))), 42);
  for (const name of ['add.wasm', 'add.wat', 'add.ouro']) assert.is(add(await Module.fromTrustedFileAsync(engine, file(name))), 42);
  await rejects(Module.fromFileAsync(engine, file('no')), OuroError, /there is no such file/, 'FILE_UNREADABLE');
  await rejects(Module.fromFileAsync(engine, file('empty')), CompileError, /empty: /, 'MODULE_MALFORMED');
  await rejects(Module.fromFileAsync(engine, file('add.ouro')), CompileError, /add\.ouro: .*this is an artifact/, 'MODULE_MALFORMED');
});

test('validate on another thread', async () => {
  await Module.validateAsync(engine, wasm);
  await Module.validateAsync(engine, wasm.slice().buffer);
  await rejects(Module.validateAsync(engine, wasm.subarray(0, 20)), CompileError, /at offset/, 'MODULE_MALFORMED');
  await rejects(Module.validateAsync(engine, Buffer.from(text)), CompileError, /text format/, 'MODULE_MALFORMED');
  await rejects(Module.validateAsync(engine, wasm, { signal: AbortSignal.abort(new Error('enough')) }), Error, /enough/);
  const invalid = await parseText('(module (func $wrong (result i32)))');
  await rejects(Module.validateAsync(engine, invalid), CompileError, / in function 0 'wrong' \(at offset/, 'MODULE_INVALID');
});

test('a long text is parsed aside', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => `(func (result i32) (i32.const ${i}))`).join('\n');
  const long = `(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))) ${many})`;
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  assert.is(add(await Module.compile(engine, long)), 42);
  clearInterval(timer);
  assert.ok(turns > 3, `${turns} turns of the event loop`);
  await rejects(Module.compile(engine, `${long} (`), TextError, /^\d+:\d+: /);
});

test('text without its parser', async () => {
  const hooks = `export const resolve = (name, context, next) => {
    if (name.includes('jco')) throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  };`;
  const program = `import { register } from 'node:module';
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});
    const { Engine, Module } = await import('${new URL('../../host/index.js', import.meta.url)}');
    const error = await Module.compile(new Engine(), '(module)').catch((error) => error);
    console.log(error.name, error.code, error.message);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '--input-type=module', '-e', program]);
  assert.match(stdout, /^OuroError TEXT_PARSER_MISSING .*npm install @bytecodealliance\/jco/);
});

test('compile: progress, abort, errors', async () => {
  const heard: { done: number; total: number }[] = [];
  const module = await Module.compile(engine, wasm, { onProgress: (progress) => heard.push({ ...progress }) });
  assert.is(add(module), 42);
  assert.equal(module.serialize(), artifact);
  assert.equal(heard.at(-1), { done: 1, total: 1 });
  assert.is(heard.filter(({ done, total }) => done === total).length, 1);
  const reason = new Error('enough');
  await rejects(Module.compile(engine, wasm, { signal: AbortSignal.abort(reason) }), Error, /enough/);
  const controller = new AbortController();
  const work = Module.compile(engine, wasm, { signal: controller.signal });
  controller.abort(reason);
  await work.then(
    () => assert.unreachable(),
    (error) => assert.is(error, reason),
  );
  await rejects(Module.compile(engine, new Uint8Array(5)), CompileError, /at offset/, 'MODULE_MALFORMED');
});

test.run();
