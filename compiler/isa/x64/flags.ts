/** flags: whether the condition flags are needed at a place, so that a zero may be made by xor.
 *  In: positions of a block. Flags never live from block to block.  Cost: bounded by LOOK_AHEAD. */

import { instAt, instOps } from '../mach';
import { X64 } from './inst';

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
