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
