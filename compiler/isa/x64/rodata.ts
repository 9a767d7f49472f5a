/** rodata: constants of the module in read-only data, each once.
 *  In: bits.  Out: offset in rodata.  Cost: O(1) expected. Requires `resetRodata` for each module. */

import { Column } from '../../base/column';
import { noteConstant, rodata } from '../../emit/output';

// Open addressing over (size, low, high) -> offset + 1.
const MIN_CAPACITY: u32 = 8;
let capacity: u32 = 0;
let count: u32 = 0;
let lows: Column<u32, u64> = Column.none<u32, u64>();
let highs: Column<u32, u64> = Column.none<u32, u64>();
let sizes: Column<u32, u8> = Column.none<u32, u8>();
let offsets: Column<u32, u32> = Column.none<u32, u32>();

export function resetRodata(): void {
  count = 0;
  if (capacity == 0) makeTable(MIN_CAPACITY);
  sizes.clear(0, capacity);
}

function makeTable(size: u32): void {
  lows = Column.create<u32, u64>(size);
  highs = Column.create<u32, u64>(size);
  sizes = Column.create<u32, u8>(size);
  offsets = Column.create<u32, u32>(size);
  capacity = size;
  sizes.clear(0, size);
}

/** Twice the room; every constant stays known, so that the output does not depend on how large the table was before. */
function grow(): void {
  const oldCapacity = capacity;
  const oldLows = lows;
  const oldHighs = highs;
  const oldSizes = sizes;
  const oldOffsets = offsets;
  makeTable(capacity << 1);
  for (let i: u32 = 0; i < oldCapacity; i++) {
    if (oldSizes[i] == 0) continue;
    const slot = find(oldSizes[i], oldLows[i], oldHighs[i]);
    sizes[slot] = oldSizes[i];
    lows[slot] = oldLows[i];
    highs[slot] = oldHighs[i];
    offsets[slot] = oldOffsets[i];
  }
  Column.free<u32, u64>(oldLows);
  Column.free<u32, u64>(oldHighs);
  Column.free<u32, u8>(oldSizes);
  Column.free<u32, u32>(oldOffsets);
}

/** The constant's slot, or the free one where it belongs. */
function find(size: u32, low: u64, high: u64): u32 {
  const mask = capacity - 1;
  let slot = (<u32>(((low ^ (high * 3)) * 0x9e3779b97f4a7c15) >> 40) + size) & mask;
  while (sizes[slot] != 0 && (sizes[slot] != size || lows[slot] != low || highs[slot] != high)) slot = (slot + 1) & mask;
  return slot;
}

/** Offset of a constant of `size` bytes, aligned to its size. */
function place(size: u32, low: u64, high: u64): u32 {
  if (count << 1 >= capacity) grow();
  const slot = find(size, low, high);
  if (sizes[slot] != 0) return offsets[slot];
  rodata.align(size);
  const offset = rodata.length;
  noteConstant(size);
  if (size == 4) rodata.u32(low as u32);
  else rodata.u64(low);
  if (size == 16) rodata.u64(high);
  sizes[slot] = size as u8;
  lows[slot] = low;
  highs[slot] = high;
  offsets[slot] = offset;
  count++;
  return offset;
}

export function rodata32(bits: u32): u32 {
  return place(4, bits as u64, 0);
}

export function rodata64(bits: u64): u32 {
  return place(8, bits, 0);
}

export function rodata128(low: u64, high: u64): u32 {
  return place(16, low, high);
}
