/** packed: the tables of emit/output for the functions that are done, as LEB128 differences: a third of the memory.
 *  In: entries of output's tables, in their order.  Out: the same, read once by the linker, one after the other.
 *  Cost: linear. */

import { Buffer } from '../base/buffer';
import { at } from '../base/entity';
import * as output from './output';
import { AddressEntry, Relocation, RelocationKind, TrapEntry } from './output';

/** Tables below this size are not worth the call. */
const WORTH: u32 = 1024;

const relocations: Buffer = Buffer.create(256);
const traps: Buffer = Buffer.create(256);
const addresses: Buffer = Buffer.create(256);
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

/** Forwards or, as code moves, backwards: the sign is in the lowest bit. */
function packWasmOffset(offset: u32): void {
  const step = (offset as i64) - (wasmPlace as i64);
  addresses.leb(((step << 1) ^ (step >> 63)) as u64);
  wasmPlace = offset;
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
    const step = read(addresses);
    wasmPlace += ((step >> 1) ^ (0 - (step & 1))) as u32;
    out.uncheckedU32(addressPlace);
    out.uncheckedU32(wasmPlace);
  }
  addresses.free();
  rewind();
}
