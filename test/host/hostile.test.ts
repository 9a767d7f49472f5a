/** Artifacts whose hash is right and whose tables lie: refused before the host or the helper follows an address that nobody has checked. Each of
 *  these ended the process, or could have. */

import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Artifact, parseArtifact } from '../../host/artifact/artifact.js';
import {
  ArtifactError,
  type ExternType,
  Func,
  FuncType,
  Global,
  Instance,
  Memory,
  Module,
  parseText,
  Store,
  Table,
  tableType,
} from '../../host/index.js';
import * as A from '../../runtime/artifact.js';
import { engine, throws } from './support.js';

const FUNCREF = 0x70;
const ADDRESS = 0xdead0000;

/** The artifact of a module, changed, with the hash that then belongs to it. */
async function changed(text: string, change: (view: DataView, artifact: Artifact) => void): Promise<Uint8Array> {
  const bytes = engine.precompileModule(await parseText(text));
  change(new DataView(bytes.buffer, bytes.byteOffset), parseArtifact(bytes));
  bytes.fill(0, A.HEADER_AT + A.H_HASH, A.HEADER_AT + A.H_HASH + A.HASH_SIZE);
  bytes.set(createHash('sha256').update(bytes).digest(), A.HEADER_AT + A.H_HASH);
  return bytes;
}

function refused(artifact: Uint8Array, imports: (store: Store) => unknown[], message: RegExp): void {
  const store = new Store(engine);
  throws(() => new Instance(store, Module.deserialize(engine, artifact), imports(store)), ArtifactError, message, 'ARTIFACT_DAMAGED');
}

const none = () => [];

/** An initialiser that says that its value is these bits. */
function putConst(view: DataView, at: number): void {
  view.setUint32(at + A.INIT_KIND, A.InitKind.Const, true);
  view.setBigUint64(at + A.INIT_VALUE, BigInt(ADDRESS), true);
}

test('imports that are not of the kinds that were counted', async () => {
  const artifact = await changed(
    '(module (import "m" "t" (table 1 funcref)) (import "m" "f" (func)) (export "f" (func 0)))',
    (view, artifact) => {
      const { offset } = artifact.section(A.Section.Imports);
      for (let at = offset; at < offset + A.IMPORT_SIZE; at += 4) view.setUint32(at + A.IMPORT_SIZE, view.getUint32(at, true), true);
    },
  );
  const table = (store: Store) => new Table(store, tableType('funcref', 1));
  refused(artifact, (store) => [table(store), table(store)], /import 1 is out of order/);
});

test('numbers as references', async () => {
  const wrong = /an initialiser of the wrong type/;
  const global = (artifact: Artifact, index: number) => artifact.section(A.Section.Globals).offset + index * A.GLOBAL_RECORD_SIZE;
  const type = (view: DataView, artifact: Artifact, index: number) =>
    view.setUint32(global(artifact, index) + A.GLOBAL_TYPE, FUNCREF, true);
  refused(
    await changed('(module (global (export "g") funcref (ref.null func)))', (view, artifact) =>
      putConst(view, global(artifact, 0) + A.GLOBAL_INIT),
    ),
    none,
    wrong,
  );
  refused(
    await changed('(module (import "m" "g" (global i64)) (global (export "g") i64 (global.get 0)))', (view, artifact) =>
      type(view, artifact, 1),
    ),
    () => [BigInt(ADDRESS)],
    wrong,
  );
  refused(
    await changed(
      `(module (import "m" "g" (global i32)) (global (export "g") i32 (i32.add (global.get 0) (i32.const ${ADDRESS}))))`,
      (view, artifact) => type(view, artifact, 1),
    ),
    () => [8],
    /a constant expression/,
  );
  refused(
    await changed('(module (table (export "t") 1 funcref (ref.null func)))', (view, artifact) =>
      putConst(view, artifact.section(A.Section.Tables).offset + A.TABLE_INIT),
    ),
    none,
    wrong,
  );
  const items = `(module (import "m" "g" (global $g funcref)) (table (export "t") 2 funcref)
    (elem (i32.const 0) funcref (item (global.get $g)) (item (global.get $g))))`;
  refused(await changed(items, (view, artifact) => putConst(view, artifact.section(A.Section.ElemInits).offset)), () => [null], wrong);
});

test('a segment of external references for a table of functions', async () => {
  const text = '(module (import "m" "g" (global $g externref)) (table 1 externref) (elem (i32.const 0) externref (item (global.get $g))))';
  const artifact = await changed(text, (view, artifact) =>
    view.setUint32(artifact.section(A.Section.Tables).offset + A.TABLE_TYPE, FUNCREF, true),
  );
  refused(artifact, () => [{}], /an element segment of the wrong type/);
});

