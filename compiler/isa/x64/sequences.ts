/** sequences: operations that take several machine instructions, with exactly wasm's semantics. The common case runs straight
 *  through; what is rare stands in a cold part after the function's body.
 *  In: an instruction after allocation that `encode` does not know.  Out: bytes, cold parts, trap stubs.
 *  Ref: inst.ts for the operand lists; runtime/ABI.md, "Calls". */

import { Inst, Label } from '../../base/entity';
import {
  FUNCIMPORT_CODE,
  FUNCIMPORT_VMCONTEXT,
  FUNCREF_CODE,
  FUNCREF_VMCONTEXT,
  VMCONTEXT_MEMORY0_BASE,
  vmcontextFuncImport,
} from '../../../runtime/layout';
import { TrapCode } from '../../../runtime/traps';
import { bind, jump, jumpIf, newLabel } from '../../emit/code';
import { instFlags, instImms, instLocations, instOps, locationOf } from '../mach';
import { M_0F, P_66, P_F2, P_F3, Width, fop, imm32, imm8, op, raw8, rmBaseDisp, rmLocation, room } from './bytes';
import { contextOffset } from './frame';
import { Cond, Size, X64, condOf, isWide, operandSize } from './inst';
import { floatConstant, moveConstant, moveToFloat, moveToInt, signExtendRax, zeroFloat, zeroInt } from './move';
import { CONTEXT, FLOAT_SCRATCH, MEMORY_BASE, Reg, SCRATCH } from './reg';
import { coldPart, partEntries, partReturns, raise, trapStub } from './stubs';

/** Bits of 2^63. */
const TWO_63_F32: u64 = 0x5f000000;
const TWO_63_F64: u64 = 0x43e0000000000000;

/** Integer instruction: reg, r/m. */
function int(opcode: u32, width: u32, reg: u32, rm: u32): void {
  room();
  rmLocation(rm);
  op(opcode, width, reg, 0);
}

/** Integer instruction with an opcode extension and a one-byte immediate. */
function intImmediate(opcode: u32, width: u32, extension: u32, rm: u32, value: i32): void {
  room();
  rmLocation(rm);
  op(opcode, width, extension, 1);
  imm8(value);
}

/** Float instruction: reg op= r/m. */
function float(opcode: u32, reg: u32, rm: u32): void {
  room();
  rmLocation(rm);
  fop(opcode | M_0F, 0, reg, reg, 0);
}

function scalar(inst: Inst): u32 {
  return operandSize(instFlags[inst]) == Size.S64 ? P_F2 : P_F3;
}

/** ucomis left, right: unordered sets P, B and E; below B; equal E. */
function compareFloats(inst: Inst, left: u32, right: u32): void {
  room();
  rmLocation(right);
  fop(0x2e | M_0F | (operandSize(instFlags[inst]) == Size.S64 ? P_66 : 0), 0, left, 0, 0);
}

/** cvttss2si or cvttsd2si; what does not fit gives the smallest integer. */
function truncate(inst: Inst, to: u32, from: u32, wide: u32): void {
  room();
  rmLocation(from);
  fop(0x2c | M_0F | scalar(inst), wide, to, 0, 0);
}

function constant(inst: Inst, to: u32, single: u64, double: u64): void {
  room();
  if (operandSize(instFlags[inst]) == Size.S64) floatConstant(to, double, 1);
  else floatConstant(to, single, 0);
}

/** Emits a sequence; false when the instruction is control flow between blocks. */
export function emitSequence(inst: Inst): bool {
  switch (instOps[inst] as X64) {
    case X64.IremSafe:
      remainder(inst);
      break;
    case X64.ClzBsr:
      scanBits(inst, 0xbd);
      break;
    case X64.CtzBsf:
      scanBits(inst, 0xbc);
      break;
    case X64.CmovF:
      selectFloat(inst);
      break;
    case X64.Minf:
    case X64.Maxf:
      minMax(inst);
      break;
    case X64.CvtUint64ToFloat:
      convertUnsigned(inst);
      break;
    case X64.TruncS:
    case X64.TruncSatS:
      truncateSigned(inst);
      break;
    case X64.TruncU:
    case X64.TruncSatU:
      truncateUnsigned(inst);
      break;
    case X64.CallImport:
      callImport(inst);
      break;
    case X64.CallRef:
      callRef(inst);
      break;
    case X64.TrapIf:
      trapIf(inst);
      break;
    default:
      return false;
  }
  return true;
}

