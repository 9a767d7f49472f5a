/** float: floating-point arithmetic and conversions.
 *  In: a float instruction or a conversion.  Out: machine instructions. What one SSE instruction cannot do with wasm's semantics is a
 *  sequence of encode's (min, max, truncations, unsigned 64-bit). */

import { Value, VReg } from '../../../base/entity';
import * as ir from '../../../ir/func';
import { Op } from '../../../ir/op';
import { Type, isFloat } from '../../../ir/type';
import * as mach from '../../mach';
import { Constraint } from '../../mach';
import { Form, Size, WIDE_SHIFT, X64, flagsOf } from '../inst';
import { rodata128 } from '../rodata';
import { addAddress, addressFlags, displacement, isMemoryOperand, prepareAccess, prepareRodata } from './address';
import {
  absorb,
  anywhere,
  def,
  defEarly,
  defReuse,
  emitUnary,
  isNarrow,
  location,
  outlives,
  sizeOf,
  use,
  useAny,
  useRegister,
  vregOf,
} from './operands';

const SIGN_32: u64 = 0x8000000080000000;
const SIGN_64: u64 = 0x8000000000000000;

function signMask(size: Size): u64 {
  return size == Size.S32 ? SIGN_32 : SIGN_64;
}

function emitBinary(op: X64, value: Value, commutes: bool): void {
  const size = sizeOf(ir.types[value]);
  let a = ir.argA[value];
  let b = ir.argB[value];
  if (commutes && !isMemoryOperand(b, value) && (isMemoryOperand(a, value) || outlives(a, b))) {
    const swap = a;
    a = b;
    b = swap;
  }
  if (a != b && isMemoryOperand(b, value)) {
    absorb(b);
    const left = use(a);
    prepareAccess(b);
    mach.newInst(op, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
    defReuse(vregOf(value));
    useRegister(left);
    addAddress();
    return;
  }
  const left = use(a);
  const right = use(b);
  mach.newInst(op, flagsOf(size, Form.Reg), 0, 0, location);
  defReuse(vregOf(value));
  useRegister(left);
  useAny(right, Constraint.Any);
}

/** Minf, Maxf: both in registers. */
function emitSequence(op: X64, value: Value): void {
  const left = use(ir.argA[value]);
  const right = use(ir.argB[value]);
  mach.newInst(op, flagsOf(sizeOf(ir.types[value]), Form.Reg), 0, 0, location);
  defReuse(vregOf(value));
  useRegister(left);
  useRegister(right);
}

/** target := source op 16 bytes of rodata with `low` in both halves. */
function emitMask(op: X64, target: VReg, source: VReg, size: Size, low: u64): void {
  prepareRodata(rodata128(low, low));
  mach.newInst(op, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
  defReuse(target);
  useRegister(source);
  addAddress();
}

function selectCopysign(value: Value): void {
  const type: u32 = ir.types[value];
  const size = sizeOf(type);
  const sign = signMask(size);
  const magnitude = mach.newVReg(type);
  const bit = mach.newVReg(type);
  const left = use(ir.argA[value]);
  const right = use(ir.argB[value]);
  emitMask(X64.Andps, magnitude, left, size, ~sign);
  emitMask(X64.Andps, bit, right, size, sign);
  mach.newInst(X64.Orps, flagsOf(size, Form.Reg), 0, 0, location);
  defReuse(vregOf(value));
  useRegister(magnitude);
  useRegister(bit);
}

function emitConversion(op: X64, value: Value, flags: u32): void {
  const a = ir.argA[value];
  if (isMemoryOperand(a, value)) {
    absorb(a);
    prepareAccess(a);
    mach.newInst(op, flags | flagsOf(Size.S8, Form.Mem) | addressFlags, 0, displacement, location);
    def(vregOf(value));
    addAddress();
    return;
  }
  emitUnary(op, flags, vregOf(value), use(a), anywhere(a));
}

function selectRound(value: Value, mode: i64): void {
  const source = use(ir.argA[value]);
  mach.newInst(X64.Roundf, flagsOf(sizeOf(ir.types[value]), Form.Reg), mode, 0, location);
  def(vregOf(value));
  useAny(source, Constraint.Any);
}

function selectIntToFloatU(value: Value): void {
  const size = sizeOf(ir.types[value]);
  const a = ir.argA[value];
  if (ir.types[a] == Type.I32 || isNarrow(a)) {
    // Zero-extended, it is a non-negative 64-bit integer; its slot has 4 bytes, so it must be in a register.
    emitUnary(X64.CvtIntToFloat, flagsOf(size, Form.Reg) | (1 << WIDE_SHIFT), vregOf(value), use(a), Constraint.Register);
    return;
  }
  const source = use(a);
  const temporary = mach.newVReg(Type.I64);
  mach.newInst(X64.CvtUint64ToFloat, flagsOf(size, Form.Reg), 0, 0, location);
  defEarly(vregOf(value));
  defEarly(temporary);
  useRegister(source);
}

function selectTruncation(value: Value, op: X64): void {
  const a = ir.argA[value];
  const wide: u32 = ir.types[value] == Type.I64 ? 1 : 0;
  const source = use(a);
  const temporary = mach.newVReg(ir.types[a]);
  mach.newInst(op, flagsOf(sizeOf(ir.types[a]), Form.Reg) | (wide << WIDE_SHIFT), 0, 0, location);
  defEarly(vregOf(value));
  defEarly(temporary);
  useRegister(source);
}

function selectBitcast(value: Value): void {
  const a = ir.argA[value];
  const toFloat = isFloat(ir.types[value]);
  const size = sizeOf(ir.types[value]);
  if (toFloat == isFloat(ir.types[a])) {
    const op = toFloat ? X64.MovF : X64.Mov;
    emitUnary(op, flagsOf(size, Form.Reg), vregOf(value), use(a), anywhere(a));
    return;
  }
  emitUnary(toFloat ? X64.MovIntToFloat : X64.MovFloatToInt, flagsOf(size, Form.Reg), vregOf(value), use(a), anywhere(a));
}

/** True when `value` was a float operation or a conversion. */
export function selectFloat(value: Value): bool {
  const type: u32 = ir.types[value];
  const size = sizeOf(type);
  const a = ir.argA[value];
  switch (<u32>ir.ops[value]) {
    case Op.FAdd:
      emitBinary(X64.Addf, value, true);
      return true;
    case Op.FSub:
      emitBinary(X64.Subf, value, false);
      return true;
    case Op.FMul:
      emitBinary(X64.Mulf, value, true);
      return true;
    case Op.FDiv:
      emitBinary(X64.Divf, value, false);
      return true;
    case Op.FMin:
      emitSequence(X64.Minf, value);
      return true;
    case Op.FMax:
      emitSequence(X64.Maxf, value);
      return true;
    case Op.FCopysign:
      selectCopysign(value);
      return true;
    case Op.FAbs:
      emitMask(X64.Andps, vregOf(value), use(a), size, ~signMask(size));
      return true;
    case Op.FNeg:
      emitMask(X64.Xorps, vregOf(value), use(a), size, signMask(size));
      return true;
    case Op.FNearest:
      selectRound(value, 0);
      return true;
    case Op.FFloor:
      selectRound(value, 1);
      return true;
    case Op.FCeil:
      selectRound(value, 2);
      return true;
    case Op.FTrunc:
      selectRound(value, 3);
      return true;
    case Op.FSqrt:
      emitConversion(X64.Sqrtf, value, flagsOf(size, Form.Reg));
      return true;
    case Op.Promote:
    case Op.Demote:
      emitConversion(X64.Cvtf, value, flagsOf(size, Form.Reg));
      return true;
    case Op.IntToFloatS: {
      const wide: u32 = ir.types[a] == Type.I64 ? 1 : 0;
      emitConversion(X64.CvtIntToFloat, value, flagsOf(size, Form.Reg) | (wide << WIDE_SHIFT));
      return true;
    }
    case Op.IntToFloatU:
      selectIntToFloatU(value);
      return true;
    case Op.FloatToIntS:
      selectTruncation(value, X64.TruncS);
      return true;
    case Op.FloatToIntU:
      selectTruncation(value, X64.TruncU);
      return true;
    case Op.FloatToIntSatS:
      selectTruncation(value, X64.TruncSatS);
      return true;
    case Op.FloatToIntSatU:
      selectTruncation(value, X64.TruncSatU);
      return true;
    case Op.Bitcast:
      selectBitcast(value);
      return true;
    default:
      return false;
  }
}
