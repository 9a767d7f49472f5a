/** mach: machine IR of the function at hand, before and after register allocation; the same for every target.
 *
 *  Selection appends instructions in any order and then says the program order (`order`); a position is an index into it, from 1.
 *  An instruction has a target opcode, operands (virtual registers with constraints), an immediate, a displacement and target flags.
 *  Blocks are numbered in layout order from 1 (not as in ir/). A block that ends in a jump to a block with parameters has that
 *  many `jumpArgs`; no other block has any: critical edges are split before.
 *
 *  Allocation fills `operandLocations` and the tables of regalloc/moves.ts (moves between instructions and on edges); it changes nothing else.
 *  A location is a machine register number, or SPILL_BASE + a spill slot (8 bytes each; a v128 takes two, even first). */

import { Column } from '../base/column';
import { Block, Inst, VReg, at, none } from '../base/entity';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';
import { Pool } from '../base/pool';

/** Register classes. Register numbers are unique over both: x64: 0..15 integer, 16..31 float. */
export const enum RegClass {
  Int = 0,
  Float = 1,
}

export const MAX_REGS: u32 = 64;
export const SPILL_BASE: u32 = 64;
export const NO_LOCATION: u32 = 0xffffffff;

/** A use is read when the instruction starts, a def is written when it ends; the other way round with Early or Late. */
export const enum OperandFlag {
  Def = 1,
  /** A use that must not share a register with any def: it is still read when defs are written. */
  LateUse = 2,
  /** A def that must not share a register with any use: it is written while uses are still read. */
  EarlyDef = 4,
}

export const enum Constraint {
  /** Register or spill slot. */
  Any = 0,
  /** A register of the class. */
  Register = 1,
  /** The register with number `operandDetail`. */
  Fixed = 2,
  /** A def: the same location as the use operand `operandDetail` of this instruction (which has Register). */
  Reuse = 3,
}

/** Which registers an instruction overwrites besides its defs. The sets are the target's (isa/x64/reg.ts). */
export const enum Clobber {
  None = 0,
  /** Every caller-saved register. */
  Call = 1,
}

// Virtual registers, from 1.
export let vregCount: u32 = 1;
let vregCapacity: u32 = 0;
/** ir Type of the value: gives the class, the slot's size and the width of moves (an i32 move zero-extends). */
export let vregTypes: Column<VReg, u8> = Column.none<VReg, u8>();

// Instructions, from 1.
export let instCount: u32 = 1;
let instCapacity: u32 = 0;
export let instOps: Column<Inst, u8> = Column.none<Inst, u8>();
/** Number of operands; they are neighbours from `instOperands`. */
export let instOperandCounts: Column<Inst, u8> = Column.none<Inst, u8>();
export let instClobbers: Column<Inst, u8> = Column.none<Inst, u8>();
export let instOperands: Column<Inst, u32> = Column.none<Inst, u32>();
/** Target-defined: sizes, conditions, addressing. */
export let instFlags: Column<Inst, u32> = Column.none<Inst, u32>();
export let instImms: Column<Inst, i64> = Column.none<Inst, i64>();
export let instDisplacements: Column<Inst, i32> = Column.none<Inst, i32>();
/** Wasm offset. */
export let instLocations: Column<Inst, u32> = Column.none<Inst, u32>();

// Operands, from 1, plain indices.
export let operandCount: u32 = 1;
let operandCapacity: u32 = 0;
export let operandVRegs: Column<u32, VReg> = Column.none<u32, VReg>();
export let operandFlags: Column<u32, u8> = Column.none<u32, u8>();
export let operandConstraints: Column<u32, u8> = Column.none<u32, u8>();
/** Fixed: register number; Reuse: operand index within the instruction. */
export let operandDetails: Column<u32, u8> = Column.none<u32, u8>();
/** Filled by allocation. */
export let operandLocations: Column<u32, u32> = Column.none<u32, u32>();

// Blocks in layout order, from 1.
export let machBlockCount: u32 = 1;
let machBlockCapacity: u32 = 0;
/** First position of the block, and one past its last. */
export let blockStarts: Column<Block, u32> = Column.none<Block, u32>();
export let blockEnds: Column<Block, u32> = Column.none<Block, u32>();
/** First successor in `machPool` and their number (block indices). */
export let blockSuccessors: Column<Block, u32> = Column.none<Block, u32>();
export let blockSuccessorCounts: Column<Block, u32> = Column.none<Block, u32>();
/** First parameter (virtual register) in `machPool`, and their number. */
export let blockParams: Column<Block, u32> = Column.none<Block, u32>();
export let blockParamCounts: Column<Block, u32> = Column.none<Block, u32>();
/** First jump argument (virtual register) in `machPool`; as many as the only successor has parameters. 0: none. */
export let blockJumpArgs: Column<Block, u32> = Column.none<Block, u32>();
export let blockLoopDepths: Column<Block, u8> = Column.none<Block, u8>();
/** Nonzero: not expected to run. */
export let blockColdness: Column<Block, u8> = Column.none<Block, u8>();

