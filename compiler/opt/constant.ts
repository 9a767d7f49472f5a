/** constant: what operations give for constant operands, exactly as wasm defines it.
 *  In: operation, type of the result, type of the operands, bits.  Out: true, and the result's bits in `result`; false: not foldable.
 *  Bits are as Iconst and Fconst carry them: 32-bit values zero-extended.
 *  Not folded: what would trap; float arithmetic on or to a NaN, whose bits the machine chooses. */

import { Op } from '../ir/op';
import { Type } from '../ir/type';

export let result: i64 = 0;

function give(bits: i64): bool {
  result = bits;
  return true;
}

function give32(bits: u32): bool {
  result = bits as i64;
  return true;
}

function giveF32(value: f32): bool {
  if (value != value) return false;
  return give32(reinterpret<u32>(value));
}

function giveF64(value: f64): bool {
  if (value != value) return false;
  return give(reinterpret<i64>(value));
}

export function evaluateUnary(op: Op, type: Type, from: Type, x: i64): bool {
  const f = reinterpret<f32>(x as u32);
  const d = reinterpret<f64>(x);
  switch (op) {
    case Op.Clz:
      return give(type == Type.I32 ? (clz<u32>(x as u32) as i64) : clz<i64>(x));
    case Op.Ctz:
      return give(type == Type.I32 ? (ctz<u32>(x as u32) as i64) : ctz<i64>(x));
    case Op.Popcnt:
      return give(type == Type.I32 ? (popcnt<u32>(x as u32) as i64) : popcnt<i64>(x));
    case Op.Sext8:
      return type == Type.I32 ? give32(x as i8 as i32) : give(x as i8 as i64);
    case Op.Sext16:
      return type == Type.I32 ? give32(x as i16 as i32) : give(x as i16 as i64);
    case Op.Sext32:
    case Op.ExtendS:
      return give(x as i32 as i64);
    case Op.ExtendU:
    case Op.Wrap:
      return give32(x as u32);
    case Op.FAbs:
      return type == Type.F32 ? give32((x as u32) & 0x7fffffff) : give(x & i64.MAX_VALUE);
    case Op.FNeg:
      return type == Type.F32 ? give32((x as u32) ^ 0x80000000) : give(x ^ i64.MIN_VALUE);
    case Op.FCeil:
      return type == Type.F32 ? giveF32(ceil<f32>(f)) : giveF64(ceil<f64>(d));
    case Op.FFloor:
      return type == Type.F32 ? giveF32(floor<f32>(f)) : giveF64(floor<f64>(d));
    case Op.FTrunc:
      return type == Type.F32 ? giveF32(trunc<f32>(f)) : giveF64(trunc<f64>(d));
    case Op.FNearest:
      return type == Type.F32 ? giveF32(nearest<f32>(f)) : giveF64(nearest<f64>(d));
    case Op.FSqrt:
      return type == Type.F32 ? giveF32(sqrt<f32>(f)) : giveF64(sqrt<f64>(d));
    case Op.Promote:
      return giveF64(f as f64);
    case Op.Demote:
      return giveF32(d as f32);
    case Op.IntToFloatS:
      if (from == Type.I32) return type == Type.F32 ? giveF32(x as i32 as f32) : giveF64(x as i32 as f64);
      return type == Type.F32 ? giveF32(x as f32) : giveF64(x as f64);
    case Op.IntToFloatU:
      if (from == Type.I32) return type == Type.F32 ? giveF32(x as u32 as f32) : giveF64(x as u32 as f64);
      return type == Type.F32 ? giveF32(x as u64 as f32) : giveF64(x as u64 as f64);
    // f32 to f64 is exact, so one width is enough.
    case Op.FloatToIntS:
      return toInt(type, from == Type.F32 ? (f as f64) : d, true, false);
    case Op.FloatToIntU:
      return toInt(type, from == Type.F32 ? (f as f64) : d, false, false);
    case Op.FloatToIntSatS:
      return toInt(type, from == Type.F32 ? (f as f64) : d, true, true);
    case Op.FloatToIntSatU:
      return toInt(type, from == Type.F32 ? (f as f64) : d, false, true);
    case Op.Bitcast:
      return give(x);
    default:
      return false;
  }
}

