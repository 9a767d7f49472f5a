/** emit: the machine code of the function at hand.
 *  In: mach.ts after allocation, the moves of regalloc/moves.ts, the outgoing area of frame.ts.
 *  Out: in emit/output: code, relocations, traps, address map, jump tables, and the function's entry.
 *  A block that is only a jump is left out, and whoever jumped to it jumps on. Cold parts and trap stubs stand after the body.
 *  Cost: linear. */

import { Column } from '../../base/column';
import { Block, Inst, Label, at } from '../../base/entity';
import { keptEntries, grownCapacity } from '../../base/memory';
import { Pool } from '../../base/pool';
import { FUNCTION_FLAG_LEAF, LEAF_FRAME } from '../../../runtime/artifact';
import { CPU_X64_AVX } from '../../../runtime/cpu';
import { TrapCode } from '../../../runtime/traps';
import { addTableTarget, alignCode, bind, finishCode, jump, jumpIf, startCode, startTable } from '../../emit/code';
import { addAddress, addFunction, alignFunction, code } from '../../emit/output';
import { addressMap, cpuFeatures } from '../../options';
import { moveCount, moveFrom, movePositions, moveTo, moveTypes } from '../../regalloc/moves';
import { usedCalleeSaved } from '../../regalloc/place';
import { spillSlotCount } from '../../regalloc/spill';
import {
  blockColdness,
  blockEnds,
  blockLoopDepths,
  blockStarts,
  blockSuccessorCounts,
  blockSuccessors,
  instAt,
  instFlags,
  instImms,
  instLocations,
  instOperandCounts,
  instOps,
  locationOf,
  machBlockCount,
  machPool,
} from '../mach';
import { Width, configure, imm32, imm8, isImm8, op, rmBaseIndex, rmLocation, rmRodata, room } from './bytes';
import { encode } from './encode';
import { flagsFree, flagsServe } from './flags';
import { epilogue, frameSize, layoutFrame, prologue, savedRegisters, slotsOffset } from './frame';
import { Cond, X64, condOf } from './inst';
import { moveValue, zeroInt } from './move';
import { emitColdPart, emitSequence } from './sequences';
import { ColdPart, emitTrapStubs, partCount, partEntries, partInsts, partReturns, raise, resetStubs, trimStubs } from './stubs';

const LOOP_ALIGNMENT: u32 = 16;

const enum Header {
  None = 0,
  /** A loop begins here, and no other loop is inside. */
  Innermost = 1,
  Outer = 2,
}

let blockCapacity: u32 = 0;
/** Where a jump to the block really goes: the block itself, unless it is left out. */
let blockTargets: Column<Block, Block> = Column.none<Block, Block>();
/** The next block in layout order that is not left out. */
let blockNexts: Column<Block, Block> = Column.none<Block, Block>();
let blockHeaders: Column<Block, u8> = Column.none<Block, u8>();
/** Index of the last block seen of each loop depth. */
const lastOfDepth: Pool = Pool.create();

let hasCalls: bool = false;
let hasSwaps: bool = false;

function successor(block: Block, index: u32): Block {
  return at<Block>(machPool.get(blockSuccessors[block] + index));
}

function target(block: Block, index: u32): Block {
  return blockTargets[successor(block, index)];
}

/** Looks at every instruction and block once: calls, loop headers, blocks of a mere jump (marked by a target that is none). */
function scan(): void {
  if (machBlockCount > blockCapacity) {
    const old = blockCapacity;
    blockCapacity = grownCapacity(old, machBlockCount);
    blockTargets = Column.grown<Block, Block>(blockTargets, old, blockCapacity);
    blockNexts = Column.grown<Block, Block>(blockNexts, old, blockCapacity);
    blockHeaders = Column.grown<Block, u8>(blockHeaders, old, blockCapacity);
  }
  blockHeaders.clear(0, machBlockCount);
  lastOfDepth.clear();
  hasCalls = false;
  hasSwaps = false;
  let move: u32 = 0;
  for (let index: u32 = 1; index < machBlockCount; index++) {
    const block = at<Block>(index);
    const start = blockStarts[block];
    const end = blockEnds[block];
    for (let position = start; position < end; position++) {
      const opcode = instOps[instAt(position)] as X64;
      if (opcode >= X64.Call && opcode <= X64.CallBuiltin) {
        hasCalls = true;
        if (opcode == X64.CallImport || opcode == X64.CallRef) hasSwaps = true;
      }
    }
    while (move < moveCount && movePositions[move] < start) move++;
    const moves = move < moveCount && movePositions[move] < end;
    const bare = index != 1 && !moves && end - start == 1 && instOps[instAt(start)] == X64.Jmp;
    blockTargets[block] = at<Block>(bare ? 0 : index);
    findHeaders(block);
  }
}

