/** divide: division and remainder by a constant, without a division.
 *  In: Sdiv, Udiv, Srem or Urem with a constant on the right.  Out: an equal value, or none.
 *  32-bit: multiplication by a reciprocal in 64 bits. 64-bit: powers of two only.
 *  Ref: Warren, Hacker's Delight, chapter 10. */

import { Value, none } from '../base/entity';
import { imms, ops } from '../ir/func';
import { Op } from '../ir/op';
import { Type } from '../ir/type';
import { iconst, make, signedConstant, unary } from './fold';

export function foldDivision(op: Op, type: Type, a: Value, b: Value): Value {
  if (ops[b] != Op.Iconst || imms[b] == 0) return none<Value>();
  if (op == Op.Udiv || op == Op.Urem) return unsignedDivision(op, type, a, b);
  const divisor = signedConstant(b);
  if (divisor == 1) return op == Op.Sdiv ? a : iconst(type, 0);
  // The overflowing quotient has trapped above.
  if (divisor == -1) return op == Op.Sdiv ? make(Op.Sub, type, iconst(type, 0), a) : iconst(type, 0);
  // The lowest number has no positive counterpart.
  if (divisor == (type == Type.I32 ? (i32.MIN_VALUE as i64) : i64.MIN_VALUE)) return none<Value>();
  const positive = divisor < 0 ? 0 - divisor : divisor;
  const power = popcnt<i64>(positive) == 1;
  if (!power && type != Type.I32) return none<Value>();
  // The remainder does not depend on the divisor's sign.
  if (op == Op.Srem) {
    if (power) {
      const rounded = make(Op.And, type, towardZero(type, a, ctz<i64>(positive) as u32), iconst(type, 0 - positive));
      return make(Op.Sub, type, a, rounded);
    }
    return make(Op.Sub, type, a, make(Op.Mul, type, signedQuotient(a, positive as u64), iconst(type, positive)));
  }
  const shift = ctz<i64>(positive);
  const quotient = power ? make(Op.ShrS, type, towardZero(type, a, shift as u32), iconst(type, shift)) : signedQuotient(a, positive as u64);
  return divisor < 0 ? make(Op.Sub, type, iconst(type, 0), quotient) : quotient;
}

/** What a shift to the right by `shift`, which rounds down, needs to round toward zero: a + (a < 0 ? 2^shift - 1 : 0). */
function towardZero(type: Type, a: Value, shift: u32): Value {
  const width: u32 = type == Type.I32 ? 32 : 64;
  const sign = shift == 1 ? a : make(Op.ShrS, type, a, iconst(type, width - 1));
  return make(Op.Add, type, a, make(Op.ShrU, type, sign, iconst(type, width - shift)));
}

/** i32 `a` / `divisor`, 3 <= divisor < 2^31, no power of two. */
function signedQuotient(a: Value, divisor: u64): Value {
  const edge: u64 = 0x80000000;
  const largest = edge - 1 - (edge % divisor);
  let exponent: u64 = 32;
  while ((1 as u64) << exponent <= largest * (divisor - (((1 as u64) << exponent) % divisor))) exponent++;
  const power = (1 as u64) << exponent;
  const reciprocal = (power + divisor - (power % divisor)) / divisor;
  // |a| <= 2^31 and the reciprocal is below 2^32: the product fits.
  const product = make(Op.Mul, Type.I64, unary(Op.ExtendS, Type.I64, a), iconst(Type.I64, reciprocal as i64));
  const down = unary(Op.Wrap, Type.I32, make(Op.ShrS, Type.I64, product, iconst(Type.I64, exponent as i64)));
  return make(Op.Add, Type.I32, down, make(Op.ShrU, Type.I32, a, iconst(Type.I32, 31)));
}

function unsignedDivision(op: Op, type: Type, a: Value, b: Value): Value {
  const divisor = imms[b] as u64;
  if (popcnt<u64>(divisor) == 1) {
    if (op == Op.Udiv) return make(Op.ShrU, type, a, iconst(type, ctz<u64>(divisor) as i64));
    return make(Op.And, type, a, iconst(type, (divisor - 1) as i64));
  }
  if (type != Type.I32) return none<Value>();
  const quotient = unsignedQuotient(a, divisor);
  if (op == Op.Udiv) return quotient;
  return make(Op.Sub, type, a, make(Op.Mul, type, quotient, iconst(type, divisor as i64)));
}

/** i32 `a` / `divisor`, unsigned, 3 <= divisor < 2^32, no power of two. */
function unsignedQuotient(a: Value, divisor: u64): Value {
  // ceil(2^(32 + log) / divisor) has 33 bits; its top bit is implied.
  const log = 64 - clz<u64>(divisor - 1);
  const wide = unary(Op.ExtendU, Type.I64, a);
  // A reciprocal of 32 bits does when its error stays below 2^log.
  for (let exponent: u64 = 32; exponent < 32 + log; exponent++) {
    const power = (1 as u64) << exponent;
    const reciprocal = (power + divisor - 1) / divisor;
    if (reciprocal >> 32 == 0 && reciprocal * divisor - power <= (1 as u64) << (exponent - 32)) {
      const product = make(Op.Mul, Type.I64, wide, iconst(Type.I64, reciprocal as i64));
      return unary(Op.Wrap, Type.I32, make(Op.ShrU, Type.I64, product, iconst(Type.I64, exponent as i64)));
    }
  }
  // (a * (2^32 + low)) >> (32 + log) = (((a * low) >> 32) + a) >> log; the sum has 33 bits. 2^(32 + log) is 2^32 * 2^log: in steps.
  const power = (1 as u64) << log;
  const high = power / divisor;
  const rest = power % divisor;
  const scaled = rest << 32;
  const low = (high << 32) + (scaled + divisor - 1) / divisor - 0x100000000;
  const product = make(Op.ShrU, Type.I64, make(Op.Mul, Type.I64, wide, iconst(Type.I64, low as i64)), iconst(Type.I64, 32));
  const sum = make(Op.Add, Type.I64, product, wide);
  return unary(Op.Wrap, Type.I32, make(Op.ShrU, Type.I64, sum, iconst(Type.I64, log as i64)));
}
