/** uses: the operands of an instruction whatever its shape, and how often each value is used.
 *  Operands are the value arguments of op.ts, pooled arguments and a call's callee; arguments of edges are apart. */

import { Column } from '../base/column';
import { Edge, Value, at } from '../base/entity';
import { keptEntries } from '../base/memory';
import {
  argA,
  argB,
  argC,
  edgeArgs,
  edgeTo,
  firstValue,
  lastValue,
  nexts,
  ops,
  paramCount,
  pool,
  resolve,
  successor,
  successorCount,
  valueCount,
} from './func';
import { rpo, rpoCount } from './cfg';
import { Flag, Op, opArity, opHas } from './op';

/** Uses of each value as an operand or as an argument of an edge; right after `countUses`. */
export let useCount: Column<Value, u32> = Column.none<Value, u32>();
let capacity: u32 = 0;

export function operandCount(value: Value): u32 {
  const op: Op = ops[value];
  if (!opHas(op, Flag.Pooled)) return opArity(op);
  return argB[value].index + ((op == Op.CallRef || op == Op.CallCode) as u32);
}

export function operand(value: Value, index: u32): Value {
  if (opHas(ops[value], Flag.Pooled)) return index < argB[value].index ? at<Value>(pool.get(argA[value].index + index)) : argC[value];
  return index == 0 ? argA[value] : index == 1 ? argB[value] : argC[value];
}

export function setOperand(value: Value, index: u32, to: Value): void {
  if (opHas(ops[value], Flag.Pooled)) {
    if (index < argB[value].index) pool.set(argA[value].index + index, to.index);
    else argC[value] = to;
  } else if (index == 0) argA[value] = to;
  else if (index == 1) argB[value] = to;
  else argC[value] = to;
}

/** Replaces operands that have an alias by what stands for them. */
export function resolveOperands(value: Value): void {
  const count = operandCount(value);
  for (let i: u32 = 0; i < count; i++) {
    const old = operand(value, i);
    const live = resolve(old);
    if (live != old) setOperand(value, i, live);
  }
}

/** The same for the arguments of a terminator's edges. */
export function resolveEdgeArgs(terminator: Value): void {
  const edges = successorCount(terminator);
  for (let k: u32 = 0; k < edges; k++) {
    const edge = successor(terminator, k);
    const args = edgeArgs[edge];
    const count = paramCount[edgeTo[edge]];
    for (let i: u32 = args; i < args + count; i++) pool.set(i, resolve(at<Value>(pool.get(i))).index);
  }
}

/** Removes every alias from the reachable blocks. Requires: `rpo`. Cost: O(values). */
export function resolveAll(): void {
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    for (let value = firstValue[block]; !value.isNone; value = nexts[value]) resolveOperands(value);
    resolveEdgeArgs(lastValue[block]);
  }
}

/** Counts anew. Requires: `rpo`, no aliases. Cost: O(values). */
export function countUses(): void {
  if (valueCount > capacity) {
    Column.free<Value, u32>(useCount);
    capacity = max<u32>(64, valueCount + (valueCount >> 3));
    useCount = Column.create<Value, u32>(capacity);
  }
  useCount.clear(0, valueCount);
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    for (let value = firstValue[block]; !value.isNone; value = nexts[value]) {
      const count = operandCount(value);
      for (let k: u32 = 0; k < count; k++) use(operand(value, k));
    }
    const last = lastValue[block];
    const edges = successorCount(last);
    for (let k: u32 = 0; k < edges; k++) {
      const edge: Edge = successor(last, k);
      const args = edgeArgs[edge];
      const count = paramCount[edgeTo[edge]];
      for (let j: u32 = 0; j < count; j++) use(at<Value>(pool.get(args + j)));
    }
  }
}

/** Gives back the table of a large function. */
export function trimUses(): void {
  if (capacity <= keptEntries) return;
  useCount = Column.free<Value, u32>(useCount);
  capacity = 0;
}

function use(value: Value): void {
  useCount[value] = useCount[value] + 1;
}
