/** hooks: what tests ask of decoding and validation. */

import { clearError, errorCode, errorOffset, message } from '../base/error';
import { decodeModule } from './decode';
import { failOpcode, setFeatures } from './features';
import * as module from './module';
import { opcodeExists, opcodeName } from './opcodes';
import { validateModule } from './validate';

export function test_decode(start: usize, length: u32): i32 {
  return decodeModule(start, length) ? 1 : 0;
}

/** 1: valid; 0: see the error. */
export function test_validate(start: usize, length: u32): i32 {
  return decodeModule(start, length) && validateModule() ? 1 : 0;
}

export function test_setFeatures(bits: u32): void {
  setFeatures(bits);
}

export function test_errorCode(): i32 {
  return errorCode();
}

export function test_errorOffset(): u32 {
  return errorOffset();
}

export function test_errorMessage(): usize {
  return message.data;
}

export function test_errorLength(): u32 {
  return message.length;
}

/** Leaves the opcode's name in the message; 0: there is no such opcode. */
export function test_opcodeName(opcode: u32): i32 {
  clearError();
  message.clear();
  if (!opcodeExists(opcode)) return 0;
  message.text(opcodeName(opcode));
  return 1;
}

/** Leaves the error for an opcode that is not taken. */
export function test_failOpcode(opcode: u32): void {
  clearError();
  failOpcode(opcode, 0);
}

/** One fact of the decoded module, by the name of its accessor (see module.test.ts). */
export function test_fact(fact: i32, index: u32, second: u32): i64 {
  switch (fact) {
    case 0:
      return module.typeCount;
    case 1:
      return module.canonicalType(index);
    case 2:
      return module.funcCount;
    case 3:
      return module.funcType(index);
    case 4:
      return module.bodyOffset(index);
    case 5:
      return module.bodyLength(index);
    case 6:
      return module.funcIsReferenced(index) ? 1 : 0;
    case 7:
      return module.tableIsMutated(index) ? 1 : 0;
    case 8:
      return module.importIndex(index);
    case 9:
      return module.elemItemFunc(index, second);
    case 10:
      return module.dataOffset(index);
    case 11:
      return module.dataLength(index);
    case 12:
      return module.funcNameOffset(index);
    case 13:
      return module.funcNameLength(index);
    case 14:
      return module.moduleNameOffset;
    case 15:
      return module.moduleNameLength;
    case 16:
      return module.funcHasLoops(index) ? 1 : 0;
    case 17:
      return module.funcHasCalls(index) ? 1 : 0;
    case 18:
      return module.tableInitLength(index);
    case 19:
      return module.globalInitLength(index);
    default:
      return unreachable();
  }
}
