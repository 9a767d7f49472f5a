/** simplify: folds values, decides branches, and clears what that leaves: parameters with one source, empty blocks, chains of blocks.
 *  In: SSA, perhaps with aliases and unreachable blocks.  Out: SSA without aliases; `rpo`.
 *  Breaks: dominators, loops, use counts.
 *  Cost: O(n) a round, at most ROUNDS rounds.  Ref: Braun et al. 2013 for the parameters. */

import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { compactParams, rebuildCfg, rpo, rpoCount, rpoIndex } from '../ir/cfg';
import {
  ENTRY,
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

/** Rounds in which guesses about parameters may still change; more than graphs from wasm need. */
const MAX_SWEEPS: u32 = 16;

/** What each parameter is guessed to be: none: not known yet; itself: no copy; else the value that all its arguments are. */
let copies: Column<Value, Value> = Column.none<Value, Value>();

/** Parameters whose arguments are all one value become that value, those that only receive each other in a cycle too.
 *  Guesses that parameters are copies, until a sweep over the graph contradicts none. Requires: `rpo`. */
function removeRedundantParams(): bool {
  const count = valueCount;
  copies = Column.create<Value, Value>(count);
  copies.clear(0, count);
  let settled = false;
  for (let sweep: u32 = 0; sweep < MAX_SWEEPS && !settled; sweep++) settled = sweepCopies(true);
  // Unsettled guesses are worth nothing. What is seen without guessing holds at any time.
  if (!settled) {
    for (let i: u32 = 2; i <= rpoCount; i++) {
      let left = paramCount[rpo[i]];
      for (let param = firstValue[rpo[i]]; left != 0; left--, param = nexts[param]) copies[param] = param;
    }
    sweepCopies(false);
  }
  let changed = false;
  for (let i: u32 = 2; i <= rpoCount; i++) {
    const block = rpo[i];
    let left = paramCount[block];
    let param = firstValue[block];
    for (; left != 0; left--) {
      const next = nexts[param];
      if (copies[param] != param) {
        replaceValue(param, copies[param]);
        removeValue(param);
        changed = true;
      }
      param = next;
    }
    compactParams(block);
  }
  Column.free<Value, Value>(copies);
  return changed;
}

/** What a value is by the guesses so far. */
function copyOf(value: Value): Value {
  const live = resolve(value);
  return ops[live] == Op.Param && blockOf[live].index != ENTRY ? copies[live] : live;
}

/** One sweep; `guess`: a parameter that has become itself stays so. True when nothing changed. */
function sweepCopies(guess: bool): bool {
  let settled = true;
  for (let i: u32 = 2; i <= rpoCount; i++) {
    const block = rpo[i];
    const params = paramCount[block];
    let param = firstValue[block];
    for (let position: u32 = 0; position < params; position++, param = nexts[param]) {
      const old = copies[param];
      if (guess && old == param) continue;
      let source = none<Value>();
      for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) {
        const copy = copyOf(at<Value>(pool.get(edgeArgs[edge] + position)));
        if (copy.isNone || copy == source || copy == param) continue;
        if (!source.isNone) {
          source = param;
          break;
        }
        source = copy;
      }
      if (source.isNone || source == old) continue;
      copies[param] = source;
      settled = false;
    }
  }
  return settled;
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
  Column.free<Block, u8>(passable);
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
