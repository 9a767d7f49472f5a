/** encode: the instructions of the machine IR that are one machine instruction (or one and a zeroing idiom before it).
 *  In: an instruction after allocation.  Out: bytes. False for operations that sequences.ts or emit.ts know.
 *  Requires: `configure` of bytes.ts.  Ref: Intel SDM volume 2; inst.ts for the operand lists. */

import { Inst } from '../../base/entity';
import { RelocationKind, addRelocation, code } from '../../emit/output';
import { VMCONTEXT_BUILTINS } from '../../../runtime/layout';
import { NO_LOCATION, instFlags, instImms, instOperandCounts, instOps, locationOf } from '../mach';
import {
  M_0F,
  M_0F38,
  M_0F3A,
  P_66,
  P_F2,
  P_F3,
  Width,
  floatsAreVex,
  fop,
  imm16,
  imm32,
  imm8,
  isImm8,
  op,
  raw8,
  rmBaseDisp,
  rmBaseIndex,
  rmIsRegister,
  rmLocation,
  rmReads,
  rmRodata,
  vex,
} from './bytes';
import { Cond, Form, Size, X64, condOf, formOf, fromOf, isWide, operandSize } from './inst';
import { moveConstant, moveToFloat, moveToInt, signExtendRax, zeroFloat, zeroInt } from './move';
import { rmAddress, rmOperand } from './operand';
import { CONTEXT, Reg, SCRATCH } from './reg';

/** Opcode extensions and opcode rows of the eight classic operations. */
const ADD: u32 = 0;
const OR: u32 = 1;
const AND: u32 = 4;
const SUB: u32 = 5;
const XOR: u32 = 6;
const CMP: u32 = 7;

/** REX.W for 64-bit operations. */
function widthOf(size: Size): u32 {
  return size == Size.S64 ? Width.W : Width.None;
}

/** An integer opcode that exists in all sizes, from its form for 32 and 64 bits (an odd opcode; the even one before it is for bytes). */
function sized(opcode: u32, size: Size): u32 {
  return size == Size.S8 ? opcode & ~1 : size == Size.S16 ? opcode | P_66 : opcode;
}

/** Prefix of scalar float operations. */
function scalar(size: Size): u32 {
  return size == Size.S64 ? P_F2 : P_F3;
}

/** Prefix of packed operations, and of ucomis. */
function packed(size: Size): u32 {
  return size == Size.S64 ? P_66 : 0;
}

function immediate(size: Size, value: i64): void {
  if (size == Size.S8) imm8(value as i32);
  else if (size == Size.S16) imm16(value as i32);
  else imm32(value as i32);
}

/** r/m op= value. `accumulator`: r/m is rax. */
function aluImmediate(group: u32, size: Size, value: i64, accumulator: bool): void {
  if (size == Size.S8) {
    op(0x80, Width.ByteRm, group, 1);
    imm8(value as i32);
  } else if (isImm8(value)) {
    op(sized(0x83, size), widthOf(size), group, 1);
    imm8(value as i32);
  } else if (accumulator && size >= Size.S32) {
    if (size == Size.S64) raw8(0x48);
    raw8((group << 3) | 5);
    imm32(value as i32);
  } else {
    op(sized(0x81, size), widthOf(size), group, size == Size.S16 ? 2 : 4);
    immediate(size, value);
  }
}

/** The immediate as the instruction's size sees it. */
function signedImmediate(inst: Inst, size: Size): i64 {
  const value = instImms[inst];
  return size == Size.S64 ? value : (value as i32 as i64);
}

/** d=1 r (a|M|i) */
function alu(inst: Inst, group: u32): void {
  const flags = instFlags[inst];
  let size = operandSize(flags);
  const reg = locationOf(inst, 0);
  if (formOf(flags) == Form.Imm) {
    const value = signedImmediate(inst, size);
    // The result has no upper half, and the flags are those of the lower: no REX.W needed.
    if (group == AND && size == Size.S64 && value >= 0) size = Size.S32;
    rmLocation(reg);
    aluImmediate(group, size, value, reg == Reg.Rax);
    return;
  }
  rmOperand(inst, 2);
  op((group << 3) | 3, widthOf(size), reg, 0);
}

