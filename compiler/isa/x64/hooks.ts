/** hooks: machine IR by hand for tests: each instruction comes with its locations, as if allocated. Exported by compiler/test.ts only. */

import { Block, VReg, at, none } from '../../base/entity';
import { AddressEntry, DefinedFunc, Relocation, TrapEntry } from '../../emit/output';
import * as output from '../../emit/output';
import { OptLevel, setOptions } from '../../options';

import { TARGET_X64 } from '../../../runtime/artifact';
import { Phase, addMove, orderMoves, resetMoves } from '../../regalloc/moves';
import * as mach from '../mach';
import { setMoves } from '../target';
import { emitCode } from './emit';
import { needOutgoing, resetFrame } from './frame';
import { X64 } from './inst';
import { FLOAT_SCRATCH, SCRATCH } from './reg';

const MAX_POSITIONS: u32 = 1 << 16;

/** An empty module for a CPU with these features. */
export function x64Begin(features: u32): void {
  setOptions(OptLevel.Speed, features, false, false, true, false, TARGET_X64);
  output.resetOutput();
  setMoves(X64.Mov, X64.MovF, SCRATCH, FLOAT_SCRATCH);
}

/** An empty function with words of outgoing area. */
export function x64Function(outgoing: u32): void {
  mach.resetMach();
  resetFrame();
  resetMoves(MAX_POSITIONS);
  needOutgoing(outgoing);
}

/** Begins a block; its instructions and successors follow. */
export function x64Block(loopDepth: u32, cold: bool): void {
  const block = mach.newMachBlock();
  mach.blockLoopDepths[block] = loopDepth as u8;
  mach.blockColdness[block] = cold ? 1 : 0;
  mach.blockStarts[block] = mach.order.length;
  mach.blockEnds[block] = mach.order.length;
  mach.blockSuccessors[block] = mach.machPool.length;
}

export function x64Successor(target: u32): void {
  const block = at<Block>(mach.machBlockCount - 1);
  mach.machPool.push(target);
  mach.blockSuccessorCounts[block] = mach.blockSuccessorCounts[block] + 1;
}

export function x64Inst(op: u32, flags: u32, imm: i64, displacement: i32, location: u32): void {
  const inst = mach.newInst(op, flags, imm, displacement, location);
  mach.order.push(inst.index);
  mach.blockEnds[at<Block>(mach.machBlockCount - 1)] = mach.order.length;
}

/** The location of the next operand of the newest instruction. */
export function x64Operand(location: u32): void {
  mach.addOperand(none<VReg>(), 0, mach.Constraint.Any, 0);
  mach.operandLocations[mach.operandCount - 1] = location;
}

/** A move before the instruction to come. */
export function x64Move(to: u32, from: u32, type: u32): void {
  addMove(mach.order.length, Phase.Gap, from, to, type);
}

/** Emits the function with `slots` spill slots and callee-saved registers by bit; its number, from 1. */
export function x64Emit(slots: u32, saved: u32): u32 {
  orderMoves(mach.SPILL_BASE + slots);
  emitCode(slots, saved);
  return output.functionCount;
}

export function x64FunctionCount(): u32 {
  return output.functionCount;
}

export function x64CodeOffset(func: u32): u32 {
  return output.functionCodeOffset[at<DefinedFunc>(func)];
}

export function x64CodeSize(func: u32): u32 {
  return output.functionCodeSize[at<DefinedFunc>(func)];
}

export function x64FrameSize(func: u32): u32 {
  return output.functionFrameSize[at<DefinedFunc>(func)];
}

export function x64Code(): usize {
  return output.code.data;
}

/** Appends 16 bytes to rodata; their offset. */
export function x64AddRodata(low: u64, high: u64): u32 {
  output.rodata.align(16);
  const offset = output.rodata.length;
  output.rodata.u64(low);
  output.rodata.u64(high);
  return offset;
}

export function x64Rodata(): usize {
  return output.rodata.data;
}

export function x64RodataLength(): u32 {
  return output.rodata.length;
}

export function x64CodeLength(): u32 {
  return output.code.length;
}

/** Tables of the output, a number at a time. 0: trap code offsets, 1: trap codes, 2: address code offsets, 3: address wasm offsets,
 *  4: relocation kinds, 5: relocation offsets, 6: relocation targets, 7: relocation addends. */
export function x64Table(table: u32, index: u32): u32 {
  switch (table) {
    case 0:
      return output.trapCodeOffset[at<TrapEntry>(index)];
    case 1:
      return output.trapKind[at<TrapEntry>(index)];
    case 2:
      return output.addressCodeOffset[at<AddressEntry>(index)];
    case 3:
      return output.addressWasmOffset[at<AddressEntry>(index)];
    case 4:
      return output.relocationKind[at<Relocation>(index)];
    case 5:
      return output.relocationOffset[at<Relocation>(index)];
    case 6:
      return output.relocationTarget[at<Relocation>(index)];
    default:
      return output.relocationAddend[at<Relocation>(index)];
  }
}

/** Number of entries; `table` as above. */
export function x64TableLength(table: u32): u32 {
  return table < 2 ? output.trapCount : table < 4 ? output.addressCount : output.relocationCount;
}
