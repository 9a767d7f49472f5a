/** checker: proves that an allocation is right, without trusting any table of the allocator.
 *
 *  In: mach with `operandLocations`, moves, spill slots.  Out: true, or the first fault in `faultKind` and its companions.
 *  It walks backwards and keeps what each location must hold: a use demands its register at its location, a def must meet the demands
 *  on its location, a move hands the demand on to its source, an edge turns demands for parameters into demands for the arguments.
 *  Demands on one location for two values, on an overwritten location, or at the function's entry are faults. Demands at the starts
 *  of blocks grow until nothing changes, so that all paths are covered.
 *  Cost: O(instructions x rounds) time, blocks x locations x 4 bytes: for tests and the debug option. Ref: regalloc2's checker. */

import { allocate, release } from '../base/memory';
import { BitMatrix } from '../base/bitset';
import { Column } from '../base/column';
import { Block, Inst, VReg, at } from '../base/entity';
import { Type } from '../ir/type';
import {
  Clobber,
  Constraint,
  OperandFlag,
  SPILL_BASE,
  blockEnds,
  blockJumpArgs,
  blockParamCounts,
  blockParams,
  blockStarts,
  blockSuccessorCounts,
  blockSuccessors,
  instAt,
  instClobbers,
  instOperandCounts,
  instOperands,
  machBlockCount,
  machPool,
  operandConstraints,
  operandDetails,
  operandFlags,
  operandLocations,
  operandVRegs,
  vregTypes,
} from '../isa/mach';
import { allocatable, callClobbers, calleeSaved, floatRegisters, floatScratch, intScratch } from '../isa/target';
import { moveCount, moveFrom, movePositions, moveTo, moveTypes } from './moves';
import { usedCalleeSaved } from './place';
import { spillSlotCount } from './spill';

export const enum Fault {
  None = 0,
  /** The operand's location does not meet its constraint. */
  Constraint = 1,
  /** Two values are wanted in one location. */
  Conflict = 2,
  /** A def overwrites a value that is wanted later. */
  Overwritten = 3,
  /** A call or an instruction's scratch register overwrites it. */
  Clobbered = 4,
  /** Wanted at the function's entry: not defined on some path. */
  Undefined = 5,
  /** A move from memory to memory, or of a wrong type. */
  Move = 6,
  /** A held use or an early def shares a register with a def or a use. */
  Shared = 7,
  /** A callee-saved register is written and not reported. */
  CalleeSaved = 8,
  /** Moves are not in order of positions. */
  Order = 9,
}

export let faultKind: Fault = Fault.None;
export let faultPosition: u32 = 0;
export let faultLocation: u32 = 0;
export let faultVReg: u32 = 0;

/** Mark on the demand for the second slot of a v128. */
const UPPER: u32 = 0x80000000;

let locations: u32 = 0;
/** Demands at the point at hand, by location: a virtual register's index. */
let wanted: Column<u32, u32> = Column.none<u32, u32>();
/** The same at the start of each block. */
let rows: usize = 0;
const dirty: BitMatrix = BitMatrix.create();

function fault(kind: Fault, position: u32, location: u32, vreg: u32): void {
  if (faultKind != Fault.None) return;
  faultKind = kind;
  faultPosition = position;
  faultLocation = location;
  faultVReg = vreg & ~UPPER;
}

/** Checks the present allocation. */
export function checkAllocation(): bool {
  faultKind = Fault.None;
  locations = SPILL_BASE + spillSlotCount;
  const bytes = (machBlockCount * locations) << 2;
  rows = allocate(bytes);
  memory.fill(rows, 0, bytes);
  wanted = Column.create<u32, u32>(locations);
  dirty.init(1, machBlockCount);
  for (let b: u32 = 1; b < machBlockCount; b++) dirty.add(0, b);
  checkMoves();
  let again = true;
  while (again && faultKind == Fault.None) {
    again = false;
    for (let b = machBlockCount - 1; b > 0 && faultKind == Fault.None; b--) {
      if (!dirty.has(0, b)) continue;
      dirty.remove(0, b);
      if (checkBlock(at<Block>(b))) {
        again = true;
        markPreds(b);
      }
    }
  }
  if (machBlockCount > 1) {
    const entry = changetype<Column<u32, u32>>(rows + ((locations as usize) << 2));
    for (let l: u32 = 0; l < locations; l++) if (entry[l] != 0) fault(Fault.Undefined, 0, l, entry[l]);
  }
  dirty.free();
  release(rows);
  release(changetype<usize>(wanted));
  return faultKind == Fault.None;
}