function compare(inst: Inst): void {
  const flags = instFlags[inst];
  const size = operandSize(flags);
  const reg = locationOf(inst, 0);
  if (formOf(flags) == Form.Imm) {
    const value = signedImmediate(inst, size);
    rmLocation(reg);
    // The same flags, shorter.
    if (value == 0) op(sized(0x85, size), widthOf(size) | byteRegs(size), reg, 0);
    else aluImmediate(CMP, size, value, reg == Reg.Rax);
    return;
  }
  rmOperand(inst, 1);
  op(sized(0x3b, size), widthOf(size) | byteRegs(size), reg, 0);
}

/** Both operands are byte registers. */
function byteRegs(size: Size): u32 {
  return size == Size.S8 ? Width.ByteReg | Width.ByteRm : Width.None;
}

function test(inst: Inst): void {
  const flags = instFlags[inst];
  let size = operandSize(flags);
  const reg = locationOf(inst, 0);
  if (formOf(flags) != Form.Imm) {
    rmLocation(locationOf(inst, 1));
    op(sized(0x85, size), widthOf(size) | byteRegs(size), reg, 0);
    return;
  }
  const value = signedImmediate(inst, size);
  // The result lies in the low bits, so that the flags are those of the shorter operation.
  if (value >= 0 && value <= 0x7f) size = Size.S8;
  else if (value >= 0 && size == Size.S64) size = Size.S32;
  rmLocation(reg);
  if (reg == Reg.Rax && size != Size.S16) {
    if (size == Size.S64) raw8(0x48);
    raw8(size == Size.S8 ? 0xa8 : 0xa9);
  } else {
    op(sized(0xf7, size), widthOf(size) | (size == Size.S8 ? Width.ByteRm : Width.None), 0, size == Size.S8 ? 1 : size == Size.S16 ? 2 : 4);
  }
  immediate(size, value);
}

/** d r a|i: add in place where a source is the result, else lea; a spilled second source is added from memory. */
function addLea(inst: Inst): void {
  const flags = instFlags[inst];
  const size = operandSize(flags);
  const to = locationOf(inst, 0);
  const left = locationOf(inst, 1);
  if (formOf(flags) == Form.Imm) {
    const value = signedImmediate(inst, size);
    if (to == left) {
      rmLocation(to);
      // -128 has a short form, 128 has none.
      if (value == 128) aluImmediate(SUB, size, -128, false);
      else aluImmediate(ADD, size, value, to == Reg.Rax);
    } else {
      rmBaseDisp(left, value as i32);
      op(0x8d, widthOf(size), to, 0);
    }
    return;
  }
  const right = locationOf(inst, 2);
  if (to == left || to == right) {
    rmLocation(to == right ? left : right);
    op(0x03, widthOf(size), to, 0);
  } else {
    rmBaseIndex(left, right, 0, 0);
    op(0x8d, widthOf(size), to, 0);
  }
}

function shift(inst: Inst, group: u32): void {
  const flags = instFlags[inst];
  const size = operandSize(flags);
  rmLocation(locationOf(inst, 0));
  if (formOf(flags) != Form.Imm) {
    op(0xd3, widthOf(size), group, 0);
    return;
  }
  const count = (instImms[inst] as i32) & (size == Size.S64 ? 63 : 31);
  if (count == 1) {
    op(0xd1, widthOf(size), group, 0);
  } else {
    op(0xc1, widthOf(size), group, 1);
    imm8(count);
  }
}

/** d (a|M), where older CPUs wait for the old d. */
function countBits(inst: Inst, opcode: u32): void {
  const to = locationOf(inst, 0);
  rmOperand(inst, 1);
  if (!rmReads(to)) zeroInt(to);
  op(opcode, widthOf(operandSize(instFlags[inst])), to, 0);
}

