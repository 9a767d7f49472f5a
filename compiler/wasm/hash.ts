/** hash: byte strings, and the one open-addressing table that decoding and validation use in turn.
 *  Cost: O(length) a hash, O(slots) a table. */

import { Column } from '../base/column';

let slotCapacity: u32 = 0;
let slotColumn = Column.none<u32, u32>();

/** A hash of the `length` bytes at `address`, the same on every host. */
export function hashBytes(address: usize, length: u32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ length;
  let left = length;
  while (left >= 8) {
    hash = mix(hash ^ load<u64>(address));
    address += 8;
    left -= 8;
  }
  let tail: u64 = 0;
  while (left > 0) {
    tail = (tail << 8) | load<u8>(address + --left);
  }
  hash = mix(hash ^ tail);
  return (hash ^ (hash >> 32)) as u32;
}

function mix(value: u64): u64 {
  value *= 0xff51afd7ed558ccd;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53;
  return value ^ (value >> 29);
}

/** Slots of a table for `count` entries: a power of two, at most half of them used. */
export function hashSlots(count: u32): u32 {
  return count < 8 ? 16 : (2 as u32) << (32 - clz(count));
}

/** The table with `slots` empty slots (0); whoever used it before must be done. */
export function emptySlots(slots: u32): Column<u32, u32> {
  if (slots > slotCapacity) {
    slotColumn = Column.grown<u32, u32>(slotColumn, slotCapacity, slots);
    slotCapacity = slots;
  }
  slotColumn.clear(0, slots);
  return slotColumn;
}
