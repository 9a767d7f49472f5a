/** compare: comparisons as flags, and what reads flags: branches, conditional traps, selects, 0/1 values.
 *  In: a condition (i32).  Out: the instruction that sets flags, and the Cond that holds when the condition is nonzero.
 *  Requires: the consumer of the flags is the next instruction made. */

import { Value, VReg } from '../../../base/entity';
import * as ir from '../../../ir/func';
import { Op, isComparison, isIntComparison, swappedComparison } from '../../../ir/op';
import { Type, isFloat } from '../../../ir/type';
import * as mach from '../../mach';
import { Constraint } from '../../mach';
import { COND_SHIFT, Cond, Form, Size, X64, flagsOf } from '../inst';
import { addAddress, addressFlags, displacement, isMemoryOperand, prepareAccess } from './address';
import {
  absorb,
  anywhere,
  constOf,
  def,
  defReuse,
  isFoldable,
  isConst,
  isImm32,
  isMovable,
  location,
  outlives,
  sizeOf,
  use,
  useAny,
  useLow,
  useRegister,
  vregOf,
} from './operands';

/** Cond by comparison, from Op.Eq to Op.LeU. */
const INT_CONDS = memory.data<i32>([Cond.E, Cond.NE, Cond.L, Cond.GE, Cond.B, Cond.AE, Cond.G, Cond.LE, Cond.A, Cond.BE]);

function intCond(op: u32): Cond {
  return load<i32>(INT_CONDS + ((op - Op.Eq) as usize) * 4) as Cond;
}

