/** valtype: reading and naming value types.  Ref: WebAssembly 3.0, section 5.3. */

import { ErrorCode, message } from '../base/error';
import { requireFeature } from './features';
import { Feature, ValType } from './opcodes';
import { failAt, position, readU8 } from './reader';

/** Name in the text format; the bottom type of unreachable code is 0. */
export function valTypeName(type: u32): string {
  switch (type) {
    case ValType.I32:
      return 'i32';
    case ValType.I64:
      return 'i64';
    case ValType.F32:
      return 'f32';
    case ValType.F64:
      return 'f64';
    case ValType.V128:
      return 'v128';
    case ValType.FuncRef:
      return 'funcref';
    case ValType.ExternRef:
      return 'externref';
    default:
      return 'bottom';
  }
}

export function isReference(type: u32): bool {
  return type == ValType.FuncRef || type == ValType.ExternRef;
}

export function isNumber(type: u32): bool {
  return <i32>type >= ValType.F64 && <i32>type <= ValType.I32;
}

export function readValType(): ValType {
  const offset = position();
  const byte = readU8();
  if (!isNumber(byte)) checkReferenceByte(byte, offset, 'malformed value type: 0x');
  return byte;
}

/** A type of references, as of table elements. `funcref` alone needs no feature there. */
export function readRefType(): ValType {
  const offset = position();
  const byte = readU8();
  if (byte != ValType.FuncRef) checkReferenceByte(byte, offset, 'malformed reference type: 0x');
  return byte;
}

/** The byte just read at `offset` is no number type: it must be a reference type that is on; else the error says which feature it is of. */
export function checkReferenceByte(byte: u32, offset: u32, malformed: string): void {
  switch (byte) {
    case ValType.FuncRef:
    case ValType.ExternRef:
      requireFeature(Feature.ReferenceTypes, offset, byte == ValType.FuncRef ? 'type funcref' : 'type externref');
      return;
    case ValType.V128:
      requireFeature(Feature.Simd, offset, 'type v128');
      return;
    case 0x63:
    case 0x64:
      requireFeature(Feature.FunctionReferences, offset, byte == 0x63 ? 'type (ref null ...)' : 'type (ref ...)');
      return;
    case 0x69:
    case 0x74:
      requireFeature(Feature.Exceptions, offset, byte == 0x69 ? 'type exnref' : 'type nullexnref');
      return;
    case 0x6e:
      requireFeature(Feature.Gc, offset, 'type anyref');
      return;
    case 0x6d:
      requireFeature(Feature.Gc, offset, 'type eqref');
      return;
    case 0x6c:
      requireFeature(Feature.Gc, offset, 'type i31ref');
      return;
    case 0x6b:
      requireFeature(Feature.Gc, offset, 'type structref');
      return;
    case 0x6a:
      requireFeature(Feature.Gc, offset, 'type arrayref');
      return;
    case 0x71:
      requireFeature(Feature.Gc, offset, 'type nullref');
      return;
    case 0x72:
      requireFeature(Feature.Gc, offset, 'type nullexternref');
      return;
    case 0x73:
      requireFeature(Feature.Gc, offset, 'type nullfuncref');
      return;
    default:
      if (failAt(ErrorCode.Malformed, offset, malformed)) message.hex(byte);
  }
}

/** The operand of `ref.null`: the reference type of that heap type. */
export function readHeapType(): ValType {
  const offset = position();
  const byte = readU8();
  // A type index (a signed integer that is not negative) makes a typed reference.
  if (byte < 0x40 || byte >= 0x80) requireFeature(Feature.FunctionReferences, offset, 'type index in ref.null');
  else checkReferenceByte(byte, offset, 'malformed heap type: 0x');
  return byte;
}
