/** licm: moves what a loop computes anew each time, though it stays the same, to before the loop.
 *  In: SSA without aliases, `rpo`, dominators, loops.  Out: preheaders where they are needed; `rebuildCfg` is due when the result is true.
 *  Breaks: dom, loops, use counts.
 *  A value in a register all through a loop costs more than an addition: only what takes several cycles moves, and what that needs; and
 *  no more than the registers can hold. Constants, comparisons and the like stay, for selection to fold.
 *  Loads of linear memory move only from a loop's header, above which nothing happens, out of a loop that does not write memory: they
 *  run whenever the loop is entered, so a trap comes no earlier than it would.
 *  Cost: O(n) times the depth of loops for chains of operands; 4 bytes a value. */

import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { Pool } from '../base/pool';
import { rpo, rpoCount } from '../ir/cfg';
import {
  appendParam,
  appendValue,
  argA,
  blockCount,
  blockOf,
  coldness,
  edgeFrom,
  edgeNextIn,
  firstIn,
  firstValue,
  insertBefore,
  lastValue,
  linkEdge,
  locations,
  newBlock,
  newEdge,
  newValue,
  nexts,
  ops,
  paramCount,
  pool,
  removeValue,
  types,
  valueCount,
} from '../ir/func';
import { Loop, loopCount, loopHeader, loopLevel, loopOf, loopParent } from '../ir/loop';
import { Flag, Op, isComparison, opFlags, opHas } from '../ir/op';
import { Type, isFloat } from '../ir/type';
import { operand, operandCount } from '../ir/uses';
import { LINEAR, accessClass, findLoopWrites, isConstantLoad, isLinearLoad, loopWrites, releaseLoopWrites } from './memory';

/** Values that may move out of one loop, by register class. */
const MAX_INTS: u32 = 5;
const MAX_FLOATS: u32 = 8;

/** The outermost loop in which a value is the same in every iteration; none: not even in its own. */
let invariantIn: Column<Value, Loop> = Column.none<Value, Loop>();
let valueLimit: u32 = 0;
let preheaders: Column<Loop, Block> = Column.none<Loop, Block>();
let movedInts: Column<Loop, u8> = Column.none<Loop, u8>();
let movedFloats: Column<Loop, u8> = Column.none<Loop, u8>();
/** Blocks from here on are preheaders that were made here; the loops around them. */
let firstNewBlock: u32 = 0;
const newBlockLoops = Pool.create();
const stack = Pool.create();

/** True when the graph changed. */
export function hoistInvariants(): bool {
  if (loopCount == 1) return false;
  valueLimit = valueCount;
  invariantIn = Column.create<Value, Loop>(valueLimit);
  invariantIn.clear(0, valueLimit);
  const loops = loopCount;
  preheaders = Column.create<Loop, Block>(loops);
  preheaders.clear(0, loops);
  movedInts = Column.create<Loop, u8>(loops);
  movedInts.clear(0, loops);
  movedFloats = Column.create<Loop, u8>(loops);
  movedFloats.clear(0, loops);
  firstNewBlock = blockCount;
  newBlockLoops.clear();
  findLoopWrites();
  // Operands come first in reverse postorder.
  for (let i: u32 = 1; i <= rpoCount; i++) if (!loopOf[rpo[i]].isNone) visitBlock(rpo[i]);
  releaseLoopWrites();
  Column.free<Value, Loop>(invariantIn);
  Column.free<Loop, Block>(preheaders);
  Column.free<Loop, u8>(movedInts);
  Column.free<Loop, u8>(movedFloats);
  return blockCount != firstNewBlock;
}

function visitBlock(block: Block): void {
  const loop = loopOf[block];
  // At the start of a header nothing has happened yet in this iteration.
  let quiet = loopHeader[loop] == block;
  let value = firstValue[block];
  while (!value.isNone) {
    const next = nexts[value];
    const op: Op = ops[value];
    const home = quiet || !isLinearLoad(op) ? outermost(value, op, loop) : none<Loop>();
    if (!home.isNone) {
      invariantIn[value] = home;
      if (isWorthMoving(value, op, home)) move(value, home);
    }
    // A load that did not move may trap, as may much else.
    if (quiet && blockOf[value] == block && (opFlags(op) & (Flag.Writes | Flag.Traps | Flag.Call)) != 0) quiet = false;
    value = next;
  }
}

function loopAround(block: Block): Loop {
  return block.index < firstNewBlock ? loopOf[block] : at<Loop>(newBlockLoops.get(block.index - firstNewBlock + 1));
}

