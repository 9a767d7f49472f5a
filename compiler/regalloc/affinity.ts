/** affinity: groups of virtual registers that would gain from having one register: copies, reusing defs, parameters and arguments.
 *  Only hints follow from a group, so members may well be alive at the same time. Cost: near O(1) a call. */

import { Column } from '../base/column';
import { VReg, at } from '../base/entity';
import { keptEntries, grownCapacity } from '../base/memory';

let capacity: u32 = 0;
let parents: Column<VReg, VReg> = Column.none<VReg, VReg>();
/** Of a group's representative: the register that a member got last, and the fixed register used most with its weight. */
let latest: Column<VReg, u8> = Column.none<VReg, u8>();
let fixed: Column<VReg, u8> = Column.none<VReg, u8>();
let weights: Column<VReg, u32> = Column.none<VReg, u32>();
/** Of a representative: the spill slot that a member got last; all ones: none. */
let slots: Column<VReg, u32> = Column.none<VReg, u32>();

export function resetAffinity(count: u32): void {
  if (count > capacity) {
    const old = capacity;
    capacity = grownCapacity(old, count);
    parents = Column.grown<VReg, VReg>(parents, old, capacity);
    latest = Column.grown<VReg, u8>(latest, old, capacity);
    fixed = Column.grown<VReg, u8>(fixed, old, capacity);
    weights = Column.grown<VReg, u32>(weights, old, capacity);
    slots = Column.grown<VReg, u32>(slots, old, capacity);
  }
  for (let v: u32 = 0; v < count; v++) parents[at<VReg>(v)] = at<VReg>(v);
  latest.clearToOnes(0, count);
  fixed.clearToOnes(0, count);
  weights.clear(0, count);
  slots.clearToOnes(0, count);
}

/** Gives back the tables of a large function. */
export function trimAffinity(): void {
  if (capacity > keptEntries) {
    parents = Column.free<VReg, VReg>(parents);
    latest = Column.free<VReg, u8>(latest);
    fixed = Column.free<VReg, u8>(fixed);
    weights = Column.free<VReg, u32>(weights);
    slots = Column.free<VReg, u32>(slots);
    capacity = 0;
  }
}

/** The representative of a virtual register's group. */
export function groupOf(vreg: VReg): VReg {
  while (parents[vreg] != vreg) {
    const up = parents[parents[vreg]];
    parents[vreg] = up;
    vreg = up;
  }
  return vreg;
}

export function unite(a: VReg, b: VReg): void {
  const x = groupOf(a);
  const y = groupOf(b);
  if (x != y) parents[y] = x;
}

/** Counts a fixed operand; all unions must be done. */
export function preferFixed(vreg: VReg, register: u32, weight: u32): void {
  const group = groupOf(vreg);
  if (weight <= weights[group]) return;
  weights[group] = weight;
  fixed[group] = register as u8;
}

export function setLatest(vreg: VReg, register: u32): void {
  latest[groupOf(vreg)] = register as u8;
}

/** NO_REGISTER (ranges.ts) when no member has one yet. */
export function latestOf(group: VReg): u32 {
  return latest[group];
}

export function fixedOf(group: VReg): u32 {
  return fixed[group];
}

export function slotOf(group: VReg): u32 {
  return slots[group];
}

export function setSlot(group: VReg, slot: u32): void {
  slots[group] = slot;
}
