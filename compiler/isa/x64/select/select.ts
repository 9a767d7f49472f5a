/** select: instruction selection: the function's IR into x86-64 machine IR with virtual registers.
 *  In: optimised IR with split critical edges, layout order, use counts.  Out: the tables of isa/mach.ts; the frame's outgoing area.
 *  Requires: the module's context layout. Breaks: use counts (of values taken into their consumers).
 *  Cost: O(n). Each block is walked backwards, so that a consumer is seen before what it may take into itself.
 *  Ref: the shape is Cranelift's lowering; the patterns are in the files beside this one. */

import { Column } from '../../../base/column';
import { Block, Value } from '../../../base/entity';
import { keptEntries } from '../../../base/memory';
import { Pool } from '../../../base/pool';
import { rpoCount } from '../../../ir/cfg';
import * as ir from '../../../ir/func';
import { loopDepth } from '../../../ir/loop';
import { Op, isComparison } from '../../../ir/op';
import { useCount } from '../../../ir/uses';
import { layoutOrder } from '../../../opt/layout';
import * as mach from '../../mach';
import { resetFrame } from '../frame';
import { COND_SHIFT, X64 } from '../inst';
import { selectArguments, selectCall, selectReturn } from './call';
import { selectComparisonValue, selectCondition, selectSelect, selectTrapIf } from './compare';
import { selectFloat } from './float';
import { selectInteger } from './integer';
import { selectMemory } from './memory';
import {
  defEarly,
  hasEffect,
  isAbsorbed,
  location,
  resetOperands,
  setBlock,
  setColor,
  setLocation,
  trimOperands,
  use,
  useRegister,
  useTyped,
  vregOf,
} from './operands';
import { Type } from '../../../ir/type';

/** Entries of a branch table, at most, that are compared one after another. */
const MOST_COMPARED: u32 = 4;

let capacity: u32 = 0;
/** Machine block by IR block. */
let machBlocks: Column<Block, Block> = Column.none<Block, Block>();
/** Instruction ranges [from, to) of the block at hand, last first. */
const chunks: Pool = Pool.create();
/** Registers of a jump's arguments. */
const jumpArguments: Pool = Pool.create();

export function selectFunction(): void {
  mach.resetMach();
  mach.reserveMach(ir.valueCount, rpoCount);
  resetOperands();
  resetFrame();
  if (ir.blockCount > capacity) {
    const grown = max<u32>(ir.blockCount, capacity << 1);
    machBlocks = Column.grown<Block, Block>(machBlocks, capacity, grown);
    capacity = grown;
  }
  for (let i: u32 = 1; i <= rpoCount; i++) machBlocks[layoutOrder[i]] = mach.newMachBlock();
  for (let i: u32 = 1; i <= rpoCount; i++) selectBlock(layoutOrder[i]);
  mach.fitMach();
  trimOperands();
  chunks.trim();
  jumpArguments.trim();
  if (capacity > keptEntries) {
    machBlocks = Column.free<Block, Block>(machBlocks);
    capacity = 0;
  }
}

function selectBlock(block: Block): void {
  const target = machBlocks[block];
  mach.blockLoopDepths[target] = min<u32>(loopDepth[block], 255) as u8;
  mach.blockColdness[target] = ir.coldness[block];
  setBlock(block);
  colorBlock(block);
  chunks.clear();
  let value = ir.lastValue[block];
  selectTerminator(value, target);
  for (value = ir.prevs[value]; !value.isNone && !ir.isParam(value); value = ir.prevs[value]) {
    const op: u32 = ir.ops[value];
    if (op == Op.Iconst || op == Op.Fconst || op == Op.ExtendU || op == Op.Result) continue;
    if (isAbsorbed(value) || (useCount[value] == 0 && !hasEffect(op))) continue;
    setLocation(value);
    const from = mach.instCount;
    selectValue(value);
    addChunk(from);
  }
  if (block.index == ir.ENTRY) {
    const from = mach.instCount;
    selectArguments();
    addChunk(from);
  } else addParams(block, target);
  mach.blockStarts[target] = mach.order.length;
  while (!chunks.isEmpty) {
    const to = chunks.pop();
    for (let inst = chunks.pop(); inst < to; inst++) mach.order.push(inst);
  }
  mach.blockEnds[target] = mach.order.length;
}

