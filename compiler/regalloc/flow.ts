/** flow: predecessors, loops in layout order, and how often blocks run.
 *  In: mach blocks.  Out: the tables below.  Cost: O(blocks + edges).
 *
 *  A loop is the stretch of layout from its header to its last block that jumps back to it and is not cold. These stretches only guide
 *  where to split; nothing wrong follows from blocks in them that do not belong to the loop. */

import { Column } from '../base/column';
import { Block, at, none } from '../base/entity';
import { keptEntries, grownCapacity } from '../base/memory';
import {
  blockColdness,
  blockEnds,
  blockLoopDepths,
  blockStarts,
  blockSuccessorCounts,
  blockSuccessors,
  machBlockCount,
  machPool,
} from '../isa/mach';

let capacity: u32 = 0;
let predCapacity: u32 = 0;
/** First predecessor of each block in `preds`; one more entry than blocks. A predecessor stands there once, however many edges it has. */
export let firstPreds: Column<Block, u32> = Column.none<Block, u32>();
export let preds: Column<u32, Block> = Column.none<u32, Block>();
/** Number of different successors. */
export let successorKinds: Column<Block, u32> = Column.none<Block, u32>();
/** Header of the innermost loop stretch around the block, itself for a header; none outside. */
export let loopOf: Column<Block, Block> = Column.none<Block, Block>();
/** For a header: the header of the loop around it. */
export let outerLoops: Column<Block, Block> = Column.none<Block, Block>();
/** For a header: the last block of the stretch. */
export let loopEnds: Column<Block, Block> = Column.none<Block, Block>();
/** Estimated runs of the block; see `FREQUENCY`. */
export let frequencies: Column<Block, u32> = Column.none<Block, u32>();
/** For a header: estimated entries of the loop from outside. */
export let entryFrequencies: Column<Block, u32> = Column.none<Block, u32>();
/** Where the cold blocks begin that end the layout; the end of the layout when there are none. */
export let coldPoint: u32 = 0;
let stamps: Column<Block, u32> = Column.none<Block, u32>();

/** Frequency of a block outside loops. A cold block has 1. */
export const FREQUENCY: u32 = 16;
const LOOP_SHIFT: u32 = 3;
const DEEPEST: u32 = 6;

function depthFrequency(depth: u32): u32 {
  return FREQUENCY << (LOOP_SHIFT * min(depth, DEEPEST));
}

/** The point of a block's start. */
export function startPoint(block: Block): u32 {
  return (blockStarts[block] + block.index - 1) << 1;
}

/** One past the last point of a block: the start of the next in layout. */
export function endPoint(block: Block): u32 {
  return (blockEnds[block] + block.index) << 1;
}

function reserve(count: u32): void {
  if (count + 2 <= capacity) return;
  const old = capacity;
  capacity = grownCapacity(old, count + 2);
  firstPreds = Column.grown<Block, u32>(firstPreds, old, capacity);
  successorKinds = Column.grown<Block, u32>(successorKinds, old, capacity);
  loopOf = Column.grown<Block, Block>(loopOf, old, capacity);
  outerLoops = Column.grown<Block, Block>(outerLoops, old, capacity);
  loopEnds = Column.grown<Block, Block>(loopEnds, old, capacity);
  frequencies = Column.grown<Block, u32>(frequencies, old, capacity);
  entryFrequencies = Column.grown<Block, u32>(entryFrequencies, old, capacity);
  stamps = Column.grown<Block, u32>(stamps, old, capacity);
}

/** Gives back the tables of a large function. */
export function trimFlow(): void {
  if (capacity > keptEntries) {
    firstPreds = Column.free<Block, u32>(firstPreds);
    successorKinds = Column.free<Block, u32>(successorKinds);
    loopOf = Column.free<Block, Block>(loopOf);
    outerLoops = Column.free<Block, Block>(outerLoops);
    loopEnds = Column.free<Block, Block>(loopEnds);
    frequencies = Column.free<Block, u32>(frequencies);
    entryFrequencies = Column.free<Block, u32>(entryFrequencies);
    stamps = Column.free<Block, u32>(stamps);
    capacity = 0;
  }
  if (predCapacity > keptEntries) {
    preds = Column.free<u32, Block>(preds);
    predCapacity = 0;
  }
}

