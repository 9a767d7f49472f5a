/** packed: the tables of emit/output for the functions that are done, as LEB128 differences: a third of the memory.
 *  In: entries of output's tables, in their order.  Out: the same, read once by the linker, one after the other; or taken to another
 *  instance of the core and appended to what that has.
 *  Cost: linear; appending copies traps and addresses as they are. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import { at } from '../base/entity';
import * as output from './output';
import { AddressEntry, Relocation, RelocationKind, TrapEntry } from './output';

/** Tables below this size are not worth the call. */
const WORTH: u32 = 1024;

const relocations: Buffer = Buffer.create();
const traps: Buffer = Buffer.create();
const addresses: Buffer = Buffer.create();
export let packedTrapCount: u32 = 0;
export let packedAddressCount: u32 = 0;

// The entry written or read last, and where the next is read.
let codePlace: u32 = 0;
let rodataPlace: u32 = 0;
let trapPlace: u32 = 0;
let addressPlace: u32 = 0;
let wasmPlace: u32 = 0;
let cursor: u32 = 0;

function rewind(): void {
  codePlace = 0;
  rodataPlace = 0;
  trapPlace = 0;
  addressPlace = 0;
  wasmPlace = 0;
  cursor = 0;
}

/** Forgets the module before. */
export function resetPacked(): void {
  rewind();
  relocations.free();
  traps.free();
  addresses.free();
  packedTrapCount = 0;
  packedAddressCount = 0;
}

/** Packs what the functions so far have left, when it is much. The last address stays: the next function may replace it. */
export function packTables(): void {
  if (output.relocationCount + output.trapCount + output.addressCount > WORTH) pack(1);
}

/** Packs all; reading may begin. */
export function packRest(): void {
  pack(0);
  output.freeEntries();
  rewind();
  relocations.compact();
  traps.compact();
  addresses.compact();
}

function pack(keptAddresses: u32): void {
  for (let i: u32 = 1; i <= output.relocationCount; i++) packRelocation(at<Relocation>(i));
  for (let i: u32 = 1; i <= output.trapCount; i++) {
    const entry = at<TrapEntry>(i);
    traps.leb(output.trapCodeOffset[entry] - trapPlace);
    traps.u8(output.trapKind[entry]);
    trapPlace = output.trapCodeOffset[entry];
  }
  packedTrapCount += output.trapCount;
  const count = output.addressCount - min(output.addressCount, keptAddresses);
  for (let i: u32 = 1; i <= count; i++) {
    const entry = at<AddressEntry>(i);
    addresses.leb(output.addressCodeOffset[entry] - addressPlace);
    addressPlace = output.addressCodeOffset[entry];
    packWasmOffset(output.addressWasmOffset[entry]);
  }
  packedAddressCount += count;
  output.dropEntries(count);
}

/** Appends all tables to `part`, as `appendPacked` reads them; they are gone then. */
export function writePacked(part: Buffer): void {
  pack(1);
  part.u32(relocations.length);
  part.u32(traps.length);
  part.u32(addresses.length);
  part.u32(packedTrapCount);
  part.u32(trapPlace);
  part.u32(packedAddressCount);
  part.u32(addressPlace);
  part.u32(wasmPlace);
  // The last address by itself: the next part may replace it.
  part.u32(output.addressCount);
  part.u32(output.addressCount == 0 ? 0 : output.addressCodeOffset[at<AddressEntry>(1)]);
  part.u32(output.addressCount == 0 ? 0 : output.addressWasmOffset[at<AddressEntry>(1)]);
  part.bytes(relocations.data, relocations.length);
  part.bytes(traps.data, traps.length);
  part.bytes(addresses.data, addresses.length);
  resetPacked();
}

const PART_HEADER: u32 = 11 * 4;

/** Adds the tables that `writePacked` wrote at `offset` of `part`, whose code has come to stand at `base`, and word w of whose rodata at
 *  `places[w]`. Relocations of static tables are left out. */
