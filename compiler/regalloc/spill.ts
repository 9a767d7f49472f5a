/** spill: spill slots for the virtual registers that are in memory somewhere.
 *
 *  In: ordered pieces, `keepsSlot` (resolve.ts).  Out: `spillSlots`, `spillSlotCount`.
 *  A register owns its slot over a stretch of layout: from its first to its last piece when it is stored after its def; from its
 *  first to its last piece in memory when every way into memory stores. Registers with disjoint stretches share slots. The cold
 *  blocks at the end of layout count as a layout of their own, else a value's use in one would hold its slot to the function's end.
 *  Members of an affinity group get one slot where possible, so that moves between them vanish.
 *  A v128 has two slots, and shares only with others of its kind, so that slots never overlap in part.
 *  Cost: O(n log n) over the spilled registers. */

import { Column } from '../base/column';
import { VReg, at, none } from '../base/entity';
import { FIRST_ENTRIES, grownCapacity, keptEntries } from '../base/memory';
import { Pool } from '../base/pool';
import { Type } from '../ir/type';
import { vregCount, vregTypes } from '../isa/mach';
import { groupOf, setSlot, slotOf } from './affinity';
import { coldPoint } from './flow';
import { firstOrdered, ordered, orderedEnd } from './ordered';
import { MEMORY, inMemory, keepsSlot, pieceEnds, pieceLocations, pieceStarts, pointLists, slotCount, spillSlots } from './ranges';

/** Slots by the end of their stretch: binary heaps of pairs end, slot; a pair with the least end comes first.
 *  A pair whose end is not its slot's present one is stale. */
const singles: Pool = Pool.create();
const doubles: Pool = Pool.create();

let slotCapacity: u32 = 0;
/** For each slot the end of what it holds, in the hot part of layout and in the cold. */
let hotEnds: Column<u32, u32> = Column.none<u32, u32>();
let coldEnds: Column<u32, u32> = Column.none<u32, u32>();
/** Nonzero: first of two slots. */
let wides: Column<u32, u8> = Column.none<u32, u8>();

/** How many free slots are tried for one whose cold part is free too. */
const TRIES: u32 = 8;

/** Size of the spill area, in slots of 8 bytes. */
export let spillSlotCount: u32 = 0;

/** Slots beyond all others; the first of two is even. */
export function newSpillSlot(wide: bool): u32 {
  const slot = wide ? (spillSlotCount + 1) & ~1 : spillSlotCount;
  spillSlotCount = slot + (wide ? 2 : 1);
  if (spillSlotCount > slotCapacity) {
    const old = slotCapacity;
    slotCapacity = grownCapacity(old, FIRST_ENTRIES);
    hotEnds = Column.grown<u32, u32>(hotEnds, old, slotCapacity);
    coldEnds = Column.grown<u32, u32>(coldEnds, old, slotCapacity);
    wides = Column.grown<u32, u8>(wides, old, slotCapacity);
  }
  hotEnds[slot] = 0;
  coldEnds[slot] = 0;
  wides[slot] = wide ? 1 : 0;
  return slot;
}

/** Gives back the tables of a large function; its slots are only counted from now on. */
export function trimSlots(): void {
  singles.trim();
  doubles.trim();
  refused.trim();
  if (slotCapacity <= keptEntries) return;
  hotEnds = Column.free<u32, u32>(hotEnds);
  coldEnds = Column.free<u32, u32>(coldEnds);
  wides = Column.free<u32, u8>(wides);
  slotCapacity = 0;
}

// The stretch of the register at hand in both parts; start >= end: empty.
let hotStart: u32 = 0;
let hotEnd: u32 = 0;
let coldStart: u32 = 0;
let coldEnd: u32 = 0;

