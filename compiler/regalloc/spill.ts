/** spill: spill slots for the virtual registers that are in memory somewhere.
 *
 *  In: ordered pieces.  Out: `spillSlots`, the number of slots.
 *  A register's slot is its own from the start of its first piece in layout to the end of its last; registers with disjoint stretches
 *  share slots. A v128 has two slots, and shares only with others of its kind, so that slots never overlap in part.
 *  Cost: O(n log n) over the spilled registers. */

import { Pool } from '../base/pool';
import { Type } from '../ir/type';
import { vregTypes } from '../isa/mach';
import { byStart, firstOrdered, ordered, orderedEnd } from './ordered';
import { inMemory, pieceCount, pieceEnds, pieceStarts, pieceVRegs, spillSlots } from './ranges';

/** Slots by the end of their use: binary heaps of pairs end, slot; a pair with the least end comes first. */
const singles: Pool = Pool.create(256);
const doubles: Pool = Pool.create(64);

/** Size of the spill area, in slots of 8 bytes. */
export let spillSlotCount: u32 = 0;

/** Slots beyond all others; the first of two is even. */
export function newSpillSlot(wide: bool): u32 {
  if (!wide) return spillSlotCount++;
  const slot = (spillSlotCount + 1) & ~1;
  spillSlotCount = slot + 2;
  return slot;
}

export function assignSpillSlots(): void {
  spillSlotCount = 0;
  singles.clear();
  doubles.clear();
  const count = pieceCount - 1;
  for (let i: u32 = 0; i < count; i++) {
    const piece = byStart[i];
    const vreg = pieceVRegs[piece];
    if (inMemory[vreg] == 0 || ordered[firstOrdered[vreg]] != piece) continue;
    const wide = vregTypes[vreg] == (Type.V128 as u8);
    const heap = wide ? doubles : singles;
    const free = !heap.isEmpty && heap.get(1) <= pieceStarts[piece];
    const slot = free ? heap.get(2) : newSpillSlot(wide);
    spillSlots[vreg] = slot;
    const end = pieceEnds[ordered[orderedEnd(vreg) - 1]];
    if (free) sink(heap, end, slot);
    else rise(heap, end, slot);
  }
}

/** Adds a pair. */
function rise(heap: Pool, end: u32, slot: u32): void {
  let hole = (heap.extend(2) + 1) >> 1;
  while (hole > 1) {
    const up = hole >> 1;
    if (heap.get((up << 1) - 1) <= end) break;
    movePair(heap, up, hole);
    hole = up;
  }
  heap.set((hole << 1) - 1, end);
  heap.set(hole << 1, slot);
}

/** Replaces the first pair. */
function sink(heap: Pool, end: u32, slot: u32): void {
  const count = (heap.length - 1) >> 1;
  let hole: u32 = 1;
  while (true) {
    let down = hole << 1;
    if (down > count) break;
    if (down < count && heap.get((down << 1) + 1) < heap.get((down << 1) - 1)) down++;
    if (heap.get((down << 1) - 1) >= end) break;
    movePair(heap, down, hole);
    hole = down;
  }
  heap.set((hole << 1) - 1, end);
  heap.set(hole << 1, slot);
}

/** Pair n stands at 2n - 1 and 2n. */
function movePair(heap: Pool, from: u32, to: u32): void {
  heap.set((to << 1) - 1, heap.get((from << 1) - 1));
  heap.set(to << 1, heap.get(from << 1));
}
