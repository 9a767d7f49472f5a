/** rodata: constants of the module in read-only data, each once.
 *  In: bits.  Out: offset in rodata.  Cost: O(1) expected. Requires `resetRodata` for each module. */

import { Column } from '../../base/column';
import { rodata } from '../../emit/output';

// Open addressing over (size, low, high) -> offset + 1.
const MIN_CAPACITY: u32 = 256;
let capacity: u32 = 0;
let count: u32 = 0;
let lows: Column<u32, u64> = Column.none<u32, u64>();
let highs: Column<u32, u64> = Column.none<u32, u64>();
let sizes: Column<u32, u8> = Column.none<u32, u8>();
let offsets: Column<u32, u32> = Column.none<u32, u32>();

export function resetRodata(): void {
  count = 0;
  if (capacity == 0) grow(MIN_CAPACITY);
  else sizes.clear(0, capacity);
}

function grow(size: u32): void {
  lows = Column.grown<u32, u64>(lows, capacity, size);
  highs = Column.grown<u32, u64>(highs, capacity, size);
  sizes = Column.grown<u32, u8>(sizes, capacity, size);
  offsets = Column.grown<u32, u32>(offsets, capacity, size);
  capacity = size;
  sizes.clear(0, size);
}

/** Offset of a constant of `size` bytes, aligned to its size. */
function place(size: u32, low: u64, high: u64): u32 {
  if (count << 1 >= capacity) {
    // Constants found again after this are written a second time: rare, and the table stays simple.
    count = 0;
    grow(capacity << 1);
  }
  const mask = capacity - 1;
  let slot = (<u32>(((low ^ (high * 3)) * 0x9e3779b97f4a7c15) >> 40) + size) & mask;
  while (sizes[slot] != 0) {
    if (sizes[slot] == size && lows[slot] == low && highs[slot] == high) return offsets[slot];
    slot = (slot + 1) & mask;
  }
  rodata.align(size);
  const offset = rodata.length;
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
