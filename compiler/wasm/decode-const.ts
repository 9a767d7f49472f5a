/** decode-const: finds the end of a constant expression and the functions that it names.
 *  In: the cursor at its first opcode.  Out: the cursor behind its `end`; range and simple value of the expression.
 *  Types are checked by validate-const.ts.  Cost: O(length).  Ref: WebAssembly 3.0, section 3.4.12. */

import { ErrorCode, failed, message } from '../base/error';
import { failOpcode, features, requireFeature } from './features';
import { funcCount, ITEM_EXPRESSION, ITEM_NULL, setFuncReferenced } from './module';
import { Feature, Opcode, opcodeExists, opcodeName, opcodeRow, rowFeature } from './opcodes';
import { failAt, position, readF32Bits, readF64Bits, readOpcode, readS32, readS64, readU32 } from './reader';
import { readHeapType } from './valtype';

/** Range of the last expression, `end` included. */
export let scannedOffset: u32 = 0;
export let scannedLength: u32 = 0;
/** As an element: a function index, ITEM_NULL or ITEM_EXPRESSION. */
export let scannedItem: i32 = 0;

export function scanConstExpr(): void {
  scannedOffset = position();
  scannedItem = ITEM_EXPRESSION;
  let operators: u32 = 0;
  while (!failed()) {
    const offset = position();
    const opcode = readOpcode();
    if (failed()) return;
    switch (opcode) {
      case Opcode.End:
        if (operators != 1) scannedItem = ITEM_EXPRESSION;
        scannedLength = position() - scannedOffset;
        return;
      case Opcode.I32Const:
        readS32();
        break;
      case Opcode.I64Const:
        readS64();
        break;
      case Opcode.F32Const:
        readF32Bits();
        break;
      case Opcode.F64Const:
        readF64Bits();
        break;
      case Opcode.GlobalGet:
        readU32();
        break;
      case Opcode.RefNull:
        if (!requireFeature(Feature.ReferenceTypes, offset, 'opcode ref.null')) return;
        readHeapType();
        scannedItem = ITEM_NULL;
        break;
      case Opcode.RefFunc: {
        if (!requireFeature(Feature.ReferenceTypes, offset, 'opcode ref.func')) return;
        const func = readU32();
        if (func < funcCount) setFuncReferenced(func);
        scannedItem = func as i32;
        break;
      }
      case Opcode.I32Add:
      case Opcode.I32Sub:
      case Opcode.I32Mul:
      case Opcode.I64Add:
      case Opcode.I64Sub:
      case Opcode.I64Mul:
        if (!requireFeature(Feature.ExtendedConst, offset, 'arithmetic in a constant expression')) return;
        break;
      default:
        failNotConstant(opcode, offset);
        return;
    }
    operators++;
  }
}

function failNotConstant(opcode: u32, offset: u32): void {
  if (!opcodeExists(opcode) || ((features >>> rowFeature(opcodeRow(opcode))) & 1) == 0) return failOpcode(opcode, offset);
  if (!failAt(ErrorCode.Invalid, offset, 'constant expression required: ')) return;
  message.text(opcodeName(opcode));
  message.text(' is not constant');
}
