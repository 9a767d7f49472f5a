/** liveness: use points, live ranges and affinities of the function at hand.
 *  In: mach, flow.  Out: ranges (uses, and one piece for each hole-free stretch of a live range, enqueued), fixed, affinity.
 *  Cost: O(operands) plus, for each virtual register, the blocks it is live in. No matrix of blocks by registers exists: each
 *  register's blocks are explored upwards from its uses, and marked in one row of bits.
 *  Ref: Boissinot et al., Computing Liveness Sets for SSA-Form Programs, 2011 (by variable). */

import { BitMatrix } from '../base/bitset';
import { Block, Inst, VReg, at, none } from '../base/entity';
import { Pool } from '../base/pool';
import {
  Clobber,
  Constraint,
  OperandFlag,
  blockEnds,
  blockJumpArgs,
  blockParamCounts,
  blockParams,
  blockStarts,
  blockSuccessors,
  instAt,
  instClobbers,
  instOperandCounts,
  instOperands,
  instOps,
  machBlockCount,
  machPool,
  operandConstraints,
  operandDetails,
  operandFlags,
  operandVRegs,
  order,
  vregCount,
} from '../isa/mach';
import { floatMoveOp, moveOp } from '../isa/target';
import { preferFixed, resetAffinity, unite } from './affinity';
import { addCall, blockRegister, resetFixed } from './fixed';
import { endPoint, firstPreds, frequencies, preds, predsEnd, startPoint } from './flow';
import {
  UseKind,
  defBlocks,
  defPieces,
  defPoints,
  enqueue,
  firstUses,
  newPiece,
  pointLists,
  reserveUses,
  resetPieces,
  resetVRegs,
  setSlotCount,
  slotBlocks,
  slotCount,
  useKinds,
  useOperands,
  usePoints,
  usesEnd,
} from './ranges';

/** Row 0: the register is live into the block. Row 1: live out of it. Row 2: words of row 0 that have bits, or the def's block. */
const rows: BitMatrix = BitMatrix.create();
const work: Pool = Pool.create();

export function fillLiveness(): void {
  setSlotCount(order.length + machBlockCount - 2);
  pointLists.clear(0, (slotCount + 1) << 1);
  resetVRegs(vregCount);
  resetPieces(vregCount);
  resetFixed();
  resetAffinity(vregCount);
  visitUses(false);
  const end = sumUses();
  reserveUses(end);
  uniteAffine();
  visitUses(true);
  for (let v = vregCount; v > 0; v--) firstUses[at<VReg>(v)] = firstUses[at<VReg>(v - 1)];
  fillPieces();
}

/** Turns counts (of register v, in element v + 1) into starts. */
function sumUses(): u32 {
  for (let v: u32 = 1; v <= vregCount; v++) firstUses[at<VReg>(v)] = firstUses[at<VReg>(v)] + firstUses[at<VReg>(v - 1)];
  return firstUses[at<VReg>(vregCount)];
}

function add(fill: bool, vreg: VReg, point: u32, kind: UseKind, operand: u32): void {
  if (fill) {
    const index = firstUses[vreg];
    usePoints[index] = point;
    useKinds[index] = kind as u8;
    useOperands[index] = operand;
    firstUses[vreg] = index + 1;
  } else {
    const next = at<VReg>(vreg.index + 1);
    firstUses[next] = firstUses[next] + 1;
  }
}

function setDef(vreg: VReg, block: Block, point: u32): void {
  defBlocks[vreg] = block;
  defPoints[vreg] = point;
}

/** Counts all use points, or fills them in. */
function visitUses(fill: bool): void {
  for (let b: u32 = 1; b < machBlockCount; b++) {
    const block = at<Block>(b);
    const params = blockParams[block];
    const count = blockParamCounts[block];
    const start = startPoint(block);
    if (fill) slotBlocks[start >> 1] = block;
    for (let i: u32 = 0; i < count; i++) {
      const param = at<VReg>(machPool.get(params + i));
      setDef(param, block, start);
      add(fill, param, start, UseKind.Param, i);
    }
    const end = blockEnds[block];
    for (let position = blockStarts[block]; position < end; position++) visitInst(fill, block, instAt(position), (position + b) << 1);
    const args = blockJumpArgs[block];
    if (args != 0) {
      const needed = blockParamCounts[at<Block>(machPool.get(blockSuccessors[block]))];
      for (let i: u32 = 0; i < needed; i++) add(fill, at<VReg>(machPool.get(args + i)), endPoint(block) - 1, UseKind.JumpArg, i);
    }
  }
}