export function appendPacked(part: Buffer, offset: u32, base: u32, places: Column<u32, u32>): void {
  const relocationsEnd = offset + PART_HEADER + part.u32At(offset);
  const trapsEnd = relocationsEnd + part.u32At(offset + 4);
  const addressesEnd = trapsEnd + part.u32At(offset + 8);
  const trapCount = part.u32At(offset + 12);
  const addressCount = part.u32At(offset + 20);
  const hasLast = part.u32At(offset + 32) != 0;
  const lastCode = base + part.u32At(offset + 36);
  const lastWasm = part.u32At(offset + 40);
  cursor = offset + PART_HEADER;
  appendRelocations(part, relocationsEnd, base, places);
  cursor = trapsEnd;
  let code: u32 = base;
  let wasm: u32 = 0;
  if (addressCount != 0) {
    code += read(part) as u32;
    wasm = readStep(part, wasm);
    output.addAddress(code, wasm);
  } else if (hasLast) output.addAddress(lastCode, lastWasm);
  pack(addressCount != 0 ? 0 : 1);
  // Nothing is left in output's tables; what follows goes by differences to what was packed last.
  if (addressCount > 1) {
    code += read(part) as u32;
    addresses.leb(code - addressPlace);
    packWasmOffset(readStep(part, wasm));
    addresses.bytes(part.data + cursor, addressesEnd - cursor);
    addressPlace = base + part.u32At(offset + 24);
    wasmPlace = part.u32At(offset + 28);
    packedAddressCount += addressCount - 1;
  }
  if (addressCount != 0 && hasLast) output.addAddress(lastCode, lastWasm);
  if (trapCount != 0) {
    cursor = relocationsEnd;
    traps.leb(base + (read(part) as u32) - trapPlace);
    traps.bytes(part.data + cursor, trapsEnd - cursor);
    trapPlace = base + part.u32At(offset + 16);
    packedTrapCount += trapCount;
  }
}

function appendRelocations(part: Buffer, end: u32, base: u32, places: Column<u32, u32>): void {
  let inCode: u32 = base;
  let inRodata: u32 = 0;
  while (cursor < end) {
    const kind = part.u8At(cursor++);
    const step = read(part) as u32;
    if (isInCode(kind)) inCode += step;
    else inRodata += step;
    const target = read(part) as u32;
    const addend = read(part) as u32;
    switch (kind as RelocationKind) {
      case RelocationKind.X64Call:
        output.addRelocation(kind, inCode, target, addend);
        break;
      case RelocationKind.X64Rodata:
        output.addRelocation(kind, inCode, places[target >> 2], addend);
        break;
      case RelocationKind.TableCode:
        output.addRelocation(kind, places[inRodata >> 2], base + target, places[addend >> 2]);
        break;
      default:
        assert(kind == (RelocationKind.TableFunction as u32));
    }
  }
}

/** Forwards or, as code moves, backwards: the sign is in the lowest bit. */
function packWasmOffset(offset: u32): void {
  const step = (offset as i64) - (wasmPlace as i64);
  addresses.leb(((step << 1) ^ (step >> 63)) as u64);
  wasmPlace = offset;
}

/** The wasm offset that follows on `from`. */
function readStep(buffer: Buffer, from: u32): u32 {
  const step = read(buffer);
  return from + (((step >> 1) ^ (0 - (step & 1))) as u32);
}

function isInCode(kind: u32): bool {
  return kind == (RelocationKind.X64Call as u32) || kind == (RelocationKind.X64Rodata as u32);
}

function packRelocation(entry: Relocation): void {
  const kind = output.relocationKind[entry] as u32;
  const offset = output.relocationOffset[entry];
  relocations.u8(kind);
  if (isInCode(kind)) {
    relocations.leb(offset - codePlace);
    codePlace = offset;
  } else {
    relocations.leb(offset - rodataPlace);
    rodataPlace = offset;
  }
  relocations.leb(output.relocationTarget[entry]);
  relocations.leb(output.relocationAddend[entry]);
}

function read(buffer: Buffer): u64 {
  let value: u64 = 0;
  let shift: u64 = 0;
  let byte: u64;
  do {
    byte = buffer.u8At(cursor++);
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80);
  return value;
}

// The relocation read last; see RelocationKind.
export let kind: u32 = 0;
export let offset: u32 = 0;
export let target: u32 = 0;
export let addend: u32 = 0;

/** False at the end; the relocations are gone then. */
export function nextRelocation(): bool {
  if (cursor == relocations.length) {
    relocations.free();
    rewind();
    return false;
  }
  kind = relocations.u8At(cursor++);
  const step = read(relocations) as u32;
  if (isInCode(kind)) {
    codePlace += step;
    offset = codePlace;
  } else {
    rodataPlace += step;
    offset = rodataPlace;
  }
  target = read(relocations) as u32;
  addend = read(relocations) as u32;
  return true;
}

/** Appends all traps as pairs of code offset and trap code; they are gone then. */
export function writeTraps(out: Buffer): void {
  out.reserve(packedTrapCount << 3);
  while (cursor < traps.length) {
    trapPlace += read(traps) as u32;
    out.uncheckedU32(trapPlace);
    out.uncheckedU32(traps.u8At(cursor++));
  }
  traps.free();
  rewind();
}

/** Appends all addresses as pairs of code offset and wasm offset; they are gone then. */
export function writeAddresses(out: Buffer): void {
  out.reserve(packedAddressCount << 3);
  while (cursor < addresses.length) {
    addressPlace += read(addresses) as u32;
    wasmPlace = readStep(addresses, wasmPlace);
    out.uncheckedU32(addressPlace);
    out.uncheckedU32(wasmPlace);
  }
  addresses.free();
  rewind();
}