/** The outermost loop around `inner` in which the value is invariant, or none. */
function outermost(value: Value, op: Op, inner: Loop): Loop {
  // No loop outside this level will do.
  let level: u32 = 1;
  if (isLinearLoad(op)) {
    if (((loopWrites[inner] >> (LINEAR as u8)) & 1) != 0) return none<Loop>();
    level = loopLevel[inner];
  } else if (op == Op.PtrLoad) {
    // Guarded, but for a pointer that is one of the instance's own.
    if (!isConstantLoad(value) || ops[argA[value]] != Op.CtxLoad || !isConstantLoad(argA[value])) return none<Loop>();
  } else if (op == Op.CtxLoad) {
    if (!isConstantLoad(value)) level = levelWithoutWrites(inner, accessClass(value));
  } else if (!opHas(op, Flag.Pure)) return none<Loop>();
  const count = operandCount(value);
  for (let i: u32 = 0; i < count; i++) level = max(level, levelNeeded(operand(value, i), inner));
  if (level > loopLevel[inner]) return none<Loop>();
  let loop = inner;
  while (loopLevel[loop] > level) loop = loopParent[loop];
  return loop;
}

function levelWithoutWrites(inner: Loop, kind: u32): u32 {
  let loop = inner;
  while (!loop.isNone && ((loopWrites[loop] >> (kind as u8)) & 1) == 0) loop = loopParent[loop];
  return loopLevel[loop] + 1;
}

/** The lowest level of a loop around `inner` before which the operand is known, or can be made known. */
function levelNeeded(value: Value, inner: Loop): u32 {
  // The innermost loop around both.
  let mine = inner;
  let its = loopAround(blockOf[value]);
  while (mine != its) {
    if (its.isNone || (!mine.isNone && mine.index < its.index)) mine = loopParent[mine];
    else its = loopParent[its];
  }
  const common = loopLevel[mine];
  const home = value.index < valueLimit ? invariantIn[value] : none<Loop>();
  return !home.isNone && loopLevel[home] <= common ? loopLevel[home] : common + 1;
}

function isWorthMoving(value: Value, op: Op, home: Loop): bool {
  if (!isSlow(op)) return false;
  if (isFloat(types[value] as Type)) {
    if ((movedFloats[home] as u32) >= MAX_FLOATS) return false;
    movedFloats[home] = movedFloats[home] + 1;
  } else {
    if ((movedInts[home] as u32) >= MAX_INTS) return false;
    movedInts[home] = movedInts[home] + 1;
  }
  return true;
}

/** Takes several cycles, or reads memory. */
function isSlow(op: Op): bool {
  if (isComparison(op)) return false;
  switch (op) {
    case Op.Mul:
    case Op.MulHigh:
    case Op.Popcnt:
    case Op.CtxLoad:
    case Op.PtrLoad:
      return true;
    case Op.FAbs:
    case Op.FNeg:
      return false;
    default:
      return isLinearLoad(op) || (op >= Op.FAdd && op <= Op.FloatToIntSatU);
  }
}

/** Moves the value, and first what it needs of the loop, before the loop. */
function move(value: Value, home: Loop): void {
  const before = preheader(home);
  const place = lastValue[before];
  stack.clear();
  stack.push(value.index);
  while (!stack.isEmpty) {
    const top = at<Value>(stack.get(stack.length - 1));
    const count = operandCount(top);
    let ready = true;
    for (let i: u32 = 0; i < count && ready; i++) {
      const needed = operand(top, i);
      if (!isInside(home, blockOf[needed])) continue;
      stack.push(needed.index);
      ready = false;
    }
    if (!ready) continue;
    stack.pop();
    removeValue(top);
    insertBefore(top, place);
    invariantIn[top] = none<Loop>();
  }
}

function isInside(loop: Loop, block: Block): bool {
  let inner = loopAround(block);
  while (inner.index != 0 && inner.index < loop.index) inner = loopParent[inner];
  return inner == loop;
}

/** The block that enters the loop and goes nowhere else. */
function preheader(loop: Loop): Block {
  if (!preheaders[loop].isNone) return preheaders[loop];
  const header = loopHeader[loop];
  let entering: u32 = 0;
  let from = none<Block>();
  for (let edge = firstIn[header]; !edge.isNone; edge = edgeNextIn[edge]) {
    if (isInside(loop, edgeFrom[edge])) continue;
    entering++;
    from = edgeFrom[edge];
  }
  if (entering != 1 || ops[lastValue[from]] != Op.Jump) from = newPreheader(loop, header);
  preheaders[loop] = from;
  return from;
}

function newPreheader(loop: Loop, header: Block): Block {
  const block = newBlock();
  newBlockLoops.push(loopParent[loop].index);
  coldness[block] = coldness[header];
  const last = lastValue[header];
  let edge: Edge = firstIn[header];
  firstIn[header] = none<Edge>();
  while (!edge.isNone) {
    const next = edgeNextIn[edge];
    linkEdge(edge, isInside(loop, edgeFrom[edge]) ? header : block);
    edge = next;
  }
  const count = paramCount[header];
  const args = pool.extend(count);
  let param = firstValue[header];
  for (let i: u32 = 0; i < count; i++) {
    pool.set(args + i, appendParam(block, types[param], locations[param]).index);
    param = nexts[param];
  }
  const onward = newEdge(block, header, args);
  appendValue(block, newValue(Op.Jump, Type.None, none<Value>(), at<Value>(onward.index), at<Value>(1), 0, locations[last]));
  return block;
}
