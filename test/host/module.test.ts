/** Modules: compiling, text, files, artifacts, and what goes wrong with them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ArtifactError,
  CompileError,
  Engine,
  FuncType,
  Instance,
  instantiate,
  Module,
  OuroError,
  parseText,
  Store,
  TextError,
  Trap,
} from '../../host/index.js';
import { engine, rejects, throws } from './support.js';

const test = suite('module');
const folder = mkdtempSync(join(tmpdir(), 'ouro-test-'));
const file = (name: string) => join(folder, name);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const addText = '(module $adder (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))';
const add = (module: Module) => new Instance(new Store(engine), module).exports.add(2, 40);

test('a binary, a text, a buffer of either', async () => {
  const wasm = await parseText(addText);
  for (const source of [wasm, wasm.slice().buffer, addText, `\n ;; text\n${addText}`, Buffer.from(addText)]) {
    const module = new Module(engine, source);
    assert.is(add(module), 42);
    assert.is(module.name, 'adder');
    assert.equal(module.exports(), [{ name: 'add', type: new FuncType(['i32', 'i32'], ['i32']) }]);
    assert.is(module.engine, engine);
  }
  assert.is(add(await Module.compile(engine, addText)), 42);
  assert.is(add(await Module.compile(engine, wasm)), 42);
  throws(() => Module.fromBinary(engine, Buffer.from(addText)), CompileError);
  throws(() => new Module(engine, 5 as unknown as Uint8Array), TypeError);
});

test('artifacts', async () => {
  const module = new Module(engine, await parseText(addText));
  const bytes = module.serialize();
  assert.equal(bytes, engine.precompileModule(await parseText(addText)));
  assert.is(add(Module.deserialize(engine, bytes)), 42);
  writeFileSync(file('add.ouro'), bytes);
  assert.is(add(Module.deserializeFile(engine, file('add.ouro'))), 42);
  const { exports } = await instantiate(file('add.ouro'));
  assert.is(exports.add(1, 2), 3);
  assert.is((await instantiate(bytes)).exports.add(1, 2), 3);
});

test('damaged artifacts', async () => {
  const bytes = engine.precompileModule(await parseText(addText));
  throws(() => Module.deserialize(engine, new Uint8Array(0)), ArtifactError, /not an artifact/, 'ARTIFACT_NOT_AN_ARTIFACT');
  throws(() => Module.deserialize(engine, bytes.subarray(0, 100)), ArtifactError, /truncated/);
  throws(() => Module.deserialize(engine, bytes.subarray(0, bytes.length - 1)), ArtifactError, /truncated/, 'ARTIFACT_WRONG_SIZE');
  const flipped = bytes.slice();
  flipped[bytes.length >> 1] ^= 4;
  throws(() => Module.deserialize(engine, flipped), ArtifactError, /hash/, 'ARTIFACT_HASH_MISMATCH');
  writeFileSync(file('flipped.ouro'), flipped);
  throws(() => Module.deserializeFile(engine, file('flipped.ouro')), ArtifactError, /flipped\.ouro: .*hash/);
  const wasm = await parseText(addText);
  throws(() => Module.deserialize(engine, wasm), ArtifactError, /a wasm binary, not an artifact/);
});

/** Asks for everything that a module can tell. */
function askAll(module: Module): void {
  module.imports();
  for (const { name } of module.exports()) {
    module.getExport(name);
    module.getExportIndex(name);
  }
  module.resourcesRequired();
  module.initializeCopyOnWriteImage();
  for (const { name, offset, length } of module.functions())
    module
      .text()
      .subarray(offset, offset + length)
      .join(name);
  for (const _ of module.addressMap() ?? []);
  void [module.name, module.imageRange(), module.serialize(), Module.fromShared(engine, module.share()).dispose()];
  module.clone().dispose();
}

test('artifacts with flipped bits, hash unchecked: an error or a module, never a crash', async () => {
  const bytes = engine.precompileModule(
    await parseText(
      `(module (memory 1) (table 3 funcref) (global i32 (i32.const 1)) (func $f (export "f") (param i64)) (elem (i32.const 0) $f)
      (data (i32.const 5) "data") (import "a" "b" (func)))`.replace(/\(import.*?\)\)\)?$/, ')'),
    ),
  );
  // Metadata alone: whoever changes code without changing the hash gets what the code does.
  const { text } = Module.deserialize(engine, bytes).code.artifact;
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 300; i++) {
    const damaged = bytes.slice();
    for (let flips = 1 + random(3); flips > 0; flips--) {
      let at = random(bytes.length);
      if (at >= text.offset && at < text.offset + text.size) at = random(text.offset);
      damaged[at] ^= 1 << random(8);
    }
    let module: Module | undefined;
    try {
      module = Module.deserialize(engine, damaged, { verifyHash: false });
      askAll(module);
    } catch (error) {
      assert.ok(error instanceof ArtifactError, String((error as Error).stack));
    }
    module?.dispose();
  }
});