/** Marks the blocks that this one jumps back to. */
function findHeaders(block: Block): void {
  const depth = blockLoopDepths[block] as u32;
  while (lastOfDepth.length <= depth + 1) lastOfDepth.push(0);
  lastOfDepth.set(depth + 1, block.index);
  for (let i: u32 = 0, count = blockSuccessorCounts[block]; i < count; i++) {
    const header = successor(block, i);
    if (header.index > block.index) continue;
    let innermost = (blockLoopDepths[header] as u32) == depth && depth != 0;
    for (let deeper = depth + 2; innermost && deeper < lastOfDepth.length; deeper++) {
      if (lastOfDepth.get(deeper) >= header.index) innermost = false;
    }
    blockHeaders[header] = max<u32>(blockHeaders[header], innermost ? Header.Innermost : Header.Outer) as u8;
  }
}

/** Backwards: where jumps go, and which block follows which. A bare jump back to another bare jump stays: it may be an endless loop. */
function thread(): void {
  let next = at<Block>(0);
  for (let index = machBlockCount - 1; index != 0; index--) {
    const block = at<Block>(index);
    blockNexts[block] = next;
    if (blockTargets[block].isNone) {
      const to = successor(block, 0);
      const final = blockTargets[to];
      if (to != block && !final.isNone) {
        blockTargets[block] = final;
        // A loop that begins with the bare jump begins there.
        blockHeaders[final] = max<u32>(blockHeaders[final], blockHeaders[block]) as u8;
        continue;
      }
      blockTargets[block] = block;
    }
    next = block;
  }
}

/** Appends the function to the output, as allocation left it. */
export function emitFunction(): void {
  emitCode(spillSlotCount, usedCalleeSaved as u32);
}

/** The same with a given number of spill slots and the callee-saved registers in use. */
export function emitCode(slots: u32, saved: u32): void {
  alignFunction();
  const start = code.length;
  scan();
  thread();
  layoutFrame(slots, saved, hasCalls, hasSwaps);
  configure(slotsOffset, (cpuFeatures & CPU_X64_AVX) != 0);
  resetStubs();
  startCode(machBlockCount - 1);
  addLocation(start, 0);
  prologue();
  emitBody();
  for (let i: u32 = 1; i < partCount; i++) {
    const part = at<ColdPart>(i);
    bind(partEntries[part]);
    addLocation(code.length, instLocations[partInsts[part]]);
    emitColdPart(partInsts[part], partReturns[part]);
  }
  emitTrapStubs();
  finishCode();
  const leaf = !hasCalls && frameSize <= LEAF_FRAME;
  addFunction(start, code.length - start, frameSize, savedRegisters, leaf ? FUNCTION_FLAG_LEAF : 0);
  trimBlocks();
  trimStubs();
}

/** Gives back the tables of a large function. */
function trimBlocks(): void {
  if (blockCapacity <= keptEntries) return;
  blockTargets = Column.free<Block, Block>(blockTargets);
  blockNexts = Column.free<Block, Block>(blockNexts);
  blockHeaders = Column.free<Block, u8>(blockHeaders);
  blockCapacity = 0;
}

function addLocation(offset: u32, location: u32): void {
  if (addressMap) addAddress(offset, location);
}

function emitBody(): void {
  let move: u32 = 0;
  for (let index: u32 = 1; index < machBlockCount; index++) {
    const block = at<Block>(index);
    if (blockTargets[block] != block) continue;
    if (blockHeaders[block] == Header.Innermost && blockColdness[block] == 0) alignCode(LOOP_ALIGNMENT);
    bind(at<Label>(index));
    const start = blockStarts[block];
    const end = blockEnds[block];
    while (move < moveCount && movePositions[move] < start) move++;
    for (let position = start; position < end; position++) {
      const before = code.length;
      for (; move < moveCount && movePositions[move] == position; move++) {
        moveValue(moveTo[move], moveFrom[move], moveTypes[move]);
      }
      const inst = instAt(position);
      room();
      if (instOps[inst] == X64.MovImm && instImms[inst] == 0 && flagsFree(position + 1, end)) zeroInt(locationOf(inst, 0));
      else if (instOps[inst] == X64.Test && flagsServe(position, start, end, move)) continue;
      else if (!encode(inst) && !emitSequence(inst)) emitControl(inst, block);
      if (code.length != before) addLocation(before, instLocations[inst]);
    }
  }
}

