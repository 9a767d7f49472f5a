/** Mappings and memories: files and bytes, code ranges, images, guards, FuncRefs, CPU features. */

import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NONE } from '../../runtime/artifact.js';
import { CPU_X64_AVX2, CPU_X64_V2, CPU_X64_V3 } from '../../runtime/cpu.js';
import * as layout from '../../runtime/layout.js';
import { add } from '../support/codes.js';
import { image, loadHelper, Machine } from '../support/machine.js';

const helper = loadHelper();
const folder = mkdtempSync(join(tmpdir(), 'ouro-native-'));
const gibibyte = 2 ** 30;

const addressOf = (memory: WebAssembly.Memory) => helper.address(new Uint8Array(memory.buffer));

test('a mapped file runs', () => {
  const { bytes, textSize } = image([add]);
  const path = join(folder, 'add é.bin');
  writeFileSync(path, bytes);
  const mapping = helper.mapFile(path);
  assert.is(mapping.size, bytes.length);
  assert.equal(new Uint8Array(mapping.buffer), bytes);
  helper.registerCode(mapping.address, 4096, textSize, 0, 1);
  assert.throws(() => helper.registerCode(mapping.address, 4096, textSize, 0, 1), /cannot make the code executable/);
  const machine = new Machine(helper, [add]);
  const ref = machine.block(layout.FUNCREF_SIZE);
  ref.set(layout.FUNCREF_CODE, mapping.address + 4096);
  ref.set(layout.FUNCREF_VMCONTEXT, machine.vmcontext.address);
  machine.words[0] = 40n;
  machine.words[1] = 2n;
  machine.run(ref.address);
  assert.is(machine.words[0], 42n);
  helper.unmap(mapping.address);
  assert.is(mapping.buffer.byteLength, 0, 'the buffer is detached');
  assert.throws(() => helper.unmap(mapping.address), /no such mapping/);
  machine.close();
});

test('files that cannot be mapped', () => {
  const empty = join(folder, 'empty');
  closeSync(openSync(empty, 'w'));
  const codeOf = (path: string) => {
    try {
      helper.mapFile(path);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
    return undefined;
  };
  assert.is(codeOf(join(folder, 'missing')), 'ENOENT');
  assert.is(codeOf(folder), 'EISDIR');
  assert.is(codeOf(empty), 'EINVAL');
  assert.is(codeOf('/dev/null'), 'EINVAL');
  assert.is(codeOf('a\0b'), 'ERR_INVALID_ARG_TYPE');
});

test('code outside the mapping is refused', () => {
  const { bytes, textSize } = image([add]);
  const { address } = helper.mapBytes(bytes);
  for (const [text, size, table, count] of [
    [4096, textSize + 1, 0, 1],
    [4000, 16, 0, 1],
    [8192, 1, 0, 1],
    [4096, 0, 0, 1],
    [4096, textSize, 2, 1],
    [4096, textSize, 4096, 129],
    [2 ** 40, 4096, 0, 1],
  ]) {
    assert.throws(() => helper.registerCode(address, text, size, table, count), /cannot make the code executable/);
  }
  helper.unmap(address);
});

test('code is never writable', () => {
  const machine = new Machine(helper, [add]);
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const line = lines.find((text) => text.startsWith(`${machine.codeBase.toString(16)}-`));
  assert.match(line ?? '', / r-xp /);
  assert.not.ok(lines.some((text) => / rwx/.test(text) && /ouro/.test(text)));
  machine.close();
});

test('many mappings', () => {
  const machines = Array.from({ length: 300 }, () => new Machine(helper, [add], { stack: 4096 }));
  machines.forEach((machine, i) => {
    assert.is(machine.call(0, i, 1), i + 1);
  });
  for (const machine of machines) machine.close();
});

test('an image is copied on write', () => {
  const bytes = Uint8Array.from({ length: 4096 * 5 }, (_, i) => i % 251);
  const mapping = helper.mapBytes(bytes);
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 10 });
  const view = () => new Uint8Array(memory.buffer);
  const base = helper.address(view());
  const length = 4096 * 3 + 100;
  helper.mapImage(base, mapping.address, 4096, length);
  assert.equal(view().slice(0, length), bytes.slice(4096, 4096 + length));
  assert.ok(
    view()
      .subarray(length)
      .every((byte) => byte === 0),
  );
  view().fill(9);
  assert.equal(new Uint8Array(mapping.buffer), bytes, 'the file is as before');
  memory.grow(3);
  assert.is(helper.address(view()), base);
  assert.is(view()[5 * 65536 - 1], 0);
  assert.is(view()[0], 9);
  assert.throws(() => helper.mapImage(base, mapping.address, 100, 4096), /cannot map an image/);
  assert.throws(() => helper.mapImage(base, mapping.address, 0, bytes.length + 1), /cannot map an image/);
  helper.closeFile(mapping.address);
  assert.throws(() => helper.mapImage(base, mapping.address, 4096, 4096), /cannot map an image/);
  helper.unmap(mapping.address);
  assert.is(view()[0], 9, 'what is mapped over a memory outlives the mapping');
});

