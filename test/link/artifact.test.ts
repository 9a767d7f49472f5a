/** Linker and reader together: what goes into an artifact comes out of it. */

import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Artifact, parseArtifact } from '../../host/artifact/artifact.js';
import type { ElemRecord, Init } from '../../host/artifact/records.js';
import * as A from '../../runtime/artifact.js';
import { freshCore } from '../support/core.js';
import { emitRich, linkText, richModule } from './sample.js';

const test = suite('artifact');
const target = A.TARGET_X64;

const { artifact: bytes, wasm } = await linkText(richModule, { emit: emitRich, keepWasm: true });
const rich = parseArtifact(bytes, { target });

/** The signed 32-bit number at a place in the file. */
const i32At = (artifact: Artifact, offset: number) => new DataView(artifact.bytes.buffer, artifact.bytes.byteOffset).getInt32(offset, true);

test('header', () => {
  assert.is(rich.target, target);
  assert.is(rich.pageSize, 4096);
  assert.is(rich.optLevel, 1);
  assert.is(rich.cpuFeatures, 5n);
  assert.is(rich.explicitBounds, false);
  assert.is(rich.nanCanonicalization, false);
  assert.is(rich.name, 'rich');
  assert.is(rich.producer, 'ouro');
  assert.is(rich.start, 4);
  assert.equal(Buffer.from(rich.wasm!), Buffer.from(wasm));
  assert.equal(rich.counts, {
    types: 3,
    imports: 4,
    funcImports: 2,
    tableImports: 1,
    memoryImports: 0,
    globalImports: 1,
    functions: 4,
    tables: 3,
    memories: 1,
    globals: 9,
    exports: 6,
    elems: 4,
    datas: 3,
    funcRefs: 5,
    traps: 2,
    addresses: 4,
  });
});

