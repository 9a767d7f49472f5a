/** operands: from IR values to operands of machine instructions.
 *  In: values of the function at hand.  Out: virtual registers, appended operands, materialised constants.
 *
 *  Selection goes backwards through a block. A value that a consumer takes into itself (`absorb`) is not generated when selection
 *  reaches it. Constants are made anew at each use. ExtendU costs nothing: an i32 in a register is
 *  zero-extended, so it is its operand's register; but its spill slot is only 4 bytes, so such a use wants a register. */

import { Column } from '../../../base/column';
import { Block, Value, VReg, none } from '../../../base/entity';
import { keptEntries, grownCapacity } from '../../../base/memory';
import * as ir from '../../../ir/func';
import { loopDepth } from '../../../ir/loop';
import { Flag, Op, opHas } from '../../../ir/op';
import { Type } from '../../../ir/type';
import { useCount } from '../../../ir/uses';
import * as mach from '../../mach';
import { Constraint, OperandFlag } from '../../mach';
import { ADDRESS_SHIFT, Address, Form, Size, X64, flagsOf } from '../inst';
import { rodata32, rodata64 } from '../rodata';

let capacity: u32 = 0;
let vregs: Column<Value, VReg> = Column.none<Value, VReg>();
/** Effects before the value in its block. Nothing with an effect stands between two values with one colour. */
let colors: Column<Value, u32> = Column.none<Value, u32>();
/** Mark (see `setBlock`) of the block with a use of the value that was selected last. Selection goes backwards: in that block it is still
 *  needed after what comes next. */
let usedIn: Column<Value, u8> = Column.none<Value, u8>();
/** Of the block at hand, not 0. Blocks far apart share a mark: it only guides a choice. */
let blockMark: u8 = 0;
/** Wasm offset of what is being selected. */
export let location: u32 = 0;
/** The IR block that is being selected. */
let block: Block = none<Block>();

export function resetOperands(): void {
  if (ir.valueCount > capacity) {
    const grown = grownCapacity(capacity, ir.valueCount);
    vregs = Column.grown<Value, VReg>(vregs, capacity, grown);
    colors = Column.grown<Value, u32>(colors, capacity, grown);
    usedIn = Column.grown<Value, u8>(usedIn, capacity, grown);
    capacity = grown;
  }
  vregs.clear(0, ir.valueCount);
  usedIn.clear(0, ir.valueCount);
}

/** Gives back the tables of a large function. */
export function trimOperands(): void {
  if (capacity <= keptEntries) return;
  vregs = Column.free<Value, VReg>(vregs);
  colors = Column.free<Value, u32>(colors);
  usedIn = Column.free<Value, u8>(usedIn);
  capacity = 0;
}

export function setBlock(current: Block): void {
  block = current;
  blockMark = ((current.index % 255) + 1) as u8;
}

export function setLocation(value: Value): void {
  location = ir.locations[value];
}

export function setColor(value: Value, color: u32): void {
  colors[value] = color;
}

/** The value's own register. */
export function vregOf(value: Value): VReg {
  let vreg = vregs[value];
  if (vreg.isNone) {
    vreg = mach.newVReg(ir.types[value]);
    vregs[value] = vreg;
  }
  return vreg;
}

export function isConst(value: Value): bool {
  return ir.ops[value] == Op.Iconst;
}

/** Bits of an integer constant as an instruction of its size takes them: i32 sign-extended. */
export function constOf(value: Value): i64 {
  const imm = ir.imms[value];
  return ir.types[value] == Type.I32 ? (imm as i32 as i64) : imm;
}

/** An integer constant that fits a sign-extended 32-bit immediate. */
export function isImm32(value: Value): bool {
  if (ir.ops[value] != Op.Iconst) return false;
  const imm = constOf(value);
  return imm == (imm as i32 as i64);
}

export function hasOneUse(value: Value): bool {
  return useCount[value] == 1;
}

/** A use count: the value was taken into its only consumer. */
const ABSORBED: u32 = 0xffffffff;

/** Takes the value into its only consumer. */
export function absorb(value: Value): void {
  useCount[value] = ABSORBED;
}

export function isAbsorbed(value: Value): bool {
  return useCount[value] == ABSORBED;
}

/** Whether the (pure) value is an `op` that may become a part of its consumer: the block at hand is not done with it. */
export function isFoldable(value: Value, op: u32): bool {
  return ir.ops[value] == op && useCount[value] == 1 && ir.blockOf[value] == block;
}

/** Whether `value`, a load, may be done at `consumer` instead. */
export function isMovable(value: Value, consumer: Value): bool {
  return useCount[value] == 1 && ir.blockOf[value] == ir.blockOf[consumer] && colors[value] == colors[consumer];
}

export function sizeOf(type: u32): Size {
  return type == Type.I32 || type == Type.F32 ? Size.S32 : Size.S64;
}

/** Whether the value's bits stand in a 4-byte slot though its type has 8. */
export function isNarrow(value: Value): bool {
  return ir.ops[value] == Op.ExtendU;
}

