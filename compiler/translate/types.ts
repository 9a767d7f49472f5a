/** types: wasm value types as IR types. */

import { Type } from '../ir/type';
import { ValType } from '../wasm/opcodes';

export function irType(type: u32): Type {
  switch (type) {
    case ValType.I32:
      return Type.I32;
    case ValType.I64:
      return Type.I64;
    case ValType.F32:
      return Type.F32;
    case ValType.F64:
      return Type.F64;
    case ValType.V128:
      return Type.V128;
    default:
      return Type.Ref;
  }
}

// In the tables of numeric.ts and memory.ts a row is one word: the IR operation in the lowest byte, the type in the next.
export const TYPE_SHIFT: u32 = 8;
export const I = Type.I32 << TYPE_SHIFT;
export const L = Type.I64 << TYPE_SHIFT;
export const F = Type.F32 << TYPE_SHIFT;
export const D = Type.F64 << TYPE_SHIFT;