/** The cold part of an instruction's sequence; `back`: where the sequence goes on. */
export function emitColdPart(inst: Inst, back: Label): void {
  switch (instOps[inst] as X64) {
    case X64.Minf:
    case X64.Maxf:
      minMaxCold(inst, back);
      break;
    case X64.CvtUint64ToFloat:
      convertUnsignedCold(inst, back);
      break;
    case X64.TruncS:
      truncateSignedCold(inst, back);
      break;
    case X64.TruncSatS:
      saturateSignedCold(inst, back);
      break;
    case X64.TruncU:
      if (isWide(instFlags[inst])) truncateUnsigned64Cold(inst, back);
      else truncateUnsigned32Cold(inst);
      break;
    case X64.TruncSatU:
      if (isWide(instFlags[inst])) saturateUnsigned64Cold(inst, back);
      else saturateUnsigned32Cold(inst, back);
      break;
    case X64.CallImport:
      callImportCold(back);
      break;
    case X64.CallRef:
      callRefCold(inst, back);
      break;
    default:
      unreachable();
  }
}

/** Jumps to a cold part of `inst` on a condition, and goes on behind it. */
function unless(condition: Cond, inst: Inst): void {
  const part = coldPart(inst);
  jumpIf(condition, partEntries[part]);
  bind(partReturns[part]);
}

/** Two jumps for the conditions of float equality. */
function trapIf(inst: Inst): void {
  const cond = condOf(instFlags[inst]);
  const stub = trapStub(instImms[inst] as TrapCode, instLocations[inst]);
  if (cond == Cond.EAndNP) {
    const over = newLabel();
    jumpIf(Cond.P, over);
    jumpIf(Cond.E, stub);
    bind(over);
  } else if (cond == Cond.NEOrP) {
    jumpIf(Cond.NE, stub);
    jumpIf(Cond.P, stub);
  } else {
    jumpIf(cond, stub);
  }
}

/** d(rdx) d(rax) use(rax) use(divisor): INT_MIN % -1 would fault. */
function remainder(inst: Inst): void {
  const width: u32 = operandSize(instFlags[inst]) == Size.S64 ? Width.W : Width.None;
  const divisor = locationOf(inst, 3);
  const done = newLabel();
  room();
  zeroInt(Reg.Rdx);
  intImmediate(0x83, width, 7, divisor, -1);
  jumpIf(Cond.E, done);
  room();
  signExtendRax(width);
  int(0xf7, width, 7, divisor);
  bind(done);
}

/** bsr or bsf, and what clz and ctz of 0 are. */
function scanBits(inst: Inst, opcode: u32): void {
  const wide = operandSize(instFlags[inst]) == Size.S64;
  const width: u32 = wide ? Width.W : Width.None;
  const to = locationOf(inst, 0);
  const bits = wide ? 64 : 32;
  int(opcode | M_0F, width, to, locationOf(inst, 1));
  room();
  // bsr counts from the other end: 2 * bits - 1 ^ (bits - 1) = bits.
  moveConstant(SCRATCH, opcode == 0xbd ? 2 * bits - 1 : bits, false);
  int(0x44 | M_0F, width, to, SCRATCH);
  if (opcode == 0xbd) intImmediate(0x83, width, 6, to, bits - 1);
}

/** d=1 r r: d := cond ? operand 2 : operand 1. */
function selectFloat(inst: Inst): void {
  const cond = condOf(instFlags[inst]);
  const to = locationOf(inst, 0);
  const from = locationOf(inst, 2);
  if (to == from) return;
  const done = newLabel();
  if (cond == Cond.EAndNP) {
    jumpIf(Cond.NE, done);
    jumpIf(Cond.P, done);
  } else if (cond == Cond.NEOrP) {
    const take = newLabel();
    jumpIf(Cond.P, take);
    jumpIf(Cond.E, done);
    bind(take);
  } else {
    jumpIf(cond ^ 1, done);
  }
  room();
  moveToFloat(to, from, 1);
  bind(done);
}

/** d=1 r r. The machine's min and max are right for different, ordered operands. */
function minMax(inst: Inst): void {
  const to = locationOf(inst, 0);
  const right = locationOf(inst, 2);
  const part = coldPart(inst);
  compareFloats(inst, to, right);
  jumpIf(Cond.E, partEntries[part]);
  float((instOps[inst] == X64.Minf ? 0x5d : 0x5f) | scalar(inst), to, right);
  bind(partReturns[part]);
}

/** Equal or unordered. Equal values differ in nothing but the zero's sign: or gives -0, and gives +0. A sum is a quiet NaN. */
function minMaxCold(inst: Inst, back: Label): void {
  const to = locationOf(inst, 0);
  const right = locationOf(inst, 2);
  const unordered = newLabel();
  jumpIf(Cond.P, unordered);
  float(instOps[inst] == X64.Minf ? 0x56 : 0x54, to, right);
  jump(back);
  bind(unordered);
  float(0x58 | scalar(inst), to, right);
  jump(back);
}