/** Jumps unless the block follows. */
function jumpTo(to: Block, next: Block): void {
  if (to != next) jump(at<Label>(to.index));
}

function emitControl(inst: Inst, block: Block): void {
  const next = blockNexts[block];
  switch (instOps[inst] as X64) {
    case X64.Jmp:
      jumpTo(target(block, 0), next);
      break;
    case X64.Jcc:
      emitBranch(condOf(instFlags[inst]), block, target(block, 0), target(block, 1), next);
      break;
    case X64.JmpTable:
      emitTable(inst, block, next);
      break;
    case X64.Trap:
      raise(instImms[inst] as TrapCode);
      break;
    case X64.Ret:
      epilogue();
      break;
    default:
      unreachable();
  }
}

/** Whether `block` jumps back to `to`: more often than elsewhere. */
function isBack(block: Block, to: Block): bool {
  return to.index <= block.index && blockColdness[to] == 0;
}

function emitBranch(cond: Cond, block: Block, taken: Block, other: Block, next: Block): void {
  if (taken == other) {
    jumpTo(taken, next);
    return;
  }
  if (cond >= Cond.EAndNP) {
    const equal = cond == Cond.EAndNP ? taken : other;
    const unequal = cond == Cond.EAndNP ? other : taken;
    jumpIf(Cond.P, at<Label>(unequal.index));
    if (equal == next) {
      jumpIf(Cond.NE, at<Label>(unequal.index));
    } else {
      jumpIf(Cond.E, at<Label>(equal.index));
      jumpTo(unequal, next);
    }
  } else if (taken == next || (other != next && isBack(block, other) && !isBack(block, taken))) {
    jumpIf(cond ^ 1, at<Label>(other.index));
    jumpTo(taken, next);
  } else {
    jumpIf(cond, at<Label>(taken.index));
    jumpTo(other, next);
  }
}

/** A table of few entries as comparisons, one for each pair: what is below the pair has left before. */
function emitComparisons(index: u32, block: Block, next: Block): void {
  const entries = blockSuccessorCounts[block] - 1;
  const otherwise = target(block, entries);
  for (let entry: u32 = 0; entry < entries; entry += 2) {
    const pair = entry + 1 < entries;
    const last = entry + 2 >= entries;
    const low = target(block, entry);
    const high = pair ? target(block, entry + 1) : low;
    room();
    rmLocation(index);
    op(0x83, Width.None, 7, 1);
    imm8(pair ? entry + 1 : entry);
    if (low != high && !(last && low == otherwise)) jumpIf(Cond.B, at<Label>(low.index));
    const cond = pair && low == high ? Cond.BE : Cond.E;
    if (last) emitBranch(cond, block, high, otherwise, next);
    else jumpIf(cond, at<Label>(high.index));
  }
}

/** r(index) d(table) d(distance): the last successor is for an index outside of the table. Without d: comparisons. */
function emitTable(inst: Inst, block: Block, next: Block): void {
  const index = locationOf(inst, 0);
  const entries = blockSuccessorCounts[block] - 1;
  const otherwise = target(block, entries);
  if (entries == 0) {
    jumpTo(otherwise, next);
    return;
  }
  if (instOperandCounts[inst] == 1) {
    emitComparisons(index, block, next);
    return;
  }
  const table = locationOf(inst, 1);
  const distance = locationOf(inst, 2);
  rmLocation(index);
  const short = isImm8(entries as i64);
  op(short ? 0x83 : 0x81, Width.None, 7, short ? 1 : 4);
  if (short) imm8(entries);
  else imm32(entries);
  jumpIf(Cond.AE, at<Label>(otherwise.index));
  const start = startTable(entries);
  for (let i: u32 = 0; i < entries; i++) addTableTarget(at<Label>(target(block, i).index));
  room();
  // lea table, [rip + …]; movsxd distance, [table + 4 * index]; add distance, table; jmp distance
  rmRodata(start);
  op(0x8d, Width.W, table, 0);
  rmBaseIndex(table, index, 2, 0);
  op(0x63, Width.W, distance, 0);
  rmLocation(table);
  op(0x03, Width.W, distance, 0);
  rmLocation(distance);
  op(0xff, Width.None, 4, 0);
}
