/** dom: dominators.
 *  In: `rpo`, lists of incoming edges.  Out: `idom`, O(1) `dominates`.
 *  Cost: near-linear on graphs from wasm (one round on reducible ones).  Ref: Cooper, Harvey, Kennedy, 2001. */

import { Column } from '../base/column';
import { Block, at, none } from '../base/entity';
import { rpo, rpoCount, rpoIndex } from './cfg';
import { ENTRY, blockCount, edgeFrom, edgeNextIn, firstIn } from './func';

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
    Column.free<Block, Block>(idom, capacity);
    Column.free<Block, u32>(domNumber, capacity);
    Column.free<Block, u32>(domSize, capacity);
    capacity = max<u32>(256, blockCount + (blockCount >> 2));
    idom = Column.create<Block, Block>(capacity);
    domNumber = Column.create<Block, u32>(capacity);
    domSize = Column.create<Block, u32>(capacity);
  }
  idom.clear(0, blockCount);
  iterate();
  number();
  // On a reducible graph every retreating edge goes to a dominator, and one round is enough.
  if (isReducible()) return;
  while (iterate()) {}
  number();
}

function iterate(): bool {
  let changed = false;
  const entry = at<Block>(ENTRY);
  idom[entry] = entry;
  for (let i: u32 = 2; i <= rpoCount; i++) {
    const block = rpo[i];
    let result = none<Block>();
    for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) {
      const from = edgeFrom[edge];
      if (idom[from].isNone) continue;
      result = result.isNone ? from : intersect(from, result);
    }
    if (idom[block] != result) {
      idom[block] = result;
      changed = true;
    }
  }
  idom[entry] = none<Block>();
  return changed;
}

function intersect(a: Block, b: Block): Block {
  let x = rpoIndex[a];
  let y = rpoIndex[b];
  while (x != y) {
    if (x > y) x = rpoIndex[idom[rpo[x]]];
    else y = rpoIndex[idom[rpo[y]]];
  }
  return rpo[x];
}

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
  Column.free<Block, u32>(next, blockCount);
}

function isReducible(): bool {
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) {
      const from = edgeFrom[edge];
      if (rpoIndex[from] >= i && !dominates(block, from)) return false;
    }
  }
  return true;
}