test('files', async () => {
  writeFileSync(file('add.wat'), addText);
  writeFileSync(file('add.wasm'), await parseText(addText));
  assert.is(add(Module.fromFile(engine, file('add.wat'))), 42);
  assert.is(add(Module.fromFile(engine, file('add.wasm'))), 42);
  assert.is((await instantiate(file('add.wat'))).exports.add(1, 2), 3);
  throws(() => Module.fromFile(engine, file('no.wasm')), OuroError, /cannot read .*no\.wasm: there is no such file/, 'FILE_UNREADABLE');
  throws(() => Module.deserializeFile(engine, file('no.ouro')), OuroError, /there is no such file/, 'FILE_UNREADABLE');
  throws(() => Module.deserializeFile(engine, folder), OuroError, /it is a directory/);
  writeFileSync(file('bad.wasm'), new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 77]));
  throws(() => Module.fromFile(engine, file('bad.wasm')), CompileError, /bad\.wasm: .*\(at offset 0x/);
  writeFileSync(file('bad.wat'), '(module (func (i32.addd)))');
  throws(() => Module.fromFile(engine, file('bad.wat')), TextError, /bad\.wat: 1:/);
});

test('malformed and invalid modules', async () => {
  const wasm = await parseText(addText);
  const malformed: Uint8Array[] = [
    new Uint8Array(0),
    wasm.subarray(0, 3),
    wasm.subarray(0, 20),
    Buffer.from('hello wasm'),
    new Uint8Array(100),
  ];
  for (const bytes of malformed) {
    throws(() => Module.validate(engine, bytes), CompileError, /at offset 0x/, 'MODULE_MALFORMED');
    throws(() => new Module(engine, bytes), CompileError, /at offset 0x/, 'MODULE_MALFORMED');
    throws(() => new Module(engine, bytes), WebAssembly.CompileError);
  }
  const invalid = await parseText('(module (func (result i32) (f64.const 0)))');
  throws(() => Module.validate(engine, invalid), CompileError, /expected i32.*f64.*\(at offset 0x[0-9a-f]+\)/, 'MODULE_INVALID');
  const error = (() => {
    try {
      return Module.validate(engine, invalid);
    } catch (caught) {
      return caught;
    }
  })() as CompileError;
  assert.ok(error.offset > 8 && error.offset < invalid.length);
  Module.validate(engine, wasm);
});

test('unsupported features are named', async () => {
  const simd = await parseText('(module (func (result v128) (v128.const i64x2 0 0)))');
  throws(() => new Module(engine, simd), CompileError, /SIMD/i, 'MODULE_UNSUPPORTED');
  const bulk = await parseText('(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))');
  new Module(engine, bulk);
  const without = new Engine({ wasmBulkMemory: false, wasmReferenceTypes: false });
  throws(() => new Module(without, bulk), CompileError, /bulk/i, 'MODULE_UNSUPPORTED');
});

test('truncated and garbled modules never crash', async () => {
  const wasm =
    await parseText(`(module (memory 1) (table 3 funcref) (global (mut i32) (i32.const 1)) (type (func (param i64 f32) (result f64)))
    (func $f (export "f") (param i32) (result i32) (local f64) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.load (i32.const 4)))))
    (elem (i32.const 0) $f) (data (i32.const 5) "data"))`);
  let state = 99;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 400; i++) {
    const bytes = i < wasm.length ? wasm.slice(0, i) : wasm.slice();
    if (i >= wasm.length) for (let n = 1 + random(3); n > 0; n--) bytes[random(bytes.length)] = random(256);
    try {
      new Module(engine, bytes);
    } catch (error) {
      assert.ok(error instanceof CompileError, `case ${i}: ${(error as Error).stack}`);
    }
  }
});

test('traps name functions and offsets', async () => {
  const wasm = await parseText(`(module $m
    (func $outer (export "f") (param i32) (result i32) (call $inner (local.get 0)))
    (func $inner (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))`);
  const { exports } = await instantiate(wasm, {}, new Engine({ optLevel: 'none' }));
  assert.is(exports.f(1), 1);
  try {
    exports.f(0);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Trap);
    const { code, frames, message } = error as Trap;
    assert.is(code, 'IntegerDivisionByZero');
    assert.is(message, 'wasm trap: integer divide by zero');
    assert.equal(
      frames.map(({ funcName, module }) => [funcName, module]),
      [
        ['inner', 'm'],
        ['outer', 'm'],
      ],
    );
    for (const { wasmOffset } of frames) assert.ok(wasmOffset! > 8 && wasmOffset! < wasm.length);
  }
});

test('exhaustion', async () => {
  const { exports } = await instantiate(
    await parseText('(module (func $f (export "f") (param i64) (result i64) (i64.add (call $f (local.get 0)) (i64.const 1))))'),
  );
  for (let i = 0; i < 3; i++) throws(() => exports.f(1n), Trap, /call stack exhausted/, 'StackOverflow');
});

test('text needs its parser to agree', async () => {
  throws(() => new Module(engine, '(module (func (i32.addd)))'), TextError);
  await rejects(Module.compile(engine, '(module'), TextError);
});

test.run();
