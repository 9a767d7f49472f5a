/** One part of robustness.test.ts, in a process of its own: `robustness-child.js PART FOLDER`. Ends with exit code 0 and the line `alive` when every
 *  mistake was answered by a typed error and the process still does its work. Uses the library as a user has it. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArtifactError,
  CompileError,
  Engine,
  Func,
  FuncType,
  Global,
  globalType,
  Instance,
  instantiate,
  LinkError,
  Linker,
  Memory,
  Module,
  memoryType,
  OuroError,
  parseText,
  Store,
  Table,
  Trap,
  tableType,
  Wasi,
} from 'ouro-wasm';
import * as A from '../../runtime/artifact.js';
import { Random } from '../fuzz/random.js';
import { root } from '../support/shared.js';

const [part, folder] = process.argv.slice(2);
const engine = new Engine();
const engines = [new Engine({ optLevel: 'none' }), engine];

const text = `(module $sample
  (import "host" "log" (func $log (param i32) (result i32)))
  (import "host" "base" (global $base i32))
  (memory (export "memory") 1 3) (data (i32.const 64) "data") (data $passive "passive")
  (table (export "table") 4 10 funcref) (elem (i32.const 1) $add $log) (elem $items func $add)
  (global (export "global") (mut i64) (i64.const 5))
  (type $binary (func (param i32 i32) (result i32)))
  (func $add (export "add") (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64 f32 f64) (result i64 f32 f64) (local.get 0) (local.get 1) (local.get 2))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "log") (param i32) (result i32) (call $log (i32.add (local.get 0) (global.get $base))))
  (func (export "indirect") (param i32 i32 i32) (result i32)
    (call_indirect (type $binary) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "external") (param externref funcref) (result externref) (local.get 0))
  (func (export "sum") (param i32) (result f64) (local $sum f64)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get 0)))
      (local.set $sum (f64.add (local.get $sum) (f64.convert_i32_u (local.get 0))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br $next)))
    (local.get $sum)))`;
const wasm = await parseText(text);
const artifact = engine.precompileModule(wasm);
const imports = { host: { log: (value: number) => value * 2, base: 40 } };

/** The work that must still be possible after each mistake. */
async function works(): Promise<void> {
  const { exports } = await instantiate(artifact, imports, engine);
  const sum = exports.add(2, 40) + exports.log(1) + exports.sum(10);
  if (sum !== 42 + 82 + 55) throw new Error(`wrong results: ${sum}`);
  try {
    exports.load(-1);
  } catch (error) {
    if (error instanceof Trap && error.code === 'MemoryOutOfBounds') return;
    throw error;
  }
  throw new Error('an access beyond the memory did not trap');
}

type Wanted = abstract new (...args: any[]) => Error;

function check(what: string, error: unknown, kind: Wanted, code: string | undefined): void {
  const { message, code: found, stack } = error as Error & { code?: string };
  if (!(error instanceof kind)) throw new Error(`${what}: expected a ${kind.name}: ${stack ?? error}`);
  if (code !== undefined && found !== code) throw new Error(`${what}: expected the code ${code}, got ${found}: ${message}`);
  if (!message || message.includes('\n')) throw new Error(`${what}: no plain sentence: ${message}`);
}

async function fails(what: string, work: () => unknown, kind: Wanted, code?: string): Promise<void> {
  let error: unknown;
  try {
    await work();
  } catch (caught) {
    error = caught;
  }
  if (error === undefined) throw new Error(`${what}: no error`);
  check(what, error, kind, code);
}

/** Does it, or fails with one of these classes and a code. */
function survives<T>(what: string, work: () => T, kinds: readonly Wanted[]): T | undefined {
  try {
    return work();
  } catch (error) {
    const kind = kinds.find((each) => error instanceof each);
    if (!kind) throw new Error(`${what}: ${(error as Error).stack}`, { cause: error });
    check(what, error, kind, undefined);
    if (!/^[A-Z_]+$/.test((error as { code?: string }).code ?? '')) throw new Error(`${what}: no code`, { cause: error });
    return undefined;
  }
}

/** A copy with another header field; the hash fits. */
function withField(field: number, value: number): Uint8Array {
  const bytes = artifact.slice();
  new DataView(bytes.buffer).setUint32(A.HEADER_AT + field, value, true);
  const hash = A.HEADER_AT + A.H_HASH;
  bytes.fill(0, hash, hash + A.HASH_SIZE);
  bytes.set(createHash('sha256').update(bytes).digest(), hash);
  return bytes;
}

function flipped(bytes: Uint8Array, random: Random, flips: number): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < flips; i++) copy[random.below(copy.length)] ^= 1 << random.below(8);
  return copy;
}

