/** fixed: where registers are taken by instructions themselves: fixed operands and calls.
 *  In: mach.  Out: a list of blocked points for each register, in order, and the list of call points.
 *  Cost: O(operands); a query is O(1) amortised as long as the points that allocation reaches only grow. */

import { Column } from '../base/column';
import { VReg } from '../base/entity';
import { Pool } from '../base/pool';
import { MAX_REGS } from '../isa/mach';
import { NO_POINT } from './ranges';

/** Blocked points in the order found: point, virtual register, next of the same register. Triples. */
const entries: Pool = Pool.create();
/** First, last and current entry for each register. */
const heads: Column<u32, u32> = Column.create<u32, u32>(MAX_REGS);
const tails: Column<u32, u32> = Column.create<u32, u32>(MAX_REGS);
const cursors: Column<u32, u32> = Column.create<u32, u32>(MAX_REGS);
/** Points 2s+1 of calls, in order. */
const calls: Pool = Pool.create();
let callCursor: u32 = 1;

export function resetFixed(): void {
  entries.clear();
  calls.clear();
  heads.clear(0, MAX_REGS);
  tails.clear(0, MAX_REGS);
}

/** Gives back the tables of a large function. */
export function trimFixed(): void {
  entries.trim();
  calls.trim();
}

/** `register` is taken at `point` by `vreg`. Points of one register come in order. */
export function blockRegister(register: u32, point: u32, vreg: VReg): void {
  const entry = entries.extend(3);
  entries.set(entry, point);
  entries.set(entry + 1, vreg.index);
  entries.set(entry + 2, 0);
  if (heads[register] == 0) heads[register] = entry;
  else entries.set(tails[register] + 2, entry);
  tails[register] = entry;
}

export function addCall(point: u32): void {
  calls.push(point);
}

/** Starts over at the first point. */
export function rewindFixed(): void {
  for (let r: u32 = 0; r < MAX_REGS; r++) cursors[r] = heads[r];
  callCursor = 1;
}

/** First point in [`from`, `end`) at which an operand other than `vreg` takes `register`; NO_POINT when there is none.
 *  `now` is the point that allocation has reached, at most `from`. */
export function nextBlocked(register: u32, vreg: VReg, now: u32, from: u32, end: u32): u32 {
  let cursor = cursors[register];
  if (cursor == 0) return NO_POINT;
  while (entries.get(cursor) < now) {
    cursor = entries.get(cursor + 2);
    if (cursor == 0) {
      cursors[register] = 0;
      return NO_POINT;
    }
  }
  cursors[register] = cursor;
  for (; cursor != 0; cursor = entries.get(cursor + 2)) {
    const point = entries.get(cursor);
    if (point >= end) break;
    if (point >= from && entries.get(cursor + 1) != vreg.index) return point;
  }
  return NO_POINT;
}

/** First call point >= `from`, which is at most two points after `now`, the point that allocation has reached. */
export function comingCall(now: u32, from: u32): u32 {
  while (callCursor < calls.length && calls.get(callCursor) < now) callCursor++;
  let call = callCursor;
  while (call < calls.length && calls.get(call) < from) call++;
  return call < calls.length ? calls.get(call) : NO_POINT;
}

/** First call point >= `point`. */
export function nextCall(point: u32): u32 {
  let low: u32 = 1;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calls.get(middle) < point) low = middle + 1;
    else high = middle;
  }
  return low < calls.length ? calls.get(low) : NO_POINT;
}
