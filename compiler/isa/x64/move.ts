/** move: copies between locations, and zeros. None of them touches the flags, but for `zeroInt`. */

import { Type } from '../../ir/type';
import { SPILL_BASE } from '../mach';
import { M_0F, P_66, P_F2, P_F3, Width, floatsAreVex, fop, op, opShort, imm32, imm64, raw8, rmLocation, room } from './bytes';
import { SCRATCH } from './reg';

function isFloatReg(location: u32): bool {
  return location >= 16 && location < SPILL_BASE;
}

/** A value of this type, from one register or spill slot to another; not both are slots. */
export function moveValue(to: u32, from: u32, type: u32): void {
  room();
  const wide: u32 = type == Type.I32 || type == Type.F32 ? 0 : 1;
  if (to >= SPILL_BASE) {
    assert(from < SPILL_BASE);
    rmLocation(to);
    if (isFloatReg(from)) fop(0x11 | M_0F | (wide ? P_F2 : P_F3), 0, from, 0, 0);
    else op(0x89, wide, from, 0);
  } else if (isFloatReg(to)) {
    moveToFloat(to, from, wide);
  } else {
    moveToInt(to, from, wide);
  }
}

/** mov, movd or movq. */
export function moveToInt(to: u32, from: u32, wide: u32): void {
  if (isFloatReg(from)) {
    rmLocation(to);
    fop(0x7e | M_0F | P_66, wide, from, 0, 0);
  } else {
    rmLocation(from);
    op(0x8b, wide, to, 0);
  }
}

/** movaps, movss, movsd, movd or movq. */
export function moveToFloat(to: u32, from: u32, wide: u32): void {
  rmLocation(from);
  if (from < 16) fop(0x6e | M_0F | P_66, wide, to, 0, 0);
  else if (from >= SPILL_BASE) fop(0x10 | M_0F | (wide ? P_F2 : P_F3), 0, to, 0, 0);
  else fop(0x28 | M_0F, 0, to, 0, 0);
}

/** The shortest mov of a constant. `wide`: all 64 bits, else the low 32, zero-extended. */
export function moveConstant(to: u32, value: i64, wide: bool): void {
  if (!wide || (value as u64) <= 0xffffffff) {
    opShort(0xb8, 0, to);
    imm32(value as i32);
  } else if ((value as i32 as i64) == value) {
    rmLocation(to);
    op(0xc7, Width.W, 0, 4);
    imm32(value as i32);
  } else {
    opShort(0xb8, Width.W, to);
    imm64(value);
  }
}

/** xor reg, reg. Leaves the r/m operand of the instruction to come as it is. */
export function zeroInt(reg: u32): void {
  if (reg >= 8) raw8(0x45);
  raw8(0x31);
  raw8(0xc0 | ((reg & 7) * 9));
}

/** xorps reg, reg: also ends the register's dependency on what it held. Leaves the r/m operand as it is. */
export function zeroFloat(reg: u32): void {
  const low = reg & 7;
  const high = (reg & 8) != 0;
  if (floatsAreVex()) {
    if (high) {
      raw8(0xc4);
      raw8(0x41);
    } else {
      raw8(0xc5);
    }
    raw8((high ? 0 : 0x80) | ((~reg & 15) << 3));
  } else {
    if (high) raw8(0x45);
    raw8(0x0f);
  }
  raw8(0x57);
  raw8(0xc0 | (low * 9));
}

/** A float constant from its bits, through r11. */
export function floatConstant(to: u32, bits: u64, wide: u32): void {
  moveConstant(SCRATCH, bits as i64, true);
  moveToFloat(to, SCRATCH, wide);
}

/** cdq or cqo: rdx:rax := rax. */
export function signExtendRax(wide: u32): void {
  if (wide) raw8(0x48);
  raw8(0x99);
}
