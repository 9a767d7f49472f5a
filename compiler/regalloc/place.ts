/** place: gives each piece a register or memory, splitting as needed, in one walk over the points.
 *
 *  In: ranges (pieces enqueued), fixed, flow, affinity.  Out: pieces with locations; more pieces.
 *  Cost: O(registers) for each piece, plus a bounded look at uses when registers run out.
 *
 *  Pieces are taken in order of their starts. As a piece has no holes, the registers' present occupants are all that it can collide with,
 *  besides fixed operands and calls ahead. A free register that lasts to the piece's end is taken, by hints. Otherwise the cheapest
 *  is done: take a register until something ahead needs it, take one from an occupant, or stay in memory. What is cut off a piece
 *  either competes for a register at once or stays in memory up to the best point for a load (cost.ts), where it competes again.
 *
 *  Ref: Traub, Holloway, Smith 1998 (second-chance binpacking); Wimmer, Mössenböck 2005 (split positions). */

import { Column } from '../base/column';
import { Block, VReg, at } from '../base/entity';
import {
  Constraint,
  MAX_REGS,
  blockJumpArgs,
  blockParams,
  blockSuccessors,
  instAt,
  instOperands,
  instOps,
  machPool,
  operandConstraints,
  operandDetails,
  operandVRegs,
  vregTypes,
} from '../isa/mach';
import { Type } from '../ir/type';
import {
  callClobbers,
  calleeSaved,
  floatMoveOp,
  floatPreference,
  floatPreferenceCount,
  intPreference,
  intPreferenceCount,
  moveOp,
} from '../isa/target';
import { fixedOf, groupOf, latestOf, setLatest } from './affinity';
import { evictionCost, firstReload, leavePoint, memoryCost, nextReload } from './cost';
import { comingCall, nextBlocked, nextCall, rewindFixed } from './fixed';
import { FREQUENCY, firstPreds, frequencies, preds, predsEnd, startPoint } from './flow';
import {
  MEMORY,
  NO_POINT,
  NO_REGISTER,
  UseKind,
  defBlocks,
  defPieces,
  defPoints,
  enqueue,
  inMemory,
  lastRegisters,
  newPiece,
  pieceEnds,
  pieceLocations,
  pieceNexts,
  pieceReloads,
  pieceStarts,
  pieceVRegs,
  placedPieces,
  pointLists,
  slotBlocks,
  slotCount,
  useFrom,
  useKinds,
  useOperands,
  usePoints,
  usesEnd,
} from './ranges';

/** The piece in each register; it may have ended. 0: none yet. */
const occupants: Column<u32, u32> = Column.create<u32, u32>(MAX_REGS);
/** What the piece at hand gains in each register; zero but for those in `hinted`. */
const gains: Column<u32, u32> = Column.create<u32, u32>(MAX_REGS);
const hinted: Column<u32, u8> = Column.create<u32, u8>(MAX_REGS);
let hintedCount: u32 = 0;
/** Up to where each register is free for the piece at hand. */
const limits: Column<u32, u32> = Column.create<u32, u32>(MAX_REGS);

/** Callee-saved registers that hold something: the function has to save them. */
export let usedCalleeSaved: u64 = 0;

/** A memory access costs as much as this many moves between registers, which are the unit of hints. */
const ACCESS: u32 = 4;
/** A save and a restore, at the function's entry and exit, and a little for the code. */
const SAVE_COST: u32 = (FREQUENCY * 2 + (FREQUENCY >> 2)) * ACCESS;
const IMPOSSIBLE: i64 = (1 as i64) << 60;
/** How many uses of a piece are asked for hints. */
const HINT_HORIZON: u32 = 8;

export function placePieces(): void {
  occupants.clear(0, MAX_REGS);
  gains.clear(0, MAX_REGS);
  usedCalleeSaved = 0;
  rewindFixed();
  const end = slotCount << 1;
  for (let point: u32 = 0; point < end; point++) {
    let piece = pointLists[point];
    if (piece == 0) continue;
    // Those that come from a register first, so that they can stay in it.
    let later: u32 = 0;
    while (piece != 0) {
      const next = pieceNexts[piece];
      if (lastRegisters[pieceVRegs[piece]] != (NO_REGISTER as u8)) place(piece);
      else {
        pieceNexts[piece] = later;
        later = piece;
      }
      piece = next;
    }
    while (later != 0) {
      const next = pieceNexts[later];
      place(later);
      later = next;
    }
    pointLists[point] = 0;
  }
}

