/** hooks: what the tests of register allocation call: they build a machine function, allocate, check, and read the result.
 *  The registers are x86-64's unless the test says otherwise; opcode 1 is an integer copy, 2 a float copy. */

import { Column } from '../base/column';
import { Block, Inst, VReg, at } from '../base/entity';
import { memoryInUse } from '../base/memory';
import {
  addOperand,
  blockColdness,
  blockEnds,
  blockJumpArgs,
  blockLoopDepths,
  blockParamCounts,
  blockParams,
  blockStarts,
  blockSuccessorCounts,
  blockSuccessors,
  instAt,
  instClobbers,
  instOperands,
  machPool,
  newInst,
  newMachBlock,
  newVReg,
  operandLocations,
  order,
  resetMach,
} from '../isa/mach';
import { setMoves, setPreference, setRegisters } from '../isa/target';
import { allocate } from './allocate';
import { checkAllocation, faultKind, faultLocation, faultPosition, faultVReg } from './checker';
import { addMove, moveCount, moveFrom, movePositions, moveTo, moveTypes, orderMoves, resetMoves } from './moves';
import { usedCalleeSaved } from './place';
import { newSpillSlot, spillSlotCount } from './spill';

const preference: Column<u32, i32> = Column.create<u32, i32>(64);

/** `ints` and `floats`: how many of x86-64's allocatable registers there are, in order of preference. */
export function raReset(ints: u32, floats: u32): void {
  const intOrder = memory.data<i32>([0, 1, 2, 6, 7, 8, 9, 10, 3, 5, 12, 13]);
  const pinned: u64 = (1 << 4) | (1 << 11) | (1 << 14) | (1 << 15) | ((1 as u64) << 31);
  const kept: u64 = (1 << 3) | (1 << 5) | (1 << 12) | (1 << 13);
  const float: u64 = 0xffff0000;
  const all: u64 = 0xffffffff & ~pinned;
  let free: u64 = 0;
  for (let i: u32 = 0; i < ints; i++) free |= (1 as u64) << (load<i32>(intOrder + ((i as usize) << 2)) as u64);
  for (let i: u32 = 0; i < floats; i++) {
    preference[i] = 16 + i;
    free |= (1 as u64) << ((16 + i) as u64);
  }
  setRegisters(free, kept, all & ~kept, float);
  setMoves(1, 2, 11, 31);
  setPreference(intOrder, ints, changetype<usize>(preference), floats);
  resetMach();
}

export function raVReg(type: u32): u32 {
  return newVReg(type).index;
}

export function raBlock(depth: u32, cold: u32): u32 {
  const block = newMachBlock();
  blockStarts[block] = order.length;
  blockEnds[block] = order.length;
  blockLoopDepths[block] = depth as u8;
  blockColdness[block] = cold as u8;
  return block.index;
}

/** Successors, parameters, jump arguments: appended one by one to the newest list of their kind. */
export function raSuccessor(block: u32, successor: u32): void {
  const key = at<Block>(block);
  const index = machPool.extend(1);
  machPool.set(index, successor);
  if (blockSuccessorCounts[key] == 0) blockSuccessors[key] = index;
  blockSuccessorCounts[key] = blockSuccessorCounts[key] + 1;
}

export function raParam(block: u32, vreg: u32): void {
  const key = at<Block>(block);
  const index = machPool.extend(1);
  machPool.set(index, vreg);
  if (blockParamCounts[key] == 0) blockParams[key] = index;
  blockParamCounts[key] = blockParamCounts[key] + 1;
}

export function raJumpArg(block: u32, vreg: u32): void {
  const key = at<Block>(block);
  const index = machPool.extend(1);
  machPool.set(index, vreg);
  if (blockJumpArgs[key] == 0) blockJumpArgs[key] = index;
}

/** An instruction at the end of the newest block; operands follow. Returns its position. */
export function raInst(block: u32, op: u32, clobber: u32): u32 {
  const inst = newInst(op, 0, 0, 0, 0);
  instClobbers[inst] = clobber as u8;
  order.push(inst.index);
  blockEnds[at<Block>(block)] = order.length;
  return order.length - 1;
}

export function raOperand(vreg: u32, flags: u32, constraint: u32, detail: u32): void {
  addOperand(at<VReg>(vreg), flags, constraint, detail);
}

export function raAllocate(): void {
  allocate();
}

/** 0, or the checker's fault. */
export function raCheck(): u32 {
  checkAllocation();
  return faultKind as u32;
}

export function raFaultPosition(): u32 {
  return faultPosition;
}

export function raFaultLocation(): u32 {
  return faultLocation;
}

export function raFaultVReg(): u32 {
  return faultVReg;
}

export function raLocation(position: u32, operand: u32): u32 {
  const inst: Inst = instAt(position);
  return operandLocations[instOperands[inst] + operand];
}

/** Breaks the allocation, for tests of the checker. */
export function raSetLocation(position: u32, operand: u32, location: u32): void {
  const inst: Inst = instAt(position);
  operandLocations[instOperands[inst] + operand] = location;
}

export function raMoveCount(): u32 {
  return moveCount;
}

/** A field of a move: 0 position, 1 from, 2 to, 3 type. */
export function raMove(move: u32, field: u32): u32 {
  if (field == 0) return movePositions[move];
  if (field == 1) return moveFrom[move];
  if (field == 2) return moveTo[move];
  return moveTypes[move];
}

export function raSetMove(move: u32, field: u32, value: u32): void {
  if (field == 0) movePositions[move] = value;
  else if (field == 1) moveFrom[move] = value;
  else if (field == 2) moveTo[move] = value;
  else moveTypes[move] = value as u8;
}

export function raSpillSlots(): u32 {
  return spillSlotCount;
}

export function raCalleeSaved(): u64 {
  return usedCalleeSaved;
}

export function raMemoryInUse(): u32 {
  return memoryInUse();
}

/** The move resolver alone: moves of one group at position 1. */
export function raResetMoves(): void {
  resetMoves(2);
}

export function raAddMove(from: u32, to: u32, type: u32): void {
  addMove(1, 2, from, to, type);
}

/** `slots`: one past the highest spill slot in the moves. */
export function raOrderMoves(slots: u32): void {
  while (spillSlotCount < slots) newSpillSlot(false);
  orderMoves(64 + slots);
}
