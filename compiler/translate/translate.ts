/** translate: a validated function body into SSA.
 *  In: a function index; the module is decoded and valid.  Out: the function in ir/func.ts: blocks, edges, values; some blocks may be
 *  unreachable and some parameters redundant.
 *  Requires: prepareContext, resetCalls, the module's bytes unchanged since validation.
 *  Cost: O(body), one pass. Code after an unconditional branch is skipped. */

import { Value } from '../base/entity';
import * as ir from '../ir/func';
import { Region } from '../ir/op';
import { Type } from '../ir/type';
import { TrapCode } from '../../runtime/traps';
import * as context from '../wasm/context';
import * as module from '../wasm/module';
import * as reader from '../wasm/reader';
import { Imm, Opcode, opcodeRow, rowImm } from '../wasm/opcodes';
import * as builder from './builder';
import { translateCall, translateCallIndirect } from './call';
import * as control from './control';
import { addLocal, finishLocals, readLocal, resetLocals, setOwnParams, writeLocal } from './locals';
import {
  isAccess,
  translateAccess,
  translateDataDrop,
  translateMemoryCopy,
  translateMemoryFill,
  translateMemoryGrow,
  translateMemoryInit,
  translateMemorySize,
} from './memory';
import { isNumeric, translateNumeric, translateSaturating } from './numeric';
import * as stack from './stack';
import {
  translateElemDrop,
  translateRefFunc,
  translateRefIsNull,
  translateRefNull,
  translateTableCopy,
  translateTableFill,
  translateTableGet,
  translateTableGrow,
  translateTableInit,
  translateTableSet,
  translateTableSize,
} from './table';
import { irType } from './types';

export function translateFunction(func: u32): void {
  const typeIndex = module.funcType(func);
  ir.resetFunc(func, typeIndex);
  // About what a body makes.
  ir.reserveValues((module.bodyLength(func) * 3) >> 3);
  resetLocals();
  stack.operands.clear();
  reader.setRange(module.bodyOffset(func), module.bodyLength(func));
  builder.setLocation(reader.position());

  const entry = ir.newBlock();
  const params = module.typeParamCount(typeIndex);
  for (let i: u32 = 0; i < params; i++) {
    const type = irType(module.typeParam(typeIndex, i));
    addLocal(type);
    writeLocal(i, entry, ir.appendParam(entry, type, builder.location));
  }
  setOwnParams(entry, params);
  const groups = reader.readU32();
  for (let g: u32 = 0; g < groups; g++) {
    const count = reader.readU32();
    const type = irType(reader.readU8());
    for (let i: u32 = 0; i < count; i++) addLocal(type);
  }
  builder.setBlock(entry);
  control.enterFunction(typeIndex);
  translateBody();
  control.trimControl();
  finishLocals();
}

function translateBody(): void {
  /** Labels opened while unreachable: their ends are skipped. */
  let skipped: u32 = 0;
  for (;;) {
    builder.setLocation(reader.position());
    const opcode = reader.readOpcode();
    if (!builder.block.isNone) {
      if (opcode == Opcode.End) {
        if (!control.leave()) return;
      } else translateOperator(opcode);
      continue;
    }
    switch (opcode) {
      case Opcode.Block:
      case Opcode.Loop:
      case Opcode.If:
        skipped++;
        skipImmediates(opcode);
        break;
      case Opcode.Else:
        if (skipped == 0) control.enterElse();
        break;
      case Opcode.End:
        if (skipped != 0) skipped--;
        else if (!control.leave()) return;
        break;
      default:
        skipImmediates(opcode);
    }
  }
}

function skipImmediates(opcode: u32): void {
  switch (rowImm(opcodeRow(opcode))) {
    case Imm.None:
      return;
    case Imm.Block:
    case Imm.HeapType:
      reader.readS33();
      return;
    case Imm.Label:
    case Imm.Func:
    case Imm.Local:
    case Imm.Global:
    case Imm.Table:
    case Imm.Memory:
    case Imm.Data:
    case Imm.Elem:
      reader.readU32();
      return;
    case Imm.LabelTable:
    case Imm.SelectTypes: {
      const isTable = opcode == Opcode.BrTable;
      const count = reader.readU32() + (isTable ? 1 : 0);
      for (let i: u32 = 0; i < count; i++) reader.readU32();
      return;
    }
    case Imm.Indirect:
    case Imm.MemArg:
    case Imm.DataMemory:
    case Imm.MemoryMemory:
    case Imm.ElemTable:
    case Imm.TableTable:
      reader.readU32();
      reader.readU32();
      return;
    case Imm.I32:
      reader.readS32();
      return;
    case Imm.I64:
      reader.readS64();
      return;
    case Imm.F32:
      reader.skipBytes(4);
      return;
    case Imm.F64:
      reader.skipBytes(8);
      return;
    default:
      unreachable();
  }
}