function putInMemory(piece: u32): void {
  const vreg = pieceVRegs[piece];
  pieceLocations[piece] = MEMORY;
  placedPieces[vreg] = piece;
  inMemory[vreg] = 1;
}

/** Has the piece in memory from its start to the best gap after `after` for a load; the rest is enqueued there. */
function spill(piece: u32, after: u32): void {
  const vreg = pieceVRegs[piece];
  const end = pieceEnds[piece];
  const point = nextReload(vreg, after, end);
  putInMemory(piece);
  if (point == NO_POINT) return;
  pieceEnds[piece] = point;
  const rest = newPiece(vreg, point, end);
  pieceReloads[rest] = 1;
  enqueue(rest);
}

function putInRegister(piece: u32, register: u32): void {
  const vreg = pieceVRegs[piece];
  pieceLocations[piece] = register;
  placedPieces[vreg] = piece;
  lastRegisters[vreg] = register as u8;
  setLatest(vreg, register);
  occupants[register] = piece;
  usedCalleeSaved |= calleeSaved & ((1 as u64) << (register as u64));
}

/** Whether the instruction at `point` needs `vreg` in its register there. */
function isNeededAt(vreg: VReg, point: u32): bool {
  const end = usesEnd(vreg);
  for (let use = useFrom(vreg, point); use < end && usePoints[use] == point; use++) {
    const kind = useKinds[use] as u32;
    if (kind == UseKind.Register || kind == UseKind.Held) return true;
  }
  return false;
}

/** Takes the occupant of a register out of it, at `point` or before. */
function evict(piece: u32, point: u32): void {
  const vreg = pieceVRegs[piece];
  const start = pieceStarts[piece];
  const leave = pointOfLeaving(vreg, start, point);
  if (leave <= start) {
    spill(piece, point);
    return;
  }
  const rest = newPiece(vreg, leave, pieceEnds[piece]);
  pieceEnds[piece] = leave;
  spill(rest, point);
}

/** Where a piece in a register from `start` on leaves it when the register is taken at `limit`; `start` when it is not used before. */
function pointOfLeaving(vreg: VReg, start: u32, limit: u32): u32 {
  const first = useFrom(vreg, start);
  let use = useFrom(vreg, limit);
  // An operand held over the instruction cannot leave in its middle.
  if ((limit & 1) != 0 && use < usesEnd(vreg) && usePoints[use] == limit && useKinds[use] == (UseKind.Held as u8)) {
    limit--;
    use = useFrom(vreg, limit);
  }
  let last = start - 1;
  if (use > first) {
    last = usePoints[use - 1];
    // A parameter or a result that is not used in its register need not enter it.
    const kind = useKinds[first] as u32;
    if (use == first + 1 && last == start && (kind == UseKind.Param || kind == UseKind.FixedDef)) {
      if (frequencies[slotBlocks[limit >> 1]] >= frequencies[slotBlocks[start >> 1]]) return start;
    }
  }
  return max(start, leavePoint(last, limit));
}

/** Whether the instruction at `point` or, for a gap, right after it is a call. */
function isCallNext(point: u32): bool {
  return nextCall(point) == (point | 1);
}

/** Right after the last use before `leave`, as far as that is in the same block: for a value that a call forces into memory. */
function earlier(vreg: VReg, start: u32, leave: u32): u32 {
  const use = useFrom(vreg, leave);
  const last = use > useFrom(vreg, start) ? usePoints[use - 1] : start;
  const first = startPoint(slotBlocks[leave >> 1]);
  return leave == first ? leave : max(last, first + 1) + 1;
}

function gain(register: u32, weight: u32): void {
  if (register >= MAX_REGS) return;
  if (gains[register] == 0) hinted[hintedCount++] = register as u8;
  gains[register] = gains[register] + weight;
}

/** Where `vreg` was put last. */
function presentLocation(vreg: VReg): u32 {
  const piece = placedPieces[vreg];
  return piece == 0 ? MEMORY : pieceLocations[piece];
}