/** Whether a plain use of `vreg` reads the register of a def that reuses another use of `vreg` in the same instruction. */
export function isReused(inst: Inst, vreg: VReg): bool {
  const first = instOperands[inst];
  const end = first + (instOperandCounts[inst] as u32);
  for (let operand = first; operand < end; operand++) {
    if (operandConstraints[operand] == (Constraint.Reuse as u8) && operandVRegs[first + (operandDetails[operand] as u32)] == vreg)
      return true;
  }
  return false;
}

function visitInst(fill: bool, block: Block, inst: Inst, point: u32): void {
  const first = instOperands[inst];
  const end = first + (instOperandCounts[inst] as u32);
  let held = false;
  let reuses = false;
  for (let operand = first; operand < end; operand++) {
    if (operandConstraints[operand] == (Constraint.Reuse as u8)) reuses = true;
  }
  // What the gap reads.
  for (let operand = first; operand < end; operand++) {
    const vreg = operandVRegs[operand];
    const flags = operandFlags[operand] as u32;
    if ((flags & OperandFlag.Def) != 0) continue;
    const constraint = operandConstraints[operand] as u32;
    if (constraint == Constraint.Fixed) {
      const register = operandDetails[operand] as u32;
      if (fill) blockRegister(register, point, vreg);
      if ((flags & OperandFlag.LateUse) != 0) held = true;
      if (vreg.isNone) continue;
      add(fill, vreg, point - 1, UseKind.Fixed, operand);
      if (fill) preferFixed(vreg, register, frequencies[block]);
    } else if (reuses && (flags & OperandFlag.LateUse) == 0 && !vreg.isNone && isReused(inst, vreg)) {
      add(fill, vreg, point - 1, UseKind.Reused, operand);
    }
  }
  // Plain uses, and defs written at the start.
  for (let operand = first; operand < end; operand++) {
    const vreg = operandVRegs[operand];
    const flags = operandFlags[operand] as u32;
    const constraint = operandConstraints[operand] as u32;
    if ((flags & OperandFlag.Def) != 0) {
      if (constraint == Constraint.Fixed && (flags & OperandFlag.EarlyDef) != 0) {
        held = true;
        if (fill) blockRegister(operandDetails[operand], point, vreg);
        if (vreg.isNone) continue;
        setDef(vreg, block, point);
        add(fill, vreg, point, UseKind.FixedDef, operand);
      } else if (constraint == Constraint.Reuse || (flags & OperandFlag.EarlyDef) != 0) {
        held = true;
        setDef(vreg, block, point);
        add(fill, vreg, point, UseKind.Register, operand);
      }
    } else if (constraint != Constraint.Fixed && !vreg.isNone) {
      if ((flags & OperandFlag.LateUse) != 0) {
        held = true;
        add(fill, vreg, point, UseKind.Register, operand);
      } else if (!reuses || !isReused(inst, vreg)) {
        add(fill, vreg, point, constraint == Constraint.Any ? UseKind.Any : UseKind.Register, operand);
      }
    }
  }
  // What lasts to the end, and defs written there.
  for (let operand = first; operand < end; operand++) {
    const vreg = operandVRegs[operand];
    const flags = operandFlags[operand] as u32;
    const constraint = operandConstraints[operand] as u32;
    if (held && constraint == Constraint.Fixed && (flags & (OperandFlag.LateUse | OperandFlag.EarlyDef)) != 0) {
      if (fill) blockRegister(operandDetails[operand], point + 1, vreg);
    } else if (held && !vreg.isNone && (constraint == Constraint.Reuse || (flags & (OperandFlag.LateUse | OperandFlag.EarlyDef)) != 0)) {
      add(fill, vreg, point + 1, UseKind.Held, 0);
    }
    if ((flags & OperandFlag.Def) == 0 || (flags & OperandFlag.EarlyDef) != 0 || constraint == Constraint.Reuse) continue;
    if (constraint == Constraint.Fixed) {
      if (fill) blockRegister(operandDetails[operand], point + 1, vreg);
      if (vreg.isNone) continue;
      if (fill) preferFixed(vreg, operandDetails[operand], frequencies[block]);
      setDef(vreg, block, point + 1);
      add(fill, vreg, point + 1, UseKind.FixedDef, operand);
    } else {
      setDef(vreg, block, point + 1);
      add(fill, vreg, point + 1, constraint == Constraint.Any ? UseKind.Any : UseKind.Register, operand);
    }
  }
  if (fill) {
    slotBlocks[point >> 1] = block;
    if (instClobbers[inst] == (Clobber.Call as u8)) addCall(point + 1);
  }
}

