/** ranges: the tables of register allocation: points, uses, pieces.
 *
 *  A point is a place in the program order. Each block has one slot for its start and one for each instruction; slot s has the
 *  points 2s (the instruction reads its uses) and 2s+1 (it writes its defs). Moves before an instruction, its gap, happen just before 2s.
 *
 *  A use point says where a virtual register must be alive: 2s for a plain use, 2s+1 for a def and for an operand held to the end,
 *  2s-1 for an operand that the gap copies to where the instruction wants it (fixed registers, and the input of a reusing def).
 *
 *  A piece is a part [start, end) of a virtual register's live range that has one location. Pieces have no holes: a live range with
 *  holes is several pieces from the beginning, splitting makes more. Pieces of one virtual register never overlap. */

import { Column } from '../base/column';
import { Block, VReg, at } from '../base/entity';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';
import { SPILL_BASE } from '../isa/mach';

export const NO_POINT: u32 = 0xffffffff;
/** Location of a piece in memory: the virtual register's spill slot, which is known only at the end. */
export const MEMORY: u32 = SPILL_BASE;
export const UNPLACED: u32 = 0xfffffffe;

/** What a use point asks for. */
export const enum UseKind {
  /** Must be in a register here: register uses and defs, and operands held to the end of the instruction. */
  Register = 0,
  /** Register or spill slot. */
  Any = 1,
  /** Copied to a fixed register in the gap. */
  Fixed = 2,
  /** Copied in the gap to the register of the def that reuses it. */
  Reused = 3,
  /** Written by the instruction in a fixed register, and copied from there in the next gap. */
  FixedDef = 4,
  /** Defined as a block parameter. */
  Param = 5,
  /** Read by the edge's moves at the block's end. */
  JumpArg = 6,
  /** Second point of an operand that is held from 2s to 2s+1. Must be in a register. */
  Held = 7,
}

// Slots.
export let slotCount: u32 = 0;
let slotCapacity: u32 = 0;
export let slotBlocks: Column<u32, Block> = Column.none<u32, Block>();
/** A list for each point: pieces to place, later moves to order. */
export let pointLists: Column<u32, u32> = Column.none<u32, u32>();

export function setSlotCount(count: u32): void {
  slotCount = count;
  if (count + 2 > slotCapacity) {
    const old = slotCapacity;
    slotCapacity = grownCapacity(old, count + 2);
    slotBlocks = Column.grown<u32, Block>(slotBlocks, old, slotCapacity);
    pointLists = Column.grown<u32, u32>(pointLists, old << 1, slotCapacity << 1);
  }
}

// Virtual registers.
let vregCapacity: u32 = 0;
/** First use point of each; one more entry than virtual registers. Uses are in order of points; the def is among them. */
export let firstUses: Column<VReg, u32> = Column.none<VReg, u32>();
export let defBlocks: Column<VReg, Block> = Column.none<VReg, Block>();
export let defPoints: Column<VReg, u32> = Column.none<VReg, u32>();
/** The piece placed last, 0 before the first. */
export let placedPieces: Column<VReg, u32> = Column.none<VReg, u32>();
/** The piece that begins with the def. */
export let defPieces: Column<VReg, u32> = Column.none<VReg, u32>();
/** Nonzero once some piece is in memory. */
export let inMemory: Column<VReg, u8> = Column.none<VReg, u8>();
/** Register of the last piece placed in one, or NO_REGISTER. */
export let lastRegisters: Column<VReg, u8> = Column.none<VReg, u8>();
/** Nonzero: the slot holds the value from the def on; zero: only where a piece is in memory. */
export let keepsSlot: Column<VReg, u8> = Column.none<VReg, u8>();
/** Spill slot, when some piece is in memory. */
export let spillSlots: Column<VReg, u32> = Column.none<VReg, u32>();

export const NO_REGISTER: u32 = 0xff;

export function resetVRegs(count: u32): void {
  if (count + 2 > vregCapacity) {
    const old = vregCapacity;
    vregCapacity = grownCapacity(old, count + 2);
    firstUses = Column.grown<VReg, u32>(firstUses, old, vregCapacity);
    defBlocks = Column.grown<VReg, Block>(defBlocks, old, vregCapacity);
    defPoints = Column.grown<VReg, u32>(defPoints, old, vregCapacity);
    placedPieces = Column.grown<VReg, u32>(placedPieces, old, vregCapacity);
    defPieces = Column.grown<VReg, u32>(defPieces, old, vregCapacity);
    inMemory = Column.grown<VReg, u8>(inMemory, old, vregCapacity);
    lastRegisters = Column.grown<VReg, u8>(lastRegisters, old, vregCapacity);
    keepsSlot = Column.grown<VReg, u8>(keepsSlot, old, vregCapacity);
    spillSlots = Column.grown<VReg, u32>(spillSlots, old, vregCapacity);
  }
  firstUses.clear(0, count + 2);
  defBlocks.clear(0, count);
  placedPieces.clear(0, count);
  defPieces.clear(0, count);
  inMemory.clear(0, count);
  keepsSlot.clearToOnes(0, count);
  lastRegisters.clearToOnes(0, count);
}

// Uses.
let useCapacity: u32 = 0;
export let usePoints: Column<u32, u32> = Column.none<u32, u32>();
export let useKinds: Column<u32, u8> = Column.none<u32, u8>();
/** Operand index in mach; for parameters and jump arguments their number in the list, from 0; 0 for held points. */
export let useOperands: Column<u32, u32> = Column.none<u32, u32>();

export function reserveUses(count: u32): void {
  if (count <= useCapacity) return;
  const old = useCapacity;
  useCapacity = grownCapacity(old, count);
  usePoints = Column.grown<u32, u32>(usePoints, old, useCapacity);
  useKinds = Column.grown<u32, u8>(useKinds, old, useCapacity);
  useOperands = Column.grown<u32, u32>(useOperands, old, useCapacity);
}