/** A register that holds the value: its own, or a new one for a constant. */
export function use(value: Value): VReg {
  const op: u32 = ir.ops[value];
  if (op == Op.Iconst) return constant(ir.types[value], ir.imms[value]);
  if (op == Op.Fconst) return floatConstant(ir.types[value], ir.imms[value]);
  if (op == Op.ExtendU) return use(ir.argA[value]);
  usedIn[value] = blockMark;
  return vregOf(value);
}

const enum Lifetime {
  EndsHere = 0,
  MayEndHere = 1,
  GoesOn = 2,
}

/** Whether an operand of the instruction at hand is needed after it, as far as one can tell without liveness. */
function lifetime(value: Value): Lifetime {
  while (ir.ops[value] == Op.ExtendU) value = ir.argA[value];
  const op: u32 = ir.ops[value];
  if (op == Op.Iconst || op == Op.Fconst) return Lifetime.EndsHere;
  if (usedIn[value] == blockMark || loopDepth[ir.blockOf[value]] < loopDepth[block]) return Lifetime.GoesOn;
  return useCount[value] == 1 ? Lifetime.EndsHere : Lifetime.MayEndHere;
}

/** Whether a result that takes the register of one of its operands had better take that of `b` than that of `a`. */
export function outlives(a: Value, b: Value): bool {
  return (lifetime(a) as u32) > (lifetime(b) as u32);
}

/** A register whose low 32 bits are the (i32) value; the upper half may be anything. For operands that only their low half is read of. */
export function useLow(value: Value): VReg {
  if (isFoldable(value, Op.Wrap)) {
    absorb(value);
    return use(ir.argA[value]);
  }
  return use(value);
}

/** Constraint for a use that may be a spill slot. */
export function anywhere(value: Value): Constraint {
  return isNarrow(value) ? Constraint.Register : Constraint.Any;
}

/** A register with an integer constant. */
export function constant(type: u32, imm: i64): VReg {
  const vreg = mach.newVReg(type);
  mach.newInst(X64.MovImm, flagsOf(sizeOf(type), Form.Imm), type == Type.I32 ? (imm as u32 as i64) : imm, 0, location);
  def(vreg);
  return vreg;
}

function floatConstant(type: u32, bits: i64): VReg {
  const vreg = mach.newVReg(type);
  const wide = type == Type.F64;
  if ((wide ? bits : (bits as u32 as i64)) == 0) {
    mach.newInst(X64.ZeroF, flagsOf(sizeOf(type), Form.Reg), 0, 0, location);
  } else {
    const at = wide ? rodata64(bits as u64) : rodata32(bits as u32);
    mach.newInst(X64.LoadF, flagsOf(sizeOf(type), Form.Mem) | (Address.Rodata << ADDRESS_SHIFT), 0, at as i32, location);
  }
  def(vreg);
  return vreg;
}

// Operands of the newest instruction.

export function def(vreg: VReg): void {
  mach.addOperand(vreg, OperandFlag.Def, Constraint.Register, 0);
}

/** A def in the register of use operand 1. */
export function defReuse(vreg: VReg): void {
  mach.addOperand(vreg, OperandFlag.Def, Constraint.Reuse, 1);
}

export function defFixed(vreg: VReg, register: u32): void {
  mach.addOperand(vreg, OperandFlag.Def, Constraint.Fixed, register);
}

export function defEarly(vreg: VReg): void {
  mach.addOperand(vreg, OperandFlag.Def | OperandFlag.EarlyDef, Constraint.Register, 0);
}

export function useRegister(vreg: VReg): void {
  mach.addOperand(vreg, 0, Constraint.Register, 0);
}

export function useLate(vreg: VReg): void {
  mach.addOperand(vreg, OperandFlag.LateUse, Constraint.Register, 0);
}

export function useAny(vreg: VReg, constraint: Constraint): void {
  mach.addOperand(vreg, 0, constraint, 0);
}

export function useFixed(vreg: VReg, register: u32): void {
  mach.addOperand(vreg, 0, Constraint.Fixed, register);
}

/** An instruction `op dst, src` with a register or spill slot as source. */
export function emitUnary(op: X64, flags: u32, target: VReg, source: VReg, constraint: Constraint): void {
  mach.newInst(op, flags, 0, 0, location);
  def(target);
  useAny(source, constraint);
}

/** Whether the instruction may not be dropped when its value has no uses. */
export function hasEffect(op: Op): bool {
  return opHas(op, (Flag.Writes | Flag.Traps | Flag.Call | Flag.Terminator) as Flag);
}

/** A copy of the value in a register of its own IR type, for places that go by the register's type. */
export function useTyped(value: Value): VReg {
  if (!isNarrow(value)) return use(value);
  const source = use(ir.argA[value]);
  const vreg = mach.newVReg(Type.I64);
  emitUnary(X64.Mov, flagsOf(Size.S32, Form.Reg), vreg, source, Constraint.Register);
  return vreg;
}