function toInt(type: Type, value: f64, signed: bool, saturate: bool): bool {
  if (value != value) return saturate && give(0);
  const whole = trunc<f64>(value);
  // Bounds that are exact in f64: low <= whole < high.
  const power: f64 = type == Type.I32 ? 4294967296.0 : 18446744073709551616.0;
  const high = signed ? power * 0.5 : power;
  const low = signed ? power * -0.5 : 0.0;
  if (whole < low) {
    if (!saturate) return false;
    return signed ? give(type == Type.I32 ? 0x80000000 : i64.MIN_VALUE) : give(0);
  }
  if (whole >= high) {
    if (!saturate) return false;
    if (signed) return give(type == Type.I32 ? 0x7fffffff : i64.MAX_VALUE);
    return give(type == Type.I32 ? 0xffffffff : -1);
  }
  if (type == Type.I32) return give32(signed ? (whole as i32 as u32) : (whole as u32));
  return give(signed ? (whole as i64) : (whole as u64 as i64));
}

export function evaluateBinary(op: Op, type: Type, from: Type, x: i64, y: i64): bool {
  switch (from) {
    case Type.I32:
      return evaluate32(op, x as u32, y as u32);
    case Type.I64:
    case Type.Ref:
      return evaluate64(op, x, y);
    case Type.F32:
      return evaluateF32(op, x as u32, y as u32);
    case Type.F64:
      return evaluateF64(op, x, y);
    default:
      return false;
  }
}

function evaluate32(op: Op, x: u32, y: u32): bool {
  switch (op) {
    case Op.Eq:
      return give32((x == y) as u32);
    case Op.Ne:
      return give32((x != y) as u32);
    case Op.LtS:
      return give32((<i32>x < <i32>y) as u32);
    case Op.GeS:
      return give32((<i32>x >= <i32>y) as u32);
    case Op.LtU:
      return give32((x < y) as u32);
    case Op.GeU:
      return give32((x >= y) as u32);
    case Op.GtS:
      return give32((<i32>x > <i32>y) as u32);
    case Op.LeS:
      return give32((<i32>x <= <i32>y) as u32);
    case Op.GtU:
      return give32((x > y) as u32);
    case Op.LeU:
      return give32((x <= y) as u32);
    case Op.Add:
      return give32(x + y);
    case Op.Sub:
      return give32(x - y);
    case Op.Mul:
      return give32(x * y);
    case Op.And:
      return give32(x & y);
    case Op.Or:
      return give32(x | y);
    case Op.Xor:
      return give32(x ^ y);
    case Op.Shl:
      return give32(x << (y & 31));
    case Op.ShrS:
      return give32(<u32>(<i32>x >> <i32>(y & 31)));
    case Op.ShrU:
      return give32(x >> (y & 31));
    case Op.Rotl:
      return give32(rotl<u32>(x, y & 31));
    case Op.Rotr:
      return give32(rotr<u32>(x, y & 31));
    case Op.Sdiv:
      if (y == 0 || (x == 0x80000000 && y == 0xffffffff)) return false;
      return give32(<u32>(<i32>x / <i32>y));
    case Op.Udiv:
      return y != 0 && give32(x / y);
    case Op.Srem:
      if (y == 0) return false;
      return give32(y == 0xffffffff ? 0 : <u32>(<i32>x % <i32>y));
    case Op.Urem:
      return y != 0 && give32(x % y);
    default:
      return false;
  }
}