test('a start function with arguments, which stand nowhere', async () => {
  const params = 'i32 '.repeat(900);
  const artifact = await changed(`(module (import "m" "f" (func (param ${params}))))`, (view) =>
    view.setUint32(A.HEADER_AT + A.H_START_FUNC, 0, true),
  );
  const type = new FuncType(params.trim().split(' ') as 'i32'[], []);
  refused(artifact, (store) => [new Func(store, type, () => assert.unreachable())], /the start function has parameters/);
});

test('a reference to an import as a function of another type', async () => {
  const artifact = await changed(
    '(module (type $a (func)) (type $b (func (param i32))) (import "m" "f" (func (type $a))) (table 1 funcref) (elem (i32.const 0) 0))',
    (view, artifact) => {
      const at = artifact.section(A.Section.FuncRefs).offset + A.FUNCREF_RECORD_TYPE;
      view.setUint32(at, 1 - view.getUint32(at, true), true);
    },
  );
  refused(artifact, () => [() => {}], /a function reference/);
});

/** What is made of imports of these types, whatever they are. */
function extern(store: Store, type: ExternType): unknown {
  if (type.kind === 'func') return new Func(store, type, () => 0);
  if (type.kind === 'table') return new Table(store, { ...type, minimum: Math.min(type.minimum, 100) });
  if (type.kind === 'memory') return new Memory(store, type);
  if (type.kind !== 'global') throw new TypeError(`no ${type.kind} can be imported`);
  return new Global(store, type, type.content === 'i64' ? 1n : type.content.endsWith('ref') ? null : 16);
}

test('tables changed at random: errors, or instances whose exports can be read (fixed seed)', async () => {
  const good = engine.precompileModule(
    await parseText(`(module (type $t (func (param i32 i64) (result f64)))
      (import "m" "f" (func $f (type $t))) (import "m" "t" (table 1 10 funcref)) (import "m" "g" (global $g i32)) (import "m" "r" (global $r funcref))
      (memory (export "memory") 2 100) (data (i32.const 16) "text") (data "passive") (data (global.get $g) "moved")
      (table $own (export "own") 4 funcref) (table (export "externs") 3 externref)
      (global (export "i32") (mut i32) (i32.const -7)) (global (export "f64") f64 (f64.const -0)) (global (export "imported") i32 (global.get $g))
      (global (export "func") funcref (ref.func $work)) (global (export "null") funcref (ref.null func))
      (global (export "extern") externref (ref.null extern)) (global (export "sum") i32 (i32.add (global.get $g) (i32.const 8)))
      (func $work (export "work") (type $t) (f64.const 0)) (func $other (export "other")) (export "f" (func $f)) (export "t" (table 0))
      (elem (table $own) (i32.const 1) func $work $f) (elem (table 0) (i32.const 0) funcref (item (global.get $r))) (elem declare func $other))`),
  );
  let seed = 4711;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const artifact = parseArtifact(good);
  const code = new Set([A.Section.Text, A.Section.Rodata, A.Section.Image]);
  const sections = Array.from({ length: A.Section.Count }, (_, id) => id)
    .filter((id) => !code.has(id))
    .map((id) => artifact.section(id))
    .filter(({ size }) => size > 0);
  const words = [0, 1, 2, 4, 8, 0x6f, 0x70, 0x7e, 0x7fffffff, 0x80000000, 0xffffffff];
  const seen = { refused: 0, read: 0 };
  for (let round = 0; round < 800; round++) {
    const bytes = good.slice();
    const view = new DataView(bytes.buffer);
    for (let change = random(3); change >= 0; change--) {
      const { offset, size } = sections[random(sections.length)];
      const at = (offset + random(size)) & ~3;
      if (random(3) === 0) bytes[at] ^= 1 << random(8);
      else view.setUint32(at, random(2) === 0 ? words[random(words.length)] : view.getUint32(at, true) + 1, true);
    }
    try {
      const store = new Store(engine);
      using module = Module.deserialize(engine, bytes, { verifyHash: false });
      const instance = new Instance(
        store,
        module,
        module.imports().map(({ type }) => extern(store, type)),
      );
      for (const { name } of module.exports()) {
        const found = instance.getExport(store, name);
        if (found instanceof Global) found.get(store);
        else if (found instanceof Func) assert.type(found.callable, 'function');
        else if (found instanceof Table) for (let i = 0; i < Math.min(found.size(), 20); i++) found.get(store, i);
      }
      seen.read++;
    } catch (error) {
      assert.instance(error, Error);
      seen.refused++;
    }
  }
  assert.ok(seen.refused > 100 && seen.read > 100, JSON.stringify(seen));
});

test.run();
