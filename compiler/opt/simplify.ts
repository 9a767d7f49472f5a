/** simplify: folds values, decides branches, and clears what that leaves: parameters with one source, empty blocks, chains of blocks.
 *  In: SSA, perhaps with aliases and unreachable blocks.  Out: SSA without aliases; `rpo`.
 *  Breaks: dominators, loops, use counts.
 *  Cost: O(n) a round, at most ROUNDS rounds.  Ref: Braun et al. 2013 for the parameters. */

import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { Pool } from '../base/pool';
import { compactParams, rebuildCfg, rpo, rpoCount, rpoIndex } from '../ir/cfg';
import {
  ENTRY,
  aliases,
  argB,
  blockCount,
  blockOf,
  coldness,
  edgeArgs,
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
  removeValue,
  replaceValue,
  resolve,
  successor,
  successorCount,
  valueCount,
} from '../ir/func';
import { Flag, Op, opHas } from '../ir/op';
import { countUses, resolveAll, resolveEdgeArgs, resolveOperands, useCount } from '../ir/uses';
import { Check, simplifyBranch, simplifyTrapIf } from './branch';
import { simplerValue, substitute } from './rewrite';

const ROUNDS: u32 = 2;

export function simplify(): void {
  rebuildCfg();
  // Parameters first: translation makes many that have one source, and folding sees through them then.
  removeRedundantParams();
  for (let round: u32 = 0; round < ROUNDS; round++) {
    let changed = foldBlocks();
    rebuildCfg();
    if (removeRedundantParams()) changed = true;
    resolveAll();
    if (threadJumps()) changed = true;
    if (mergeBlocks()) changed = true;
    if (!changed) break;
  }
  resolveAll();
}

/** Folds in reverse postorder: operands come before their uses, but for loops' parameters. True when control flow changed. */
function foldBlocks(): bool {
  let changed = false;
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    let value = firstValue[block];
    while (!value.isNone) {
      const next = nexts[value];
      resolveOperands(value);
      const op: Op = ops[value];
      if (op == Op.TrapIf) {
        if (simplifyTrapIf(value) == Check.Ends) {
          changed = true;
          break;
        }
      } else if (opHas(op, Flag.Terminator)) {
        resolveEdgeArgs(value);
        if (simplifyBranch(value)) changed = true;
      } else {
        const found = simplerValue(value);
        if (!found.isNone) substitute(value, found);
      }
      value = next;
    }
  }
  return changed;
}

const work = Pool.create(256);
/** Parameters that receive a parameter, by the one they receive: circular lists of pairs, parameter and next pair. */
const receivers = Pool.create(256);

/** Parameters whose arguments are all one value, or the parameter itself, become that value. Requires: `rpo`. */
export function removeRedundantParams(): bool {
  const count = valueCount;
  const lastReceiver = Column.create<Value, u32>(count);
  lastReceiver.clear(0, count);
  receivers.clear();
  work.clear();
  for (let i = rpoCount; i > 1; i--) {
    const block = rpo[i];
    let position: u32 = 0;
    const params = paramCount[block];
    for (let param = firstValue[block]; position < params; param = nexts[param]) {
      work.push(param.index);
      for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) {
        const source = resolve(at<Value>(pool.get(edgeArgs[edge] + position)));
        if (ops[source] != Op.Param || source == param) continue;
        const pair = receivers.extend(2);
        receivers.set(pair, param.index);
        const last = lastReceiver[source];
        receivers.set(pair + 1, last == 0 ? pair : receivers.get(last + 1));
        if (last != 0) receivers.set(last + 1, pair);
        else lastReceiver[source] = pair;
      }
      position++;
    }
  }
  let changed = false;
  while (!work.isEmpty) {
    const param = at<Value>(work.pop());
    if (!aliases[param].isNone) continue;
    const source = onlySource(param);
    if (source.isNone) continue;
    replaceValue(param, source);
    changed = true;
    const last = lastReceiver[param];
    if (last == 0) continue;
    let pair = last;
    do {
      pair = receivers.get(pair + 1);
      const receiver = at<Value>(receivers.get(pair));
      if (aliases[receiver].isNone) work.push(receiver.index);
    } while (pair != last);
    // What receives this parameter receives its source now: join the circles.
    if (ops[source] != Op.Param) continue;
    const other = lastReceiver[source];
    if (other == 0) {
      lastReceiver[source] = last;
    } else {
      const next = receivers.get(last + 1);
      receivers.set(last + 1, receivers.get(other + 1));
      receivers.set(other + 1, next);
    }
  }
  Column.free<Value, u32>(lastReceiver, count);
  if (!changed) return false;
  for (let i: u32 = 2; i <= rpoCount; i++) {
    const block = rpo[i];
    let left = paramCount[block];
    let param = firstValue[block];
    for (; left != 0; left--) {
      const next = nexts[param];
      if (!aliases[param].isNone) removeValue(param);
      param = next;
    }
    compactParams(block);
  }
  return true;
}