function evaluate64(op: Op, x: i64, y: i64): bool {
  const a = x as u64;
  const b = y as u64;
  switch (op) {
    case Op.Eq:
      return give32((x == y) as u32);
    case Op.Ne:
      return give32((x != y) as u32);
    case Op.LtS:
      return give32((x < y) as u32);
    case Op.GeS:
      return give32((x >= y) as u32);
    case Op.LtU:
      return give32((a < b) as u32);
    case Op.GeU:
      return give32((a >= b) as u32);
    case Op.GtS:
      return give32((x > y) as u32);
    case Op.LeS:
      return give32((x <= y) as u32);
    case Op.GtU:
      return give32((a > b) as u32);
    case Op.LeU:
      return give32((a <= b) as u32);
    case Op.Add:
      return give(x + y);
    case Op.Sub:
      return give(x - y);
    case Op.Mul:
      return give(x * y);
    case Op.MulHigh:
      return give(mulHigh(x as u64, y as u64) as i64);
    case Op.And:
      return give(x & y);
    case Op.Or:
      return give(x | y);
    case Op.Xor:
      return give(x ^ y);
    case Op.Shl:
      return give(x << (y & 63));
    case Op.ShrS:
      return give(x >> (y & 63));
    case Op.ShrU:
      return give((a >> (b & 63)) as i64);
    case Op.Rotl:
      return give(rotl<i64>(x, y & 63));
    case Op.Rotr:
      return give(rotr<i64>(x, y & 63));
    case Op.Sdiv:
      if (y == 0 || (x == i64.MIN_VALUE && y == -1)) return false;
      return give(x / y);
    case Op.Udiv:
      return b != 0 && give((a / b) as i64);
    case Op.Srem:
      if (y == 0) return false;
      return give(y == -1 ? 0 : x % y);
    case Op.Urem:
      return b != 0 && give((a % b) as i64);
    default:
      return false;
  }
}

function evaluateF32(op: Op, xBits: u32, yBits: u32): bool {
  const x = reinterpret<f32>(xBits);
  const y = reinterpret<f32>(yBits);
  switch (op) {
    case Op.FEq:
      return give32((x == y) as u32);
    case Op.FNe:
      return give32((x != y) as u32);
    case Op.FLt:
      return give32((x < y) as u32);
    case Op.FGt:
      return give32((x > y) as u32);
    case Op.FLe:
      return give32((x <= y) as u32);
    case Op.FGe:
      return give32((x >= y) as u32);
    case Op.FAdd:
      return giveF32(x + y);
    case Op.FSub:
      return giveF32(x - y);
    case Op.FMul:
      return giveF32(x * y);
    case Op.FDiv:
      return giveF32(x / y);
    case Op.FMin:
      return giveF32(min<f32>(x, y));
    case Op.FMax:
      return giveF32(max<f32>(x, y));
    case Op.FCopysign:
      return give32((xBits & 0x7fffffff) | (yBits & 0x80000000));
    default:
      return false;
  }
}

function evaluateF64(op: Op, xBits: i64, yBits: i64): bool {
  const x = reinterpret<f64>(xBits);
  const y = reinterpret<f64>(yBits);
  switch (op) {
    case Op.FEq:
      return give32((x == y) as u32);
    case Op.FNe:
      return give32((x != y) as u32);
    case Op.FLt:
      return give32((x < y) as u32);
    case Op.FGt:
      return give32((x > y) as u32);
    case Op.FLe:
      return give32((x <= y) as u32);
    case Op.FGe:
      return give32((x >= y) as u32);
    case Op.FAdd:
      return giveF64(x + y);
    case Op.FSub:
      return giveF64(x - y);
    case Op.FMul:
      return giveF64(x * y);
    case Op.FDiv:
      return giveF64(x / y);
    case Op.FMin:
      return giveF64(min<f64>(x, y));
    case Op.FMax:
      return giveF64(max<f64>(x, y));
    case Op.FCopysign:
      return give((xBits & i64.MAX_VALUE) | (yBits & i64.MIN_VALUE));
    default:
      return false;
  }
}

/** The upper half of a product of 128 bits. */
function mulHigh(x: u64, y: u64): u64 {
  const middle = (x >> 32) * (y & 0xffffffff) + (((x & 0xffffffff) * (y & 0xffffffff)) >> 32);
  const other = (x & 0xffffffff) * (y >> 32) + (middle & 0xffffffff);
  return (x >> 32) * (y >> 32) + (middle >> 32) + (other >> 32);
}
