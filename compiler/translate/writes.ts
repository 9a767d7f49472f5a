/** writes: when each local was written, in the order of the code.
 *  In: every write, as translation meets it.  Out: whether a stretch of the code writes a local.
 *  Cost: O(1) a write, O(log writes of the local) a question: a write points back to the one before it and to one further back.
 *  Ref: Myers 1983, "An Applicative Random-Access Stack". */

import { Column } from '../base/column';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';

// By number of the write, from 1; 0: none.
let count: u32 = 0;
let capacity: u32 = 0;
let previous: Column<u32, u32> = Column.none<u32, u32>();
let jumps: Column<u32, u32> = Column.none<u32, u32>();
/** Writes of the local up to this one. */
let depths: Column<u32, u32> = Column.none<u32, u32>();

let localCapacity: u32 = 0;
let latest: Column<u32, u32> = Column.none<u32, u32>();

export function resetWrites(): void {
  count = 0;
  if (capacity == 0) {
    grow();
    previous[0] = 0;
    jumps[0] = 0;
    depths[0] = 0;
  }
}

/** Gives back the tables of a large function. */
export function trimWrites(): void {
  if (capacity <= keptEntries) return;
  previous = Column.free<u32, u32>(previous);
  jumps = Column.free<u32, u32>(jumps);
  depths = Column.free<u32, u32>(depths);
  capacity = 0;
}

function grow(): void {
  const grown = grownCapacity(capacity, FIRST_ENTRIES);
  previous = Column.grown<u32, u32>(previous, capacity, grown);
  jumps = Column.grown<u32, u32>(jumps, capacity, grown);
  depths = Column.grown<u32, u32>(depths, capacity, grown);
  capacity = grown;
}

/** Locals are added in the order of their numbers. */
export function addWrites(local: u32): void {
  if (local == localCapacity) {
    const grown = grownCapacity(localCapacity, FIRST_ENTRIES);
    latest = Column.grown<u32, u32>(latest, localCapacity, grown);
    localCapacity = grown;
  }
  latest[local] = 0;
}

export function recordWrite(local: u32): void {
  if (++count == capacity) grow();
  const before = latest[local];
  const jump = jumps[before];
  previous[count] = before;
  jumps[count] = depths[before] - depths[jump] == depths[jump] - depths[jumps[jump]] ? jumps[jump] : before;
  depths[count] = depths[before] + 1;
  latest[local] = count;
}

/** The present moment, for `writtenBetween`. */
export function now(): u32 {
  return count;
}

/** Whether the local was written after the moment `from` and not after `to`. */
export function writtenBetween(local: u32, from: u32, to: u32): bool {
  let write = latest[local];
  while (write > to) write = jumps[write] > to ? jumps[write] : previous[write];
  return write > from;
}