export function fillFlow(): void {
  const count = machBlockCount;
  reserve(count);
  fillPreds(count);
  fillLoops(count);
  let last = count - 1;
  while (last > 1 && blockColdness[at<Block>(last)] != 0) last--;
  coldPoint = endPoint(at<Block>(last));
}

function fillPreds(count: u32): void {
  firstPreds.clear(0, count + 2);
  stamps.clear(0, count + 1);
  for (let b: u32 = 1; b < count; b++) {
    const block = at<Block>(b);
    const first = blockSuccessors[block];
    const edges = blockSuccessorCounts[block];
    let kinds: u32 = 0;
    for (let i: u32 = 0; i < edges; i++) {
      const successor = at<Block>(machPool.get(first + i));
      if (stamps[successor] == b) continue;
      stamps[successor] = b;
      kinds++;
      const next = at<Block>(successor.index + 1);
      firstPreds[next] = firstPreds[next] + 1;
    }
    successorKinds[block] = kinds;
  }
  // Sums; then filling moves each start to the next block's, which the last loop takes back.
  for (let b: u32 = 1; b <= count; b++) firstPreds[at<Block>(b)] = firstPreds[at<Block>(b)] + firstPreds[at<Block>(b - 1)];
  const total = firstPreds[at<Block>(count)];
  if (total + 1 > predCapacity) {
    const old = predCapacity;
    predCapacity = grownCapacity(old, total + 1);
    preds = Column.grown<u32, Block>(preds, old, predCapacity);
  }
  stamps.clear(0, count + 1);
  for (let b: u32 = 1; b < count; b++) {
    const block = at<Block>(b);
    const first = blockSuccessors[block];
    const edges = blockSuccessorCounts[block];
    for (let i: u32 = 0; i < edges; i++) {
      const successor = at<Block>(machPool.get(first + i));
      if (stamps[successor] == b) continue;
      stamps[successor] = b;
      const index = firstPreds[successor];
      preds[index] = block;
      firstPreds[successor] = index + 1;
    }
  }
  for (let b = count; b > 0; b--) firstPreds[at<Block>(b)] = firstPreds[at<Block>(b - 1)];
}

/** One past the last predecessor. */
export function predsEnd(block: Block): u32 {
  return firstPreds[at<Block>(block.index + 1)];
}

function fillLoops(count: u32): void {
  loopEnds.clear(0, count + 1);
  for (let b: u32 = 1; b < count; b++) {
    const block = at<Block>(b);
    const cold = blockColdness[block] != 0;
    frequencies[block] = cold ? 1 : depthFrequency(blockLoopDepths[block]);
    const end = predsEnd(block);
    for (let i = firstPreds[block]; i < end; i++) {
      const pred = preds[i];
      if (pred.index >= b && (cold || blockColdness[pred] == 0)) {
        if (pred.index > loopEnds[block].index) loopEnds[block] = pred;
      }
    }
  }
  let loop = none<Block>();
  for (let b: u32 = 1; b < count; b++) {
    const block = at<Block>(b);
    while (!loop.isNone && loopEnds[loop].index < b) loop = outerLoops[loop];
    if (!loopEnds[block].isNone) {
      outerLoops[block] = loop;
      // A stretch lies within the one around it.
      if (!loop.isNone && loopEnds[loop].index < loopEnds[block].index) loopEnds[block] = loopEnds[loop];
      const depth = blockLoopDepths[block] as u32;
      entryFrequencies[block] = blockColdness[block] != 0 ? 1 : depthFrequency(depth == 0 ? 0 : depth - 1);
      loop = block;
    }
    loopOf[block] = loop;
  }
}