const parts: Record<string, () => Promise<void>> = {
  async 'artifacts that were changed'() {
    const random = new Random(1);
    for (let i = 0; i < 300; i++) {
      const bytes = flipped(artifact, random, 1 + random.below(3));
      if (Buffer.compare(bytes, artifact) === 0) continue;
      await fails(`mutation ${i}`, () => Module.deserialize(engine, bytes), ArtifactError);
      if (i % 10 === 0) {
        writeFileSync(join(folder, `${i}.ouro`), bytes);
        await fails(`mutation ${i} in a file`, () => Module.deserializeFile(engine, join(folder, `${i}.ouro`)), ArtifactError);
      }
    }
    const { imports: names, exports: types } = Module.prototype;
    for (let i = 0; i < 300; i++) {
      const bytes = flipped(artifact, random, 1 + random.below(3));
      survives(`mutation ${i}, hash unchecked`, () => {
        const module = Module.deserialize(engine, bytes, { verifyHash: false });
        names.call(module);
        types.call(module);
      }, [ArtifactError]);
    }
  },

  async 'artifacts that were cut'() {
    const lengths = new Set([0, 1, 3, 4, 63, 64, 512, 600, 4095, 4096, 4097, artifact.length - 1]);
    for (let i = 1; i < 100; i++) lengths.add(Math.floor((artifact.length * i) / 100));
    for (const length of lengths) {
      const bytes = artifact.subarray(0, length);
      for (const verifyHash of [true, false]) {
        await fails(`${length} bytes`, () => Module.deserialize(engine, bytes, { verifyHash }), ArtifactError);
      }
      writeFileSync(join(folder, 'cut.ouro'), bytes);
      await fails(`a file of ${length} bytes`, () => Module.deserializeFile(engine, join(folder, 'cut.ouro')), ArtifactError);
    }
    await fails('bytes behind the end', () => Module.deserialize(engine, Buffer.concat([artifact, Buffer.alloc(1)])), ArtifactError);
  },

  async 'artifacts for something else'() {
    const load = (bytes: Uint8Array) => () => Module.deserialize(engine, bytes);
    await fails('other format', load(withField(A.H_FORMAT_VERSION, 999)), ArtifactError, 'ARTIFACT_WRONG_VERSION');
    await fails('other ABI', load(withField(A.H_ABI_VERSION, 999)), ArtifactError, 'ARTIFACT_WRONG_VERSION');
    await fails('other architecture', load(withField(A.H_TARGET, A.TARGET_A64)), ArtifactError, 'ARTIFACT_WRONG_ARCHITECTURE');
    await fails('no known architecture', load(withField(A.H_TARGET, 12345)), ArtifactError, 'ARTIFACT_WRONG_ARCHITECTURE');
    await fails('other CPU', load(withField(A.H_CPU_FEATURES + 4, 0x8000_0000)), ArtifactError, 'ARTIFACT_CPU_LACKS_FEATURE');
    await fails('other CPU, lower bits', load(withField(A.H_CPU_FEATURES, 0xffff_ffff)), ArtifactError, 'ARTIFACT_CPU_LACKS_FEATURE');
    await fails('a wasm binary', load(wasm), ArtifactError, 'ARTIFACT_NOT_AN_ARTIFACT');
    await fails('text', load(Buffer.from(text)), ArtifactError, 'ARTIFACT_NOT_AN_ARTIFACT');
    await fails('nothing', load(new Uint8Array(0)), ArtifactError, 'ARTIFACT_NOT_AN_ARTIFACT');
    await fails('another ELF file', () => Module.deserializeFile(engine, process.execPath), ArtifactError, 'ARTIFACT_NOT_AN_ARTIFACT');
    await fails('no bytes', () => Module.deserialize(engine, 'text' as unknown as Uint8Array), TypeError);
  },

  async 'garbled modules'() {
    const random = new Random(2);
    for (let length = 0; length < wasm.length; length++) {
      survives(`${length} bytes`, () => new Module(engines[length & 1], wasm.subarray(0, length)), [CompileError]);
    }
    for (let i = 0; i < 500; i++) {
      const bytes = wasm.slice();
      for (let n = 1 + random.below(3); n > 0; n--)
        bytes[8 + random.below(bytes.length - 8)] = random.oneIn(2) ? random.below(256) : random.pick([0, 1, 0x7f, 0x80, 0xff]);
      const valid = WebAssembly.validate(bytes as BufferSource);
      const module = survives(`mutation ${i}`, () => new Module(engines[i & 1], bytes), [CompileError]);
      if (module && !valid) throw new Error(`mutation ${i}: compiled, but V8 refuses it: ${Buffer.from(bytes).toString('hex')}`);
    }
    const large = readFileSync(join(root, 'dist', 'ouro.wasm'));
    for (let i = 0; i < 60; i++) {
      const bytes = flipped(large, random, 1 + random.below(4));
      survives(`mutation ${i} of a large module`, () => Module.validate(engine, bytes), [CompileError]);
    }
    // Counts and sizes beyond all reason, in a section of each kind.
    for (let id = 0; id <= 13; id++) {
      for (const count of ['ffffffff0f', 'ffffffff7f', '8080808080', 'ffffff7f', '00', '01']) {
        const body = Buffer.from(count, 'hex');
        const bytes = Buffer.concat([wasm.subarray(0, 8), Buffer.from([id, body.length]), body]);
        survives(`section ${id} of ${count}`, () => new Module(engine, bytes), [CompileError]);
        const huge = Buffer.concat([wasm.subarray(0, 8), Buffer.from([id]), body, body]);
        survives(`section ${id} of size ${count}`, () => new Module(engine, huge), [CompileError]);
      }
    }
    await fails('no bytes', () => new Module(engine, null as unknown as Uint8Array), TypeError);
    await fails('a number', () => new Module(engine, 42 as unknown as Uint8Array), TypeError);
  },

  async 'imports that do not fit'() {
    const module = new Module(engine, wasm);
    const store = new Store(engine);
    const log = (value: number) => value;
    const make =
      (...values: unknown[]) =>
      () =>
        new Instance(store, module, values);
    await fails('none', make(), LinkError, 'IMPORT_MISSING');
    await fails('one', make(log), LinkError, 'IMPORT_MISSING');
    await fails('no import object', () => instantiate(module), LinkError, 'IMPORT_MISSING');
    await fails('an empty import object', () => instantiate(module, { host: {} }), LinkError, 'IMPORT_MISSING');
    await fails('too many', make(log, 1, 2), LinkError);
    await fails('an object for a function', make({}, 1), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('null for a function', make(null, 1), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('a function for a global', make(log, log), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('a BigInt for an i32', make(log, 1n), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('other type', make(new Func(store, new FuncType(['i64'], ['i32']), () => 0), 1), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('other global', make(log, new Global(store, globalType('i64'), 1n)), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('mutable global', make(log, new Global(store, globalType('i32', true), 1)), LinkError, 'IMPORT_WRONG_TYPE');
    await fails('a memory for a function', make(new Memory(store, memoryType(1)), 1), LinkError, 'IMPORT_WRONG_TYPE');
    const foreign = new Func(new Store(engine), new FuncType(['i32'], ['i32']), log);
    await fails('of another store', make(foreign, 1), OuroError, 'WRONG_STORE');
    const linker = new Linker(engine).funcWrap('host', 'log', log);
    await fails('a linker', () => linker.instantiate(store, module), LinkError, 'IMPORT_MISSING');
    await fails('defined twice', () => linker.funcWrap('host', 'log', log), LinkError, 'IMPORT_DEFINED_TWICE');
    const needsMemory = new Module(engine, '(module (import "m" "m" (memory 2 4)))');
    for (const memory of [
      new WebAssembly.Memory({ initial: 1 }),
      new Memory(store, memoryType(2)),
      new Memory(store, memoryType(2, 5)),
      {},
    ]) {
      await fails('memory', () => new Instance(store, needsMemory, [memory]), LinkError, 'IMPORT_WRONG_TYPE');
    }
    const needsTable = new Module(engine, '(module (import "m" "t" (table 2 4 funcref)))');
    for (const table of [new Table(store, tableType('externref', 2, 4)), new Table(store, tableType('funcref', 1, 4)), []]) {
      await fails('table', () => new Instance(store, needsTable, [table]), LinkError, 'IMPORT_WRONG_TYPE');
    }
    const needsWasi = new Module(engine, '(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))');
    await fails('WASI without a memory', () => new Linker(engine).defineWasi().instantiate(store, needsWasi), LinkError);
    await fails('WASI without WASI', () => new Linker(engine).instantiate(store, needsWasi), LinkError, 'IMPORT_MISSING');
    for (const segment of ['(memory 1) (data (i32.const 65535) "ab")', '(table 1 funcref) (elem (i32.const 1) func $f) (func $f)']) {
      await fails(segment, () => instantiate(new Module(engine, `(module ${segment})`)), Trap);
    }
  },

  async 'wrong arguments and uses'() {
    const { exports, instance, store } = await instantiate(wasm, imports, engine);
    await fails('a number for an i64', () => exports.wide(1, 2, 3), TypeError);
    await fails('a BigInt for an i32', () => exports.add(1n, 2n), TypeError);
    await fails('a symbol', () => exports.add(Symbol.iterator, 1), TypeError);
    await fails('no funcref', () => exports.external({}, {}), TypeError);
    await fails(
      'an object that throws',
      () =>
        exports.add(
          {
            valueOf: () => {
              throw new RangeError('no');
            },
          },
          1,
        ),
      RangeError,
    );
    if (exports.add() !== 0 || exports.add('20', 22, 'ignored') !== 42) throw new Error('arguments do not convert as in the JS API');
    const other = new Store(engine);
    await fails('other store', () => instance.getFunc(store, 'add').call(other, 1, 2), OuroError, 'WRONG_STORE');
    await fails('other store', () => instance.getMemory(other, 'memory'), OuroError, 'WRONG_STORE');
    await fails('no such export', () => instance.getFunc(store, 'nothing'), OuroError, 'EXPORT_MISSING');
    await fails('other kind', () => instance.getFunc(store, 'memory'), OuroError, 'EXPORT_MISSING');
    await fails('table index', () => exports.table.get(4), RangeError);
    await fails('table value', () => exports.table.set(0, () => {}), TypeError);
    await fails('table growth', () => exports.table.grow(1e9), RangeError);
    await fails('memory growth', () => instance.getMemory(store, 'memory').grow(store, 9), RangeError);
    await fails('global value', () => (exports.global.value = 1), TypeError);
    await fails('beyond the memory', () => exports.load(65536), Trap, 'MemoryOutOfBounds');
    await fails('beyond the table', () => exports.indirect(1, 2, 99), Trap, 'TableOutOfBounds');
    await fails('an empty element', () => exports.indirect(1, 2, 0), Trap, 'IndirectCallToNull');
    await fails('other signature', () => exports.indirect(1, 2, 2), Trap, 'BadSignature');
    await fails(
      'a host function that throws',
      async () =>
        (
          await instantiate(wasm, {
            host: {
              base: 1,
              log: () => {
                throw new EvalError('mine');
              },
            },
          })
        ).exports.log(1),
      EvalError,
    );
    await fails('a host result', async () => (await instantiate(wasm, { host: { base: 1, log: () => 1n } })).exports.log(1), TypeError);
    await fails('no such type', () => new FuncType(['i33' as 'i32'], []), TypeError);
    await fails('no function', () => new Func(store, new FuncType([], []), 5 as unknown as () => void), TypeError);
    await fails('a huge table', () => new Table(store, tableType('funcref', 1e9)), RangeError);
    await fails('a huge memory', () => new Memory(store, memoryType(1e6)), RangeError);
    await fails('no such guest folder', () => new Wasi({ preopens: { '/': join(folder, 'nothing') } }), Error);
    const config = (options: object) => () => new Engine(options);
    await fails('level', config({ optLevel: 'fast' }), OuroError, 'CONFIG_INVALID');
    await fails('cpu', config({ cpu: 'z80' }), OuroError, 'CONFIG_INVALID');
    await fails('target', config({ target: 'pdp11' }), OuroError, 'CONFIG_INVALID');
    await fails('stack', config({ maxWasmStack: -1 }), OuroError, 'CONFIG_INVALID');
    await fails('option', config({ frobnicate: true }), OuroError, 'CONFIG_INVALID');
    await fails('no object', config(null as unknown as object), OuroError, 'CONFIG_INVALID');
  },

  async files() {
    const missing = join(folder, 'nothing');
    await fails('fromFile', () => Module.fromFile(engine, missing), OuroError, 'FILE_UNREADABLE');
    await fails('deserializeFile', () => Module.deserializeFile(engine, missing), OuroError, 'FILE_UNREADABLE');
    await fails('instantiate', () => instantiate(missing), OuroError, 'FILE_UNREADABLE');
    mkdirSync(join(folder, 'directory'), { recursive: true });
    await fails('a directory', () => Module.fromFile(engine, join(folder, 'directory')), OuroError, 'FILE_UNREADABLE');
    await fails('a directory', () => Module.deserializeFile(engine, join(folder, 'directory')), OuroError, 'FILE_UNREADABLE');
    writeFileSync(join(folder, 'empty'), '');
    await fails('an empty file', () => Module.fromFile(engine, join(folder, 'empty')), CompileError, 'MODULE_MALFORMED');
    await fails(
      'an empty artifact',
      () => Module.deserializeFile(engine, join(folder, 'empty')),
      ArtifactError,
      'ARTIFACT_NOT_AN_ARTIFACT',
    );
    writeFileSync(join(folder, 'text.wat'), '(module (func (i32.const)))');
    await fails('text', () => Module.fromFile(engine, join(folder, 'text.wat')), SyntaxError);
  },
};

await works();
await parts[part]();
await works();
console.log('alive');
