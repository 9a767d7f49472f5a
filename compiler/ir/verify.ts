/** verify: the IR's specification, checked. For tests and debugging; O(n) expected, with no care for speed.
 *
 *  Blocks. A reachable block has a list of values, linked both ways, whose `blockOf` is the block. Its first `paramCount` values, and no
 *  others, are Params, with positions 0, 1, … in `imms`; its last value, and no other, is a terminator. The entry (block 1) has no
 *  incoming edges; its Params are the function's.
 *  Values. Operands are live values (no aliases, once `resolveAll` has run) of the types that op.ts wants; definitions dominate uses.
 *  Guarded operations rely on a check above them; nothing here can see that.
 *  Edges. A terminator's edges are neighbours, start at its block, and are in the list of incoming edges of their target, which is
 *  reachable. Each has arguments for all of the target's parameters, of their types, live at the end of the block. No two edges share
 *  room for arguments in the pool.
 *  Splitting. After `splitCriticalEdges`, an edge of a terminator with several edges carries no arguments, and its target has no other
 *  predecessor block. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { rebuildCfg, rpo, rpoCount, rpoIndex } from './cfg';
import { computeDominators, dominates } from './dom';
import {
  ENTRY,
  aliases,
  argA,
  argB,
  argC,
  blockCount,
  blockOf,
  edgeArgs,
  edgeCount,
  edgeFrom,
  edgeNextIn,
  edgeTo,
  firstIn,
  firstValue,
  imms,
  lastValue,
  nexts,
  ops,
  paramCount,
  pool,
  prevs,
  successor,
  successorCount,
  types,
  valueCount,
} from './func';
import { Flag, Op, isIntComparison, opHas } from './op';
import { Type, isFloat, isInt, typeSize } from './type';
import { operand, operandCount } from './uses';

/** What is wrong, after `verify` said false. */
export const problem: Buffer = Buffer.create();

function complain(value: Value, text: string): bool {
  problem.clear();
  problem.text('v');
  problem.decimal(value.index);
  problem.text(': ');
  problem.text(text);
  return false;
}

function complainOfBlock(block: Block, text: string): bool {
  problem.clear();
  problem.text('block');
  problem.decimal(block.index);
  problem.text(': ');
  problem.text(text);
  return false;
}

/** Checks the function at hand; rebuilds `rpo`, lists of incoming edges, and dominators. `split`: critical edges must be split. */
export function verify(split: bool): bool {
  problem.clear();
  for (let i: u32 = 1; i < blockCount; i++) if (!verifyEdgesExist(at<Block>(i))) return false;
  rebuildCfg();
  computeDominators();
  // Position of each value in its block, for uses in the block of the definition.
  const positions = Column.create<Value, u32>(valueCount);
  const poolOwner = Column.create<u32, u8>(pool.length);
  poolOwner.clear(0, pool.length);
  let good = true;
  for (let i: u32 = 1; i <= rpoCount && good; i++) good = verifyList(rpo[i], positions);
  for (let i: u32 = 1; i <= rpoCount && good; i++) good = verifyBlock(rpo[i], positions) && verifyEdges(rpo[i], poolOwner, split);
  Column.free<Value, u32>(positions);
  Column.free<u32, u8>(poolOwner);
  return good;
}

function verifyEdgesExist(block: Block): bool {
  const last = lastValue[block];
  if (last.isNone) return true;
  const count = successorCount(last);
  const op: Op = ops[last];
  // Translation leaves unreachable blocks unfinished; a reachable one is found by `verifyList`.
  if (!opHas(op, Flag.Terminator)) return true;
  if (op == Op.Jump && count != 1) return complain(last, 'a jump has one edge');
  if (op == Op.BrIf && count != 2) return complain(last, 'br_if has two edges');
  if (op == Op.BrTable && count == 0) return complain(last, 'br_table without edges');
  if (count != 0 && (argB[last].index == 0 || argB[last].index + count > edgeCount)) return complain(last, 'no such edges');
  for (let k: u32 = 0; k < count; k++) {
    const to = edgeTo[successor(last, k)];
    if (to.index == 0 || to.index >= blockCount) return complain(last, 'edge to nowhere');
    if (to.index == ENTRY) return complain(last, 'edge to the entry');
    if (lastValue[to].isNone) return complain(last, 'edge to an empty block');
    if (edgeFrom[successor(last, k)] != block) return complain(last, 'edge of another block');
    if (paramCount[to] != 0 && edgeArgs[successor(last, k)] + paramCount[to] > pool.length)
      return complain(last, 'arguments beyond the pool');
  }
  return true;
}