/** cvtsi2ss or cvtsi2sd from 64 bits. */
function convertSigned(inst: Inst, to: u32, from: u32): void {
  room();
  zeroFloat(to);
  rmLocation(from);
  fop(0x2a | M_0F | scalar(inst), 1, to, to, 0);
}

/** d(xmm) d(int) r */
function convertUnsigned(inst: Inst): void {
  const from = locationOf(inst, 2);
  const part = coldPart(inst);
  int(0x85, Width.W, from, from);
  jumpIf(Cond.S, partEntries[part]);
  convertSigned(inst, locationOf(inst, 0), from);
  bind(partReturns[part]);
}

/** 2^63 and more: half the value, with the lost bit kept for rounding, then twice the result. */
function convertUnsignedCold(inst: Inst, back: Label): void {
  const to = locationOf(inst, 0);
  const half = locationOf(inst, 1);
  const from = locationOf(inst, 2);
  room();
  moveToInt(half, from, 1);
  moveToInt(SCRATCH, from, 0);
  int(0xd1, Width.W, 5, half);
  intImmediate(0x83, Width.None, 4, SCRATCH, 1);
  int(0x0b, Width.W, half, SCRATCH);
  convertSigned(inst, to, half);
  float(0x58 | scalar(inst), to, to);
  jump(back);
}

// Truncations: d(int) d(xmm temp) r.

/** The smallest integer stands for everything that does not fit: d - 1 overflows. */
function truncateSigned(inst: Inst): void {
  const to = locationOf(inst, 0);
  const wide: u32 = isWide(instFlags[inst]) ? Width.W : Width.None;
  truncate(inst, to, locationOf(inst, 2), wide);
  intImmediate(0x83, wide, 7, to, 1);
  unless(Cond.O, inst);
}

/** Traps unless the smallest integer is the true result. */
function truncateSignedCold(inst: Inst, back: Label): void {
  const flags = instFlags[inst];
  const temp = locationOf(inst, 1);
  const from = locationOf(inst, 2);
  const overflow = trapStub(TrapCode.IntegerOverflow, instLocations[inst]);
  compareFloats(inst, from, from);
  jumpIf(Cond.P, trapStub(TrapCode.BadConversionToInteger, instLocations[inst]));
  if (isWide(flags)) {
    constant(inst, temp, 0xdf000000, 0xc3e0000000000000);
    compareFloats(inst, from, temp);
    jumpIf(Cond.B, overflow);
  } else {
    // f64 has values between -2^31 - 1 and -2^31, f32 has none.
    constant(inst, temp, 0xcf000000, 0xc1e0000000200000);
    compareFloats(inst, from, temp);
    jumpIf(operandSize(flags) == Size.S64 ? Cond.BE : Cond.B, overflow);
  }
  room();
  zeroFloat(temp);
  compareFloats(inst, from, temp);
  jumpIf(Cond.AE, overflow);
  jump(back);
}

/** d is the smallest integer: right below 0; NaN gives 0, above is the largest. */
function saturateSignedCold(inst: Inst, back: Label): void {
  const to = locationOf(inst, 0);
  const temp = locationOf(inst, 1);
  const from = locationOf(inst, 2);
  const wide: u32 = isWide(instFlags[inst]) ? Width.W : Width.None;
  const ordered = newLabel();
  room();
  zeroFloat(temp);
  compareFloats(inst, from, temp);
  jumpIf(Cond.NP, ordered);
  room();
  zeroInt(to);
  jump(back);
  bind(ordered);
  jumpIf(Cond.B, back);
  int(0xf7, wide, 2, to);
  jump(back);
}

/** 32 bits: by way of 64, of which the upper half must be 0. 64 bits: right below 2^63. */
function truncateUnsigned(inst: Inst): void {
  const to = locationOf(inst, 0);
  truncate(inst, to, locationOf(inst, 2), 1);
  if (isWide(instFlags[inst])) {
    int(0x85, Width.W, to, to);
    unless(Cond.S, inst);
  } else {
    room();
    moveToInt(SCRATCH, to, 0);
    int(0x3b, Width.W, SCRATCH, to);
    unless(Cond.NE, inst);
  }
}

function truncateUnsigned32Cold(inst: Inst): void {
  const from = locationOf(inst, 2);
  compareFloats(inst, from, from);
  jumpIf(Cond.P, trapStub(TrapCode.BadConversionToInteger, instLocations[inst]));
  raise(TrapCode.IntegerOverflow);
}

/** Compares the source with 2^63, left in the temporary. */
function compareTwo63(inst: Inst): void {
  constant(inst, locationOf(inst, 1), TWO_63_F32, TWO_63_F64);
  compareFloats(inst, locationOf(inst, 2), locationOf(inst, 1));
}

