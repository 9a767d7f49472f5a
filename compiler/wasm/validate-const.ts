/** validate-const: types of constant expressions. That all operators are constant is decoding's business (decode-const.ts).
 *  In: range and expected type of an expression.  Cost: O(length).  Ref: WebAssembly 3.0, section 3.4.12. */

import { ErrorCode, failed, message } from '../base/error';
import { funcCount, globalIsMutable, globalType } from './module';
import { Opcode, opcodeRow, rowParams, rowResult, ValType } from './opcodes';
import { failAt, position, readF32Bits, readF64Bits, readOpcode, readS32, readS64, readU32, setRange } from './reader';
import {
  FrameKind,
  frameCount,
  operatorOffset,
  pop,
  popFrame,
  push,
  pushFrame,
  reserveOperands,
  resetStack,
  setOperatorOffset,
} from './stack';
import { readHeapType } from './valtype';

/** A type list of one. */
const resultType: usize = memory.data(1);

/** Validates an expression of at most `length` bytes, and reads to its end. It may name the globals below `visibleGlobals`. */
export function validateConstExpr(offset: u32, length: u32, type: ValType, visibleGlobals: u32): bool {
  setRange(offset, length);
  resetStack();
  store<u8>(resultType, type as u8);
  setOperatorOffset(offset);
  pushFrame(FrameKind.Func, 0, 0, resultType, 1);
  while (frameCount != 0 && !failed()) {
    setOperatorOffset(position());
    reserveOperands(1);
    const opcode = readOpcode();
    switch (opcode) {
      case Opcode.End:
        popFrame();
        break;
      case Opcode.I32Const:
        readS32();
        push(ValType.I32);
        break;
      case Opcode.I64Const:
        readS64();
        push(ValType.I64);
        break;
      case Opcode.F32Const:
        readF32Bits();
        push(ValType.F32);
        break;
      case Opcode.F64Const:
        readF64Bits();
        push(ValType.F64);
        break;
      case Opcode.RefNull:
        push(readHeapType());
        break;
      case Opcode.RefFunc: {
        const func = readU32();
        if (func >= funcCount) failUnknown('unknown function ', func);
        push(ValType.FuncRef);
        break;
      }
      case Opcode.GlobalGet:
        validateGlobalGet(readU32(), visibleGlobals);
        break;
      default: {
        // Arithmetic on two operands of one type.
        const row = opcodeRow(opcode);
        const result = rowResult(row);
        pop(rowParams(row) >> 8);
        pop(result);
        push(result);
      }
    }
  }
  return !failed();
}

function validateGlobalGet(global: u32, visibleGlobals: u32): void {
  if (global >= visibleGlobals) failUnknown('unknown global ', global);
  else if (globalIsMutable(global)) {
    failAt(ErrorCode.Invalid, operatorOffset, 'constant expression required: global.get of a mutable global');
  } else push(globalType(global));
}

function failUnknown(text: string, index: u32): void {
  if (failAt(ErrorCode.Invalid, operatorOffset, text)) message.decimal(index);
}
