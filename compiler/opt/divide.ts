/** divide: division and remainder by a constant, without a division.
 *  In: Sdiv, Udiv, Srem or Urem with a constant on the right.  Out: an equal value, or none.
 *  32-bit: multiplication by a reciprocal in 64 bits. 64-bit: the upper half of a multiplication by one of 64 or 65 bits.
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
  // The remainder does not depend on the divisor's sign.
  if (op == Op.Srem) {
    if (power) {
      const rounded = make(Op.And, type, towardZero(type, a, ctz<i64>(positive) as u32), iconst(type, 0 - positive));
      return make(Op.Sub, type, a, rounded);
    }
    return make(Op.Sub, type, a, make(Op.Mul, type, signedQuotient(type, a, positive as u64), iconst(type, positive)));
  }
  const shift = ctz<i64>(positive);
  const quotient = power
    ? make(Op.ShrS, type, towardZero(type, a, shift as u32), iconst(type, shift))
    : signedQuotient(type, a, positive as u64);
  return divisor < 0 ? make(Op.Sub, type, iconst(type, 0), quotient) : quotient;
}

/** What a shift to the right by `shift`, which rounds down, needs to round toward zero: a + (a < 0 ? 2^shift - 1 : 0). */
function towardZero(type: Type, a: Value, shift: u32): Value {
  const width: u32 = type == Type.I32 ? 32 : 64;
  const sign = shift == 1 ? a : make(Op.ShrS, type, a, iconst(type, width - 1));
  return make(Op.Add, type, a, make(Op.ShrU, type, sign, iconst(type, width - shift)));
}

function signedQuotient(type: Type, a: Value, divisor: u64): Value {
  return type == Type.I32 ? signedQuotient32(a, divisor) : signedQuotient64(a, divisor);
}

/** i32 `a` / `divisor`, 3 <= divisor < 2^31, no power of two. */
function signedQuotient32(a: Value, divisor: u64): Value {
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
  const quotient = type == Type.I32 ? unsignedQuotient32(a, divisor) : unsignedQuotient64(a, divisor);
  if (op == Op.Udiv) return quotient;
  return make(Op.Sub, type, a, make(Op.Mul, type, quotient, iconst(type, divisor as i64)));
}

/** i32 `a` / `divisor`, unsigned, 3 <= divisor < 2^32, no power of two. */
function unsignedQuotient32(a: Value, divisor: u64): Value {
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

/** Remainder of the last `divide128`. */
let rest128: u64 = 0;

/** high * 2^64 / divisor, rounded down; high < divisor. */
function divide128(high: u64, divisor: u64): u64 {
  let rest = high;
  let quotient: u64 = 0;
  for (let i = 0; i < 64; i++) {
    const carry = rest >> 63 != 0;
    rest <<= 1;
    quotient <<= 1;
    if (carry || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  rest128 = rest;
  return quotient;
}

/** `value` >> `shift`. */
function shifted(op: Op, value: Value, shift: u32): Value {
  return shift == 0 ? value : make(op, Type.I64, value, iconst(Type.I64, shift as i64));
}

function mulHigh(a: Value, b: u64): Value {
  return make(Op.MulHigh, Type.I64, a, iconst(Type.I64, b as i64));
}

/** i64 `a` / `divisor`, unsigned, 3 <= divisor < 2^64, no power of two. */
function unsignedQuotient64(a: Value, divisor: u64): Value {
  // What is left after the divisor's zeros has fewer bits: so may its reciprocal.
  const zeros = <u32>ctz<u64>(divisor);
  const odd = divisor >> zeros;
  const log: u32 = 64 - <u32>clz<u64>(odd - 1);
  for (let shift: u32 = 0; shift < log; shift++) {
    const reciprocal = divide128((1 as u64) << shift, odd) + 1;
    // Too large by (odd - rest) / odd of its last bit, which must stay below 1 / odd for the largest numerator.
    if (odd - rest128 <= (1 as u64) << (shift + zeros)) return shifted(Op.ShrU, mulHigh(shifted(Op.ShrU, a, zeros), reciprocal), shift);
  }
  // The divisor is odd, and the reciprocal has 65 bits: (a * (2^64 + low)) >> (64 + log), by halves, as a sum of 65 bits would not fit.
  const low = divide128((log == 64 ? 0 : (1 as u64) << log) - divisor, divisor) + 1;
  const product = mulHigh(a, low);
  const half = shifted(Op.ShrU, make(Op.Sub, Type.I64, a, product), 1);
  return shifted(Op.ShrU, make(Op.Add, Type.I64, half, product), log - 1);
}

/** i64 `a` / `divisor`, 3 <= divisor < 2^63, no power of two. */
function signedQuotient64(a: Value, divisor: u64): Value {
  let shift: u32 = 0;
  let reciprocal = divide128(1, divisor) + 1;
  while (divisor - rest128 > (1 as u64) << (shift + 1)) reciprocal = divide128((1 as u64) << ++shift, divisor) + 1;
  // The product of an unsigned reciprocal: a negative `a` was taken for one larger by 2^64.
  const sign = make(Op.ShrS, Type.I64, a, iconst(Type.I64, 63));
  const high = make(Op.Sub, Type.I64, mulHigh(a, reciprocal), make(Op.And, Type.I64, sign, iconst(Type.I64, reciprocal as i64)));
  // One more for what is negative: rounded toward zero.
  return make(Op.Sub, Type.I64, shifted(Op.ShrS, high, shift), sign);
}