function translateOperator(opcode: u32): void {
  if (isNumeric(opcode)) {
    translateNumeric(opcode);
    return;
  }
  if (isAccess(opcode)) {
    translateAccess(opcode);
    return;
  }
  switch (opcode) {
    case Opcode.Unreachable:
      builder.trap(TrapCode.Unreachable);
      break;
    case Opcode.Nop:
      break;
    case Opcode.Block:
      control.enterBlock();
      break;
    case Opcode.Loop:
      control.enterLoop();
      break;
    case Opcode.If:
      control.enterIf();
      break;
    case Opcode.Else:
      control.enterElse();
      break;
    case Opcode.Br:
      control.branch(reader.readU32());
      break;
    case Opcode.BrIf:
      control.branchIf(reader.readU32());
      break;
    case Opcode.BrTable:
      control.branchTable();
      break;
    case Opcode.Return:
      control.returnFromFunction();
      break;
    case Opcode.Call:
      translateCall();
      break;
    case Opcode.CallIndirect:
      translateCallIndirect();
      break;
    case Opcode.Drop:
      stack.pop();
      break;
    case Opcode.Select:
      translateSelect();
      break;
    case Opcode.SelectTyped:
      skipImmediates(opcode);
      translateSelect();
      break;
    case Opcode.LocalGet:
      stack.push(readLocal(reader.readU32(), builder.block));
      break;
    case Opcode.LocalSet:
      writeLocal(reader.readU32(), builder.block, stack.pop());
      break;
    case Opcode.LocalTee: {
      const value = stack.pop();
      stack.push(value);
      writeLocal(reader.readU32(), builder.block, value);
      break;
    }
    case Opcode.GlobalGet:
      translateGlobalGet();
      break;
    case Opcode.GlobalSet:
      translateGlobalSet();
      break;
    case Opcode.TableGet:
      translateTableGet();
      break;
    case Opcode.TableSet:
      translateTableSet();
      break;
    case Opcode.MemorySize:
      translateMemorySize();
      break;
    case Opcode.MemoryGrow:
      translateMemoryGrow();
      break;
    case Opcode.I32Const:
      stack.push(builder.i32const(reader.readS32() as u32));
      break;
    case Opcode.I64Const:
      stack.push(builder.i64const(reader.readS64()));
      break;
    case Opcode.F32Const:
      stack.push(builder.fconst(Type.F32, reader.readF32Bits() as u64));
      break;
    case Opcode.F64Const:
      stack.push(builder.fconst(Type.F64, reader.readF64Bits()));
      break;
    case Opcode.RefNull:
      translateRefNull();
      break;
    case Opcode.RefIsNull:
      translateRefIsNull();
      break;
    case Opcode.RefFunc:
      translateRefFunc();
      break;
    default:
      translatePrefixed(opcode);
  }
}

function translatePrefixed(opcode: u32): void {
  switch (opcode) {
    case Opcode.MemoryInit:
      translateMemoryInit();
      break;
    case Opcode.DataDrop:
      translateDataDrop();
      break;
    case Opcode.MemoryCopy:
      translateMemoryCopy();
      break;
    case Opcode.MemoryFill:
      translateMemoryFill();
      break;
    case Opcode.TableInit:
      translateTableInit();
      break;
    case Opcode.ElemDrop:
      translateElemDrop();
      break;
    case Opcode.TableCopy:
      translateTableCopy();
      break;
    case Opcode.TableGrow:
      translateTableGrow();
      break;
    case Opcode.TableSize:
      translateTableSize();
      break;
    case Opcode.TableFill:
      translateTableFill();
      break;
    default:
      if (opcode > <u32>Opcode.I64TruncSatF64U) unreachable();
      translateSaturating(opcode);
  }
}

function translateSelect(): void {
  const condition = stack.pop();
  const ifZero = stack.pop();
  const ifNonzero = stack.pop();
  stack.push(builder.select(ir.types[ifNonzero], condition, ifNonzero, ifZero));
}

function globalPointer(global: u32): Value {
  return builder.contextLoad(Type.I64, context.globalOffset(global), Region.Constant);
}

function translateGlobalGet(): void {
  const global = reader.readU32();
  const type = irType(module.globalType(global));
  const region = module.globalIsMutable(global) ? Region.Global : Region.Constant;
  stack.push(
    context.globalIsImported(global)
      ? builder.pointerLoad(type, globalPointer(global), 0, region)
      : builder.contextLoad(type, context.globalOffset(global), region),
  );
}

function translateGlobalSet(): void {
  const global = reader.readU32();
  const value = stack.pop();
  if (context.globalIsImported(global)) builder.pointerStore(globalPointer(global), value, 0, Region.Global);
  else builder.contextStore(value, context.globalOffset(global), Region.Global);
}