/** Values that would gain from one register: copies, reuses, parameters with their arguments. */
function uniteAffine(): void {
  for (let b: u32 = 1; b < machBlockCount; b++) {
    const block = at<Block>(b);
    const end = blockEnds[block];
    for (let position = blockStarts[block]; position < end; position++) {
      const inst = instAt(position);
      const first = instOperands[inst];
      const op = instOps[inst] as u32;
      if (op == moveOp || op == floatMoveOp) unite(operandVRegs[first], operandVRegs[first + 1]);
      const last = first + (instOperandCounts[inst] as u32);
      for (let operand = first; operand < last; operand++) {
        if (operandConstraints[operand] != (Constraint.Reuse as u8)) continue;
        unite(operandVRegs[operand], operandVRegs[first + (operandDetails[operand] as u32)]);
      }
    }
    const args = blockJumpArgs[block];
    if (args == 0) continue;
    const target = at<Block>(machPool.get(blockSuccessors[block]));
    const count = blockParamCounts[target];
    const params = blockParams[target];
    for (let i: u32 = 0; i < count; i++) unite(at<VReg>(machPool.get(params + i)), at<VReg>(machPool.get(args + i)));
  }
}

/** One past the last point of `block` at which the register with these uses is needed; `use` is its first use there or later. */
function lastNeeded(vreg: VReg, block: Block, use: u32): u32 {
  const end = usesEnd(vreg);
  const limit = endPoint(block);
  let last: u32 = 0;
  while (use < end && usePoints[use] < limit) {
    last = usePoints[use] + 1;
    use++;
  }
  return last;
}

function fillPieces(): void {
  rows.init(3, machBlockCount + 1);
  for (let v = vregCount - 1; v > 0; v--) {
    const vreg = at<VReg>(v);
    const first = firstUses[vreg];
    const end = usesEnd(vreg);
    if (first == end) continue;
    const def = defPoints[vreg];
    const home = defBlocks[vreg];
    const lonely = end == first + 1;
    // Nothing to place for a parameter or a fixed result that nobody reads.
    if (lonely && (useKinds[first] == (UseKind.Param as u8) || useKinds[first] == (UseKind.FixedDef as u8))) continue;
    if (usePoints[end - 1] < endPoint(home) && usePoints[first] >= def) {
      const piece = newPiece(vreg, def, usePoints[end - 1] + 1);
      defPieces[vreg] = piece;
      enqueue(piece);
    } else {
      explore(vreg, first, end, home);
      addPieces(vreg, first, end, home, def);
    }
  }
  rows.free();
}

/** Marks the blocks that the register is live into and out of. */
function explore(vreg: VReg, first: u32, end: u32, home: Block): void {
  rows.add(2, home.index >> 6);
  work.clear();
  let seen = none<Block>();
  for (let use = first; use < end; use++) {
    const block = slotBlocks[usePoints[use] >> 1];
    if (block == seen) continue;
    seen = block;
    if (block != home && !rows.has(0, block.index)) {
      rows.add(0, block.index);
      work.push(block.index);
    }
  }
  while (!work.isEmpty) {
    const block = at<Block>(work.pop());
    rows.add(2, block.index >> 6);
    const last = predsEnd(block);
    for (let i = firstPreds[block]; i < last; i++) {
      const pred = preds[i];
      if (rows.has(1, pred.index)) continue;
      rows.add(1, pred.index);
      if (pred == home || rows.has(0, pred.index)) continue;
      rows.add(0, pred.index);
      work.push(pred.index);
    }
  }
}

/** Makes the pieces from the marks, and clears the marks. */
function addPieces(vreg: VReg, first: u32, end: u32, home: Block, def: u32): void {
  let use = first;
  let start: u32 = 0;
  let stop: u32 = 0;
  const words = rows.wordsPerRow;
  // The marks of row 2 need a word for 64 words of row 0.
  for (let group: u32 = 0; group << 6 < words; group++) {
    let marked = rows.word(2, group);
    if (marked == 0) continue;
    rows.setWord(2, group, 0);
    while (marked != 0) {
      const word = (group << 6) + (ctz(marked) as u32);
      marked &= marked - 1;
      let bits = rows.word(0, word);
      if (word == home.index >> 6) bits |= (1 as u64) << (home.index & 63);
      while (bits != 0) {
        const block = at<Block>((word << 6) + (ctz(bits) as u32));
        bits &= bits - 1;
        const from = block == home ? def : startPoint(block);
        let to = endPoint(block);
        if (!rows.has(1, block.index)) {
          while (use < end && usePoints[use] < startPoint(block)) use++;
          to = lastNeeded(vreg, block, use);
        }
        if (from != stop || block == home) {
          if (stop != 0) addPiece(vreg, start, stop, def);
          start = from;
        }
        stop = to;
      }
      rows.setWord(0, word, 0);
      rows.setWord(1, word, 0);
    }
  }
  addPiece(vreg, start, stop, def);
}

function addPiece(vreg: VReg, start: u32, stop: u32, def: u32): void {
  const piece = newPiece(vreg, start, stop);
  if (start <= def && def < stop) defPieces[vreg] = piece;
  enqueue(piece);
}