function onlySource(param: Value): Value {
  const position = imms[param] as u32;
  let source = none<Value>();
  for (let edge = firstIn[blockOf[param]]; !edge.isNone; edge = edgeNextIn[edge]) {
    const value = resolve(at<Value>(pool.get(edgeArgs[edge] + position)));
    if (value == param || value == source) continue;
    if (!source.isNone) return none<Value>();
    source = value;
  }
  return source;
}

/** Edges to a block that only jumps on lead to where it jumps. A block with parameters is passed when only its jump uses them.
 *  Requires: no aliases. Edges in the lists of incoming edges may be stale afterwards. */
function threadJumps(): bool {
  countUses();
  const passable = Column.create<Block, u8>(blockCount);
  passable.clear(0, blockCount);
  for (let i: u32 = 2; i <= rpoCount; i++) passable[rpo[i]] = isPassable(rpo[i]) as u8;
  let changed = false;
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const terminator = lastValue[rpo[i]];
    const edges = successorCount(terminator);
    for (let k: u32 = 0; k < edges; k++) {
      const edge = successor(terminator, k);
      // A cycle of empty blocks stays as it is; so does what is behind many of them.
      for (let steps = 0; steps < 16; steps++) {
        const through = edgeTo[edge];
        if (passable[through] == 0) break;
        const onward = at<Edge>(argB[lastValue[through]].index);
        if (edgeTo[onward] == through) break;
        passThrough(edge, through, onward);
        changed = true;
      }
    }
  }
  Column.free<Block, u8>(passable, blockCount);
  if (changed) rebuildCfg();
  return changed;
}

function isPassable(block: Block): bool {
  const last = lastValue[block];
  if (ops[last] != Op.Jump) return false;
  const params = paramCount[block];
  let first = firstValue[block];
  for (let i: u32 = 0; i < params; i++) first = nexts[first];
  if (first != last) return false;
  // Two loops stay two.
  if (isHeader(block) && isHeader(edgeTo[at<Edge>(argB[last].index)])) return false;
  if (params == 0) return true;
  // Every use of a parameter is an argument of the jump.
  const onward = at<Edge>(argB[last].index);
  const args = edgeArgs[onward];
  const count = paramCount[edgeTo[onward]];
  let param = firstValue[block];
  for (let i: u32 = 0; i < params; i++) {
    let uses: u32 = 0;
    for (let k: u32 = 0; k < count; k++) if (pool.get(args + k) == param.index) uses++;
    if (uses != useCount[param]) return false;
    param = nexts[param];
  }
  return true;
}

/** Does an edge come from below, in reverse postorder? */
function isHeader(block: Block): bool {
  for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) if (rpoIndex[edgeFrom[edge]] >= rpoIndex[block]) return true;
  return false;
}

/** Makes `edge`, which goes to `through`, take the way of `through`'s jump. */
function passThrough(edge: Edge, through: Block, onward: Edge): void {
  const to = edgeTo[onward];
  const count = paramCount[to];
  const old = edgeArgs[edge];
  const args = pool.extend(count);
  for (let i: u32 = 0; i < count; i++) {
    let value = at<Value>(pool.get(edgeArgs[onward] + i));
    if (ops[value] == Op.Param && blockOf[value] == through) value = at<Value>(pool.get(old + (imms[value] as u32)));
    pool.set(args + i, value.index);
  }
  edgeArgs[edge] = args;
  edgeTo[edge] = to;
}

/** A block whose only predecessor jumps to it is appended to that. Requires: lists of incoming edges. */
function mergeBlocks(): bool {
  let changed = false;
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    // Appended to another already.
    if (lastValue[block].isNone) continue;
    for (;;) {
      const jump = lastValue[block];
      if (ops[jump] != Op.Jump) break;
      const edge = at<Edge>(argB[jump].index);
      const next = edgeTo[edge];
      if (next == block || next.index == ENTRY || firstIn[next] != edge || !edgeNextIn[edge].isNone) break;
      absorb(block, jump, edge, next);
      changed = true;
    }
  }
  if (changed) rebuildCfg();
  return changed;
}

function absorb(block: Block, jump: Value, edge: Edge, next: Block): void {
  const params = paramCount[next];
  let value = firstValue[next];
  for (let i: u32 = 0; i < params; i++) {
    const param = value;
    value = nexts[value];
    blockOf[param] = none<Block>();
    replaceValue(param, resolve(at<Value>(pool.get(edgeArgs[edge] + i))));
  }
  removeValue(jump);
  const last = lastValue[block];
  prevs[value] = last;
  if (last.isNone) firstValue[block] = value;
  else nexts[last] = value;
  lastValue[block] = lastValue[next];
  for (; !value.isNone; value = nexts[value]) blockOf[value] = block;
  const terminator = lastValue[block];
  const edges = successorCount(terminator);
  for (let k: u32 = 0; k < edges; k++) edgeFrom[successor(terminator, k)] = block;
  coldness[block] = coldness[block] | coldness[next];
  firstValue[next] = none<Value>();
  lastValue[next] = none<Value>();
  paramCount[next] = 0;
  firstIn[next] = none<Edge>();
}
