/** Configurations: defaults, and what is refused. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompileError, Engine, OuroError, parseText } from '../../host/index.js';
import { rejects, throws } from './support.js';

test('defaults', () => {
  const { config } = new Engine();
  assert.is(config.optLevel, 'speed');
  assert.is(config.cpu, 'native');
  assert.is(config.maxWasmStack, 2 ** 20);
  assert.is(config.memoryPolicy, 'auto');
  assert.is(config.generateAddressMap, true);
  assert.is(config.parallelCompilation, true);
  assert.is(config.cache, undefined);
  assert.is(config.artifactKey, undefined);
  assert.is(new Engine({ optLevel: undefined }).config.optLevel, 'speed');
});

test('what cannot be is refused with the reason', () => {
  const cases: [unknown, RegExp][] = [
    [{ optLevel: 'fast' }, /optLevel cannot be "fast": it is one of none, speed/],
    [{ cpu: 'z80' }, /cpu cannot be "z80"/],
    [{ target: 'aarch64-linux' }, /target cannot be/],
    [{ maxWasmStack: 100 }, /maxWasmStack must be a number of bytes from 65536/],
    [{ maxWasmStack: '1 MB' }, /maxWasmStack/],
    [{ wasmBulkMemory: 1 }, /wasmBulkMemory must be true or false/],
    [{ wasmBulkMemory: false }, /wasmReferenceTypes needs wasmBulkMemory/],
    [{ parallelCompilation: 4 }, /parallelCompilation must be true or false/],
    [{ optlevel: 'none' }, /unknown option optlevel/],
    [{ cache: 5 }, /cache must be true, false, the path of a folder, a store/],
    [{ cache: null }, /cache must be/],
    [{ cache: '' }, /cache: the path is empty/],
    [{ cache: { folder: 'x' } }, /cache has no option folder/],
    [{ cache: { get() {}, put() {} } }, /cache has no option get; a store has all of get, put and delete/],
    [{ cache: { path: 5 } }, /cache.path must be a path or false/],
    [{ cache: { path: false } }, /with path false there must be a store/],
    [{ cache: { store: { get() {} } } }, /cache.store must have get, put and delete/],
    [{ cache: { store: null } }, /cache.store must have/],
    [{ cache: { maxBytes: 0 } }, /cache.maxBytes must be a number of bytes above 0/],
    [{ cache: { maxBytes: '1G' } }, /cache.maxBytes/],
    [{ cache: { verifyHash: 1 } }, /cache.verifyHash must be true or false/],
    [{ cache: { timeout: -1 } }, /cache.timeout must be a number of milliseconds/],
    [5, /configured by an object/],
  ];
  for (const [config, message] of cases) throws(() => new Engine(config as object), OuroError, message, 'CONFIG_INVALID');
});

test('detectPrecompiled: artifacts, whatever else, and files', () => {
  const artifact = new Engine().precompileModule('(module)');
  assert.is(Engine.detectPrecompiled(artifact), 'module');
  assert.is(Engine.detectPrecompiled(artifact.slice().buffer), 'module');
  const older = artifact.slice();
  older[512 + 8] ^= 1; // the version of the format
  assert.is(Engine.detectPrecompiled(older), 'module', 'loading tells what is wrong with it');
  const others = [new Uint8Array(0), artifact.subarray(0, 400), artifact.subarray(1), Buffer.from('(module)'), new Uint8Array(10_000)];
  for (const bytes of others) assert.is(Engine.detectPrecompiled(bytes), undefined);
  assert.is(Engine.detectPrecompiled(process.execPath), undefined, 'an ELF file of somebody else');
  throws(() => Engine.detectPrecompiled('nowhere.ouro'), OuroError, /cannot read nowhere.ouro: there is no such file/, 'FILE_UNREADABLE');
});

test('precompileModule takes text and binary, on this thread or others', async () => {
  const engine = new Engine();
  const text = '(module (func (export "f") (result i32) (i32.const 1)))';
  const artifact = engine.precompileModule(text);
  assert.equal(engine.precompileModule(Buffer.from(text)), artifact);
  const binary = await parseText(text);
  for (const source of [binary, text, binary.slice().buffer]) assert.equal(await engine.precompileModuleAsync(source), artifact);
  assert.equal(engine.precompileModule(binary.slice().buffer), artifact);
  throws(() => engine.precompileModule(artifact), CompileError, /is an artifact, not a module/);
  await rejects(engine.precompileModuleAsync('(module (func i32.add))'), CompileError);
});

test.run();