function fillStretch(vreg: VReg): void {
  hotStart = u32.MAX_VALUE;
  hotEnd = 0;
  coldStart = u32.MAX_VALUE;
  coldEnd = 0;
  const whole = keepsSlot[vreg] != 0;
  const end = orderedEnd(vreg);
  for (let i = firstOrdered[vreg]; i < end; i++) {
    const piece = ordered[i];
    if (!whole && pieceLocations[piece] != MEMORY) continue;
    // A value that leaves its register in the middle of an instruction is stored before it.
    const from = pieceStarts[piece] & ~1;
    const to = pieceEnds[piece];
    if (from < coldPoint) {
      hotStart = min(hotStart, from);
      hotEnd = max(hotEnd, min(to, coldPoint));
    }
    if (to > coldPoint) {
      coldStart = min(coldStart, max(from, coldPoint));
      coldEnd = max(coldEnd, to);
    }
  }
}

/** Requires: all `pointLists` empty; leaves them so. */
export function assignSpillSlots(): void {
  spillSlotCount = 0;
  singles.clear();
  doubles.clear();
  // Registers by the start of their stretch; until each has its slot, `spillSlots` links the lists.
  for (let v = vregCount - 1; v > 0; v--) {
    const vreg = at<VReg>(v);
    if (inMemory[vreg] == 0) continue;
    fillStretch(vreg);
    const start = min(hotStart, coldStart);
    spillSlots[vreg] = pointLists[start];
    pointLists[start] = v;
  }
  const end = slotCount << 1;
  for (let point: u32 = 0; point < end; point++) {
    if (point == coldPoint) enterCold();
    let vreg = at<VReg>(pointLists[point]);
    pointLists[point] = 0;
    while (vreg != none<VReg>()) {
      const next = at<VReg>(spillSlots[vreg]);
      assignSlot(vreg, point);
      vreg = next;
    }
  }
}

/** From here on slots are in the heaps by the end of their cold stretch. */
function enterCold(): void {
  singles.clear();
  doubles.clear();
  for (let slot: u32 = 0; slot < spillSlotCount; slot++) {
    if (wides[slot] == 0) push(singles, coldEnds[slot], slot);
    else {
      push(doubles, coldEnds[slot], slot);
      slot++;
    }
  }
}

function assignSlot(vreg: VReg, start: u32): void {
  fillStretch(vreg);
  const wide = vregTypes[vreg] == (Type.V128 as u8);
  const heap = wide ? doubles : singles;
  const ends = start < coldPoint ? hotEnds : coldEnds;
  const group = groupOf(vreg);
  let slot = slotOf(group);
  const kept = slot != u32.MAX_VALUE && (wides[slot] != 0) == wide && ends[slot] <= start && coldEnds[slot] <= coldStart;
  if (!kept) slot = freeSlot(heap, ends, start);
  if (slot == u32.MAX_VALUE) slot = newSpillSlot(wide);
  setSlot(group, slot);
  spillSlots[vreg] = slot;
  hotEnds[slot] = max(hotEnds[slot], hotEnd);
  coldEnds[slot] = max(coldEnds[slot], coldEnd);
  // A new slot may have moved the columns.
  push(heap, start < coldPoint ? hotEnds[slot] : coldEnds[slot], slot);
}

const refused: Pool = Pool.create();

/** Takes a slot that is free from `start` on out of the heap; all ones when none is found. */
function freeSlot(heap: Pool, ends: Column<u32, u32>, start: u32): u32 {
  let found: u32 = u32.MAX_VALUE;
  refused.clear();
  while (!heap.isEmpty && heap.get(1) < start && refused.length <= TRIES) {
    const slot = heap.get(2);
    const stale = heap.get(1) != ends[slot];
    removeFirst(heap);
    if (stale) continue;
    if (coldEnds[slot] <= coldStart) {
      found = slot;
      break;
    }
    refused.push(slot);
  }
  while (!refused.isEmpty) {
    const slot = refused.pop();
    push(heap, ends[slot], slot);
  }
  return found;
}

function push(heap: Pool, end: u32, slot: u32): void {
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

function removeFirst(heap: Pool): void {
  const slot = heap.pop();
  const end = heap.pop();
  const count = (heap.length - 1) >> 1;
  if (count == 0) return;
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