function verifyList(block: Block, positions: Column<Value, u32>): bool {
  let previous = none<Value>();
  let position: u32 = 0;
  for (let value = firstValue[block]; !value.isNone; value = nexts[value]) {
    if (value.index >= valueCount) return complain(value, 'no such value');
    const op: Op = ops[value];
    if (blockOf[value] != block) return complain(value, 'in the list of another block');
    if (prevs[value] != previous) return complain(value, 'broken list');
    if (op == Op.None || op >= Op.Count) return complain(value, 'no such operation');
    if (!aliases[value].isNone) return complain(value, 'a replaced value is still in a block');
    if ((op == Op.Param) != position < paramCount[block]) return complain(value, 'parameters stand first, as many as the block has');
    if (op == Op.Param && imms[value] != (position as i64)) return complain(value, 'wrong position of a parameter');
    if (opHas(op, Flag.Terminator) != (lastValue[block] == value)) return complain(value, 'a terminator stands last');
    positions[value] = position++;
    previous = value;
  }
  if (lastValue[block] != previous) return complainOfBlock(block, 'wrong last value');
  return true;
}

/** Is `definition` known where `use` stands? */
function reaches(definition: Value, use: Value, positions: Column<Value, u32>): bool {
  if (definition.index == 0 || definition.index >= valueCount) return false;
  const from = blockOf[definition];
  const to = blockOf[use];
  if (from.isNone || rpoIndex[from] == 0) return false;
  return from == to ? positions[definition] < positions[use] : dominates(from, to);
}

function verifyBlock(block: Block, positions: Column<Value, u32>): bool {
  for (let value = firstValue[block]; !value.isNone; value = nexts[value]) {
    const count = operandCount(value);
    for (let i: u32 = 0; i < count; i++) {
      if (!aliases[operand(value, i)].isNone) return complain(value, 'operand has an alias');
      if (!reaches(operand(value, i), value, positions)) return complain(value, 'operand does not dominate its use');
      if (types[operand(value, i)] == Type.None) return complain(value, 'operand has no value');
    }
    if (!verifyTypes(value)) return complain(value, 'wrong type');
  }
  const last = lastValue[block];
  const edges = successorCount(last);
  for (let k: u32 = 0; k < edges; k++) {
    const edge = successor(last, k);
    let param = firstValue[edgeTo[edge]];
    for (let i: u32 = 0; i < paramCount[edgeTo[edge]]; i++) {
      const argument = at<Value>(pool.get(edgeArgs[edge] + i));
      if (argument.index >= valueCount || !aliases[argument].isNone) return complain(last, 'argument has an alias');
      if (!reaches(argument, last, positions)) return complain(last, 'argument does not dominate its edge');
      if (types[argument] != types[param]) return complain(last, 'argument of another type than its parameter');
      param = nexts[param];
    }
  }
  return true;
}

function verifyEdges(block: Block, poolOwner: Column<u32, u8>, split: bool): bool {
  const last = lastValue[block];
  const edges = successorCount(last);
  for (let k: u32 = 0; k < edges; k++) {
    const edge: Edge = successor(last, k);
    const to = edgeTo[edge];
    const args = edgeArgs[edge];
    for (let i = args; i < args + paramCount[to]; i++) {
      if (i == 0 || poolOwner[i] != 0) return complain(last, 'edges share room for arguments');
      poolOwner[i] = 1;
    }
    if (!split || edges < 2) continue;
    if (paramCount[to] != 0) return complain(last, 'a critical edge carries arguments');
    for (let other = firstIn[to]; !other.isNone; other = edgeNextIn[other]) {
      if (edgeFrom[other] != block) return complain(last, 'a critical edge');
    }
  }
  return true;
}

function same(a: Value, b: Value): bool {
  return types[a] == types[b];
}

function isType(value: Value, type: Type): bool {
  return types[value] == type;
}