// Pieces, from 1.
export let pieceCount: u32 = 1;
let pieceCapacity: u32 = 0;
export let pieceVRegs: Column<u32, VReg> = Column.none<u32, VReg>();
export let pieceStarts: Column<u32, u32> = Column.none<u32, u32>();
export let pieceEnds: Column<u32, u32> = Column.none<u32, u32>();
/** Register, MEMORY or UNPLACED. */
export let pieceLocations: Column<u32, u32> = Column.none<u32, u32>();
/** Next in the list of pieces that start at one point. */
export let pieceNexts: Column<u32, u32> = Column.none<u32, u32>();
/** Nonzero: begins as a reload, chosen as the best point for it. */
export let pieceReloads: Column<u32, u8> = Column.none<u32, u8>();

/** Forgets all pieces. Most of `vregs` virtual registers have one, some have several. */
export function resetPieces(vregs: u32): void {
  pieceCount = 1;
  const expected = vregs + (vregs >> 2);
  if (expected > pieceCapacity) growPieces(expected);
}

function growPieces(need: u32): void {
  const old = pieceCapacity;
  pieceCapacity = grownCapacity(old, need);
  pieceVRegs = Column.grown<u32, VReg>(pieceVRegs, old, pieceCapacity);
  pieceStarts = Column.grown<u32, u32>(pieceStarts, old, pieceCapacity);
  pieceEnds = Column.grown<u32, u32>(pieceEnds, old, pieceCapacity);
  pieceLocations = Column.grown<u32, u32>(pieceLocations, old, pieceCapacity);
  pieceNexts = Column.grown<u32, u32>(pieceNexts, old, pieceCapacity);
  pieceReloads = Column.grown<u32, u8>(pieceReloads, old, pieceCapacity);
}

/** Gives back what is read of a large function's pieces only while they are made, placed and put in order. `trimVRegs` and `trimPieces`
 *  follow before the next function. */
export function trimPlaced(): void {
  if (pieceCapacity > keptEntries) {
    pieceNexts = Column.free<u32, u32>(pieceNexts);
    pieceReloads = Column.free<u32, u8>(pieceReloads);
  }
  if (vregCapacity > keptEntries) {
    placedPieces = Column.free<VReg, u32>(placedPieces);
    defPieces = Column.free<VReg, u32>(defPieces);
    lastRegisters = Column.free<VReg, u8>(lastRegisters);
  }
}

/** Gives back a large function's tables of virtual registers. */
export function trimVRegs(): void {
  if (vregCapacity > keptEntries) {
    firstUses = Column.free<VReg, u32>(firstUses);
    defBlocks = Column.free<VReg, Block>(defBlocks);
    defPoints = Column.free<VReg, u32>(defPoints);
    placedPieces = Column.free<VReg, u32>(placedPieces);
    defPieces = Column.free<VReg, u32>(defPieces);
    inMemory = Column.free<VReg, u8>(inMemory);
    lastRegisters = Column.free<VReg, u8>(lastRegisters);
    keepsSlot = Column.free<VReg, u8>(keepsSlot);
    spillSlots = Column.free<VReg, u32>(spillSlots);
    vregCapacity = 0;
  }
}

/** Gives back a large function's tables of slots, uses and pieces. */
export function trimPieces(): void {
  if (slotCapacity > keptEntries) {
    slotBlocks = Column.free<u32, Block>(slotBlocks);
    pointLists = Column.free<u32, u32>(pointLists);
    slotCapacity = 0;
  }
  if (useCapacity > keptEntries) {
    usePoints = Column.free<u32, u32>(usePoints);
    useKinds = Column.free<u32, u8>(useKinds);
    useOperands = Column.free<u32, u32>(useOperands);
    useCapacity = 0;
  }
  if (pieceCapacity > keptEntries) {
    pieceVRegs = Column.free<u32, VReg>(pieceVRegs);
    pieceStarts = Column.free<u32, u32>(pieceStarts);
    pieceEnds = Column.free<u32, u32>(pieceEnds);
    pieceLocations = Column.free<u32, u32>(pieceLocations);
    pieceNexts = Column.free<u32, u32>(pieceNexts);
    pieceReloads = Column.free<u32, u8>(pieceReloads);
    pieceCapacity = 0;
  }
}

export function newPiece(vreg: VReg, start: u32, end: u32): u32 {
  if (pieceCount >= pieceCapacity) growPieces(FIRST_ENTRIES);
  const piece = pieceCount++;
  pieceVRegs[piece] = vreg;
  pieceStarts[piece] = start;
  pieceEnds[piece] = end;
  pieceLocations[piece] = UNPLACED;
  pieceNexts[piece] = 0;
  pieceReloads[piece] = 0;
  return piece;
}

/** Puts the piece into the list of its start point. */
export function enqueue(piece: u32): void {
  const start = pieceStarts[piece];
  pieceNexts[piece] = pointLists[start];
  pointLists[start] = piece;
}

/** One past the last use of a virtual register. */
export function usesEnd(vreg: VReg): u32 {
  return firstUses[at<VReg>(vreg.index + 1)];
}

/** Index of the first use of `vreg` at `point` or later; `usesEnd` when there is none. */
export function useFrom(vreg: VReg, point: u32): u32 {
  let low = firstUses[vreg];
  let high = usesEnd(vreg);
  // Most have few uses.
  while (high - low > 8) {
    const middle = (low + high) >> 1;
    if (usePoints[middle] < point) low = middle + 1;
    else high = middle;
  }
  while (low < high && usePoints[low] < point) low++;
  return low;
}
