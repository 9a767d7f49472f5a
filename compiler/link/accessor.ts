/** accessor: finds the functions that do nothing but read or move one global, as a stack pointer's are (emscripten_stack_get_current,
 *  _emscripten_stack_restore, _emscripten_stack_alloc, __wbindgen_add_to_stack_pointer): the host can do the same in JS for less than a call.
 *  In: a function of the decoded, valid module.  Out: its part of the record's flags, 0 for any other function.
 *  Cost: O(1): longer bodies are not looked at.  Ref: runtime/ARTIFACT.md, Functions. */

import { Accessor, FUNCTION_ACCESSOR_SHIFT, FUNCTION_GLOBAL_LIMIT, FUNCTION_GLOBAL_SHIFT } from '../../runtime/artifact';
import * as module from '../wasm/module';
import { Opcode, ValType } from '../wasm/opcodes';
import * as reader from '../wasm/reader';

/** The longest body, where each global index takes the five bytes that linkers leave room for. */
const LONGEST: u32 = 28;

let global: u32 = 0;

/** The bits of `FUNCTION_FLAGS` that say what the function does. */
export function accessorFlags(func: u32): u32 {
  const length = module.bodyLength(func);
  if (length > LONGEST) return 0;
  reader.setRange(module.bodyOffset(func), length);
  const accessor = findAccessor();
  if (accessor == Accessor.None || module.globalType(global) != ValType.I32 || global >= FUNCTION_GLOBAL_LIMIT) return 0;
  if (module.typeParamCount(module.funcType(func)) != (accessor == Accessor.Get ? 0 : 1)) return 0;
  return (accessor << FUNCTION_ACCESSOR_SHIFT) | (global << FUNCTION_GLOBAL_SHIFT);
}

/** Since the body is valid, the types of what it uses fit, and the global can change where it does. */
function findAccessor(): Accessor {
  if (!has(0)) return Accessor.None; // locals
  if (has(Opcode.GlobalGet)) {
    global = reader.readU32();
    if (has(Opcode.End)) return Accessor.Get;
    return isParam(Opcode.LocalGet) &&
      has(Opcode.I32Sub) &&
      has(Opcode.I32Const) &&
      reader.readS32() == -16 &&
      has(Opcode.I32And) &&
      isParam(Opcode.LocalTee) &&
      isGlobal(Opcode.GlobalSet) &&
      isParam(Opcode.LocalGet) &&
      has(Opcode.End)
      ? Accessor.Allocate
      : Accessor.None;
  }
  if (!isParam(Opcode.LocalGet)) return Accessor.None;
  if (has(Opcode.GlobalSet)) {
    global = reader.readU32();
    return has(Opcode.End) ? Accessor.Set : Accessor.None;
  }
  if (!has(Opcode.GlobalGet)) return Accessor.None;
  global = reader.readU32();
  return has(Opcode.I32Add) && isGlobal(Opcode.GlobalSet) && isGlobal(Opcode.GlobalGet) && has(Opcode.End) ? Accessor.Add : Accessor.None;
}

/** Goes on when the next byte is this one; all these opcodes are of one byte. */
function has(byte: u32): bool {
  if (reader.atEnd() || reader.peekU8() != byte) return false;
  reader.readU8();
  return true;
}

/** `opcode` with the first parameter. */
function isParam(opcode: u32): bool {
  return has(opcode) && reader.readU32() == 0;
}

/** `opcode` with the global of before. */
function isGlobal(opcode: u32): bool {
  return has(opcode) && reader.readU32() == global;
}
