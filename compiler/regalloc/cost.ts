/** cost: what it costs to keep a virtual register in memory, and where to begin and to end that.
 *  Costs are estimated runs of memory accesses (flow.ts `frequencies`).
 *  In: uses, flow, fixed.  Cost: a bounded number of uses is looked at. */

import { Block, VReg } from '../base/entity';
import { blockColdness } from '../isa/mach';
import { nextCall } from './fixed';
import { endPoint, entryFrequencies, frequencies, loopEnds, loopOf, outerLoops, startPoint } from './flow';
import {
  NO_POINT,
  UseKind,
  defBlocks,
  defPoints,
  inMemory,
  pieceReloads,
  pieceStarts,
  pieceVRegs,
  slotBlocks,
  useFrom,
  useKinds,
  usePoints,
  usesEnd,
} from './ranges';

/** How many uses an estimate looks at, and how many blocks a search for the end of a cold stretch. */
const HORIZON: u32 = 12;
const COLD_HORIZON: u32 = 16;
/** Costs are not told apart from here on, so that they can be multiplied by a number of points. */
const MOST: i64 = (1 as i64) << 36;

/** Frequency at the point that `reloadPoint` returned. */
export let reloadFrequency: u32 = 0;

/** The best gap, at `low` or later, at which to load a value for its use at `use`: before the outermost loop that begins in
 *  between, or at the end of a cold stretch; otherwise right before the use. A use's own gap when that lies before `low`. */
export function reloadPoint(low: u32, use: u32): u32 {
  const block = slotBlocks[use >> 1];
  let point = use & ~1;
  reloadFrequency = frequencies[block];
  let loop = loopOf[block];
  let where = block;
  while (!loop.isNone && startPoint(loop) >= low) {
    point = startPoint(loop);
    where = loop;
    reloadFrequency = entryFrequencies[loop];
    loop = outerLoops[loop];
  }
  if (blockColdness[where] == 0 && low < startPoint(where) && blockColdness[slotBlocks[low >> 1]] != 0) {
    for (let i: u32 = 0; i < COLD_HORIZON; i++) {
      const start = startPoint(where);
      if (start <= low) break;
      const before = slotBlocks[(start - 1) >> 1];
      if (blockColdness[before] != 0) {
        reloadFrequency = 1;
        return start;
      }
      where = before;
    }
  }
  return point;
}

/** Whether an Any use, of index `index`, is worth a load into a register for itself and what follows. */
function isWorthLoading(index: u32, low: u32, end: u32): bool {
  const use = usePoints[index];
  const block = slotBlocks[use >> 1];
  reloadPoint(low, use);
  if (reloadFrequency < frequencies[block]) return true;
  if (frequencies[block] == 1) return false;
  const next = index + 1;
  if (next >= end || (useKinds[next] as u32) > (UseKind.Any as u32)) return false;
  return usePoints[next] < min(endPoint(block), nextCall(use));
}

/** The use that ought to be reloaded for first, at `low` or later and before `to`; `usesEnd` when there is none. */
function nextLoaded(vreg: VReg, index: u32, low: u32, to: u32): u32 {
  const end = usesEnd(vreg);
  for (; index < end && usePoints[index] < to; index++) {
    const kind = useKinds[index] as u32;
    if (kind == UseKind.Register || (kind == UseKind.Any && isWorthLoading(index, low, end))) return index;
  }
  return end;
}

/** Where the part [start, to) of a live range, in memory from `start` on, should be loaded again: a gap after `after`; NO_POINT: nowhere. */
export function nextReload(vreg: VReg, after: u32, to: u32): u32 {
  const end = usesEnd(vreg);
  let index = useFrom(vreg, after + 1);
  while (true) {
    index = nextLoaded(vreg, index, after + 1, to);
    if (index == end) return NO_POINT;
    const point = reloadPoint(after + 1, usePoints[index]);
    if (point > after) return point;
    index++;
  }
}

/** The first point at which the value is wanted, for a range that starts at `from` and whose value is in memory there. */
export function firstReload(vreg: VReg, from: u32, to: u32): u32 {
  const index = nextLoaded(vreg, useFrom(vreg, from), from, to);
  return index == usesEnd(vreg) ? NO_POINT : max(from, reloadPoint(from, usePoints[index]));
}

/** Cost of having the part [from, to) of a piece in memory, loading where it pays; not counted further once it exceeds `bound`.
 *  `from` is a point at which the value is in a register. */
