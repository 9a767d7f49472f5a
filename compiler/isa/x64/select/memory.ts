/** memory: loads and stores, of linear memory and of runtime structures.
 *  In: a Load…, Store…, CtxLoad, CtxStore, CtxAddr, PtrLoad, PtrStore or RodataAddr.  Out: machine instructions. */

import { Value } from '../../../base/entity';
import * as ir from '../../../ir/func';
import { Op } from '../../../ir/op';
import { isFloat } from '../../../ir/type';
import * as mach from '../../mach';
import { FROM_SHIFT, Form, Size, X64, flagsOf } from '../inst';
import { addAddress, addressFlags, displacement, prepareAccess } from './address';
import { constOf, def, isImm32, isNarrow, location, sizeOf, use, useLow, useRegister, vregOf } from './operands';

function emitLoad(op: X64, value: Value, size: Size, from: Size): void {
  prepareAccess(value);
  mach.newInst(op, flagsOf(size, Form.Mem) | (from << FROM_SHIFT) | addressFlags, 0, displacement, location);
  def(vregOf(value));
  addAddress();
}

/** `stored` at the access of `value`. */
function emitStore(value: Value, stored: Value, size: Size): void {
  if (isFloat(ir.types[stored])) {
    const source = use(stored);
    prepareAccess(value);
    mach.newInst(X64.StoreF, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
    useRegister(source);
    addAddress();
    return;
  }
  if (isImm32(stored) || (ir.ops[stored] == Op.Iconst && size != Size.S64)) {
    prepareAccess(value);
    const imm = constOf(stored) as i32 as i64;
    mach.newInst(X64.StoreImm, flagsOf(size, Form.Mem) | addressFlags, imm, displacement, location);
    addAddress();
    return;
  }
  const source = size == Size.S64 || isNarrow(stored) ? use(stored) : useLow(stored);
  prepareAccess(value);
  mach.newInst(X64.Store, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
  useRegister(source);
  addAddress();
}

/** True when `value` was a memory operation. */
export function selectMemory(value: Value): bool {
  const type: u32 = ir.types[value];
  switch (<u32>ir.ops[value]) {
    case Op.Load:
    case Op.CtxLoad:
    case Op.PtrLoad:
      emitLoad(isFloat(type) ? X64.LoadF : X64.Load, value, sizeOf(type), Size.S32);
      return true;
    case Op.Load8U:
      emitLoad(X64.LoadZx, value, Size.S32, Size.S8);
      return true;
    case Op.Load16U:
      emitLoad(X64.LoadZx, value, Size.S32, Size.S16);
      return true;
    case Op.Load32U:
      emitLoad(X64.Load, value, Size.S32, Size.S32);
      return true;
    case Op.Load8S:
      emitLoad(X64.LoadSx, value, sizeOf(type), Size.S8);
      return true;
    case Op.Load16S:
      emitLoad(X64.LoadSx, value, sizeOf(type), Size.S16);
      return true;
    case Op.Load32S:
      emitLoad(X64.LoadSx, value, Size.S64, Size.S32);
      return true;
    case Op.Store:
    case Op.PtrStore:
      emitStore(value, ir.argB[value], sizeOf(ir.types[ir.argB[value]]));
      return true;
    case Op.CtxStore:
      emitStore(value, ir.argA[value], sizeOf(ir.types[ir.argA[value]]));
      return true;
    case Op.Store8:
      emitStore(value, ir.argB[value], Size.S8);
      return true;
    case Op.Store16:
      emitStore(value, ir.argB[value], Size.S16);
      return true;
    case Op.Store32:
      emitStore(value, ir.argB[value], Size.S32);
      return true;
    case Op.CtxAddr:
      emitLoad(X64.Lea, value, Size.S64, Size.S64);
      return true;
    case Op.RodataAddr:
      mach.newInst(X64.LeaRodata, flagsOf(Size.S64, Form.Imm), ir.imms[value], 0, location);
      def(vregOf(value));
      return true;
    default:
      return false;
  }
}
