/** dom: dominators.
 *  In: `rpo`, lists of incoming edges.  Out: `idom`, O(1) `dominates`.
 *  Cost: near-linear; 20 bytes a block in scratch; no recursion.  Ref: Georgiadis 2005, "Linear-Time Algorithms for Dominators and
 *  Related Problems" (Semi-NCA). */

import { Column } from '../base/column';
import { Block, at } from '../base/entity';
import { keptEntries } from '../base/memory';
import { Pool } from '../base/pool';
import { rpo, rpoCount } from './cfg';
import { ENTRY, blockCount, edgeFrom, edgeNextIn, edgeTo, firstIn, lastValue, successor, successorCount } from './func';

/** Immediate dominator; none for the entry and for unreachable blocks. */
export let idom: Column<Block, Block> = Column.none<Block, Block>();
/** Preorder number in the dominator tree, from 1; children in reverse postorder. */
export let domNumber: Column<Block, u32> = Column.none<Block, u32>();
/** Blocks in the subtree, the block itself included. */
export let domSize: Column<Block, u32> = Column.none<Block, u32>();
let capacity: u32 = 0;

/** Does every path to `b` go through `a`? A block dominates itself. Both are reachable. */
export function dominates(a: Block, b: Block): bool {
  return domNumber[b] - domNumber[a] < domSize[a];
}

export function computeDominators(): void {
  if (blockCount > capacity) {
    Column.free<Block, Block>(idom);
    Column.free<Block, u32>(domNumber);
    Column.free<Block, u32>(domSize);
    capacity = max<u32>(64, blockCount + (blockCount >> 2));
    idom = Column.create<Block, Block>(capacity);
    domNumber = Column.create<Block, u32>(capacity);
    domSize = Column.create<Block, u32>(capacity);
  }
  idom.clear(0, blockCount);
  const size = rpoCount + 1;
  blockAt = Column.create<u32, Block>(size);
  numberOf = Column.create<Block, u32>(blockCount);
  parents = Column.create<u32, u32>(size);
  ancestors = Column.create<u32, u32>(size);
  labels = Column.create<u32, u32>(size);
  semis = Column.create<u32, u32>(size);
  walk();
  findSemidominators();
  // The immediate dominator is the nearest one above the parent that is not below the semidominator.
  for (let i: u32 = 2; i <= rpoCount; i++) {
    let above = parents[i];
    while (above > semis[i]) above = parents[above];
    // Parents are not needed again: they become dominators as we go.
    parents[i] = above;
    idom[blockAt[i]] = blockAt[above];
  }
  Column.free<u32, Block>(blockAt);
  Column.free<Block, u32>(numberOf);
  Column.free<u32, u32>(parents);
  Column.free<u32, u32>(ancestors);
  Column.free<u32, u32>(labels);
  Column.free<u32, u32>(semis);
  number();
}

/** Gives back the tables of a large function. */
export function trimDominators(): void {
  stack.trim();
  if (capacity <= keptEntries) return;
  idom = Column.free<Block, Block>(idom);
  domNumber = Column.free<Block, u32>(domNumber);
  domSize = Column.free<Block, u32>(domSize);
  capacity = 0;
}

// Blocks by their number in a depth-first walk, from 1, while dominators are found.
let blockAt: Column<u32, Block> = Column.none<u32, Block>();
let numberOf: Column<Block, u32> = Column.none<Block, u32>();
/** Parent in the tree of the walk. */
let parents: Column<u32, u32> = Column.none<u32, u32>();
/** Paths upward through what is linked already, compressed; 0: not linked. */
let ancestors: Column<u32, u32> = Column.none<u32, u32>();
/** The number with the lowest semidominator on the path to the ancestor. */
let labels: Column<u32, u32> = Column.none<u32, u32>();
let semis: Column<u32, u32> = Column.none<u32, u32>();
const stack = Pool.create();

/** Numbers the blocks in preorder. */
function walk(): void {
  numberOf.clear(0, blockCount);
  let count: u32 = 0;
  stack.clear();
  stack.push(ENTRY);
  stack.push(0);
  while (!stack.isEmpty) {
    const parent = stack.pop();
    const block = at<Block>(stack.pop());
    if (numberOf[block] != 0) continue;
    const mine = ++count;
    numberOf[block] = mine;
    blockAt[mine] = block;
    parents[mine] = parent;
    ancestors[mine] = 0;
    labels[mine] = mine;
    semis[mine] = mine;
    const last = lastValue[block];
    const edges = successorCount(last);
    for (let k: u32 = 0; k < edges; k++) {
      const to = edgeTo[successor(last, k)];
      if (numberOf[to] != 0) continue;
      stack.push(to.index);
      stack.push(mine);
    }
  }
}

function findSemidominators(): void {
  for (let i = rpoCount; i > 1; i--) {
    let semi = i;
    for (let edge = firstIn[blockAt[i]]; !edge.isNone; edge = edgeNextIn[edge]) {
      semi = min(semi, semis[lowest(numberOf[edgeFrom[edge]])]);
    }
    semis[i] = semi;
    ancestors[i] = parents[i];
  }
}

/** The number with the lowest semidominator on the linked path above `i`, which is compressed. */
function lowest(i: u32): u32 {
  if (ancestors[i] == 0) return i;
  stack.clear();
  let step = i;
  while (ancestors[ancestors[step]] != 0) {
    stack.push(step);
    step = ancestors[step];
  }
  while (!stack.isEmpty) {
    step = stack.pop();
    const above = ancestors[step];
    if (semis[labels[above]] < semis[labels[step]]) labels[step] = labels[above];
    ancestors[step] = ancestors[above];
  }
  return labels[i];
}

/** Numbers the dominator tree. */
function number(): void {
  for (let i: u32 = 1; i <= rpoCount; i++) domSize[rpo[i]] = 1;
  for (let i = rpoCount; i > 1; i--) {
    const block = rpo[i];
    const parent = idom[block];
    domSize[parent] = domSize[parent] + domSize[block];
  }
  const next = Column.create<Block, u32>(blockCount);
  const entry = at<Block>(ENTRY);
  domNumber[entry] = 1;
  next[entry] = 2;
  for (let i: u32 = 2; i <= rpoCount; i++) {
    const block = rpo[i];
    const parent = idom[block];
    const mine = next[parent];
    next[parent] = mine + domSize[block];
    domNumber[block] = mine;
    next[block] = mine + 1;
  }
  Column.free<Block, u32>(next);
}
