/** layout: the order in which blocks are emitted.
 *  In: `rpo`, loops.  Out: `layoutOrder`, `layoutIndex`; `coldness` spread to blocks that only lead to, or only come from, cold ones.
 *  Loops are contiguous and in reverse postorder within; cold blocks stand last; a loop that tests at its top and jumps back from its
 *  bottom is turned, so that the test stands at the bottom and one jump an iteration is saved.
 *  Keeps: everything else.  Cost: O(blocks + edges). */

import { Column } from '../base/column';
import { Block, at, none } from '../base/entity';
import { rpo, rpoCount } from '../ir/cfg';
import { keptEntries } from '../base/memory';
import { ENTRY, blockCount, coldness, edgeFrom, edgeNextIn, edgeTo, firstIn, lastValue, ops, successor, successorCount } from '../ir/func';
import { Loop, loopContains, loopCount, loopHeader, loopOf, loopParent } from '../ir/loop';
import { Op } from '../ir/op';

/** Reachable blocks in the order of emission, at positions 1 to `rpoCount`; the entry is first. */
export let layoutOrder: Column<u32, Block> = Column.none<u32, Block>();
/** Position of a block in `layoutOrder`. */
export let layoutIndex: Column<Block, u32> = Column.none<Block, u32>();
let capacity: u32 = 0;
let count: u32 = 0;

/** Larger loops are not turned when others are inside: moving their blocks once for each level would cost too much. */
const MAX_TURNED: u32 = 256;

// While blocks are placed: the parts of each loop, in order. A part is a block, or, by its header, a loop inside.
// The function as a whole is the parts of loop 0.
let nextPart: Column<Block, Block> = Column.none<Block, Block>();
let firstPart: Column<Loop, Block> = Column.none<Loop, Block>();
let lastPart: Column<Loop, Block> = Column.none<Loop, Block>();
/** Where a loop's first block was placed. */
let starts: Column<Loop, u32> = Column.none<Loop, u32>();

export function computeLayout(): void {
  if (blockCount > capacity) {
    Column.free<u32, Block>(layoutOrder);
    Column.free<Block, u32>(layoutIndex);
    capacity = max<u32>(64, blockCount + (blockCount >> 2));
    layoutOrder = Column.create<u32, Block>(capacity);
    layoutIndex = Column.create<Block, u32>(capacity);
  }
  spreadColdness();
  groupParts();
  count = 0;
  placeParts();
  for (let i: u32 = 1; i <= rpoCount; i++) if (coldness[rpo[i]] != 0) layoutOrder[++count] = rpo[i];
  layoutOrder[0] = none<Block>();
  for (let i: u32 = 1; i <= count; i++) layoutIndex[layoutOrder[i]] = i;
  Column.free<Block, Block>(nextPart);
  Column.free<Loop, Block>(firstPart);
  Column.free<Loop, Block>(lastPart);
  Column.free<Loop, u32>(starts);
}

/** Gives back the tables of a large function. */
export function trimLayout(): void {
  if (capacity <= keptEntries) return;
  layoutOrder = Column.free<u32, Block>(layoutOrder);
  layoutIndex = Column.free<Block, u32>(layoutIndex);
  capacity = 0;
}

function spreadColdness(): void {
  for (let i = rpoCount; i > 1; i--) {
    const block = rpo[i];
    if (onlyToCold(block)) coldness[block] = 1;
  }
  coldness[at<Block>(ENTRY)] = 0;
  for (let i: u32 = 2; i <= rpoCount; i++) {
    const block = rpo[i];
    if (coldness[block] == 0 && onlyFromCold(block)) coldness[block] = 1;
  }
}

function onlyToCold(block: Block): bool {
  const last = lastValue[block];
  if (ops[last] == Op.Trap) return true;
  const edges = successorCount(last);
  for (let k: u32 = 0; k < edges; k++) if (coldness[edgeTo[successor(last, k)]] == 0) return false;
  return edges != 0;
}

function onlyFromCold(block: Block): bool {
  for (let edge = firstIn[block]; !edge.isNone; edge = edgeNextIn[edge]) if (coldness[edgeFrom[edge]] == 0) return false;
  return true;
}

function addPart(loop: Loop, block: Block): void {
  const last = lastPart[loop];
  if (last.isNone) firstPart[loop] = block;
  else nextPart[last] = block;
  lastPart[loop] = block;
}

function groupParts(): void {
  nextPart = Column.create<Block, Block>(blockCount);
  nextPart.clear(0, blockCount);
  firstPart = Column.create<Loop, Block>(loopCount);
  firstPart.clear(0, loopCount);
  lastPart = Column.create<Loop, Block>(loopCount);
  lastPart.clear(0, loopCount);
  starts = Column.create<Loop, u32>(loopCount);
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    const loop = loopOf[block];
    // A header stands for its loop; a loop whose header is cold is cold from its header on.
    if (!loop.isNone && loopHeader[loop] == block) addPart(loopParent[loop], block);
    else if (coldness[block] == 0) addPart(loop, block);
  }
}

/** Walks the tree of loops; `part` is the next one to place in `loop`. */
function placeParts(): void {
  let loop = none<Loop>();
  let part = firstPart[loop];
  for (;;) {
    if (part.isNone) {
      if (loop.isNone) return;
      turn(loop);
      // On with what follows the loop: its header stands for it in its parent.
      part = nextPart[loopHeader[loop]];
      loop = loopParent[loop];
      continue;
    }
    const own = loopOf[part];
    if (own == loop) {
      layoutOrder[++count] = part;
      part = nextPart[part];
      continue;
    }
    loop = own;
    starts[loop] = count + 1;
    if (coldness[part] == 0) layoutOrder[++count] = part;
    part = firstPart[loop];
  }
}

/** The loop's blocks are the last that were placed, its header first among them. */
function turn(loop: Loop): void {
  const start = starts[loop];
  const header = loopHeader[loop];
  if (start >= count || layoutOrder[start] != header || start == 1) return;
  const bottom = lastValue[layoutOrder[count]];
  if (ops[bottom] != Op.Jump || edgeTo[successor(bottom, 0)] != header) return;
  const test = lastValue[header];
  if (ops[test] != Op.BrIf) return;
  if (loopContains(loop, edgeTo[successor(test, 0)]) == loopContains(loop, edgeTo[successor(test, 1)])) return;
  if (count - start > MAX_TURNED) return;
  for (let i = start; i < count; i++) layoutOrder[i] = layoutOrder[i + 1];
  layoutOrder[count] = header;
}
