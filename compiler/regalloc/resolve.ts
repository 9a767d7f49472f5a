/** resolve: from placed pieces to operand locations and moves.
 *
 *  In: ordered pieces.  Out: `operandLocations` and moves, in which spill slots are pending; `keepsSlot`.
 *  A value in memory has been stored either once, after its def, or wherever it goes from a register to memory, whichever is
 *  estimated to run less often: it never changes, so that a store at the def is good everywhere.
 *  Cost: O(uses + moves), and the blocks that split registers are live into. */

import { Block, VReg, at } from '../base/entity';
import { Pool } from '../base/pool';
import {
  Constraint,
  NO_LOCATION,
  blockEnds,
  blockJumpArgs,
  blockParamCounts,
  blockParams,
  blockStarts,
  blockSuccessors,
  instAt,
  instOperandCounts,
  instOperands,
  machBlockCount,
  machPool,
  operandConstraints,
  operandCount,
  operandDetails,
  operandLocations,
  operandVRegs,
  vregCount,
  vregTypes,
} from '../isa/mach';
import { endPoint, firstPreds, frequencies, preds, predsEnd, startPoint, successorKinds } from './flow';
import { Phase, addMove } from './moves';
import { PENDING, finalLocation, firstOrdered, locationAt, locationOfPiece, ordered, orderedAt, orderedEnd } from './ordered';
import {
  MEMORY,
  UseKind,
  defBlocks,
  defPoints,
  firstUses,
  keepsSlot,
  pieceEnds,
  pieceLocations,
  pieceStarts,
  slotBlocks,
  useKinds,
  useOperands,
  usePoints,
  usesEnd,
} from './ranges';

/** Stores that become needless when the value is stored after its def: position, phase, from. */
const stores: Pool = Pool.create();
let storesFrequency: u64 = 0;

export function resolvePieces(): void {
  for (let operand: u32 = 1; operand < operandCount; operand++) {
    const fixed = operandConstraints[operand] == (Constraint.Fixed as u8);
    operandLocations[operand] = fixed ? (operandDetails[operand] as u32) : NO_LOCATION;
  }
  for (let v: u32 = 1; v < vregCount; v++) {
    const vreg = at<VReg>(v);
    const first = firstOrdered[vreg];
    const end = orderedEnd(vreg);
    if (first == end) continue;
    resolveUses(vreg);
    if (end == first + 1) continue;
    stores.clear();
    storesFrequency = 0;
    for (let i = first; i < end; i++) {
      if (i > first) resolveBoundary(vreg, i, first);
      resolveEdges(vreg, i);
    }
    placeStores(vreg);
  }
  resolveArguments();
}

/** Puts the assigned spill slots into the operands. */
export function settleOperands(): void {
  for (let operand: u32 = 1; operand < operandCount; operand++) operandLocations[operand] = finalLocation(operandLocations[operand]);
}

/** The position of the instruction in a slot. */
function positionOf(slot: u32): u32 {
  return slot - slotBlocks[slot].index;
}

/** Gives the operands of a register their locations, and the moves to and from fixed and reused registers. */
function resolveUses(vreg: VReg): void {
  const type = vregTypes[vreg] as u32;
  const end = usesEnd(vreg);
  let index = firstOrdered[vreg];
  for (let use = firstUses[vreg]; use < end; use++) {
    const point = usePoints[use];
    while (pieceEnds[ordered[index]] <= point) index++;
    const kind = useKinds[use] as u32;
    if (kind == UseKind.Param || kind == UseKind.JumpArg || kind == UseKind.Held) continue;
    const operand = useOperands[use];
    const location = locationOfPiece(ordered[index]);
    if (kind == UseKind.Fixed) {
      addMove(positionOf((point + 1) >> 1), Phase.Gap, location, operandDetails[operand], type);
    } else if (kind == UseKind.Reused) {
      resolveReused(operand, location, point + 1, type);
    } else if (kind == UseKind.FixedDef) {
      addMove(positionOf(point >> 1) + 1, Phase.AfterDef, operandDetails[operand], location, type);
    } else operandLocations[operand] = location;
  }
}

/** An operand whose register the def at `point` takes over: the def's register, with a copy in the gap. */
function resolveReused(operand: u32, location: u32, point: u32, type: u32): void {
  const slot = point >> 1;
  const position = positionOf(slot);
  const inst = instAt(position);
  const first = instOperands[inst];
  const end = first + (instOperandCounts[inst] as u32);
  for (let def = first; def < end; def++) {
    if (operandConstraints[def] != (Constraint.Reuse as u8)) continue;
    if (operandVRegs[first + (operandDetails[def] as u32)] != operandVRegs[operand]) continue;
    const register = locationAt(operandVRegs[def], point);
    operandLocations[operand] = register;
    addMove(position, Phase.Gap, location, register, type);
    return;
  }
}