/** Sets flags for "value is nonzero"; takes a comparison into itself where it may. */
export function selectCondition(value: Value, consumer: Value): Cond {
  const op: u32 = ir.ops[value];
  if (isComparison(op) && isFoldable(value, op)) {
    absorb(value);
    return selectComparison(value, consumer);
  }
  if (isFoldable(value, Op.And)) {
    absorb(value);
    emitTest(value);
    return Cond.NE;
  }
  const isNarrow = (op == Op.Load8U || op == Op.Load16U) && isMovable(value, consumer);
  if (isNarrow || isMemoryOperand(value, consumer)) {
    absorb(value);
    prepareAccess(value);
    const size = op == Op.Load8U ? Size.S8 : op == Op.Load16U ? Size.S16 : Size.S32;
    mach.newInst(X64.CmpMemImm, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
    addAddress();
    return Cond.NE;
  }
  emitTestSelf(useLow(value), Size.S32);
  return Cond.NE;
}

function emitTestSelf(vreg: VReg, size: Size): void {
  mach.newInst(X64.Test, flagsOf(size, Form.Reg), 0, 0, location);
  useRegister(vreg);
  useRegister(vreg);
}

/** test a, b for a value And(a, b). */
function emitTest(and: Value): void {
  const a = ir.argA[and];
  const b = ir.argB[and];
  const size = sizeOf(ir.types[and]);
  const left = size == Size.S32 ? useLow(a) : use(a);
  if (isImm32(b)) {
    mach.newInst(X64.Test, flagsOf(size, Form.Imm), constOf(b), 0, location);
    useRegister(left);
    return;
  }
  const right = size == Size.S32 ? useLow(b) : use(b);
  mach.newInst(X64.Test, flagsOf(size, Form.Reg), 0, 0, location);
  useRegister(left);
  useRegister(right);
}

/** Sets flags for a comparison. `consumer`, in the same block, is where its loads would move to. */
export function selectComparison(value: Value, consumer: Value): Cond {
  const op: u32 = ir.ops[value];
  if (!isIntComparison(op)) return selectFloatComparison(value, consumer);
  let a = ir.argA[value];
  let b = ir.argB[value];
  let comparison = op;
  if (isConst(a) && !isConst(b)) {
    const swap = a;
    a = b;
    b = swap;
    comparison = swappedComparison(comparison);
  }
  const size = sizeOf(ir.types[a]);
  if (isImm32(b)) {
    if (selectNarrowMemory(a, b, comparison, consumer)) return intCond(comparison);
    const imm = constOf(b);
    if (isMemoryOperand(a, consumer)) {
      absorb(a);
      prepareAccess(a);
      mach.newInst(X64.CmpMemImm, flagsOf(size, Form.Mem) | addressFlags, imm, displacement, location);
      addAddress();
      return intCond(comparison);
    }
    if (imm == 0) {
      if ((comparison == Op.Eq || comparison == Op.Ne) && isFoldable(a, Op.And)) {
        absorb(a);
        emitTest(a);
      } else emitTestSelf(size == Size.S32 ? useLow(a) : use(a), size);
      return intCond(comparison);
    }
    const left = size == Size.S32 ? useLow(a) : use(a);
    mach.newInst(X64.Cmp, flagsOf(size, Form.Imm), imm, 0, location);
    useRegister(left);
    return intCond(comparison);
  }
  if (isMemoryOperand(a, consumer) && !isMemoryOperand(b, consumer)) {
    const swap = a;
    a = b;
    b = swap;
    comparison = swappedComparison(comparison);
  }
  if (a != b && isMemoryOperand(b, consumer)) {
    absorb(b);
    const left = size == Size.S32 ? useLow(a) : use(a);
    prepareAccess(b);
    mach.newInst(X64.Cmp, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
    useRegister(left);
    addAddress();
    return intCond(comparison);
  }
  const left = size == Size.S32 ? useLow(a) : use(a);
  const right = size == Size.S32 ? useLow(b) : use(b);
  mach.newInst(X64.Cmp, flagsOf(size, Form.Reg), 0, 0, location);
  useRegister(left);
  useAny(right, size == Size.S64 ? anywhere(b) : Constraint.Any);
  return intCond(comparison);
}

/** cmp byte or word [m], imm for a zero-extended narrow load against a constant of its width, where signs do not matter. */
function selectNarrowMemory(a: Value, b: Value, comparison: u32, consumer: Value): bool {
  const op: u32 = ir.ops[a];
  if ((op != Op.Load8U && op != Op.Load16U) || !isMovable(a, consumer)) return false;
  const imm = constOf(b) as u64;
  if (imm > (op == Op.Load8U ? 0x7f : 0x7fff)) return false;
  // Below the sign bit of the width signed comparisons of the zero-extended value would differ from signed ones of the narrow value.
  if (
    comparison != Op.Eq &&
    comparison != Op.Ne &&
    comparison != Op.LtU &&
    comparison != Op.GeU &&
    comparison != Op.GtU &&
    comparison != Op.LeU
  ) {
    return false;
  }
  absorb(a);
  prepareAccess(a);
  const size = op == Op.Load8U ? Size.S8 : Size.S16;
  mach.newInst(X64.CmpMemImm, flagsOf(size, Form.Mem) | addressFlags, imm as i64, displacement, location);
  addAddress();
  return true;
}

/** ucomi sets CF, ZF, PF when unordered: only "above" forms are false for NaN, so less-than swaps. */
function selectFloatComparison(value: Value, consumer: Value): Cond {
  const op: u32 = ir.ops[value];
  const swap = op == Op.FLt || op == Op.FLe;
  const a = swap ? ir.argB[value] : ir.argA[value];
  const b = swap ? ir.argA[value] : ir.argB[value];
  const size = sizeOf(ir.types[a]);
  const left = use(a);
  if (a != b && isMemoryOperand(b, consumer)) {
    absorb(b);
    prepareAccess(b);
    mach.newInst(X64.Ucomi, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
    useRegister(left);
    addAddress();
  } else {
    const right = use(b);
    mach.newInst(X64.Ucomi, flagsOf(size, Form.Reg), 0, 0, location);
    useRegister(left);
    useAny(right, Constraint.Any);
  }
  switch (op) {
    case Op.FEq:
      return Cond.EAndNP;
    case Op.FNe:
      return Cond.NEOrP;
    case Op.FLt:
    case Op.FGt:
      return Cond.A;
    default:
      return Cond.AE;
  }
}

/** A comparison whose 0 or 1 is wanted. */
export function selectComparisonValue(value: Value): void {
  const cond = selectComparison(value, value);
  mach.newInst(X64.Setcc, flagsOf(Size.S32, Form.Reg) | (cond << COND_SHIFT), 0, 0, location);
  def(vregOf(value));
}

export function selectTrapIf(value: Value): void {
  const cond = selectCondition(ir.argA[value], value);
  mach.newInst(X64.TrapIf, cond << COND_SHIFT, ir.imms[value], 0, location);
}

export function selectSelect(value: Value): void {
  const type: u32 = ir.types[value];
  const size = sizeOf(type);
  const ifNonzero = ir.argB[value];
  const ifZero = ir.argC[value];
  // The result takes the register of the operand that stays when the condition fails.
  const swaps = !isFloat(type) && outlives(ifZero, ifNonzero);
  // Made before the flags are set: constants may need instructions.
  const chosen = use(ifNonzero);
  const other = use(ifZero);
  const cond = selectCondition(ir.argA[value], value);
  const target = vregOf(value);
  if (isFloat(type)) {
    mach.newInst(X64.CmovF, flagsOf(size, Form.Reg) | (cond << COND_SHIFT), 0, 0, location);
    defReuse(target);
    useRegister(other);
    useRegister(chosen);
    return;
  }
  if (cond == Cond.EAndNP || cond == Cond.NEOrP) {
    // Two tests: a 0/1 value first.
    const flag = mach.newVReg(Type.I32);
    mach.newInst(X64.Setcc, flagsOf(Size.S32, Form.Reg) | (cond << COND_SHIFT), 0, 0, location);
    def(flag);
    emitTestSelf(flag, Size.S32);
    emitCmov(size, Cond.NE, target, other, chosen, anywhere(ifNonzero));
    return;
  }
  if (swaps) emitCmov(size, (cond ^ 1) as Cond, target, chosen, other, anywhere(ifZero));
  else emitCmov(size, cond, target, other, chosen, anywhere(ifNonzero));
}

function emitCmov(size: Size, cond: Cond, target: VReg, other: VReg, chosen: VReg, constraint: Constraint): void {
  mach.newInst(X64.Cmov, flagsOf(size, Form.Reg) | (cond << COND_SHIFT), 0, 0, location);
  defReuse(target);
  useRegister(other);
  useAny(chosen, size == Size.S64 ? constraint : Constraint.Any);
}