/** Program order: position -> instruction index. Position 0 is unused. */
export const order: Pool = Pool.create();
/** Successors, parameters, jump arguments. */
export const machPool: Pool = Pool.create();

export function resetMach(): void {
  vregCount = 1;
  instCount = 1;
  operandCount = 1;
  machBlockCount = 1;
  order.clear();
  machPool.clear();
  if (vregCapacity == 0) growVRegs();
  if (instCapacity == 0) growInsts(FIRST_ENTRIES);
  if (operandCapacity == 0) growOperands(FIRST_ENTRIES);
  if (machBlockCapacity == 0) growBlocks(FIRST_ENTRIES);
}

function growVRegs(): void {
  const old = vregCapacity;
  const capacity = grownCapacity(old, FIRST_ENTRIES);
  vregTypes = Column.grown<VReg, u8>(vregTypes, old, capacity);
  vregCapacity = capacity;
}

function growInsts(need: u32): void {
  resizeInsts(instCapacity, grownCapacity(instCapacity, need));
}

/** Gives every column room for `capacity` instructions; the first `old` stay. */
function resizeInsts(old: u32, capacity: u32): void {
  instOps = Column.grown<Inst, u8>(instOps, old, capacity);
  instOperandCounts = Column.grown<Inst, u8>(instOperandCounts, old, capacity);
  instClobbers = Column.grown<Inst, u8>(instClobbers, old, capacity);
  instOperands = Column.grown<Inst, u32>(instOperands, old, capacity);
  instFlags = Column.grown<Inst, u32>(instFlags, old, capacity);
  instImms = Column.grown<Inst, i64>(instImms, old, capacity);
  instDisplacements = Column.grown<Inst, i32>(instDisplacements, old, capacity);
  instLocations = Column.grown<Inst, u32>(instLocations, old, capacity);
  instCapacity = capacity;
}

function growOperands(need: u32): void {
  resizeOperands(operandCapacity, grownCapacity(operandCapacity, need));
}

/** Gives every column room for `capacity` operands; the first `old` stay. */
function resizeOperands(old: u32, capacity: u32): void {
  operandVRegs = Column.grown<u32, VReg>(operandVRegs, old, capacity);
  operandFlags = Column.grown<u32, u8>(operandFlags, old, capacity);
  operandConstraints = Column.grown<u32, u8>(operandConstraints, old, capacity);
  operandDetails = Column.grown<u32, u8>(operandDetails, old, capacity);
  operandLocations = Column.grown<u32, u32>(operandLocations, old, capacity);
  operandCapacity = capacity;
}

function growBlocks(need: u32): void {
  const old = machBlockCapacity;
  const capacity = grownCapacity(old, need);
  blockStarts = Column.grown<Block, u32>(blockStarts, old, capacity);
  blockEnds = Column.grown<Block, u32>(blockEnds, old, capacity);
  blockSuccessors = Column.grown<Block, u32>(blockSuccessors, old, capacity);
  blockSuccessorCounts = Column.grown<Block, u32>(blockSuccessorCounts, old, capacity);
  blockParams = Column.grown<Block, u32>(blockParams, old, capacity);
  blockParamCounts = Column.grown<Block, u32>(blockParamCounts, old, capacity);
  blockJumpArgs = Column.grown<Block, u32>(blockJumpArgs, old, capacity);
  blockLoopDepths = Column.grown<Block, u8>(blockLoopDepths, old, capacity);
  blockColdness = Column.grown<Block, u8>(blockColdness, old, capacity);
  machBlockCapacity = capacity;
}

/** The function has all its instructions: the tables of a large one keep just the room for them. */
export function fitMach(): void {
  if (instCapacity > keptEntries) resizeInsts(instCount, instCount);
  if (operandCapacity > keptEntries) resizeOperands(operandCount, operandCount);
}