/** Numbers the block's instructions by the effects before them. */
function colorBlock(block: Block): void {
  let color: u32 = 0;
  for (let value = ir.firstValue[block]; !value.isNone; value = ir.nexts[value]) {
    setColor(value, color);
    // A load only may trap: loads may change places with each other, not with anything else that traps.
    const op: u32 = ir.ops[value];
    if (hasEffect(op) && !(op >= <u32>Op.Load && op <= <u32>Op.Load32S)) color++;
  }
}

function addChunk(from: u32): void {
  chunks.push(from);
  chunks.push(mach.instCount);
}

function addParams(block: Block, target: Block): void {
  const count = ir.paramCount[block];
  if (count == 0) return;
  const list = mach.machPool.extend(count);
  let param = ir.firstValue[block];
  for (let i: u32 = 0; i < count; i++) {
    mach.machPool.set(list + i, vregOf(param).index);
    param = ir.nexts[param];
  }
  mach.blockParams[target] = list;
  mach.blockParamCounts[target] = count;
}

function selectValue(value: Value): void {
  const op: u32 = ir.ops[value];
  if (isComparison(op)) selectComparisonValue(value);
  else if (op == Op.Select) selectSelect(value);
  else if (op == Op.TrapIf) selectTrapIf(value);
  else if (op >= <u32>Op.Call && op <= <u32>Op.CallBuiltin) selectCall(value);
  else if (!selectInteger(value) && !selectMemory(value) && !selectFloat(value)) unreachable();
}

function selectTerminator(value: Value, target: Block): void {
  setLocation(value);
  const from = mach.instCount;
  switch (<u32>ir.ops[value]) {
    case Op.Jump:
      selectJump(value, target);
      break;
    case Op.BrIf: {
      const cond = selectCondition(ir.argA[value], value);
      mach.newInst(X64.Jcc, cond << COND_SHIFT, 0, 0, location);
      break;
    }
    case Op.BrTable: {
      const index = use(ir.argA[value]);
      mach.newInst(X64.JmpTable, 0, 0, 0, location);
      useRegister(index);
      if (ir.successorCount(value) - 1 > MOST_COMPARED) {
        defEarly(mach.newVReg(Type.I64));
        defEarly(mach.newVReg(Type.I64));
      }
      break;
    }
    case Op.Return:
      selectReturn(value);
      break;
    default:
      mach.newInst(X64.Trap, 0, ir.imms[value], 0, location);
  }
  addChunk(from);
  const count = ir.successorCount(value);
  const list = mach.machPool.extend(count);
  for (let i: u32 = 0; i < count; i++) mach.machPool.set(list + i, machBlocks[ir.edgeTo[ir.successor(value, i)]].index);
  mach.blockSuccessors[target] = list;
  mach.blockSuccessorCounts[target] = count;
}

/** Arguments stand in registers of the parameters' types. */
function selectJump(value: Value, target: Block): void {
  const edge = ir.successor(value, 0);
  const count = ir.paramCount[ir.edgeTo[edge]];
  jumpArguments.clear();
  for (let i: u32 = 0; i < count; i++) jumpArguments.push(useTyped(ir.edgeArg(edge, i)).index);
  mach.newInst(X64.Jmp, 0, 0, 0, location);
  if (count == 0) return;
  const list = mach.machPool.extend(count);
  for (let i: u32 = 0; i < count; i++) mach.machPool.set(list + i, jumpArguments.get(i + 1));
  mach.blockJumpArgs[target] = list;
}