test('guards of V8 memories', () => {
  for (const memory of [
    new WebAssembly.Memory({ initial: 1 }),
    new WebAssembly.Memory({ initial: 0, maximum: 3 }),
    new WebAssembly.Memory({ initial: 2, maximum: 20, shared: true }),
  ]) {
    const length = memory.buffer.byteLength;
    assert.ok(helper.probeGuard(addressOf(memory), length, 8 * gibibyte));
    assert.not.ok(length > 0 && helper.probeGuard(addressOf(memory), 0, 8 * gibibyte), 'readable where the guard should be');
  }
  const plain = new Uint8Array(1 << 20);
  assert.not.ok(helper.probeGuard(Math.ceil(helper.address(plain) / 4096) * 4096, 4096, 8 * gibibyte));
  assert.not.ok(helper.probeGuard(4096, 0, 8 * gibibyte));
});

test('addresses', () => {
  const buffer = new ArrayBuffer(64);
  const base = helper.address(buffer);
  assert.is(helper.address(new Uint8Array(buffer, 3)), base + 3);
  assert.is(helper.address(new Float64Array(buffer, 16)), base + 16);
  assert.is(helper.address(new DataView(buffer, 5)), base + 5);
  assert.throws(() => helper.address({} as ArrayBuffer), TypeError);
  const target = new Uint8Array(4);
  helper.copyIn(helper.address(target), helper.address(new Uint8Array([5, 6, 7])), 3);
  assert.equal([...target], [5, 6, 7, 0]);
});

test('SHA-256, with a gap that counts as zeros', () => {
  const hash = new Uint8Array(32);
  for (let size = 0; size < 300; size++) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7 + size);
    for (const [gap, gapSize] of [
      [0, 0],
      [size >> 1, Math.min(32, size >> 2)],
      [Math.min(60, size), Math.min(80, size - Math.min(60, size))],
      [size, 0],
    ]) {
      helper.sha256(bytes, gap, gapSize, hash);
      const expected = createHash('sha256')
        .update(bytes.slice().fill(0, gap, gap + gapSize))
        .digest('hex');
      assert.is(Buffer.from(hash).toString('hex'), expected, `${size} bytes, ${gapSize} at ${gap}`);
    }
  }
  assert.throws(() => helper.sha256(new Uint8Array(9), 8, 2, hash), /out of range/);
});

