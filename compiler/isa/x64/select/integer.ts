/** integer: integer arithmetic.
 *  In: an integer instruction.  Out: machine instructions. An i32 result always comes from a 32-bit instruction, so it is zero-extended.
 *
 *  The operands of most arithmetic are in registers, although one could be in a spill slot: newer processors keep what was just stored in a slot
 *  at hand for a load, but not for arithmetic with a memory operand, which waits five cycles for it (measured on Zen 3: 1.6 against 6.4 cycles
 *  around a chain of store, xor, add; the same for imul, andn, movsx, lzcnt; shlx, rorx and cmov get it like a load). The load is one more
 *  instruction and no more memory access. blake3 takes 0.81 of the time, xchacha20 0.78, the other programs are as fast. A load of wasm is
 *  folded: its memory was written long ago, as a rule. */

import { Value, VReg } from '../../../base/entity';
import * as ir from '../../../ir/func';
import { Op } from '../../../ir/op';
import * as options from '../../../options';
import { CPU_X64_BMI1, CPU_X64_BMI2, CPU_X64_LZCNT } from '../../../../runtime/cpu';
import { Type } from '../../../ir/type';
import * as mach from '../../mach';
import { Constraint } from '../../mach';
import { FROM_SHIFT, Form, Size, X64, flagsOf } from '../inst';
import { Reg } from '../reg';
import { addAddress, addressFlags, displacement, isMemoryOperand, prepareAccess, prepareScaled, prepareSum } from './address';
import {
  absorb,
  anywhere,
  constOf,
  def,
  defEarly,
  defFixed,
  defReuse,
  emitUnary,
  hasOneUse,
  isConst,
  isFoldable,
  isImm32,
  isNarrow,
  location,
  outlives,
  sizeOf,
  use,
  useAny,
  useFixed,
  useLate,
  useLow,
  useRegister,
  vregOf,
} from './operands';

function has(feature: u32): bool {
  return (options.cpuFeatures & feature) != 0;
}

/** A register operand of an instruction of `size`: of a 32-bit one only the low half is read. */
function useSized(value: Value, size: Size): VReg {
  return size == Size.S32 ? useLow(value) : use(value);
}

function anySized(value: Value, size: Size): Constraint {
  return size == Size.S64 ? anywhere(value) : Constraint.Any;
}

