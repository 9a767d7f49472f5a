/** cfg: the order of the blocks, and edits of the control-flow graph as a whole.
 *  In: blocks, terminators and their edges.  Out: `rpo`, `rpoIndex`, lists of incoming edges.
 *  Cost: O(blocks + edges); no recursion. */

import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { keptEntries, grownCapacity } from '../base/memory';
import { Pool } from '../base/pool';
import {
  ENTRY,
  appendValue,
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
  replaceValue,
  resolve,
  successorCount,
} from './func';
import { Op } from './op';
import { Type } from './type';

/** Number of reachable blocks. */
export let rpoCount: u32 = 0;
/** Reachable blocks in reverse postorder, at positions 1 to `rpoCount`; the entry is first. */
export let rpo: Column<u32, Block> = Column.none<u32, Block>();
/** Position of a block in `rpo`; 0: unreachable. */
export let rpoIndex: Column<Block, u32> = Column.none<Block, u32>();
let capacity: u32 = 0;

/** Depth-first search: pairs of block and number of successors still to visit. */
const stack = Pool.create();

function reserve(count: u32): void {
  if (count <= capacity) return;
  const larger = grownCapacity(capacity, count);
  rpo = Column.grown<u32, Block>(rpo, capacity, larger);
  rpoIndex = Column.grown<Block, u32>(rpoIndex, capacity, larger);
  capacity = larger;
}

/** Gives back the tables of a large function. */
export function trimCfg(): void {
  stack.trim();
  if (capacity <= keptEntries) return;
  rpo = Column.free<u32, Block>(rpo);
  rpoIndex = Column.free<Block, u32>(rpoIndex);
  capacity = 0;
}

/** Computes the order anew, empties unreachable blocks, and makes the lists of incoming edges hold exactly the edges of reachable
 *  terminators. A pass may therefore change terminators as it likes and repair everything by one call. */
export function rebuildCfg(): void {
  reserve(blockCount);
  order();
  relink();
  removeUnreachable();
}

/** Reverse postorder; edge 0's target comes as early as it can, so that it tends to follow its predecessor. */
function order(): void {
  rpoIndex.clear(0, blockCount);
  stack.clear();
  const entry = at<Block>(ENTRY);
  rpoIndex[entry] = 1;
  stack.push(ENTRY);
  stack.push(successorCount(lastValue[entry]));
  let count: u32 = 0;
  while (!stack.isEmpty) {
    const top = stack.length;
    const left = stack.get(top - 1);
    const block = at<Block>(stack.get(top - 2));
    if (left == 0) {
      stack.length = top - 2;
      rpo[++count] = block;
      continue;
    }
    stack.set(top - 1, left - 1);
    const to = edgeTo[at<Edge>(argB[lastValue[block]].index + left - 1)];
    if (rpoIndex[to] != 0) continue;
    rpoIndex[to] = 1;
    stack.push(to.index);
    stack.push(successorCount(lastValue[to]));
  }
  for (let low: u32 = 1, high = count; low < high; low++, high--) {
    const block = rpo[low];
    rpo[low] = rpo[high];
    rpo[high] = block;
  }
  rpo[0] = none<Block>();
  for (let i: u32 = 1; i <= count; i++) rpoIndex[rpo[i]] = i;
  rpoCount = count;
}

/** Lists of incoming edges, the last in reverse postorder first. */
function relink(): void {
  firstIn.clear(0, blockCount);
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    const last = lastValue[block];
    const count = successorCount(last);
    const first = argB[last].index;
    for (let k: u32 = 0; k < count; k++) {
      const edge = at<Edge>(first + k);
      edgeFrom[edge] = block;
      linkEdge(edge, edgeTo[edge]);
    }
  }
}

function removeUnreachable(): void {
  for (let i: u32 = 1; i < blockCount; i++) {
    const block = at<Block>(i);
    if (rpoIndex[block] != 0) continue;
    for (let value = firstValue[block]; !value.isNone; value = nexts[value]) blockOf[value] = none<Block>();
    firstValue[block] = none<Value>();
    lastValue[block] = none<Value>();
    paramCount[block] = 0;
  }
}

const SEVERAL: u32 = 0xffffffff;

