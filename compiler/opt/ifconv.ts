/** ifconv: small branches around one cheap integer value become a Select.
 *  In: SSA without aliases, `rpo`, lists of incoming edges.  Out: the same; `rebuildCfg` is due when the result is true.
 *  Breaks: dom, loops, use counts.
 *  Few are taken: wasm comes from optimisers that have chosen between branch and select already. An arm may hold one operation of one
 *  cycle besides constants, and the arms may differ in one value; branches back to a loop's start and to cold blocks stay.
 *  Cost: O(blocks). */

import { Block, Edge, Value, at, none } from '../base/entity';
import { rpo, rpoCount, rpoIndex } from '../ir/cfg';
import {
  argA,
  argB,
  argC,
  coldness,
  edgeArgs,
  edgeNextIn,
  edgeTo,
  firstIn,
  firstValue,
  insertBefore,
  lastValue,
  locations,
  newValue,
  nexts,
  ops,
  paramCount,
  pool,
  removeValue,
  successor,
  types,
} from '../ir/func';
import { Op, isIntComparison } from '../ir/op';
import { Type } from '../ir/type';

export function convertBranches(): bool {
  let changed = false;
  // From the last to the first: inner branches go before those around them.
  for (let i = rpoCount; i >= 1; i--) if (convert(rpo[i])) changed = true;
  return changed;
}

/** The edge on which control comes to where both ways meet: the arm's jump, or the branch's own edge. */
function leaving(edge: Edge): Edge {
  const arm = edgeTo[edge];
  return isArm(arm) ? at<Edge>(argB[lastValue[arm]].index) : edge;
}

/** A block that only one edge leads to, which computes next to nothing and jumps on. */
function isArm(block: Block): bool {
  if (paramCount[block] != 0 || coldness[block] != 0 || !edgeNextIn[firstIn[block]].isNone) return false;
  if (ops[lastValue[block]] != Op.Jump) return false;
  let operations: u32 = 0;
  for (let value = firstValue[block]; value != lastValue[block]; value = nexts[value]) {
    const op: Op = ops[value];
    if (op == Op.Iconst) continue;
    if (!isCheap(op) || ++operations > 1) return false;
  }
  return true;
}

/** Integer operations of one cycle. */
function isCheap(op: Op): bool {
  switch (op) {
    case Op.Add:
    case Op.Sub:
    case Op.And:
    case Op.Or:
    case Op.Xor:
    case Op.Shl:
    case Op.ShrS:
    case Op.ShrU:
    case Op.Sext8:
    case Op.Sext16:
    case Op.Sext32:
    case Op.ExtendS:
    case Op.ExtendU:
    case Op.Wrap:
      return true;
    default:
      return isIntComparison(op);
  }
}

function convert(block: Block): bool {
  const branch = lastValue[block];
  if (ops[branch] != Op.BrIf) return false;
  const first = successor(branch, 0);
  const second = successor(branch, 1);
  const ifNonzero = leaving(first);
  const ifZero = leaving(second);
  if (edgeTo[ifNonzero] != edgeTo[ifZero]) return false;
  const join = edgeTo[ifNonzero];
  if (join == block || coldness[join] != 0 || rpoIndex[join] <= rpoIndex[block]) return false;
  const count = paramCount[join];
  const whenNonzero = edgeArgs[ifNonzero];
  const whenZero = edgeArgs[ifZero];
  let different = count;
  for (let i: u32 = 0; i < count; i++) {
    if (pool.get(whenNonzero + i) == pool.get(whenZero + i)) continue;
    if (different != count) return false;
    different = i;
  }
  if (different != count) {
    const type: u32 = types[at<Value>(pool.get(whenNonzero + different))];
    if (type != Type.I32 && type != Type.I64) return false;
  }
  if (ifNonzero != first) takeOver(edgeTo[first], branch);
  if (ifZero != second) takeOver(edgeTo[second], branch);
  const args = pool.extend(count);
  for (let i: u32 = 0; i < count; i++) {
    const one = at<Value>(pool.get(whenNonzero + i));
    let chosen = one;
    if (i == different) {
      const other = at<Value>(pool.get(whenZero + i));
      chosen = newValue(Op.Select, types[one], argA[branch], one, other, 0, locations[branch]);
      insertBefore(chosen, branch);
    }
    pool.set(args + i, chosen.index);
  }
  edgeTo[first] = join;
  edgeArgs[first] = args;
  ops[branch] = Op.Jump as u8;
  argA[branch] = none<Value>();
  argC[branch] = at<Value>(1);
  return true;
}

/** Moves what an arm computes before the branch. */
function takeOver(arm: Block, branch: Value): void {
  let value = firstValue[arm];
  while (value != lastValue[arm]) {
    const next = nexts[value];
    removeValue(value);
    insertBefore(value, branch);
    value = next;
  }
}
