/** flags: whether the condition flags are needed at a place, so that a zero may be made by xor; and whether they are there already,
 *  so that a test may be left out.
 *  In: positions of a block. Flags never live from block to block.  Cost: bounded by LOOK_AHEAD and LOOK_BACK. */

import { Inst } from '../../base/entity';
import { movePositions, moveTo } from '../../regalloc/moves';
import { instAt, instFlags, instImms, instOperandCounts, instOps, locationOf } from '../mach';
import { COND_SHIFT, Cond, Form, Size, X64, condOf, formOf, operandSize } from './inst';

/** Instructions without flags to look at before giving up; giving up costs three bytes. */
const LOOK_AHEAD: u32 = 16;

/** Whether no instruction from `position` to the block's end (`end`) reads flags that were set before. */
export function flagsFree(position: u32, end: u32): bool {
  const last = min(end, position + LOOK_AHEAD);
  for (; position < last; position++) {
    switch (instOps[instAt(position)] as X64) {
      case X64.Setcc:
      case X64.Cmov:
      case X64.CmovF:
      case X64.TrapIf:
      case X64.Jcc:
        return false;
      // These change flags, or may: nothing behind them reads what was set before.
      case X64.Add:
      case X64.Sub:
      case X64.And:
      case X64.Or:
      case X64.Xor:
      case X64.Imul:
      case X64.AddLea:
      case X64.Neg:
      case X64.Shl:
      case X64.Shr:
      case X64.Sar:
      case X64.Rol:
      case X64.Ror:
      case X64.Andn:
      case X64.Div:
      case X64.Idiv:
      case X64.IremSafe:
      case X64.Mulhi:
      case X64.Lzcnt:
      case X64.Tzcnt:
      case X64.Popcnt:
      case X64.ClzBsr:
      case X64.CtzBsf:
      case X64.Cmp:
      case X64.CmpMemImm:
      case X64.Test:
      case X64.Ucomi:
      case X64.Minf:
      case X64.Maxf:
      case X64.CvtUint64ToFloat:
      case X64.TruncS:
      case X64.TruncU:
      case X64.TruncSatS:
      case X64.TruncSatU:
      case X64.Call:
      case X64.CallReg:
      case X64.CallImport:
      case X64.CallRef:
      case X64.CallBuiltin:
      case X64.Jmp:
      case X64.JmpTable:
      case X64.Trap:
      case X64.Ret:
        return true;
      default:
        break;
    }
  }
  return position == end;
}

/** Instructions between a result and its test, at most. */
const LOOK_BACK: u32 = 4;

/** What the flags say after an instruction, as far as a test of its result would. */
const enum Flags {
  Lost,
  /** They are as before. */
  Kept,
  /** ZF and SF. */
  ZeroAndSign,
  /** All: CF and OF are 0. */
  All,
}

/** The flags after `inst`, as `encode` writes it. */
function flagsAfter(inst: Inst): Flags {
  switch (instOps[inst] as X64) {
    case X64.And:
    case X64.Or:
    case X64.Xor:
    case X64.Andn:
      return Flags.All;
    case X64.Add:
    case X64.Sub:
    case X64.Neg:
      return Flags.ZeroAndSign;
    case X64.AddLea: {
      // As `addLea` of encode.ts chooses.
      const to = locationOf(inst, 0);
      if (to == locationOf(inst, 1)) return Flags.ZeroAndSign;
      if (formOf(instFlags[inst]) == Form.Imm) return Flags.Kept;
      return to == locationOf(inst, 2) ? Flags.ZeroAndSign : Flags.Kept;
    }
    case X64.Shl:
    case X64.Shr:
    case X64.Sar: {
      // A shift by 0 leaves them as they are.
      const mask: i64 = operandSize(instFlags[inst]) == Size.S64 ? 63 : 31;
      return formOf(instFlags[inst]) == Form.Imm && (instImms[inst] & mask) != 0 ? Flags.ZeroAndSign : Flags.Lost;
    }
    case X64.MovImm:
      // A zero may be an xor.
      return instImms[inst] == 0 ? Flags.Lost : Flags.Kept;
    case X64.Mov:
    case X64.MovF:
    case X64.Load:
    case X64.LoadZx:
    case X64.LoadSx:
    case X64.LoadF:
    case X64.Store:
    case X64.StoreImm:
    case X64.StoreF:
    case X64.Lea:
    case X64.Shlx:
    case X64.Shrx:
    case X64.Sarx:
    case X64.Rorx:
    case X64.Movzx:
    case X64.Movsx:
      return Flags.Kept;
    default:
      return Flags.Lost;
  }
}

/** The condition on the flags of an arithmetic result that holds when `cond` does after a test of it; 16 or more: none. */
function onResult(cond: Cond, flags: Flags): Cond {
  if (flags == Flags.All || cond == Cond.E || cond == Cond.NE || cond == Cond.S || cond == Cond.NS) return cond;
  // With OF = 0, as after a test.
  return cond == Cond.L ? Cond.S : cond == Cond.GE ? Cond.NS : Cond.EAndNP;
}

/** Whether the test at `position` of a register with itself may be left out, because the flags of the instruction that made its value
 *  serve the consumer, which gets the condition for them. The block begins at `start`; `move` is the first move after the test. */
export function flagsServe(position: u32, start: u32, end: u32, move: u32): bool {
  const test = instAt(position);
  if (instOps[test] != X64.Test || formOf(instFlags[test]) != Form.Reg) return false;
  const register = locationOf(test, 0);
  if (locationOf(test, 1) != register || position + 1 >= end) return false;
  const consumer = instAt(position + 1);
  const consumerOp = instOps[consumer] as X64;
  if (consumerOp != X64.Jcc && consumerOp != X64.Setcc && consumerOp != X64.TrapIf && consumerOp != X64.Cmov && consumerOp != X64.CmovF) {
    return false;
  }
  const first = position - start > LOOK_BACK ? position - LOOK_BACK : start;
  for (let before = position - 1; before >= first; before--) {
    while (move > 0 && movePositions[move - 1] > before) if (moveTo[--move] == register) return false;
    const inst = instAt(before);
    const flags = flagsAfter(inst);
    if (flags == Flags.Lost) return false;
    const op = instOps[inst] as X64;
    const defines =
      instOperandCounts[inst] != 0 && op != X64.Store && op != X64.StoreImm && op != X64.StoreF && locationOf(inst, 0) == register;
    if (flags == Flags.Kept) {
      if (defines) return false;
      continue;
    }
    if (!defines || operandSize(instFlags[inst]) != operandSize(instFlags[test])) return false;
    const cond = onResult(condOf(instFlags[consumer]), flags);
    if (cond >= Cond.EAndNP) return false;
    instFlags[consumer] = (instFlags[consumer] & ~(31 << COND_SHIFT)) | ((cond as u32) << COND_SHIFT);
    return true;
  }
  return false;
}