/** target := left op right, with an immediate, a memory operand or a register on the right. */
function emitBinary(op: X64, value: Value, left: Value, right: Value): void {
  const size = sizeOf(ir.types[value]);
  const target = vregOf(value);
  if (isImm32(right)) {
    const source = useSized(left, size);
    mach.newInst(op, flagsOf(size, Form.Imm), constOf(right), 0, location);
    defReuse(target);
    useRegister(source);
    return;
  }
  if (left != right && isMemoryOperand(right, value)) {
    absorb(right);
    const source = useSized(left, size);
    prepareAccess(right);
    mach.newInst(op, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
    defReuse(target);
    useRegister(source);
    addAddress();
    return;
  }
  const source = useSized(left, size);
  const other = useSized(right, size);
  mach.newInst(op, flagsOf(size, Form.Reg), 0, 0, location);
  defReuse(target);
  useRegister(source);
  useRegister(other);
}

/** The same for an operation that commutes: a load on the left may be the memory operand too, and the result takes the register of an
 *  operand that is not needed any more. */
function emitCommutative(op: X64, value: Value): void {
  const a = ir.argA[value];
  const b = ir.argB[value];
  if (!isImm32(b) && (isImm32(a) || (!isMemoryOperand(b, value) && (isMemoryOperand(a, value) || outlives(a, b)))))
    emitBinary(op, value, b, a);
  else emitBinary(op, value, a, b);
}

function isSmallShift(value: Value): bool {
  return isFoldable(value, Op.Shl) && isConst(ir.argB[value]) && ir.imms[ir.argB[value]] >= 1 && ir.imms[ir.argB[value]] <= 3;
}

/** lea target, [a + b << k]. */
function emitShiftedSum(value: Value, a: Value, shifted: Value, disp: i32): void {
  const size = sizeOf(ir.types[value]);
  const scale = ir.imms[ir.argB[shifted]] as u32;
  absorb(shifted);
  const first = useSized(a, size);
  const second = useSized(ir.argA[shifted], size);
  prepareSum(first, second, scale, disp);
  emitLea(value, size);
}

function emitLea(value: Value, size: Size): void {
  mach.newInst(X64.Lea, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
  def(vregOf(value));
  addAddress();
}

function selectAdd(value: Value): void {
  const a = ir.argA[value];
  const b = ir.argB[value];
  const size = sizeOf(ir.types[value]);
  if (isImm32(b)) {
    const disp = constOf(b) as i32;
    if (isFoldable(a, Op.Add) && !isConst(ir.argB[a])) {
      const left = ir.argA[a];
      const right = ir.argB[a];
      if (isSmallShift(right)) {
        absorb(a);
        emitShiftedSum(value, left, right, disp);
        return;
      }
      if (!isMemoryOperand(right, a) && !isMemoryOperand(left, a)) {
        absorb(a);
        const first = useSized(left, size);
        const second = useSized(right, size);
        prepareSum(first, second, 0, disp);
        emitLea(value, size);
        return;
      }
    }
    if (isSmallShift(a)) {
      const scale = ir.imms[ir.argB[a]] as u32;
      absorb(a);
      prepareScaled(useSized(ir.argA[a], size), scale, disp);
      emitLea(value, size);
      return;
    }
    const source = useSized(a, size);
    mach.newInst(X64.AddLea, flagsOf(size, Form.Imm), disp as i64, 0, location);
    def(vregOf(value));
    useRegister(source);
    return;
  }
  if (isSmallShift(b)) {
    emitShiftedSum(value, a, b, 0);
    return;
  }
  if (isSmallShift(a)) {
    emitShiftedSum(value, b, a, 0);
    return;
  }
  if (a != b && (isMemoryOperand(a, value) || isMemoryOperand(b, value))) {
    emitCommutative(X64.Add, value);
    return;
  }
  const first = useSized(a, size);
  const second = useSized(b, size);
  mach.newInst(X64.AddLea, flagsOf(size, Form.Reg), 0, 0, location);
  def(vregOf(value));
  useRegister(first);
  useRegister(second);
}

function selectSub(value: Value): void {
  const a = ir.argA[value];
  const b = ir.argB[value];
  const size = sizeOf(ir.types[value]);
  if (isConst(a) && ir.imms[a] == 0) {
    emitInPlace(X64.Neg, value, b, size);
    return;
  }
  if (isImm32(b) && constOf(b) != (i32.MIN_VALUE as i64)) {
    const source = useSized(a, size);
    mach.newInst(X64.AddLea, flagsOf(size, Form.Imm), 0 - constOf(b), 0, location);
    def(vregOf(value));
    useRegister(source);
    return;
  }
  emitBinary(X64.Sub, value, a, b);
}

/** target := op source, in place. */
function emitInPlace(op: X64, value: Value, source: Value, size: Size): void {
  const register = useSized(source, size);
  mach.newInst(op, flagsOf(size, Form.Reg), 0, 0, location);
  defReuse(vregOf(value));
  useRegister(register);
}

function selectMul(value: Value): void {
  const a = ir.argA[value];
  const b = ir.argB[value];
  const size = sizeOf(ir.types[value]);
  if (isImm32(b)) {
    const factor = constOf(b);
    if (factor == 3 || factor == 5 || factor == 9) {
      const source = useSized(a, size);
      prepareSum(source, source, factor == 3 ? 1 : factor == 5 ? 2 : 3, 0);
      emitLea(value, size);
      return;
    }
    const source = useSized(a, size);
    mach.newInst(X64.Imul, flagsOf(size, Form.Imm), factor, 0, location);
    def(vregOf(value));
    useAny(source, anySized(a, size));
    return;
  }
  emitCommutative(X64.Imul, value);
}

/** x ^ -1, one use: what a BMI1 andn inverts. */
function isInverted(value: Value): bool {
  return isFoldable(value, Op.Xor) && isConst(ir.argB[value]) && constOf(ir.argB[value]) == -1;
}

function selectAnd(value: Value): void {
  const a = ir.argA[value];
  const b = ir.argB[value];
  const size = sizeOf(ir.types[value]);
  if (isConst(b)) {
    const mask = ir.imms[b] as u64;
    if (mask == 0xff || mask == 0xffff || (mask == 0xffffffff && size == Size.S64)) {
      const from = mask == 0xff ? Size.S8 : mask == 0xffff ? Size.S16 : Size.S32;
      const source = useSized(a, size);
      emitUnary(X64.Movzx, flagsOf(Size.S32, Form.Reg) | (from << FROM_SHIFT), vregOf(value), source, Constraint.Register);
      return;
    }
  }
  if (has(CPU_X64_BMI1) && (isInverted(a) || isInverted(b))) {
    const inverted = isInverted(b) ? b : a;
    const other = inverted == b ? a : b;
    if (!isImm32(other)) {
      absorb(inverted);
      const first = useSized(ir.argA[inverted], size);
      const second = useSized(other, size);
      mach.newInst(X64.Andn, flagsOf(size, Form.Reg), 0, 0, location);
      def(vregOf(value));
      useRegister(first);
      useRegister(second);
      return;
    }
  }
  emitCommutative(X64.And, value);
}

function selectXor(value: Value): void {
  const b = ir.argB[value];
  if (isConst(b) && constOf(b) == -1) emitInPlace(X64.Not, value, ir.argA[value], sizeOf(ir.types[value]));
  else emitCommutative(X64.Xor, value);
}

/** The count without a mask that the machine applies anyway. */
function countOf(count: Value, size: Size): Value {
  if (!isFoldable(count, Op.And) || !isConst(ir.argB[count])) return count;
  const needed: u64 = size == Size.S64 ? 63 : 31;
  if (((ir.imms[ir.argB[count]] as u64) & needed) != needed) return count;
  absorb(count);
  return ir.argA[count];
}

function selectShift(value: Value, op: X64, bmi2: X64): void {
  const size = sizeOf(ir.types[value]);
  const a = ir.argA[value];
  const b = ir.argB[value];
  if (isConst(b)) {
    const count = ir.imms[b] & (size == Size.S64 ? 63 : 31);
    if (op == X64.Shl && count == 1) {
      const source = useSized(a, size);
      mach.newInst(X64.AddLea, flagsOf(size, Form.Reg), 0, 0, location);
      def(vregOf(value));
      useRegister(source);
      useRegister(source);
      return;
    }
    if (op == X64.Shl && count >= 2 && count <= 3 && !hasOneUse(a)) {
      // The operand lives on: lea saves the copy.
      prepareScaled(useSized(a, size), count as u32, 0);
      emitLea(value, size);
      return;
    }
    const source = useSized(a, size);
    mach.newInst(op, flagsOf(size, Form.Imm), count, 0, location);
    defReuse(vregOf(value));
    useRegister(source);
    return;
  }
  const count = countOf(b, size);
  const source = useSized(a, size);
  // Only the low bits of the count are read, whatever its type.
  const amount = useLow(count);
  if (has(CPU_X64_BMI2)) {
    mach.newInst(bmi2, flagsOf(size, Form.Reg), 0, 0, location);
    def(vregOf(value));
    useAny(source, anySized(a, size));
    useRegister(amount);
    return;
  }
  emitShiftByRcx(op, value, size, source, amount);
}

function emitShiftByRcx(op: X64, value: Value, size: Size, source: VReg, amount: VReg): void {
  mach.newInst(op, flagsOf(size, Form.Reg), 0, 0, location);
  defReuse(vregOf(value));
  useRegister(source);
  useFixed(amount, Reg.Rcx);
}

function selectRotate(value: Value, op: X64): void {
  const size = sizeOf(ir.types[value]);
  const a = ir.argA[value];
  const b = ir.argB[value];
  if (isConst(b)) {
    const bits: i64 = size == Size.S64 ? 64 : 32;
    const count = ir.imms[b] & (bits - 1);
    const source = useSized(a, size);
    if (has(CPU_X64_BMI2)) {
      mach.newInst(X64.Rorx, flagsOf(size, Form.Reg), op == X64.Ror ? count : (bits - count) & (bits - 1), 0, location);
      def(vregOf(value));
      useAny(source, anySized(a, size));
      return;
    }
    mach.newInst(op, flagsOf(size, Form.Imm), count, 0, location);
    defReuse(vregOf(value));
    useRegister(source);
    return;
  }
  const count = countOf(b, size);
  emitShiftByRcx(op, value, size, useSized(a, size), useLow(count));
}

function selectCount(value: Value, op: X64, sequence: X64, feature: u32): void {
  const size = sizeOf(ir.types[value]);
  const a = ir.argA[value];
  if (feature != 0 && !has(feature)) {
    const source = useSized(a, size);
    mach.newInst(sequence, flagsOf(size, Form.Reg), 0, 0, location);
    defEarly(vregOf(value));
    useRegister(source);
    return;
  }
  emitUnary(op, flagsOf(size, Form.Reg), vregOf(value), useSized(a, size), Constraint.Register);
}

/** rdx:rax / b: quotient in rax, remainder in rdx. */
function selectDivision(value: Value, signed: bool, remainder: bool): void {
  const type: u32 = ir.types[value];
  const size = sizeOf(type);
  const b = ir.argB[value];
  const dividend = useSized(ir.argA[value], size);
  const divisor = useSized(b, size);
  const target = vregOf(value);
  const other = mach.newVReg(type);
  if (signed && remainder && !(isConst(b) && constOf(b) != -1)) {
    mach.newInst(X64.IremSafe, flagsOf(size, Form.Reg), 0, 0, location);
    defFixed(target, Reg.Rdx);
    defFixed(other, Reg.Rax);
    useFixed(dividend, Reg.Rax);
    useLate(divisor);
    return;
  }
  const high = mach.newVReg(type);
  if (signed) {
    mach.newInst(X64.SignRdx, flagsOf(size, Form.Reg), 0, 0, location);
    defFixed(high, Reg.Rdx);
    useFixed(dividend, Reg.Rax);
  } else {
    mach.newInst(X64.MovImm, flagsOf(Size.S32, Form.Imm), 0, 0, location);
    def(high);
  }
  mach.newInst(signed ? X64.Idiv : X64.Div, flagsOf(size, Form.Reg), 0, 0, location);
  defFixed(remainder ? other : target, Reg.Rax);
  defFixed(remainder ? target : other, Reg.Rdx);
  useFixed(dividend, Reg.Rax);
  useFixed(high, Reg.Rdx);
  useAny(divisor, anySized(b, size));
}

/** A constant goes to rax by itself, and the other operand stays where it is. */
function selectMulHigh(value: Value): void {
  const a = use(ir.argA[value]);
  const b = use(ir.argB[value]);
  const low = mach.newVReg(Type.I64);
  mach.newInst(X64.Mulhi, flagsOf(Size.S64, Form.Reg), 0, 0, location);
  defFixed(vregOf(value), Reg.Rdx);
  defFixed(low, Reg.Rax);
  useFixed(b, Reg.Rax);
  useAny(a, anywhere(ir.argA[value]));
}

/** Sign extension from `from`. */
function selectSext(value: Value, from: Size): void {
  const size = sizeOf(ir.types[value]);
  const a = ir.argA[value];
  if (ir.ops[value] == Op.ExtendS && isMemoryOperand(a, value)) {
    absorb(a);
    prepareAccess(a);
    mach.newInst(X64.LoadSx, flagsOf(Size.S64, Form.Mem) | (Size.S32 << FROM_SHIFT) | addressFlags, 0, displacement, location);
    def(vregOf(value));
    addAddress();
    return;
  }
  const source = useLow(a);
  emitUnary(X64.Movsx, flagsOf(size, Form.Reg) | (from << FROM_SHIFT), vregOf(value), source, Constraint.Register);
}

function selectWrap(value: Value): void {
  const a = ir.argA[value];
  // A zero-extended i32 again: only a copy, which allocation coalesces.
  const op = isNarrow(a) ? X64.Mov : X64.Movzx;
  emitUnary(op, flagsOf(Size.S32, Form.Reg) | (Size.S32 << FROM_SHIFT), vregOf(value), use(a), Constraint.Any);
}

/** True when `value` was an integer operation. */
export function selectInteger(value: Value): bool {
  switch (<u32>ir.ops[value]) {
    case Op.Add:
      selectAdd(value);
      return true;
    case Op.Sub:
      selectSub(value);
      return true;
    case Op.Mul:
      selectMul(value);
      return true;
    case Op.MulHigh:
      selectMulHigh(value);
      return true;
    case Op.And:
      selectAnd(value);
      return true;
    case Op.Or:
      emitCommutative(X64.Or, value);
      return true;
    case Op.Xor:
      selectXor(value);
      return true;
    case Op.Shl:
      selectShift(value, X64.Shl, X64.Shlx);
      return true;
    case Op.ShrS:
      selectShift(value, X64.Sar, X64.Sarx);
      return true;
    case Op.ShrU:
      selectShift(value, X64.Shr, X64.Shrx);
      return true;
    case Op.Rotl:
      selectRotate(value, X64.Rol);
      return true;
    case Op.Rotr:
      selectRotate(value, X64.Ror);
      return true;
    case Op.Clz:
      selectCount(value, X64.Lzcnt, X64.ClzBsr, CPU_X64_LZCNT);
      return true;
    case Op.Ctz:
      selectCount(value, X64.Tzcnt, X64.CtzBsf, CPU_X64_BMI1);
      return true;
    case Op.Popcnt:
      selectCount(value, X64.Popcnt, X64.Popcnt, 0);
      return true;
    case Op.Sdiv:
      selectDivision(value, true, false);
      return true;
    case Op.Udiv:
      selectDivision(value, false, false);
      return true;
    case Op.Srem:
      selectDivision(value, true, true);
      return true;
    case Op.Urem:
      selectDivision(value, false, true);
      return true;
    case Op.Sext8:
      selectSext(value, Size.S8);
      return true;
    case Op.Sext16:
      selectSext(value, Size.S16);
      return true;
    case Op.Sext32:
    case Op.ExtendS:
      selectSext(value, Size.S32);
      return true;
    case Op.Wrap:
      selectWrap(value);
      return true;
    default:
      return false;
  }
}