/** Collects what the piece gains in which register. */
function collectHints(vreg: VReg, start: u32, end: u32): void {
  while (hintedCount > 0) gains[hinted[--hintedCount]] = 0;
  const here = frequencies[slotBlocks[start >> 1]];
  if (defPoints[vreg] == start) hintFromDef(vreg, start, here);
  else if (lastRegisters[vreg] != (NO_REGISTER as u8)) gain(lastRegisters[vreg], here);
  const group = groupOf(vreg);
  gain(fixedOf(group), (here >> 2) + 1);
  gain(latestOf(group), (here >> 1) + 1);
  const last = usesEnd(vreg);
  let use = useFrom(vreg, start);
  for (let i: u32 = 0; i < HINT_HORIZON && use < last && usePoints[use] < end; i++, use++) {
    const kind = useKinds[use] as u32;
    if (kind == UseKind.Fixed) gain(operandDetails[useOperands[use]], frequencies[slotBlocks[usePoints[use] >> 1]]);
    else if (kind == UseKind.JumpArg) hintFromJump(slotBlocks[usePoints[use] >> 1], useOperands[use]);
  }
}

function hintFromDef(vreg: VReg, start: u32, weight: u32): void {
  const end = usesEnd(vreg);
  for (let use = useFrom(vreg, start); use < end && usePoints[use] == start; use++) {
    const kind = useKinds[use] as u32;
    const operand = useOperands[use];
    if (kind == UseKind.FixedDef) gain(operandDetails[operand], weight);
    else if (kind == UseKind.Param) hintFromArgs(defBlocks[vreg], operand);
    else if (kind == UseKind.Register || kind == UseKind.Any) {
      const slot = start >> 1;
      const inst = instAt(slot - slotBlocks[slot].index);
      const first = instOperands[inst];
      const op = instOps[inst] as u32;
      if (operandConstraints[operand] == (Constraint.Reuse as u8)) {
        gain(presentLocation(operandVRegs[first + (operandDetails[operand] as u32)]), weight);
      } else if (op == moveOp || op == floatMoveOp) gain(presentLocation(operandVRegs[first + 1]), weight);
    }
  }
}

/** The arguments of parameter `index`, of the blocks placed before. */
function hintFromArgs(block: Block, index: u32): void {
  const end = predsEnd(block);
  for (let i = firstPreds[block]; i < end; i++) {
    const pred = preds[i];
    const args = blockJumpArgs[pred];
    if (args != 0) gain(presentLocation(at<VReg>(machPool.get(args + index))), frequencies[pred]);
  }
}

/** The parameter that takes argument `index` at the end of `block`, when it was placed before. */
function hintFromJump(block: Block, index: u32): void {
  const target = at<Block>(machPool.get(blockSuccessors[block]));
  const piece = defPieces[at<VReg>(machPool.get(blockParams[target] + index))];
  if (piece != 0) gain(pieceLocations[piece], frequencies[block]);
}