/** After it, only a Jump's edge carries arguments, and no edge goes from a block with several successors to a block with several
 *  predecessor blocks. (Several edges of one BrTable, without arguments, may go to one block, whose only predecessor it is.)
 *  In: `rpo`.  Out: `rpo` of the new graph; aliases where parameters had one source: resolve them afterwards. */
export function splitCriticalEdges(): void {
  const count = blockCount;
  // The only predecessor block, or SEVERAL.
  const predecessor = Column.create<Block, u32>(count);
  predecessor.clear(0, count);
  // Where the edges of `splitOwner[to]` to `to` were led last.
  const splitOwner = Column.create<Block, Block>(count);
  const splitBlock = Column.create<Block, Block>(count);
  splitOwner.clear(0, count);
  // The entry has a predecessor outside.
  predecessor[at<Block>(ENTRY)] = SEVERAL;
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    const last = lastValue[block];
    const edges = successorCount(last);
    for (let k: u32 = 0; k < edges; k++) {
      const to = edgeTo[at<Edge>(argB[last].index + k)];
      const known = predecessor[to];
      if (known == 0) predecessor[to] = block.index;
      else if (known != block.index) predecessor[to] = SEVERAL;
    }
  }
  let changed = false;
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    const last = lastValue[block];
    const edges = successorCount(last);
    if (edges < 2) continue;
    for (let k: u32 = 0; k < edges; k++) {
      const edge = at<Edge>(argB[last].index + k);
      const to = edgeTo[edge];
      if (splitOwner[to] != block) {
        if (predecessor[to] != SEVERAL && (paramCount[to] == 0 || takeArguments(to))) continue;
        splitOwner[to] = block;
        splitBlock[to] = none<Block>();
      }
      changed = true;
      const shared = splitBlock[to];
      if (!shared.isNone && sameArguments(edge, at<Edge>(argB[lastValue[shared]].index), paramCount[to])) {
        edgeTo[edge] = shared;
        edgeArgs[edge] = 0;
        continue;
      }
      const middle = newBlock();
      coldness[middle] = coldness[to];
      const onward = newEdge(middle, to, edgeArgs[edge]);
      const jump = newValue(Op.Jump, Type.None, none<Value>(), at<Value>(onward.index), at<Value>(1), 0, locations[last]);
      appendValue(middle, jump);
      edgeTo[edge] = middle;
      edgeArgs[edge] = 0;
      splitBlock[to] = middle;
    }
  }
  Column.free<Block, u32>(predecessor);
  Column.free<Block, Block>(splitOwner);
  Column.free<Block, Block>(splitBlock);
  if (changed) rebuildCfg();
}

function sameArguments(one: Edge, other: Edge, count: u32): bool {
  const a = edgeArgs[one];
  const b = edgeArgs[other];
  for (let i: u32 = 0; i < count; i++) {
    if (resolve(at<Value>(pool.get(a + i))) != resolve(at<Value>(pool.get(b + i)))) return false;
  }
  return true;
}

/** The parameters of a block whose incoming edges all carry the same become aliases of the arguments. False: they differ. */
function takeArguments(block: Block): bool {
  const count = paramCount[block];
  const first = firstIn[block];
  for (let edge = edgeNextIn[first]; !edge.isNone; edge = edgeNextIn[edge]) {
    if (!sameArguments(first, edge, count)) return false;
  }
  for (let i: u32 = 0; i < count; i++) {
    const param = firstValue[block];
    replaceValue(param, resolve(at<Value>(pool.get(edgeArgs[first] + i))));
    removeValue(param);
  }
  paramCount[block] = 0;
  return true;
}

/** Repairs a block from which parameters were taken by `removeValue`: their arguments go, the others move up. */
export function compactParams(block: Block): void {
  const old = paramCount[block];
  let kept: u32 = 0;
  for (let param = firstValue[block]; !param.isNone && ops[param] == Op.Param; param = nexts[param]) kept++;
  if (kept == old) return;
  for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) {
    const args = edgeArgs[edge];
    let position: u32 = 0;
    for (let param = firstValue[block]; position < kept; param = nexts[param]) {
      pool.set(args + position, pool.get(args + (imms[param] as u32)));
      position++;
    }
  }
  let position: u32 = 0;
  for (let param = firstValue[block]; position < kept; param = nexts[param]) imms[param] = position++;
  paramCount[block] = kept;
}