function markPreds(target: u32): void {
  for (let b: u32 = 1; b < machBlockCount; b++) {
    const first = blockSuccessors[at<Block>(b)];
    const count = blockSuccessorCounts[at<Block>(b)];
    for (let i: u32 = 0; i < count; i++) if (machPool.get(first + i) == target) dirty.add(0, b);
  }
}

/** Walks a block backwards; true when the demands at its start grew. */
function checkBlock(block: Block): bool {
  wanted.clear(0, locations);
  const end = blockEnds[block];
  takeSuccessors(block, end - 1);
  let move = movesUpTo(end - 1);
  for (let position = end - 1; position >= blockStarts[block]; position--) {
    checkInst(instAt(position), position);
    while (move > 0 && movePositions[move - 1] == position) {
      move--;
      undoMove(move, position);
    }
  }
  const row = changetype<Column<u32, u32>>(rows + (((block.index * locations) as usize) << 2));
  let grew = false;
  for (let l: u32 = 0; l < locations; l++) {
    if (wanted[l] == row[l]) continue;
    row[l] = wanted[l];
    grew = true;
  }
  return grew;
}

/** Number of moves at `position` or before. */
function movesUpTo(position: u32): u32 {
  let low: u32 = 0;
  let high = moveCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (movePositions[middle] <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function takeSuccessors(block: Block, position: u32): void {
  const count = blockSuccessorCounts[block];
  const args = blockJumpArgs[block];
  for (let i: u32 = 0; i < count; i++) {
    const successor = at<Block>(machPool.get(blockSuccessors[block] + i));
    const row = changetype<Column<u32, u32>>(rows + (((successor.index * locations) as usize) << 2));
    const params = blockParams[successor];
    const paramCount = blockParamCounts[successor];
    for (let l: u32 = 0; l < locations; l++) {
      let vreg = row[l] & ~UPPER;
      if (vreg == 0) continue;
      for (let p: u32 = 0; p < paramCount; p++) {
        if (machPool.get(params + p) != vreg) continue;
        if (args == 0) fault(Fault.Undefined, position, l, vreg);
        else vreg = machPool.get(args + p);
        break;
      }
      want(l, vreg | (row[l] & UPPER), position);
    }
  }
}

function want(location: u32, vreg: u32, position: u32): void {
  if (location >= locations) {
    fault(Fault.Constraint, position, location, vreg);
    return;
  }
  const old = wanted[location];
  if (old != 0 && old != vreg) fault(Fault.Conflict, position, location, vreg);
  wanted[location] = vreg;
}

function isWide(location: u32, type: u32): bool {
  return location >= SPILL_BASE && type == Type.V128;
}

/** A read of `vreg` at `location`. */
function read(location: u32, vreg: VReg, position: u32): void {
  want(location, vreg.index, position);
  if (isWide(location, vregTypes[vreg])) want(location + 1, vreg.index | UPPER, position);
}

/** A write to one location of the demand `vreg`. */
function write(location: u32, vreg: u32, position: u32): void {
  if (location >= locations) {
    fault(Fault.Constraint, position, location, vreg);
    return;
  }
  const old = wanted[location];
  if (old != 0 && old != vreg) fault(Fault.Overwritten, position, location, old);
  wanted[location] = 0;
  if (location < SPILL_BASE && ((calleeSaved & ~usedCalleeSaved) >> (location as u64)) & 1) {
    fault(Fault.CalleeSaved, position, location, vreg);
  }
}

function isRegisterOf(location: u32, type: u32): bool {
  if (location >= SPILL_BASE) return false;
  const float = type == Type.F32 || type == Type.F64 || type == Type.V128;
  return (((floatRegisters >> (location as u64)) & 1) != 0) == float;
}

function checkConstraint(first: u32, operand: u32, position: u32): void {
  const vreg = operandVRegs[operand];
  if (vreg.isNone) return;
  const location = operandLocations[operand];
  const type = vregTypes[vreg] as u32;
  let good = isRegisterOf(location, type);
  switch (operandConstraints[operand] as Constraint) {
    case Constraint.Any: {
      if (location >= SPILL_BASE) good = location < locations && (type != Type.V128 || (location & 1) == 0);
      else good = good && ((allocatable >> (location as u64)) & 1) != 0;
      break;
    }
    case Constraint.Register: {
      good = good && ((allocatable >> (location as u64)) & 1) != 0;
      break;
    }
    case Constraint.Fixed: {
      good = location == (operandDetails[operand] as u32);
      break;
    }
    default: {
      good = good && location == operandLocations[first + (operandDetails[operand] as u32)];
    }
  }
  if (!good) fault(Fault.Constraint, position, location, vreg.index);
}

function checkInst(inst: Inst, position: u32): void {
  const first = instOperands[inst];
  const end = first + (instOperandCounts[inst] as u32);
  for (let operand = first; operand < end; operand++) {
    checkConstraint(first, operand, position);
    checkSharing(first, end, operand, position);
  }
  for (let operand = first; operand < end; operand++) {
    const vreg = operandVRegs[operand];
    if (((operandFlags[operand] as u32) & OperandFlag.Def) == 0) continue;
    write(operandLocations[operand], vreg.index, position);
    if (isWide(operandLocations[operand], vregTypes[vreg])) write(operandLocations[operand] + 1, vreg.index | UPPER, position);
  }
  let lost: u64 = ((1 as u64) << (intScratch as u64)) | ((1 as u64) << (floatScratch as u64));
  if (instClobbers[inst] == (Clobber.Call as u8)) lost |= callClobbers;
  while (lost != 0) {
    const register = ctz(lost) as u32;
    lost &= lost - 1;
    if (wanted[register] != 0) fault(Fault.Clobbered, position, register, wanted[register]);
  }
  for (let operand = first; operand < end; operand++) {
    const vreg = operandVRegs[operand];
    if (((operandFlags[operand] as u32) & OperandFlag.Def) == 0 && !vreg.isNone) read(operandLocations[operand], vreg, position);
  }
}

/** Operands that are written early, or read late, against all others. */
function checkSharing(first: u32, end: u32, operand: u32, position: u32): void {
  const flags = operandFlags[operand] as u32;
  const isDef = (flags & OperandFlag.Def) != 0;
  const location = operandLocations[operand];
  for (let other = first; other < end; other++) {
    if (other == operand || operandLocations[other] != location) continue;
    const otherDef = ((operandFlags[other] as u32) & OperandFlag.Def) != 0;
    const bad = isDef ? otherDef || (flags & OperandFlag.EarlyDef) != 0 : (flags & OperandFlag.LateUse) != 0 && otherDef;
    if (bad) fault(Fault.Shared, position, location, operandVRegs[operand].index);
  }
  if ((flags & OperandFlag.LateUse) == 0 || location >= SPILL_BASE) return;
  if (instClobbers[instAt(position)] == (Clobber.Call as u8) && ((callClobbers >> (location as u64)) & 1) != 0) {
    fault(Fault.Clobbered, position, location, operandVRegs[operand].index);
  }
}

function undoMove(move: u32, position: u32): void {
  const from = moveFrom[move];
  const to = moveTo[move];
  const type = moveTypes[move] as u32;
  const vreg = to < locations ? wanted[to] & ~UPPER : 0;
  write(to, vreg, position);
  if (isWide(to, type)) write(to + 1, vreg == 0 ? 0 : vreg | UPPER, position);
  if (vreg == 0) return;
  if ((vregTypes[at<VReg>(vreg)] as u32) != type) fault(Fault.Move, position, to, vreg);
  read(from, at<VReg>(vreg), position);
}

function checkMoves(): void {
  for (let move: u32 = 0; move < moveCount; move++) {
    const from = moveFrom[move];
    const to = moveTo[move];
    const type = moveTypes[move] as u32;
    const position = movePositions[move];
    if (move > 0 && movePositions[move - 1] > position) fault(Fault.Order, position, to, 0);
    const good =
      (from < SPILL_BASE || to < SPILL_BASE) &&
      (from >= SPILL_BASE || isRegisterOf(from, type)) &&
      (to >= SPILL_BASE || isRegisterOf(to, type));
    if (!good) fault(Fault.Move, position, to, 0);
  }
}
