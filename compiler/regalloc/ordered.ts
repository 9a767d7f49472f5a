/** ordered: the placed pieces of each virtual register in order, and queries by point.
 *  In: placed pieces.  Cost: O(pieces + points); a query is a binary search. */

import { Column } from '../base/column';
import { VReg, at } from '../base/entity';
import { keptEntries, grownCapacity } from '../base/memory';
import { NO_LOCATION, SPILL_BASE, vregCount } from '../isa/mach';
import {
  MEMORY,
  enqueue,
  pieceCount,
  pieceLocations,
  pieceNexts,
  pieceStarts,
  pieceVRegs,
  pointLists,
  slotCount,
  spillSlots,
} from './ranges';

let vregCapacity: u32 = 0;
let capacity: u32 = 0;
/** First of the register's pieces in `ordered`; one more entry than registers. */
export let firstOrdered: Column<VReg, u32> = Column.none<VReg, u32>();
/** Piece indices, by register and start. */
export let ordered: Column<u32, u32> = Column.none<u32, u32>();

/** Gives back the tables of a large function. */
export function trimOrdered(): void {
  if (vregCapacity > keptEntries) {
    firstOrdered = Column.free<VReg, u32>(firstOrdered);
    vregCapacity = 0;
  }
  if (capacity > keptEntries) {
    ordered = Column.free<u32, u32>(ordered);
    capacity = 0;
  }
}

/** Requires: all `pointLists` empty; leaves them so. */
export function orderPieces(): void {
  if (vregCount + 2 > vregCapacity) {
    const old = vregCapacity;
    vregCapacity = grownCapacity(old, vregCount + 2);
    firstOrdered = Column.grown<VReg, u32>(firstOrdered, old, vregCapacity);
  }
  if (pieceCount > capacity) {
    const old = capacity;
    capacity = grownCapacity(old, pieceCount);
    ordered = Column.grown<u32, u32>(ordered, old, capacity);
  }
  firstOrdered.clear(0, vregCount + 2);
  for (let piece = pieceCount - 1; piece > 0; piece--) {
    enqueue(piece);
    const next = at<VReg>(pieceVRegs[piece].index + 1);
    firstOrdered[next] = firstOrdered[next] + 1;
  }
  for (let v: u32 = 1; v <= vregCount; v++) firstOrdered[at<VReg>(v)] = firstOrdered[at<VReg>(v)] + firstOrdered[at<VReg>(v - 1)];
  const end = slotCount << 1;
  for (let point: u32 = 0; point < end; point++) {
    for (let piece = pointLists[point]; piece != 0; piece = pieceNexts[piece]) {
      const vreg = pieceVRegs[piece];
      ordered[firstOrdered[vreg]] = piece;
      firstOrdered[vreg] = firstOrdered[vreg] + 1;
    }
    pointLists[point] = 0;
  }
  for (let v = vregCount; v > 0; v--) firstOrdered[at<VReg>(v)] = firstOrdered[at<VReg>(v - 1)];
}

/** One past the last of a register's pieces. */
export function orderedEnd(vreg: VReg): u32 {
  return firstOrdered[at<VReg>(vreg.index + 1)];
}

/** Index in `ordered` of the piece of `vreg` at `point`. Requires that it is alive there. */
export function orderedAt(vreg: VReg, point: u32): u32 {
  let low = firstOrdered[vreg];
  let high = orderedEnd(vreg);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (pieceStarts[ordered[middle]] <= point) low = middle;
    else high = middle;
  }
  return low;
}

/** Stands for the spill slot of the virtual register with the index in the other bits, as long as slots are not assigned. */
export const PENDING: u32 = 0x80000000;

/** The location of a piece; a pending slot for one in memory. */
export function locationOfPiece(piece: u32): u32 {
  const location = pieceLocations[piece];
  return location == MEMORY ? PENDING | pieceVRegs[piece].index : location;
}

/** The location for good, once slots are assigned. */
export function finalLocation(location: u32): u32 {
  return location < PENDING || location == NO_LOCATION ? location : SPILL_BASE + spillSlots[at<VReg>(location & ~PENDING)];
}

/** The location of `vreg` at `point`. Requires that it is alive there. */
export function locationAt(vreg: VReg, point: u32): u32 {
  return locationOfPiece(ordered[orderedAt(vreg, point)]);
}