/** BMI2: d a r(count), or d r(count) M: address operands are last. */
function bmiShift(inst: Inst, prefix: u32): void {
  const flags = instFlags[inst];
  let count: u32;
  if (formOf(flags) == Form.Mem) {
    rmAddress(inst, 2);
    count = locationOf(inst, 1);
  } else {
    rmLocation(locationOf(inst, 1));
    count = locationOf(inst, 2);
  }
  vex(0xf7 | M_0F38 | prefix, widthOf(operandSize(flags)), locationOf(inst, 0), count, 0);
}

/** d=1 r (a|M) */
function floatBinary(inst: Inst, opcode: u32): void {
  const to = locationOf(inst, 0);
  rmOperand(inst, 2);
  fop(opcode | M_0F | scalar(operandSize(instFlags[inst])), 0, to, to, 0);
}

/** d=1 r (r|M), the whole register. */
function floatBits(inst: Inst, opcode: u32): void {
  const to = locationOf(inst, 0);
  rmOperand(inst, 2);
  fop(opcode | M_0F, 0, to, to, 0);
}

/** d (a|M), which leaves the upper part of d as it was (legacy) or takes it from another register (VEX): without a wait for an old value. */
function floatUnary(inst: Inst, opcode: u32, wide: u32, trailing: u32): void {
  const to = locationOf(inst, 0);
  rmOperand(inst, 1);
  let source = to;
  if (!rmReads(to)) {
    if (floatsAreVex() && rmIsRegister() && locationOf(inst, 1) >= 16) source = locationOf(inst, 1);
    else zeroFloat(to);
  }
  fop(opcode, wide, to, source, trailing);
}

function loadExtended(inst: Inst, opcode: u32): void {
  const flags = instFlags[inst];
  const from = fromOf(flags);
  rmAddress(inst, 1);
  if (from == Size.S32) op(0x63, Width.W, locationOf(inst, 0), 0);
  else op((opcode + (from as u32)) | M_0F, widthOf(operandSize(flags)), locationOf(inst, 0), 0);
}

/** Register to register, `opcode` for bytes. */
function extend(inst: Inst, opcode: u32, width: u32): void {
  const from = fromOf(instFlags[inst]);
  rmLocation(locationOf(inst, 1));
  op((opcode + (from as u32)) | M_0F, width | (from == Size.S8 ? Width.ByteRm : Width.None), locationOf(inst, 0), 0);
}

function storeInt(inst: Inst): void {
  const size = operandSize(instFlags[inst]);
  rmAddress(inst, 1);
  op(sized(0x89, size), widthOf(size) | (size == Size.S8 ? Width.ByteReg : Width.None), locationOf(inst, 0), 0);
}

function storeImmediate(inst: Inst): void {
  const size = operandSize(instFlags[inst]);
  rmAddress(inst, 0);
  op(sized(0xc7, size), widthOf(size), 0, size == Size.S8 ? 1 : size == Size.S16 ? 2 : 4);
  immediate(size, instImms[inst]);
}

function compareMemory(inst: Inst): void {
  const size = operandSize(instFlags[inst]);
  rmAddress(inst, 0);
  const value =
    size == Size.S8 ? (instImms[inst] as i8 as i64) : size == Size.S16 ? (instImms[inst] as i16 as i64) : signedImmediate(inst, size);
  aluImmediate(CMP, size, value, false);
}

/** d := 0 or 1. The two conditions of float equality join two tests. */
function setCondition(inst: Inst): void {
  const cond = condOf(instFlags[inst]);
  const to = locationOf(inst, 0);
  rmLocation(to);
  if (cond >= Cond.EAndNP) {
    const equal = cond == Cond.EAndNP;
    op((equal ? 0x94 : 0x95) | M_0F, Width.ByteRm, 0, 0);
    rmLocation(SCRATCH);
    op((equal ? 0x9b : 0x9a) | M_0F, Width.ByteRm, 0, 0);
    op(equal ? 0x22 : 0x0a, Width.ByteReg | Width.ByteRm, to, 0);
    rmLocation(to);
  } else {
    op(0x90 | cond | M_0F, Width.ByteRm, 0, 0);
  }
  op(0xb6 | M_0F, Width.ByteRm, to, 0);
}

