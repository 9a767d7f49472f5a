/** bits: which bits of an integer value can be nonzero, by a short look at how it is made.
 *  In: a value of type i32 or i64.  Out: a mask; for i32 within the low 32 bits.  Cost: O(1), at most DEPTH steps down. */

import { Value } from '../base/entity';
import { argA, argB, argC, imms, ops, resolve, types } from '../ir/func';
import { Op } from '../ir/op';
import { Type } from '../ir/type';

const DEPTH: u32 = 4;

/** All bits of an integer type. */
export function allBits(type: Type): u64 {
  return type == Type.I32 ? 0xffffffff : u64.MAX_VALUE;
}

/** All bits up to the highest that is set. */
function filled(mask: u64): u64 {
  return mask == 0 ? 0 : u64.MAX_VALUE >> clz<u64>(mask);
}

export function possibleBits(value: Value): u64 {
  return possible(value, DEPTH);
}

function possible(value: Value, depth: u32): u64 {
  const type: Type = types[value];
  const all = allBits(type);
  const op: Op = ops[value];
  if (op == Op.Iconst) return (imms[value] as u64) & all;
  if (op >= Op.Eq && op <= Op.FGe) return 1;
  if (depth == 0) return all;
  const a = resolve(argA[value]);
  const b = resolve(argB[value]);
  switch (op) {
    case Op.Load8U:
      return 0xff;
    case Op.Load16U:
      return 0xffff;
    case Op.Load32U:
      return 0xffffffff;
    case Op.ExtendU:
      return possible(a, depth - 1);
    case Op.Wrap:
      return possible(a, depth - 1) & 0xffffffff;
    case Op.And:
      return possible(a, depth - 1) & possible(b, depth - 1);
    case Op.Or:
    case Op.Xor:
      return possible(a, depth - 1) | possible(b, depth - 1);
    case Op.Add: {
      // The sum of two numbers below 2^n is below 2^(n+1).
      const mask = filled(possible(a, depth - 1) | possible(b, depth - 1));
      return mask >= all >> 1 ? all : (mask << 1) | 1;
    }
    case Op.Clz:
    case Op.Ctz:
    case Op.Popcnt:
      return 0x7f;
    case Op.Shl:
      if (ops[b] != Op.Iconst) return all;
      return (possible(a, depth - 1) << (imms[b] & (type == Type.I32 ? 31 : 63))) & all;
    case Op.ShrU:
      if (ops[b] != Op.Iconst) return filled(possible(a, depth - 1));
      return possible(a, depth - 1) >> (imms[b] & (type == Type.I32 ? 31 : 63));
    case Op.Udiv:
      return filled(possible(a, depth - 1));
    case Op.Urem:
      // Below the divisor, and not above the dividend.
      return filled(possible(a, depth - 1)) & filled(possible(b, depth - 1));
    case Op.Select:
      return possible(b, depth - 1) | possible(resolve(argC[value]), depth - 1);
    default:
      return all;
  }
}