export function memoryCost(piece: u32, from: u32, to: u32, bound: i64): i64 {
  const vreg = pieceVRegs[piece];
  let total: i64 = 0;
  const here = frequencies[slotBlocks[from >> 1]];
  if (inMemory[vreg] == 0) total = min(here, frequencies[defBlocks[vreg]]) as i64;
  const end = usesEnd(vreg);
  let index = useFrom(vreg, from);
  const first = index;
  let low = from + 1;
  for (let i: u32 = 0; i < HORIZON && index < end && usePoints[index] < to && total <= bound; i++) {
    const use = usePoints[index];
    const kind = useKinds[index] as u32;
    const frequency = frequencies[slotBlocks[use >> 1]] as i64;
    if (kind == UseKind.Register || (kind == UseKind.Any && isWorthLoading(index, low, end))) {
      reloadPoint(low, use);
      total += reloadFrequency as i64;
      const call = nextCall(use);
      if (call >= to) break;
      low = call + 1;
      index = useFrom(vreg, low);
    } else {
      if (kind == UseKind.Any) total += (frequency + 1) >> 1;
      else if (kind == UseKind.Fixed || kind == UseKind.Reused || kind == UseKind.JumpArg) total += frequency;
      index++;
    }
  }
  return total > bound ? total : total + carriedCost(piece, from, to, first);
}

/** What it costs to take the register from the part [from, to) of a piece for `span` points: the cost of memory up to a load, shared out
 *  over the points that the register is free for, times `span`. So of values with equal costs the one whose next use is farthest
 *  goes, and a value used soon stays even when it is somewhat cheaper. Not counted further once it exceeds `bound`. */
export function evictionCost(piece: u32, from: u32, to: u32, span: u32, bound: i64): i64 {
  const vreg = pieceVRegs[piece];
  const block = slotBlocks[from >> 1];
  const end = usesEnd(vreg);
  const limit = min(to, min(endPoint(block), nextCall(from)));
  const frequency = frequencies[block] as i64;
  let total: i64 = inMemory[vreg] == 0 ? (min(frequencies[block], frequencies[defBlocks[vreg]]) as i64) : 0;
  let least = MOST;
  // In straight-line code it may be loaded for any of the next uses; those before that read it in memory.
  let index = useFrom(vreg, from);
  for (let i: u32 = 0; i < HORIZON && index < end && usePoints[index] < limit; i++, index++) {
    least = min(least, share(total + frequency, span, usePoints[index] - from));
    if (useKinds[index] != (UseKind.Any as u8)) return least;
    total += (frequency + 1) >> 1;
  }
  const free = nextDistance(piece, from, to, index);
  const most = ((min(least, bound) + 1) * (max(free, 1) as i64)) / (span as i64);
  return min(least, share(memoryCost(piece, from, to, most), span, free));
}

/** A cost for `free` points in terms of `span` points. */
function share(cost: i64, span: u32, free: u32): i64 {
  return (cost * (span as i64)) / (max(free, 1) as i64);
}

/** How far after `from` the next use is, of index `next` unless it comes before that in the next iteration of a loop around `from`. */
function nextDistance(piece: u32, from: u32, to: u32, next: u32): u32 {
  const vreg = pieceVRegs[piece];
  const use = next < usesEnd(vreg) ? min(usePoints[next], to) : to;
  let loop = loopOf[slotBlocks[from >> 1]];
  while (!loop.isNone) {
    const stop = endPoint(loopEnds[loop]);
    if (use < stop) break;
    const start = startPoint(loop);
    const inside = useFrom(vreg, start);
    if (defPoints[vreg] < start && inside < usesEnd(vreg) && usePoints[inside] < from) return stop - from + usePoints[inside] - start;
    loop = outerLoops[loop];
  }
  return use - from;
}

/** Cost of the load on the way back when the value is used next in the coming iteration of a loop around `from`. */
function carriedCost(piece: u32, from: u32, to: u32, next: u32): i64 {
  const vreg = pieceVRegs[piece];
  let loop = loopOf[slotBlocks[from >> 1]];
  const upcoming = next < usesEnd(vreg) ? usePoints[next] : NO_POINT;
  while (!loop.isNone) {
    const stop = endPoint(loopEnds[loop]);
    if (stop > to || upcoming < stop) return 0;
    const start = startPoint(loop);
    // A piece loaded within the loop was in memory at its start, and goes back to that.
    if (pieceReloads[piece] != 0 && pieceStarts[piece] > start) return 0;
    if (defPoints[vreg] < start && next > 0) {
      const inside = useFrom(vreg, start);
      if (inside < usesEnd(vreg) && usePoints[inside] < from) return frequencies[loop] as i64;
    }
    loop = outerLoops[loop];
  }
  return 0;
}

/** Where in (`last`, `limit`] a value that is not used after `last` should leave its register: before the outermost loop that begins
 *  in between, else as late as possible. */
export function leavePoint(last: u32, limit: u32): u32 {
  let point = limit;
  if ((point & 1) != 0 && point - 1 > last) point--;
  let loop: Block = loopOf[slotBlocks[point >> 1]];
  while (!loop.isNone && startPoint(loop) > last) {
    point = startPoint(loop);
    loop = outerLoops[loop];
  }
  return point;
}