function verifyTypes(value: Value): bool {
  const op: Op = ops[value];
  const type: Type = types[value];
  const a = argA[value];
  const b = argB[value];
  const typeA: Type = types[opHas(op, Flag.Pooled) ? none<Value>() : operandCount(value) > 0 ? a : none<Value>()];
  if (op >= Op.Eq && op <= Op.FGe) {
    if (type != Type.I32 || !same(a, b)) return false;
    return isIntComparison(op) ? isInt(typeA) || (typeA == Type.Ref && op <= Op.Ne) : isFloat(typeA);
  }
  if (op >= Op.Add && op <= Op.Rotr) return isInt(type) && isType(a, type) && isType(b, type);
  if (op >= Op.Clz && op <= Op.Popcnt) return isInt(type) && isType(a, type);
  if (op >= Op.Sdiv && op <= Op.Urem) return isInt(type) && isType(a, type) && isType(b, type);
  if (op == Op.MulHigh) return type == Type.I64 && isType(a, type) && isType(b, type);
  if (op >= Op.FAdd && op <= Op.FCopysign) return isFloat(type) && isType(a, type) && isType(b, type);
  if (op >= Op.FAbs && op <= Op.FSqrt) return isFloat(type) && isType(a, type);
  switch (op) {
    case Op.Iconst:
      return (isInt(type) || type == Type.Ref) && (type != Type.I32 || imms[value] >>> 32 == 0);
    case Op.Fconst:
      return isFloat(type) && (type != Type.F32 || imms[value] >>> 32 == 0);
    case Op.Sext8:
    case Op.Sext16:
      return isInt(type) && typeA == type;
    case Op.Sext32:
      return type == Type.I64 && typeA == type;
    case Op.ExtendS:
    case Op.ExtendU:
      return type == Type.I64 && typeA == Type.I32;
    case Op.Wrap:
      return type == Type.I32 && typeA == Type.I64;
    case Op.Promote:
      return type == Type.F64 && typeA == Type.F32;
    case Op.Demote:
      return type == Type.F32 && typeA == Type.F64;
    case Op.IntToFloatS:
    case Op.IntToFloatU:
      return isFloat(type) && isInt(typeA);
    case Op.FloatToIntS:
    case Op.FloatToIntU:
    case Op.FloatToIntSatS:
    case Op.FloatToIntSatU:
      return isInt(type) && isFloat(typeA);
    case Op.Bitcast:
      return type != typeA && typeSize(type) == typeSize(typeA);
    case Op.Select:
      return typeA == Type.I32 && isType(b, type) && isType(argC[value], type);
    case Op.Load:
      return typeA == Type.I32 && type != Type.None && imms[value] >>> 32 == 0;
    case Op.Load8U:
    case Op.Load8S:
    case Op.Load16U:
    case Op.Load16S:
      return typeA == Type.I32 && isInt(type) && imms[value] >>> 32 == 0;
    case Op.Load32U:
    case Op.Load32S:
      return typeA == Type.I32 && type == Type.I64 && imms[value] >>> 32 == 0;
    case Op.Store:
      return typeA == Type.I32 && type == Type.None && imms[value] >>> 32 == 0;
    case Op.Store8:
    case Op.Store16:
      return typeA == Type.I32 && type == Type.None && isInt(types[b]) && imms[value] >>> 32 == 0;
    case Op.Store32:
      return typeA == Type.I32 && type == Type.None && isType(b, Type.I64) && imms[value] >>> 32 == 0;
    case Op.CtxLoad:
      return type != Type.None;
    case Op.CtxStore:
      return type == Type.None;
    case Op.CtxAddr:
      return type == Type.I64;
    case Op.PtrLoad:
      return type != Type.None && (typeA == Type.I64 || typeA == Type.Ref);
    case Op.PtrStore:
      return type == Type.None && (typeA == Type.I64 || typeA == Type.Ref);
    case Op.TrapIf:
    case Op.BrIf:
    case Op.BrTable:
      return type == Type.None && typeA == Type.I32;
    case Op.CallRef:
      return isType(argC[value], Type.Ref);
    case Op.CallCode:
      return isType(argC[value], Type.I64);
    case Op.Result:
      return opHas(ops[a], Flag.Call) && imms[value] >= 1 && type != Type.None;
    case Op.Jump:
    case Op.Return:
    case Op.Trap:
      return type == Type.None;
    default:
      return true;
  }
}
