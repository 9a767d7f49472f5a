/** branch: control flow on known conditions.
 *  In: a terminator or TrapIf with resolved operands.  Out: the same, or a simpler one; edges that are dropped stay in the lists of
 *  incoming edges until `rebuildCfg`.  Cost: O(edges). */

import { Block, Edge, Value, at, none } from '../base/entity';
import {
  argA,
  argB,
  argC,
  blockOf,
  coldness,
  edgeArgs,
  edgeTo,
  imms,
  lastValue,
  nexts,
  ops,
  paramCount,
  pool,
  removeValue,
  resolve,
  successor,
  types,
} from '../ir/func';
import { Op, isComparison, isIntComparison } from '../ir/op';
import { Type } from '../ir/type';

/** True when the terminator changed. */
export function simplifyBranch(terminator: Value): bool {
  const op: Op = ops[terminator];
  if (op == Op.BrIf) return simplifyBranchIf(terminator);
  if (op == Op.BrTable) return simplifyBranchTable(terminator);
  return false;
}

function becomeJump(terminator: Value, edge: Edge): bool {
  ops[terminator] = Op.Jump as u8;
  argA[terminator] = none<Value>();
  argB[terminator] = at<Value>(edge.index);
  argC[terminator] = at<Value>(1);
  return true;
}

/** Both lead to the same block with the same arguments. */
function sameEdges(one: Edge, other: Edge): bool {
  if (edgeTo[one] != edgeTo[other]) return false;
  const a = edgeArgs[one];
  const b = edgeArgs[other];
  const count = paramCount[edgeTo[one]];
  for (let i: u32 = 0; i < count; i++) {
    if (resolve(at<Value>(pool.get(a + i))) != resolve(at<Value>(pool.get(b + i)))) return false;
  }
  return true;
}

function swapEdges(one: Edge, other: Edge): void {
  const to = edgeTo[one];
  edgeTo[one] = edgeTo[other];
  edgeTo[other] = to;
  const args = edgeArgs[one];
  edgeArgs[one] = edgeArgs[other];
  edgeArgs[other] = args;
}

function simplifyBranchIf(terminator: Value): bool {
  const ifNonzero = successor(terminator, 0);
  const ifZero = successor(terminator, 1);
  let changed = false;
  for (;;) {
    const condition = argA[terminator];
    if (ops[condition] == Op.Iconst) return becomeJump(terminator, imms[condition] != 0 ? ifNonzero : ifZero);
    const inner = comparedWithZero(condition);
    if (inner.isNone) break;
    if (ops[condition] == Op.Eq) swapEdges(ifNonzero, ifZero);
    argA[terminator] = inner;
    changed = true;
  }
  if (sameEdges(ifNonzero, ifZero)) return becomeJump(terminator, ifNonzero);
  return changed;
}

/** x of x == 0 or x != 0 (i32). Not of a comparison: folding has turned that around already, where it can. */
function comparedWithZero(condition: Value): Value {
  const op: Op = ops[condition];
  if (op != Op.Eq && op != Op.Ne) return none<Value>();
  const x = resolve(argA[condition]);
  const y = resolve(argB[condition]);
  if (types[x] != Type.I32 || ops[y] != Op.Iconst || imms[y] != 0) return none<Value>();
  // A comparison with zero is as good as a test, and a negated integer comparison is better: leave those to folding.
  return isComparison(ops[x]) && isIntComparison(ops[x]) ? none<Value>() : x;
}

function simplifyBranchTable(terminator: Value): bool {
  const count = argC[terminator].index;
  const index = argA[terminator];
  if (ops[index] == Op.Iconst) {
    const known = imms[index] as u32;
    return becomeJump(terminator, successor(terminator, known < count ? known : count - 1));
  }
  const first = successor(terminator, 0);
  for (let k: u32 = 1; k < count; k++) {
    if (!sameEdges(first, successor(terminator, k))) return false;
  }
  return becomeJump(terminator, first);
}

/** What is known of a TrapIf. */
export const enum Check {
  Unknown,
  /** Never traps: removed. */
  Removed,
  /** Always traps: its block ends here. */
  Ends,
}

export function simplifyTrapIf(value: Value): Check {
  let condition = argA[value];
  if (ops[condition] == Op.Ne) {
    const inner = comparedWithZero(condition);
    if (!inner.isNone) {
      argA[value] = inner;
      condition = inner;
    }
  }
  if (ops[condition] != Op.Iconst) return Check.Unknown;
  if (imms[condition] == 0) {
    removeValue(value);
    return Check.Removed;
  }
  const block = blockOf[value];
  ops[value] = Op.Trap as u8;
  argA[value] = none<Value>();
  endBlock(block, value);
  return Check.Ends;
}

/** `last`, a terminator, ends its block; what follows is removed. */
function endBlock(block: Block, last: Value): void {
  for (let value = nexts[last]; !value.isNone; value = nexts[value]) blockOf[value] = none<Block>();
  nexts[last] = none<Value>();
  lastValue[block] = last;
  coldness[block] = 1;
}
