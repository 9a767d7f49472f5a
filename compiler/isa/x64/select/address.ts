/** address: addressing modes for memory accesses, and loads taken into their consumer.
 *  In: a load or store, or a value that is one.  Out: flag bits, displacement and operands of the newest instruction.
 *
 *  Two steps: `prepare…` picks the mode and materialises what it needs (before the instruction is made), `addAddress` appends the
 *  operands (right after). A wasm address plus a constant is not folded: the 32-bit sum may wrap where the mode's sum would not. */

import { Value, VReg, none } from '../../../base/entity';
import * as ir from '../../../ir/func';
import { Op } from '../../../ir/op';
import { ADDRESS_SHIFT, Address, SCALE_SHIFT } from '../inst';
import { absorb, isConst, isFoldable, isMovable, use, useRegister } from './operands';

/** Flag bits and displacement of the mode that was prepared. */
export let addressFlags: u32 = 0;
export let displacement: i32 = 0;
let base: VReg = none<VReg>();
let index: VReg = none<VReg>();

function set(kind: Address, disp: i32, first: VReg, second: VReg, scale: u32): void {
  addressFlags = (kind << ADDRESS_SHIFT) | (scale << SCALE_SHIFT);
  displacement = disp;
  base = first;
  index = second;
}

export function prepareOutgoing(offset: u32): void {
  set(Address.Outgoing, offset as i32, none<VReg>(), none<VReg>(), 0);
}

export function prepareIncoming(offset: u32): void {
  set(Address.Incoming, offset as i32, none<VReg>(), none<VReg>(), 0);
}

export function prepareRodata(offset: u32): void {
  set(Address.Rodata, offset as i32, none<VReg>(), none<VReg>(), 0);
}

/** [first + second << scale + disp] for lea; `second` none: [first + disp]. */
export function prepareSum(first: VReg, second: VReg, scale: u32, disp: i32): void {
  set(second.isNone ? Address.Base : Address.BaseIndex, disp, first, second, scale);
}

/** [first << scale + disp]. */
export function prepareScaled(first: VReg, scale: u32, disp: i32): void {
  set(Address.Index, disp, first, none<VReg>(), scale);
}

/** The access of a Load…, Store…, CtxLoad, CtxStore, PtrLoad or PtrStore. */
export function prepareAccess(access: Value): void {
  const op: u32 = ir.ops[access];
  const offset = ir.imms[access];
  if (op == Op.CtxLoad || op == Op.CtxStore || op == Op.CtxAddr) {
    set(Address.Context, offset as i32, none<VReg>(), none<VReg>(), 0);
  } else if (op == Op.PtrLoad || op == Op.PtrStore) preparePointer(ir.argA[access], offset as i32);
  else prepareLinear(ir.argA[access], offset as u32);
}

function prepareLinear(address: Value, offset: u32): void {
  if (isConst(address)) {
    const sum = (ir.imms[address] as u32 as u64) + offset;
    if (sum <= 0x7fffffff) {
      set(Address.LinearConst, sum as i32, none<VReg>(), none<VReg>(), 0);
      return;
    }
  }
  set(Address.Linear, offset as i32, use(address), none<VReg>(), 0);
}

function preparePointer(pointer: Value, offset: i32): void {
  if (isFoldable(pointer, Op.CtxAddr)) {
    absorb(pointer);
    set(Address.Context, (ir.imms[pointer] as i32) + offset, none<VReg>(), none<VReg>(), 0);
    return;
  }
  if (isFoldable(pointer, Op.Add)) {
    const first = ir.argA[pointer];
    const second = ir.argB[pointer];
    if (!isConst(second) && !isConst(first)) {
      absorb(pointer);
      let scale: u32 = 0;
      let scaled = second;
      if (isFoldable(second, Op.Shl) && isConst(ir.argB[second]) && (ir.imms[ir.argB[second]] as u64) <= 3) {
        scale = ir.imms[ir.argB[second]] as u32;
        scaled = ir.argA[second];
        absorb(second);
      }
      set(Address.BaseIndex, offset, use(first), use(scaled), scale);
      return;
    }
  }
  set(Address.Base, offset, use(pointer), none<VReg>(), 0);
}

/** Appends the prepared mode's operands to the newest instruction. */
export function addAddress(): void {
  if (!base.isNone) useRegister(base);
  if (!index.isNone) useRegister(index);
}

export function isPlainLoad(value: Value): bool {
  const op: u32 = ir.ops[value];
  return op == Op.Load || op == Op.CtxLoad || op == Op.PtrLoad;
}

/** Whether `value` is a load of exactly its type's size that may be `consumer`'s memory operand. */
export function isMemoryOperand(value: Value, consumer: Value): bool {
  return isPlainLoad(value) && isMovable(value, consumer);
}