test('FuncImports and FuncRefs are filled and read', () => {
  const machine = new Machine(helper, [add]);
  machine.hostImport(0, () => {});
  machine.hostImport(1, () => {});
  const records = new Uint32Array([1, NONE, 0, 0, 2, 0x20, 2, 0]);
  const typeIds = new Uint32Array([0, 101, 102]);
  const at = 1024;
  const { address, view } = machine.vmcontext;
  const fill = (codeSize: number, typeCount: number, imports: number) =>
    helper.initFunctions(
      address,
      at,
      helper.address(records),
      2,
      machine.codeBase,
      codeSize,
      9,
      helper.address(typeIds),
      typeCount,
      imports,
    );
  assert.is(fill(0x20, 3, 2), false, 'code out of bounds');
  assert.is(fill(0x30, 2, 2), false, 'type out of bounds');
  assert.is(fill(0x30, 3, 1), false, 'an import that has code');
  records[2] = 1;
  assert.is(fill(0x30, 3, 2), false, 'an import of another type');
  records[2] = 0;
  assert.is(fill(0x30, 3, 2), true);
  const { leaveHostFunc, leaveImport } = helper.entries();
  assert.is(view.getBigUint64(at + layout.FUNCREF_CODE, true), BigInt(leaveHostFunc));
  assert.is(view.getBigUint64(layout.vmcontextFuncImport(1) + layout.FUNCIMPORT_CODE, true), BigInt(leaveImport), "a host function's");
  assert.is(view.getBigUint64(at + layout.FUNCREF_VMCONTEXT, true), view.getBigUint64(layout.vmcontextFuncImport(1) + 8, true));
  helper.readFuncRef(address + at + layout.FUNCREF_SIZE);
  const slots = new DataView(helper.slots(), layout.SLOT_STACK);
  assert.is(slots.getBigUint64(layout.FUNCREF_CODE, true), BigInt(machine.codeBase + 0x20));
  assert.is(slots.getBigUint64(layout.FUNCREF_VMCONTEXT, true), BigInt(address));
  assert.is(slots.getUint32(layout.FUNCREF_TYPE, true), 102);
  assert.is(slots.getUint32(layout.FUNCREF_FUNC_INDEX, true), 2);
  assert.is(slots.getUint32(layout.FUNCREF_INSTANCE_ID, true), 9);
  assert.throws(() => helper.readFuncRef(0), /null reference/);

  const elements = new BigUint64Array(4).fill(7n);
  const put = (items: number[]) =>
    helper.putFuncRefs(helper.address(elements), helper.address(new Uint32Array(items)), items.length, address, at, 2, 2);
  assert.is(put([1, NONE, 0]), true);
  const imported = view.getBigUint64(layout.vmcontextFuncImport(1) + layout.FUNCIMPORT_REF, true);
  assert.equal([...elements], [BigInt(address + at + layout.FUNCREF_SIZE), 0n, imported, 7n]);
  assert.is(put([0, 2]), false, 'there is no reference 2');
  view.setBigUint64(layout.vmcontextFuncImport(1) + layout.FUNCIMPORT_REF, BigInt(address + at + layout.FUNCREF_SIZE), true);
  records[2] = 2;
  assert.is(fill(0x30, 3, 2), true);
  assert.is(view.getBigUint64(layout.vmcontextFuncImport(1) + layout.FUNCIMPORT_CODE, true), BigInt(machine.codeBase + 0x20), "wasm's");
  assert.is(view.getBigUint64(at + layout.FUNCREF_CODE, true), BigInt(machine.codeBase + 0x20));
  machine.close();
});

test('CPU features agree with the system', () => {
  const features = helper.cpuFeatures();
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))![1].split(' '));
  assert.is((features & CPU_X64_AVX2) !== 0, flags.has('avx2'));
  assert.is((features & CPU_X64_V2) === CPU_X64_V2, flags.has('sse4_2') && flags.has('popcnt') && flags.has('lahf_lm'));
  const level3 = ['avx2', 'bmi1', 'bmi2', 'abm', 'fma', 'f16c', 'movbe'].every((flag) => flags.has(flag));
  assert.is((features & CPU_X64_V3) === CPU_X64_V3, level3);
});

test('the slots are one buffer', () => {
  assert.is(helper.slots(), helper.slots());
  assert.is(helper.slots().byteLength, layout.SLOTS_SIZE);
});

test.after(() => rmSync(folder, { recursive: true }));
test('a shared mapping that a thread has twice', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  for (const reversed of [false, true]) {
    const one = helper.mapBytes(bytes);
    const [id, nonce] = helper.shareMapping(one.address);
    const other = helper.openShared(id, nonce)!;
    assert.is(other.address, one.address);
    const [first, last] = reversed ? [other, one] : [one, other];
    helper.unmap(first.address, first.buffer);
    assert.is(first.buffer.byteLength, 0);
    assert.equal(new Uint8Array(last.buffer), bytes);
    assert.throws(() => helper.unmap(first.address, first.buffer), /no such mapping/);
    helper.unmap(last.address, last.buffer);
    assert.is(last.buffer.byteLength, 0);
    assert.is(helper.openShared(id, nonce), undefined);
  }
});

test.run();