function place(piece: u32): void {
  const vreg = pieceVRegs[piece];
  const start = pieceStarts[piece];
  const end = pieceEnds[piece];
  const isDef = defPoints[vreg] == start;
  if (!isDef && pieceReloads[piece] == 0 && placedPieces[vreg] != 0 && pieceLocations[placedPieces[vreg]] == MEMORY) {
    // It comes from memory: it stays there until a register pays.
    const point = firstReload(vreg, start, end);
    if (point == NO_POINT || point > start) {
      putInMemory(piece);
      if (point == NO_POINT) return;
      pieceEnds[piece] = point;
      const rest = newPiece(vreg, point, end);
      pieceReloads[rest] = 1;
      enqueue(rest);
      return;
    }
  }
  const needed = isNeededAt(vreg, start);
  const least = needed && (start & 1) == 0 && isNeededAt(vreg, start + 1) ? start + 2 : start + 1;
  // A fixed result leaves its register in the next gap: what the instruction itself does to registers does not matter.
  const free = isDef && useKinds[useFrom(vreg, start)] == (UseKind.FixedDef as u8) ? (start | 1) + 1 : start;
  const type = vregTypes[vreg] as u32;
  const float = type == Type.F32 || type == Type.F64 || type == Type.V128;
  const list = float ? floatPreference : intPreference;
  const count = float ? floatPreferenceCount : intPreferenceCount;
  const registers = changetype<Column<u32, u32>>(list);
  collectHints(vreg, start, end);

  // A register that is free to the end.
  let best = NO_REGISTER;
  let bestCost: i64 = IMPOSSIBLE;
  const call = comingCall(start, free);
  for (let i: u32 = 0; i < count; i++) {
    const register = registers[i];
    if (isOccupied(register, start)) continue;
    const limit = limitOf(register, piece, free, call);
    limits[register] = limit;
    if (limit < end) continue;
    const cost = (saveCost(register) as i64) - (gains[register] as i64);
    if (cost < bestCost) {
      bestCost = cost;
      best = register;
    }
  }
  if (bestCost <= 0) {
    putInRegister(piece, best);
    return;
  }

  // Otherwise the cheapest: part of the range, an occupant's register, or memory.
  let bestEnd = end;
  // The rest after `bestEnd` goes to memory at once.
  let bestSpills = false;
  let bestDistance: u32 = NO_POINT;
  if (!needed) {
    const cost = memoryCost(piece, start, end, IMPOSSIBLE) * ACCESS;
    if (cost < bestCost || best == NO_REGISTER) {
      best = NO_REGISTER;
      bestCost = cost;
      bestDistance = distanceTo(vreg, start, end);
    }
  }
  const hasUse = useFrom(vreg, start) < useFrom(vreg, end);
  for (let i: u32 = 0; i < count; i++) {
    const register = registers[i];
    const occupied = isOccupied(register, start);
    const limit = occupied ? limitOf(register, piece, free, call) : limits[register];
    if (limit < least) continue;
    let cost = (saveCost(register) as i64) - (gains[register] as i64);
    let until = end;
    let spills = false;
    if (limit < end) {
      until = pointOfLeaving(vreg, start, limit);
      if (until < least) continue;
      spills = isCallNext(until) && !isNeededAt(vreg, until);
      if (spills) until = earlier(vreg, start, until);
      else spills = (until & 1) != 0;
      if (hasUse && useFrom(vreg, start) == useFrom(vreg, until)) continue;
      cost += memoryCost(piece, until, end, (bestCost - cost) / ACCESS) * ACCESS;
      if (cost > bestCost) continue;
    }
    let distance: u32 = NO_POINT;
    if (occupied) {
      const occupant = occupants[register];
      const other = pieceVRegs[occupant];
      if (isNeededAt(other, start) || (!needed && pieceStarts[occupant] == start && pieceReloads[occupant] != 0)) continue;
      cost += evictionCost(occupant, start, pieceEnds[occupant], end - start, (bestCost - cost) / ACCESS) * ACCESS;
      if (cost > bestCost) continue;
      distance = distanceTo(other, start, pieceEnds[occupant]);
    } else if (until == end) continue;
    if (cost < bestCost || (cost == bestCost && distance > bestDistance)) {
      best = register;
      bestCost = cost;
      bestEnd = until;
      bestSpills = spills;
      bestDistance = distance;
    }
  }
  if (best == NO_REGISTER) {
    // Selection asks for more registers at one instruction than there are.
    if (needed) unreachable();
    spill(piece, start);
    return;
  }
  if (isOccupied(best, start)) evict(occupants[best], start);
  if (bestEnd < end) {
    pieceEnds[piece] = bestEnd;
    const rest = newPiece(vreg, bestEnd, end);
    putInRegister(piece, best);
    if (bestSpills) spill(rest, bestEnd);
    else enqueue(rest);
    return;
  }
  putInRegister(piece, best);
}

/** Whether a piece placed before holds the register at `point`. */
function isOccupied(register: u32, point: u32): bool {
  const occupant = occupants[register];
  return occupant != 0 && pieceEnds[occupant] > point;
}

/** Up to where no instruction at `from` or later takes the register from the piece. `call`: the next call. */
function limitOf(register: u32, piece: u32, from: u32, call: u32): u32 {
  const last = ((callClobbers >> (register as u64)) & 1) != 0 ? call : NO_POINT;
  const blocked = nextBlocked(register, pieceVRegs[piece], pieceStarts[piece], from, min(last, pieceEnds[piece]));
  return min(last, blocked);
}

/** What a first use of a callee-saved register costs. */
function saveCost(register: u32): u32 {
  const bit = (1 as u64) << (register as u64);
  return (calleeSaved & ~usedCalleeSaved & bit) != 0 ? SAVE_COST : 0;
}

/** The next use at `point` or later, `end` when there is none before. */
function distanceTo(vreg: VReg, point: u32, end: u32): u32 {
  const use = useFrom(vreg, point);
  return use < usesEnd(vreg) ? min(usePoints[use], end) : end;
}
