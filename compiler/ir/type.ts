/** type: the types of IR values. Ref is a reference (funcref, externref): 64 bits, 0 is null; kept apart for stack maps. */

export const enum Type {
  None = 0,
  I32 = 1,
  I64 = 2,
  F32 = 3,
  F64 = 4,
  Ref = 5,
  V128 = 6,
}

/** Names by number, separated by spaces. */
export const TYPE_NAMES: string = 'none i32 i64 f32 f64 ref v128';

export function isFloat(type: Type): bool {
  return type == Type.F32 || type == Type.F64;
}

export function isInt(type: Type): bool {
  return type == Type.I32 || type == Type.I64;
}

/** Bytes of a value of this type in memory. */
export function typeSize(type: Type): u32 {
  return type == Type.V128 ? 16 : type == Type.I32 || type == Type.F32 ? 4 : 8;
}