/** Gives back the tables of a large function; it is gone. */
export function trimMach(): void {
  if (vregCapacity > keptEntries) {
    vregTypes = Column.free<VReg, u8>(vregTypes);
    vregCapacity = 0;
  }
  if (instCapacity > keptEntries) {
    instOps = Column.free<Inst, u8>(instOps);
    instOperandCounts = Column.free<Inst, u8>(instOperandCounts);
    instClobbers = Column.free<Inst, u8>(instClobbers);
    instOperands = Column.free<Inst, u32>(instOperands);
    instFlags = Column.free<Inst, u32>(instFlags);
    instImms = Column.free<Inst, i64>(instImms);
    instDisplacements = Column.free<Inst, i32>(instDisplacements);
    instLocations = Column.free<Inst, u32>(instLocations);
    instCapacity = 0;
  }
  if (operandCapacity > keptEntries) {
    operandVRegs = Column.free<u32, VReg>(operandVRegs);
    operandFlags = Column.free<u32, u8>(operandFlags);
    operandConstraints = Column.free<u32, u8>(operandConstraints);
    operandDetails = Column.free<u32, u8>(operandDetails);
    operandLocations = Column.free<u32, u32>(operandLocations);
    operandCapacity = 0;
  }
  if (machBlockCapacity > keptEntries) {
    blockStarts = Column.free<Block, u32>(blockStarts);
    blockEnds = Column.free<Block, u32>(blockEnds);
    blockSuccessors = Column.free<Block, u32>(blockSuccessors);
    blockSuccessorCounts = Column.free<Block, u32>(blockSuccessorCounts);
    blockParams = Column.free<Block, u32>(blockParams);
    blockParamCounts = Column.free<Block, u32>(blockParamCounts);
    blockJumpArgs = Column.free<Block, u32>(blockJumpArgs);
    blockLoopDepths = Column.free<Block, u8>(blockLoopDepths);
    blockColdness = Column.free<Block, u8>(blockColdness);
    machBlockCapacity = 0;
  }
  order.trim();
  machPool.trim();
}

/** Makes room for `blocks` blocks, and for what selection makes of `values` values, mostly: 0.9 instructions, 1.2 operands a value. */
export function reserveMach(values: u32, blocks: u32): void {
  const insts = values - (values >> 4);
  const operands = values + (values >> 2);
  if (insts > instCapacity) growInsts(insts);
  if (operands > operandCapacity) growOperands(operands);
  if (blocks >= machBlockCapacity) growBlocks(blocks + 1);
}

export function newVReg(type: u32): VReg {
  if (vregCount == vregCapacity) growVRegs();
  const vreg = at<VReg>(vregCount++);
  vregTypes[vreg] = type as u8;
  return vreg;
}

/** A new instruction without operands; append them at once with `addOperand`. */
export function newInst(op: u32, flags: u32, imm: i64, displacement: i32, location: u32): Inst {
  if (instCount == instCapacity) growInsts(0);
  const inst = at<Inst>(instCount++);
  instOps[inst] = op as u8;
  instOperandCounts[inst] = 0;
  instClobbers[inst] = Clobber.None as u8;
  instOperands[inst] = operandCount;
  instFlags[inst] = flags;
  instImms[inst] = imm;
  instDisplacements[inst] = displacement;
  instLocations[inst] = location;
  return inst;
}

/** Appends an operand to the newest instruction. */
export function addOperand(vreg: VReg, flags: u32, constraint: u32, detail: u32): void {
  if (operandCount == operandCapacity) growOperands(0);
  const index = operandCount++;
  operandVRegs[index] = vreg;
  operandFlags[index] = flags as u8;
  operandConstraints[index] = constraint as u8;
  operandDetails[index] = detail as u8;
  operandLocations[index] = NO_LOCATION;
  const inst = at<Inst>(instCount - 1);
  instOperandCounts[inst] = instOperandCounts[inst] + 1;
}

export function newMachBlock(): Block {
  if (machBlockCount == machBlockCapacity) growBlocks(0);
  const block = at<Block>(machBlockCount++);
  blockStarts[block] = 0;
  blockEnds[block] = 0;
  blockSuccessors[block] = 0;
  blockSuccessorCounts[block] = 0;
  blockParams[block] = 0;
  blockParamCounts[block] = 0;
  blockJumpArgs[block] = 0;
  blockLoopDepths[block] = 0;
  blockColdness[block] = 0;
  return block;
}

/** The instruction at a position. */
export function instAt(position: u32): Inst {
  return at<Inst>(order.get(position));
}

/** Location of operand `index` of an instruction, after allocation. */
export function locationOf(inst: Inst, index: u32): u32 {
  return operandLocations[instOperands[inst] + index];
}

export function vregOf(inst: Inst, index: u32): VReg {
  return index < (instOperandCounts[inst] as u32) ? operandVRegs[instOperands[inst] + index] : none<VReg>();
}
