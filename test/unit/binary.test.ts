/** The reader and the writer of wasm binaries. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  codeSectionSize,
  Malformed,
  moduleOf,
  Reader,
  SECTION_CUSTOM,
  SECTION_IMPORT,
  SECTION_TYPE,
  sectionsOf,
  unsignedLeb,
} from '../../host/wasm/binary.js';
import { forwarder, globalImporter, labelled, memoryImporter } from '../../host/wasm/tiny-modules.js';
import { customSections, moduleName, outlineOf } from '../../host/wasm/outline.js';
import { FuncType } from '../../host/base/types.js';

const of = (...bytes: number[]) => new Reader(Uint8Array.from(bytes));
const malformed = (work: () => unknown) => assert.throws(work, (error: Error) => error instanceof Malformed);

test('unsigned numbers, longer than they need be too', () => {
  for (const value of [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32 - 1]) assert.is(of(...unsignedLeb(value)).unsigned(), value);
  assert.is(of(0x80, 0x80, 0x00).unsigned(), 0);
  assert.is(of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f).unsigned(), 2 ** 53 - 1);
});

test('signed numbers', () => {
  assert.is(of(0x3f).signed(), 63n);
  assert.is(of(0x40).signed(), -64n);
  assert.is(of(0x7f).signed(), -1n);
  assert.is(of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f).signed(), -(2n ** 63n));
});

test('what ends early, or has no end, is malformed', () => {
  malformed(() => of().byte());
  malformed(() => of(0x80).unsigned());
  malformed(() => of(...new Array(12).fill(0x80), 0).unsigned());
  malformed(() => of(...new Array(12).fill(0x80), 0).signed());
  malformed(() => of(5, 65).name());
  malformed(() => of(1, 2).skip(3));
  malformed(() => of(0xff, 0xff, 0xff, 0xff, 0x0f).list((reader) => reader.byte()));
  malformed(() => new Reader(new Uint8Array(2), 0, 3));
  malformed(() => of(1, 2, 3).part(2).bytes(3));
});

test('a part ends where it ends, and is skipped', () => {
  const reader = of(1, 2, 3, 4);
  const part = reader.part(2);
  assert.equal([part.byte(), part.byte(), part.more, reader.byte()], [1, 2, false, 3]);
});

test('sections, and where the binary stops being one', () => {
  const bytes = moduleOf([SECTION_TYPE, [0]], [SECTION_CUSTOM, [1, 65, 9, 9]], [10, [1, 2, 0, 11]]);
  const all = [...sectionsOf(bytes)].map(({ id, name, content, end }) => [id, name, end - content]);
  assert.equal(all, [
    [SECTION_TYPE, undefined, 1],
    [SECTION_CUSTOM, 'A', 2],
    [10, undefined, 4],
  ]);
  assert.is(codeSectionSize(bytes), 4);
  // Cut short: the last one ends with the binary.
  assert.equal([...sectionsOf(bytes.subarray(0, bytes.length - 1))].at(-1)!.end, bytes.length - 1);
  assert.is(codeSectionSize(bytes.subarray(0, bytes.length - 1)), 3);
  // A custom section without a name does not hide what follows.
  const nameless = moduleOf([SECTION_CUSTOM, []], [SECTION_IMPORT, [0]]);
  assert.equal(
    [...sectionsOf(nameless)].map(({ id, name }) => [id, name]),
    [
      [SECTION_CUSTOM, undefined],
      [SECTION_IMPORT, undefined],
    ],
  );
  for (const bytes of [new Uint8Array(), new Uint8Array(4), new Uint8Array([...moduleOf(), 1, 0x80])]) {
    assert.equal([...sectionsOf(bytes)], []);
    assert.is(codeSectionSize(bytes), 0);
  }
});

test('the modules that we make are valid, and say what they should', () => {
  const type = new FuncType(['i32', 'externref', 'f64'], ['i64', 'funcref']);
  for (const bytes of [forwarder(type), globalImporter('externref'), memoryImporter(65536, false), memoryImporter(3, true)]) {
    assert.ok(WebAssembly.validate(bytes as BufferSource));
  }
  const { imports, exports, functionType } = outlineOf(forwarder(type));
  assert.equal([imports.length, exports, functionType(0)], [1, [{ name: '', kind: 'function', index: 0 }], type]);
  const label = labelled('a name', Uint8Array.of(1, 2, 3));
  assert.ok(WebAssembly.validate(label as BufferSource));
  assert.equal(
    customSections(label, 'a name').map((each) => [...new Uint8Array(each)]),
    [[1, 2, 3]],
  );
  assert.is(moduleName(label), undefined);
});

test.run();