/** d := source - 2^63, flags by its sign: negative when the source is 2^64 or more. */
function truncateUpper(inst: Inst): void {
  const to = locationOf(inst, 0);
  room();
  moveToFloat(FLOAT_SCRATCH, locationOf(inst, 2), 1);
  float(0x5c | scalar(inst), FLOAT_SCRATCH, locationOf(inst, 1));
  truncate(inst, to, FLOAT_SCRATCH, 1);
  int(0x85, Width.W, to, to);
}

/** btc d, 63 */
function flipSign(to: u32): void {
  intImmediate(0xba | M_0F, Width.W, 7, to, 63);
}

/** The truncation is negative: a NaN, below 0, or 2^63 and more. */
function truncateUnsigned64Cold(inst: Inst, back: Label): void {
  const overflow = trapStub(TrapCode.IntegerOverflow, instLocations[inst]);
  compareTwo63(inst);
  jumpIf(Cond.P, trapStub(TrapCode.BadConversionToInteger, instLocations[inst]));
  jumpIf(Cond.B, overflow);
  truncateUpper(inst);
  jumpIf(Cond.S, overflow);
  flipSign(locationOf(inst, 0));
  jump(back);
}

/** The upper half is not 0: NaN and below 0 give 0, above is the largest. */
function saturateUnsigned32Cold(inst: Inst, back: Label): void {
  const to = locationOf(inst, 0);
  const temp = locationOf(inst, 1);
  room();
  zeroInt(to);
  zeroFloat(temp);
  compareFloats(inst, locationOf(inst, 2), temp);
  jumpIf(Cond.BE, back);
  intImmediate(0x83, Width.None, 5, to, 1);
  jump(back);
}

function saturateUnsigned64Cold(inst: Inst, back: Label): void {
  const to = locationOf(inst, 0);
  const upper = newLabel();
  const largest = newLabel();
  compareTwo63(inst);
  // Unordered sets B too.
  jumpIf(Cond.AE, upper);
  room();
  zeroInt(to);
  jump(back);
  bind(upper);
  truncateUpper(inst);
  jumpIf(Cond.S, largest);
  flipSign(to);
  jump(back);
  bind(largest);
  room();
  moveConstant(to, -1, true);
  jump(back);
}

/** mov between a register (`reg`) and memory. */
function transfer(opcode: u32, reg: u32, base: u32, disp: i32): void {
  room();
  rmBaseDisp(base, disp);
  op(opcode, Width.W, reg, 0);
}

function saveContext(): void {
  transfer(0x89, CONTEXT, Reg.Rsp, contextOffset);
}

function restoreContext(): void {
  transfer(0x8b, CONTEXT, Reg.Rsp, contextOffset);
  loadMemoryBase();
}

function loadMemoryBase(): void {
  transfer(0x8b, MEMORY_BASE, CONTEXT, VMCONTEXT_MEMORY0_BASE);
}

/** A host function's code has an odd address: it leaves, by a jump in the cold part. */
function callImport(inst: Inst): void {
  const entry = vmcontextFuncImport(instImms[inst] as u32);
  const part = coldPart(inst);
  saveContext();
  transfer(0x8b, SCRATCH, CONTEXT, entry + FUNCIMPORT_CODE);
  transfer(0x8b, CONTEXT, CONTEXT, entry + FUNCIMPORT_VMCONTEXT);
  intImmediate(0xf6, Width.ByteRm, 0, SCRATCH, 1);
  jumpIf(Cond.NE, partEntries[part]);
  loadMemoryBase();
  int(0xff, Width.None, 2, SCRATCH);
  bind(partReturns[part]);
  restoreContext();
}

/** lea rax, [rip + 3]; jmp r11: a call that does not disturb the processor's prediction of returns, as leaving does not return here. */
function callImportCold(back: Label): void {
  room();
  raw8(0x48);
  raw8(0x8d);
  raw8(0x05);
  imm32(3);
  int(0xff, Width.None, 4, SCRATCH);
  jump(back);
}

/** call [reference + FUNCREF_CODE] */
function callCode(inst: Inst): void {
  room();
  rmBaseDisp(locationOf(inst, 0), FUNCREF_CODE);
  op(0xff, Width.None, 2, 0);
}

function callRef(inst: Inst): void {
  const part = coldPart(inst);
  transfer(0x39, CONTEXT, locationOf(inst, 0), FUNCREF_VMCONTEXT);
  jumpIf(Cond.NE, partEntries[part]);
  callCode(inst);
  bind(partReturns[part]);
}

/** A function of another instance. */
function callRefCold(inst: Inst, back: Label): void {
  saveContext();
  transfer(0x8b, CONTEXT, locationOf(inst, 0), FUNCREF_VMCONTEXT);
  loadMemoryBase();
  callCode(inst);
  restoreContext();
  jump(back);
}