test('the hash is SHA-256 of the file with the hash zeroed', () => {
  const copy = bytes.slice();
  copy.fill(0, A.HEADER_AT + A.H_HASH, A.HEADER_AT + A.H_HASH + A.HASH_SIZE);
  assert.is(rich.hash, createHash('sha256').update(copy).digest('hex'));
  const core = freshCore();
  for (const length of [32, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
    const data = Uint8Array.from({ length }, (_, i) => (i < 32 ? 0 : i * 7));
    const digest = core.read(core.call('linkHash', core.write(data), length), 32);
    assert.is(Buffer.from(digest).toString('hex'), createHash('sha256').update(data).digest('hex'), `${length} bytes`);
  }
});

test('the same input gives the same bytes', async () => {
  const again = await linkText(richModule, { emit: emitRich, keepWasm: true });
  assert.ok(Buffer.from(again.artifact).equals(Buffer.from(bytes)));
});

test('types', () => {
  assert.equal(rich.types(), [
    { params: [0x7f, 0x7e], results: [0x7c] },
    { params: [], results: [] },
    { params: [0x6f], results: [] },
  ]);
});

test('imports', () => {
  assert.equal(rich.imports(), [
    { module: 'env', name: 'host', kind: A.ExternKind.Func, index: 0, type: 0 },
    { module: 'env', name: 'table', kind: A.ExternKind.Table, index: 0, type: 0 },
    { module: 'env', name: 'base', kind: A.ExternKind.Global, index: 0, type: 0 },
    { module: 'größe', name: '\ufeffx', kind: A.ExternKind.Func, index: 1, type: 2 },
  ]);
});

test('exports, in order and by name', () => {
  const all = [
    { name: 'memory', kind: A.ExternKind.Memory, index: 0 },
    { name: 'big', kind: A.ExternKind.Global, index: 2 },
    { name: 'work', kind: A.ExternKind.Func, index: 2 },
    { name: '\ufeff', kind: A.ExternKind.Func, index: 3 },
    { name: 'zeta', kind: A.ExternKind.Func, index: 4 },
    { name: 'alpha', kind: A.ExternKind.Func, index: 0 },
  ];
  assert.equal(rich.exports(), all);
  for (const item of all) assert.equal(rich.exportByName(item.name), item);
  for (const name of ['', 'a', 'alphb', 'zetaa', 'work\0', '\ufffd', '\ud800']) assert.is(rich.exportByName(name), undefined);
});

test('many exports are found by name', async () => {
  const names = Array.from({ length: 500 }, (_, i) => `e${(i * 7919) % 500}`);
  const { artifact } = await linkText(
    `(module (func ) ${names.map((name) => `(export "${name}" (func 0))`).join(' ')} (export "\\u{ffff}" (func 0)))`,
  );
  const parsed = parseArtifact(artifact, { target });
  for (const name of names) assert.is(parsed.exportByName(name)?.name, name);
  assert.is(parsed.exportByName('\uffff')?.index, 0);
  assert.is(parsed.exportByName('e500'), undefined);
});

test('tables, memories, globals', () => {
  const limits = (min: bigint, max?: bigint) => ({ min, max, shared: false, is64: false });
  const none: Init = { kind: 'none' };
  assert.equal(rich.table(0), { type: 0x70, limits: limits(1n, 10n), init: none });
  assert.equal(rich.table(1), { type: 0x70, limits: limits(4n), init: none });
  assert.equal(rich.memory(0), { limits: limits(2n, 100n), pageSize: 65536 });
  assert.equal(rich.global(0), { type: 0x7f, mutable: false, init: none });
  assert.equal(rich.global(1), { type: 0x7f, mutable: true, init: { kind: 'const', bits: 0xfffffff9n } });
  assert.equal(rich.global(2).init, { kind: 'const', bits: 0xfffffffffffffffen });
  assert.equal(rich.global(3).init, { kind: 'const', bits: 0x3fc00000n });
  assert.equal(rich.global(4).init, { kind: 'const', bits: 0x8000000000000000n });
  assert.equal(rich.global(5).init, { kind: 'global', index: 0 });
  assert.equal(rich.global(6).init, { kind: 'func', slot: rich.funcRefSlot(2) });
  assert.equal(rich.global(7).init, { kind: 'null' });
  const sum = rich.global(8).init;
  assert.is(sum.kind, 'expr');
  assert.is(Buffer.from((sum as { bytes: Uint8Array }).bytes).toString('hex'), '230041086a0b');
});

const slotsOf = ({ slots }: ElemRecord) => [...new Uint32Array(bytes.slice(slots!.offset, slots!.offset + slots!.size).buffer)];

test('element segments', () => {
  const slot = (func: number) => rich.funcRefSlot(func)!;
  const [active, passive, inits, declared] = [0, 1, 2, 3].map((i) => rich.elem(i));
  assert.is(active.mode, A.SegmentMode.Active);
  assert.is(active.table, 1);
  assert.equal(active.offset, { kind: 'const', bits: 1n });
  assert.equal(slotsOf(active), [slot(2), slot(0)]);
  assert.is(passive.mode, A.SegmentMode.Passive);
  assert.equal(slotsOf(passive), [slot(4), A.NONE]);
  assert.is(inits.slots, undefined);
  assert.equal(inits.inits, [
    { kind: 'global', index: 6 },
    { kind: 'func', slot: slot(3) },
  ]);
  assert.is(declared.mode, A.SegmentMode.Declarative);
});

test('function references', () => {
  assert.equal(
    [0, 1, 2, 3, 4].map((slot) => rich.funcRef(slot).funcIndex),
    [0, 2, 3, 4, 5],
  );
  assert.is(rich.funcRefSlot(1), undefined);
  assert.equal(rich.funcRef(0), { funcIndex: 0, codeOffset: undefined, type: 0 });
  assert.equal(rich.funcRef(1), { funcIndex: 2, codeOffset: rich.function(0).codeOffset, type: 0 });
});

test('data segments', () => {
  const text = (index: number) => {
    const { offset, size } = rich.data(index).bytes;
    return Buffer.from(bytes.subarray(offset, offset + size)).toString();
  };
  assert.equal([text(0), text(1), text(2)], ['hello', 'passive', 'moved']);
  assert.equal(
    [0, 1, 2].map((i) => rich.data(i).mode),
    [A.SegmentMode.Active, A.SegmentMode.Passive, A.SegmentMode.Active],
  );
  assert.equal(rich.data(0).offset, { kind: 'const', bits: 16n });
  assert.equal(rich.data(2).offset, { kind: 'global', index: 0 });
  assert.is(rich.image, undefined);
});

test('functions by index and by code offset', () => {
  assert.equal(
    [0, 1, 2, 3].map((i) => rich.function(i).name),
    ['work', '\ufeff', 'zeta', 'wasm[5]'],
  );
  const work = rich.function(0);
  assert.is(work.index, 2);
  assert.is(work.frameSize, 24);
  assert.is(work.savedRegisters, 0x1008);
  assert.is(rich.functionAt(work.codeOffset)?.name, 'work');
  assert.is(rich.functionAt(work.codeOffset + work.codeSize - 1)?.name, 'work');
  assert.is(rich.functionAt(work.codeOffset + work.codeSize), undefined);
  assert.is(rich.functionAt(rich.function(3).codeOffset)?.index, 5);
  assert.is(rich.functionAt(1e6), undefined);
  // The body in the binary: no locals, then f64.const 0.
  assert.is(Buffer.from(wasm.subarray(work.wasmOffset, work.wasmOffset + 2)).toString('hex'), '0044');
});

test('traps and addresses by code offset', () => {
  const zeta = rich.function(2).codeOffset;
  assert.is(rich.trapAt(34), 1);
  assert.is(rich.trapAt(33), undefined);
  assert.is(rich.trapAt(zeta + 7), 7);
  assert.is(rich.trapAt(1e6), undefined);
  assert.equal(
    [0, 13, 14, 33, 34, zeta - 1, zeta].map((at) => rich.wasmOffsetAt(at)),
    [100, 100, 104, 104, 110, 110, 120],
  );
});

test('relocations', () => {
  const { text, rodata } = rich;
  const zeta = rich.function(2).codeOffset;
  assert.is(i32At(rich, text.offset + 15), zeta - 19);
  assert.is(text.offset + 21 + 5 + i32At(rich, text.offset + 21), rodata.offset);
  assert.is(text.offset + 30 + 4 + i32At(rich, text.offset + 30), rodata.offset);
  const table = rodata.offset + 16;
  assert.equal(
    [0, 4, 8].map((at) => table + i32At(rich, table + at) - text.offset),
    [zeta + 7, 0, zeta],
  );
});

test('a data image holds the segments in order, and is used when it is worth it', async () => {
  const letters = (letter: string, count: number) => letter.repeat(count);
  const module = (pages: number, ...segments: [number, string][]) =>
    `(module (memory ${pages}) ${segments.map(([at, text]) => `(data (i32.const ${at}) "${text}")`).join(' ')} (data "rest"))`;
  const image = async (text: string) => parseArtifact((await linkText(text)).artifact, { target });

  const good = await image(module(2, [5000, letters('a', 20000)], [6000, letters('b', 10)], [30000, letters('c', 4)], [0, '']));
  assert.ok(good.image);
  assert.is(good.image.address, 4096);
  assert.is(good.image.size, 28672);
  assert.is(good.image.offset % 4096, 0);
  const content = new Uint8Array(28672);
  content.fill(0x61, 904, 20904).fill(0x62, 1904, 1914).fill(0x63, 25904, 25908);
  assert.ok(Buffer.from(good.bytes.subarray(good.image.offset, good.image.offset + good.image.size)).equals(content));
  assert.is(good.data(2).mode, A.SegmentMode.Image);
  assert.equal(good.data(2).bytes, { offset: good.image.offset + 25904, size: 4 });
  assert.is(good.data(4).mode, A.SegmentMode.Passive);
  assert.is(good.section(A.Section.DataBytes).size, 4);

  const few = await image(module(1, [0, letters('a', 1000)]));
  assert.is(few.image, undefined);
  const sparse = await image(module(100, [0, letters('a', 20000)], [3000000, 'b']));
  assert.is(sparse.image, undefined);
  const outside = await image(module(1, [0, letters('a', 20000)], [65535, 'bb']));
  assert.is(outside.image, undefined);
  const emptyOutside = await image(module(1, [0, letters('a', 20000)], [65537, '']));
  assert.is(emptyOutside.image, undefined);
});

test('an empty module', async () => {
  const { artifact } = await linkText('(module)');
  const empty = parseArtifact(artifact, { target });
  assert.is(empty.text.size, 0);
  assert.is(empty.name, undefined);
  assert.is(empty.start, undefined);
  assert.is(empty.wasm, undefined);
  assert.equal(empty.exports(), []);
  assert.is(empty.functionAt(0), undefined);
});

test('other targets are laid out for their pages', async () => {
  const { artifact } = await linkText('(module (func ))', { target: A.TARGET_A64 });
  const parsed = parseArtifact(artifact, { target: A.TARGET_A64 });
  assert.is(parsed.text.offset % 65536, 0);
});

test.run();