/** A 4-byte field for the distance to the code of a function. */
function functionField(func: u32): void {
  addRelocation(RelocationKind.X64Call, code.length, func, 0);
  imm32(0);
}

/** Encodes an instruction; false when it is a sequence or control flow. */
export function encode(inst: Inst): bool {
  const flags = instFlags[inst];
  const size = operandSize(flags);
  const first = instOperandCounts[inst] != 0 ? locationOf(inst, 0) : NO_LOCATION;
  switch (instOps[inst] as X64) {
    case X64.Mov: {
      const from = locationOf(inst, 1);
      if (from != first) moveToInt(first, from, widthOf(size));
      break;
    }
    case X64.MovF: {
      const from = locationOf(inst, 1);
      if (from != first) moveToFloat(first, from, widthOf(size));
      break;
    }
    case X64.MovImm:
      moveConstant(first, instImms[inst], size == Size.S64);
      break;
    case X64.ZeroF:
      zeroFloat(first);
      break;
    case X64.Load:
      rmAddress(inst, 1);
      op(0x8b, widthOf(size), first, 0);
      break;
    case X64.LoadZx:
      rmAddress(inst, 1);
      op((0xb6 + (fromOf(flags) as u32)) | M_0F, Width.None, first, 0);
      break;
    case X64.LoadSx:
      loadExtended(inst, 0xbe);
      break;
    case X64.LoadF:
      rmAddress(inst, 1);
      fop(0x10 | M_0F | scalar(size), 0, first, 0, 0);
      break;
    case X64.Store:
      storeInt(inst);
      break;
    case X64.StoreImm:
      storeImmediate(inst);
      break;
    case X64.StoreF:
      rmAddress(inst, 1);
      fop(0x11 | M_0F | scalar(size), 0, first, 0, 0);
      break;

    case X64.Add:
      alu(inst, ADD);
      break;
    case X64.Sub:
      alu(inst, SUB);
      break;
    case X64.And:
      alu(inst, AND);
      break;
    case X64.Or:
      alu(inst, OR);
      break;
    case X64.Xor:
      alu(inst, XOR);
      break;
    case X64.Imul:
      if (formOf(flags) == Form.Imm) {
        const value = signedImmediate(inst, size);
        rmLocation(locationOf(inst, 1));
        if (isImm8(value)) {
          op(0x6b, widthOf(size), first, 1);
          imm8(value as i32);
        } else {
          op(0x69, widthOf(size), first, 4);
          imm32(value as i32);
        }
      } else {
        rmOperand(inst, 2);
        op(0xaf | M_0F, widthOf(size), first, 0);
      }
      break;
    case X64.AddLea:
      addLea(inst);
      break;
    case X64.Lea:
      rmAddress(inst, 1);
      op(0x8d, widthOf(size), first, 0);
      break;
    case X64.Neg:
      rmLocation(first);
      op(0xf7, widthOf(size), 3, 0);
      break;
    case X64.Not:
      rmLocation(first);
      op(0xf7, widthOf(size), 2, 0);
      break;
    case X64.Shl:
      shift(inst, 4);
      break;
    case X64.Shr:
      shift(inst, 5);
      break;
    case X64.Sar:
      shift(inst, 7);
      break;
    case X64.Rol:
      shift(inst, 0);
      break;
    case X64.Ror:
      shift(inst, 1);
      break;
    case X64.Shlx:
      bmiShift(inst, P_66);
      break;
    case X64.Shrx:
      bmiShift(inst, P_F2);
      break;
    case X64.Sarx:
      bmiShift(inst, P_F3);
      break;
    case X64.Rorx:
      rmOperand(inst, 1);
      vex(0xf0 | M_0F3A | P_F2, widthOf(size), first, 0, 1);
      imm8(instImms[inst] as i32);
      break;
    case X64.Andn:
      rmOperand(inst, 2);
      vex(0xf2 | M_0F38, widthOf(size), first, locationOf(inst, 1), 0);
      break;
    case X64.SignRdx:
      signExtendRax(widthOf(size));
      break;
    case X64.Div:
      rmLocation(locationOf(inst, 4));
      op(0xf7, widthOf(size), 6, 0);
      break;
    case X64.Idiv:
      rmLocation(locationOf(inst, 4));
      op(0xf7, widthOf(size), 7, 0);
      break;
    case X64.Mulhi:
      rmLocation(locationOf(inst, 3));
      op(0xf7, widthOf(size), 4, 0);
      break;
    case X64.Lzcnt:
      countBits(inst, 0xbd | M_0F | P_F3);
      break;
    case X64.Tzcnt:
      countBits(inst, 0xbc | M_0F | P_F3);
      break;
    case X64.Popcnt:
      countBits(inst, 0xb8 | M_0F | P_F3);
      break;
    case X64.Movzx:
      if (fromOf(flags) == Size.S32) moveToInt(first, locationOf(inst, 1), 0);
      else extend(inst, 0xb6, Width.None);
      break;
    case X64.Movsx:
      if (fromOf(flags) == Size.S32) {
        rmLocation(locationOf(inst, 1));
        op(0x63, Width.W, first, 0);
      } else {
        extend(inst, 0xbe, widthOf(size));
      }
      break;

    case X64.Cmp:
      compare(inst);
      break;
    case X64.CmpMemImm:
      compareMemory(inst);
      break;
    case X64.Test:
      test(inst);
      break;
    case X64.Ucomi:
      rmOperand(inst, 1);
      fop(0x2e | M_0F | packed(size), 0, first, 0, 0);
      break;
    case X64.Setcc:
      setCondition(inst);
      break;
    case X64.Cmov:
      rmLocation(locationOf(inst, 2));
      op(0x40 | condOf(flags) | M_0F, widthOf(size), first, 0);
      break;

    case X64.Addf:
      floatBinary(inst, 0x58);
      break;
    case X64.Subf:
      floatBinary(inst, 0x5c);
      break;
    case X64.Mulf:
      floatBinary(inst, 0x59);
      break;
    case X64.Divf:
      floatBinary(inst, 0x5e);
      break;
    case X64.Sqrtf:
      floatUnary(inst, 0x51 | M_0F | scalar(size), 0, 0);
      break;
    case X64.Roundf:
      floatUnary(inst, (size == Size.S64 ? 0x0b : 0x0a) | M_0F3A | P_66, 0, 1);
      // Bit 3: no inexact exception.
      imm8((instImms[inst] as i32) | 8);
      break;
    case X64.Andps:
      floatBits(inst, 0x54);
      break;
    case X64.Andnps:
      floatBits(inst, 0x55);
      break;
    case X64.Orps:
      floatBits(inst, 0x56);
      break;
    case X64.Xorps:
      floatBits(inst, 0x57);
      break;
    case X64.Cvtf:
      // The prefix names the source.
      floatUnary(inst, 0x5a | M_0F | scalar(size == Size.S64 ? Size.S32 : Size.S64), 0, 0);
      break;
    case X64.CvtIntToFloat:
      floatUnary(inst, 0x2a | M_0F | scalar(size), isWide(flags) ? 1 : 0, 0);
      break;
    case X64.MovIntToFloat:
      moveToFloat(first, locationOf(inst, 1), widthOf(size));
      break;
    case X64.MovFloatToInt:
      moveToInt(first, locationOf(inst, 1), widthOf(size));
      break;

    case X64.Call:
      raw8(0xe8);
      functionField(instImms[inst] as u32);
      break;
    case X64.CallReg:
      rmLocation(first);
      op(0xff, Width.None, 2, 0);
      break;
    case X64.CallBuiltin:
      rmBaseDisp(CONTEXT, VMCONTEXT_BUILTINS);
      op(0x8b, Width.W, SCRATCH, 0);
      rmBaseDisp(SCRATCH, (instImms[inst] as i32) << 3);
      op(0xff, Width.None, 2, 0);
      break;
    case X64.LeaRodata:
      rmRodata(instImms[inst] as u32);
      op(0x8d, Width.W, first, 0);
      break;
    case X64.Args:
      break;
    default:
      return false;
  }
  return true;
}
