/** loop: natural loops and their nesting.
 *  In: `rpo`, dominators.  Out: loops from 1, inner before outer; `loopOf`, `loopDepth`.
 *  Cycles that no one block dominates (irreducible; not from wasm) are no loops: depth 0.
 *  Cost: near-linear; no recursion.  Ref: LLVM's LoopInfo. */

import { Column } from '../base/column';
import { Block, Entity, at, none } from '../base/entity';
import { keptEntries } from '../base/memory';
import { Pool } from '../base/pool';
import { rpo, rpoCount, rpoIndex } from './cfg';
import { dominates } from './dom';
import { blockCount, edgeFrom, edgeNextIn, firstIn } from './func';

/** A natural loop. A loop's parent has the larger index. */
@unmanaged
@final
export class Loop extends Entity {}

/** Number of loops + 1. */
export let loopCount: u32 = 1;
export let loopHeader: Column<Loop, Block> = Column.none<Loop, Block>();
/** The loop around this one, or none. */
export let loopParent: Column<Loop, Loop> = Column.none<Loop, Loop>();
/** Depth of a loop; 1 is outermost. */
export let loopLevel: Column<Loop, u32> = Column.none<Loop, u32>();
let loopCapacity: u32 = 0;
/** While loops are found: the outermost loop known so far around each, by way of others. */
let roots: Column<Loop, Loop> = Column.none<Loop, Loop>();

/** The innermost loop around a block, or none. */
export let loopOf: Column<Block, Loop> = Column.none<Block, Loop>();
/** Number of loops around a block. */
export let loopDepth: Column<Block, u32> = Column.none<Block, u32>();
let blockCapacity: u32 = 0;

const work = Pool.create();

export function computeLoops(): void {
  if (blockCount > blockCapacity) {
    Column.free<Block, Loop>(loopOf);
    Column.free<Block, u32>(loopDepth);
    blockCapacity = max<u32>(64, blockCount + (blockCount >> 2));
    loopOf = Column.create<Block, Loop>(blockCapacity);
    loopDepth = Column.create<Block, u32>(blockCapacity);
  }
  loopOf.clear(0, blockCount);
  loopDepth.clear(0, blockCount);
  loopCount = 1;
  if (loopCapacity == 0) growLoops();
  loopHeader[none<Loop>()] = none<Block>();
  loopParent[none<Loop>()] = none<Loop>();
  loopLevel[none<Loop>()] = 0;
  for (let i = rpoCount; i >= 1; i--) {
    const header = rpo[i];
    work.clear();
    for (let edge = firstIn[header]; !edge.isNone; edge = edgeNextIn[edge]) {
      const from = edgeFrom[edge];
      if (rpoIndex[from] >= i && dominates(header, from)) work.push(from.index);
    }
    if (!work.isEmpty) collect(newLoop(header));
  }
  for (let i = loopCount - 1; i >= 1; i--) {
    const loop = at<Loop>(i);
    loopLevel[loop] = loopLevel[loopParent[loop]] + 1;
  }
  for (let i: u32 = 1; i <= rpoCount; i++) loopDepth[rpo[i]] = loopLevel[loopOf[rpo[i]]];
}

/** Gives back the tables of a large function. */
export function trimLoops(): void {
  work.trim();
  if (blockCapacity <= keptEntries) return;
  loopOf = Column.free<Block, Loop>(loopOf);
  loopDepth = Column.free<Block, u32>(loopDepth);
  blockCapacity = 0;
  loopHeader = Column.free<Loop, Block>(loopHeader);
  loopParent = Column.free<Loop, Loop>(loopParent);
  loopLevel = Column.free<Loop, u32>(loopLevel);
  roots = Column.free<Loop, Loop>(roots);
  loopCapacity = 0;
}

function growLoops(): void {
  const larger = max<u32>(64, loopCapacity << 1);
  loopHeader = Column.grown<Loop, Block>(loopHeader, loopCapacity, larger);
  loopParent = Column.grown<Loop, Loop>(loopParent, loopCapacity, larger);
  loopLevel = Column.grown<Loop, u32>(loopLevel, loopCapacity, larger);
  roots = Column.grown<Loop, Loop>(roots, loopCapacity, larger);
  loopCapacity = larger;
}

function newLoop(header: Block): Loop {
  if (loopCount == loopCapacity) growLoops();
  const loop = at<Loop>(loopCount++);
  loopHeader[loop] = header;
  loopParent[loop] = none<Loop>();
  roots[loop] = loop;
  return loop;
}

/** Goes backwards from the sources of the back edges, in `work`, up to the header. */
function collect(loop: Loop): void {
  const header = loopHeader[loop];
  while (!work.isEmpty) {
    const block = at<Block>(work.pop());
    const inner = loopOf[block];
    let from = block;
    if (inner.isNone) {
      loopOf[block] = loop;
      if (block == header) continue;
    } else {
      const outermost = root(inner);
      if (outermost == loop) continue;
      loopParent[outermost] = loop;
      roots[outermost] = loop;
      from = loopHeader[outermost];
    }
    // Blocks of the loops inside are met again, and go no further.
    for (let edge = firstIn[from]; !edge.isNone; edge = edgeNextIn[edge]) work.push(edgeFrom[edge].index);
  }
  loopOf[header] = loop;
}

function root(loop: Loop): Loop {
  let top = loop;
  while (roots[top] != top) top = roots[top];
  let walk = loop;
  while (walk != top) {
    const next = roots[walk];
    roots[walk] = top;
    walk = next;
  }
  return top;
}

/** Is `block` in `loop`, or in a loop inside it? Cost: difference of depths. */
export function loopContains(loop: Loop, block: Block): bool {
  let inner = loopOf[block];
  while (inner.index != 0 && inner.index < loop.index) inner = loopParent[inner];
  return inner == loop;
}