/** The moves between piece `i` and the one before it where they meet inside a block. */
function resolveBoundary(vreg: VReg, i: u32, first: u32): void {
  const after = ordered[i];
  const point = pieceStarts[after];
  if (pieceEnds[ordered[i - 1]] != point || defPoints[vreg] == point) return;
  const slot = point >> 1;
  const block = slotBlocks[slot];
  const start = startPoint(block);
  if (point == start) return;
  if (pieceLocations[after] != MEMORY) {
    addMove(positionOf(slot), Phase.Gap, locationOfPiece(ordered[i - 1]), locationOfPiece(after), vregTypes[vreg]);
    return;
  }
  // A store, in the gap before the instruction even when the register is left in its middle. The gap reads what was there before it.
  let source = i - 1;
  while (pieceStarts[ordered[source]] > (point & ~1) - 1) source--;
  const from = locationOfPiece(ordered[source]);
  // Nothing to store when it was loaded in this block.
  while (pieceLocations[ordered[source]] != MEMORY) {
    const begin = pieceStarts[ordered[source]];
    if (begin <= start || begin == defPoints[vreg] || source == first) {
      addStore(positionOf(slot), Phase.Gap, from, frequencies[block]);
      return;
    }
    source--;
  }
}

/** The moves on the edges into the blocks that piece `i` is live into. */
function resolveEdges(vreg: VReg, i: u32): void {
  const piece = ordered[i];
  const from = pieceStarts[piece];
  const to = pieceEnds[piece];
  const home = defBlocks[vreg];
  let b = slotBlocks[from >> 1].index;
  if (startPoint(at<Block>(b)) < from) b++;
  for (; b < machBlockCount && startPoint(at<Block>(b)) < to; b++) {
    const block = at<Block>(b);
    if (block == home) continue;
    const end = predsEnd(block);
    for (let e = firstPreds[block]; e < end; e++) {
      const pred = preds[e];
      const point = endPoint(pred) - 1;
      if (point >= from && point < to) continue;
      const source = locationAt(vreg, point);
      const target = locationOfPiece(piece);
      if (source == target) continue;
      const position = edgePosition(pred, block);
      const phase = edgePhase;
      if (pieceLocations[piece] == MEMORY) addStore(position, phase, source, frequencies[phase == Phase.EdgeOut ? pred : block]);
      else addMove(position, phase, source, target, vregTypes[vreg]);
    }
  }
}

let edgePhase: Phase = Phase.EdgeIn;

/** Where the moves of an edge stand; sets `edgePhase`. */
function edgePosition(pred: Block, block: Block): u32 {
  // Moves before a jump must not overwrite what it reads.
  if (successorKinds[pred] == 1 && instOperandCounts[instAt(blockEnds[pred] - 1)] == 0) {
    edgePhase = Phase.EdgeOut;
    return blockEnds[pred] - 1;
  }
  // A critical edge has no place for moves: selection splits them.
  if (predsEnd(block) - firstPreds[block] != 1) unreachable();
  edgePhase = Phase.EdgeIn;
  return blockStarts[block];
}

function addStore(position: u32, phase: Phase, from: u32, frequency: u32): void {
  const index = stores.extend(3);
  stores.set(index, position);
  stores.set(index + 1, phase as u32);
  stores.set(index + 2, from);
  storesFrequency += frequency;
}

/** Stores a register's value after its def or where it goes to memory. */
function placeStores(vreg: VReg): void {
  if (stores.isEmpty) return;
  const def = defPoints[vreg];
  const piece = ordered[orderedAt(vreg, def)];
  if (pieceLocations[piece] == MEMORY) return;
  const slot = PENDING | vreg.index;
  const type = vregTypes[vreg] as u32;
  const home = defBlocks[vreg];
  // At equal estimates the stores on the way are better: paths without them exist.
  if (storesFrequency <= (frequencies[home] as u64)) {
    keepsSlot[vreg] = 0;
    for (let i: u32 = 1; i < stores.length; i += 3) addMove(stores.get(i), stores.get(i + 1) as Phase, stores.get(i + 2), slot, type);
    return;
  }
  let from = locationOfPiece(piece);
  let position = blockStarts[home];
  if (def != startPoint(home)) {
    position = positionOf(def >> 1) + 1;
    for (let use = firstUses[vreg]; use < usesEnd(vreg); use++) {
      if (useKinds[use] == (UseKind.FixedDef as u8)) from = operandDetails[useOperands[use]];
    }
  }
  addMove(position, Phase.AfterDef, from, slot, type);
}

/** The moves of jump arguments to parameters. */
function resolveArguments(): void {
  for (let b: u32 = 1; b < machBlockCount; b++) {
    const block = at<Block>(b);
    const args = blockJumpArgs[block];
    if (args == 0) continue;
    const target = at<Block>(machPool.get(blockSuccessors[block]));
    const params = blockParams[target];
    const count = blockParamCounts[target];
    for (let i: u32 = 0; i < count; i++) {
      const param = at<VReg>(machPool.get(params + i));
      if (firstOrdered[param] == orderedEnd(param)) continue;
      const from = locationAt(at<VReg>(machPool.get(args + i)), endPoint(block) - 1);
      addMove(blockEnds[block] - 1, Phase.EdgeOut, from, locationAt(param, startPoint(target)), vregTypes[param]);
    }
  }
}
