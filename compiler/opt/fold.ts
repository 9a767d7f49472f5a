/** fold: a simpler value for an operation, if there is one: constants, algebra, strength reduction.
 *  In: an operation and its operands (live values).  Out: a value that gives the same in every bit, or none; new instructions stand
 *  before the place set by `foldBefore`, already folded themselves.
 *  Canonical form, which rules rely on: a constant stands on the right of commutative operations and comparisons; subtraction of a
 *  constant is addition; shift counts are below the width; multiplication by a power of two is a shift.
 *  Floats: only what holds for every NaN, for -0 and for every rounding. Traps stay.
 *  Division by constants is in divide.ts.
 *  Cost: O(1) an operation. */

import { Value, none } from '../base/entity';
import { argA, argB, imms, insertBefore, newValue, ops, resolve, types } from '../ir/func';
import { Flag, Op, isComparison, isIntComparison, opArity, opHas, swappedComparison } from '../ir/op';
import { Type } from '../ir/type';
import { allBits, possibleBits } from './bits';
import * as constant from './constant';

let place: Value = none<Value>();
let location: u32 = 0;

/** New instructions go before `value` and have its wasm offset. */
export function foldBefore(value: Value, offset: u32): void {
  place = value;
  location = offset;
}

/** The operation, folded when it can be, else as a new instruction. */
export function make(op: Op, type: Type, a: Value, b: Value): Value {
  const simpler = fold(op, type, a, b, none<Value>());
  return simpler.isNone ? insert(op, type, a, b, none<Value>(), 0) : simpler;
}

function insert(op: Op, type: Type, a: Value, b: Value, c: Value, imm: i64): Value {
  const value = newValue(op, type, a, b, c, imm, location);
  insertBefore(value, place);
  return value;
}

export function unary(op: Op, type: Type, a: Value): Value {
  return make(op, type, a, none<Value>());
}

/** An integer (or null) constant. */
export function iconst(type: Type, x: i64): Value {
  return insert(Op.Iconst, type, none<Value>(), none<Value>(), none<Value>(), type == Type.I32 ? x & 0xffffffff : x);
}

function fconst(type: Type, bits: i64): Value {
  return insert(Op.Fconst, type, none<Value>(), none<Value>(), none<Value>(), bits);
}

export function isConstant(value: Value): bool {
  const op: u32 = ops[value];
  return op == Op.Iconst || op == Op.Fconst;
}

/** The constant as a number of its type. */
export function signedConstant(value: Value): i64 {
  return types[value] == Type.I32 ? (imms[value] as i32 as i64) : imms[value];
}

function is(value: Value, op: Op): bool {
  return ops[value] == op;
}

/** An operation whose right operand is a constant. */
function hasConstant(value: Value, op: Op): bool {
  return ops[value] == op && ops[right(value)] == Op.Iconst;
}

function left(value: Value): Value {
  return resolve(argA[value]);
}

function right(value: Value): Value {
  return resolve(argB[value]);
}

function widthOf(type: Type): u32 {
  return type == Type.I32 ? 32 : 64;
}

/** Puts operands into canonical order, in place. For passes, before `fold`. */
export function canonicalize(value: Value): void {
  const op: Op = ops[value];
  const comparison = isComparison(op);
  if (!comparison && !opHas(op, Flag.Commutes)) return;
  const a = argA[value];
  const b = argB[value];
  if (!isConstant(a) || isConstant(b)) return;
  argA[value] = b;
  argB[value] = a;
  if (comparison) ops[value] = swappedComparison(op) as u8;
}

export function fold(op: Op, type: Type, a: Value, b: Value, c: Value): Value {
  if (op == Op.Select) return foldSelect(type, a, b, c);
  if (!opHas(op, Flag.Pure) && !opHas(op, Flag.Guarded) && op != Op.FloatToIntS && op != Op.FloatToIntU) return none<Value>();
  const arity = opArity(op);
  if (arity == 1) {
    if (isConstant(a) && constant.evaluateUnary(op, type, types[a], imms[a])) return constantOf(type);
    return foldUnary(op, type, a);
  }
  if (arity != 2) return none<Value>();
  if (isConstant(a) && isConstant(b) && constant.evaluateBinary(op, type, types[a], imms[a], imms[b])) return constantOf(type);
  if (isComparison(op)) {
    if (!isIntComparison(op)) return none<Value>();
    if (isConstant(a)) return isConstant(b) ? none<Value>() : make(swappedComparison(op), type, b, a);
    return foldComparison(op, a, b);
  }
  if (type == Type.F32 || type == Type.F64) return op == Op.FDiv ? foldFloatDivision(type, a, b) : none<Value>();
  if (isConstant(a) && !isConstant(b) && opHas(op, Flag.Commutes)) return make(op, type, b, a);
  switch (op) {
    case Op.Add:
      return foldAdd(type, a, b);
    case Op.Sub:
      return foldSub(type, a, b);
    case Op.Mul:
      return foldMul(type, a, b);
    case Op.And:
      return foldAnd(type, a, b);
    case Op.Or:
      return foldOr(type, a, b);
    case Op.Xor:
      return foldXor(type, a, b);
    case Op.Shl:
    case Op.ShrS:
    case Op.ShrU:
    case Op.Rotl:
    case Op.Rotr:
      return foldShift(op, type, a, b);
    default:
      return none<Value>();
  }
}

function constantOf(type: Type): Value {
  const bits = constant.result;
  return type == Type.F32 || type == Type.F64 ? fconst(type, bits) : iconst(type, bits);
}

function foldUnary(op: Op, type: Type, a: Value): Value {
  const inner: Op = ops[a];
  switch (op) {
    case Op.Wrap:
      if (inner == Op.ExtendS || inner == Op.ExtendU) return left(a);
      if (inner == Op.Sext32) return unary(Op.Wrap, type, left(a));
      if (hasConstant(a, Op.And) && (imms[right(a)] as u32) == 0xffffffff) return unary(Op.Wrap, type, left(a));
      break;
    case Op.ExtendU:
      if (inner == Op.Wrap && possibleBits(left(a)) >> 32 == 0) return left(a);
      break;
    case Op.ExtendS:
      if (possibleBits(a) >> 31 == 0) return unary(Op.ExtendU, type, a);
      if (inner == Op.Wrap) return unary(Op.Sext32, type, left(a));
      break;
    case Op.Sext8:
      if (possibleBits(a) <= 0x7f || inner == Op.Sext8 || inner == Op.Load8S) return a;
      return foldSext(op, type, a, 0xff);
    case Op.Sext16:
      if (possibleBits(a) <= 0x7fff || inner == Op.Sext16 || inner == Op.Sext8 || inner == Op.Load8S || inner == Op.Load16S) return a;
      return foldSext(op, type, a, 0xffff);
    case Op.Sext32:
      if (possibleBits(a) <= 0x7fffffff || inner == Op.Sext32 || inner == Op.Sext16 || inner == Op.Sext8) return a;
      if (inner == Op.ExtendS || (inner >= Op.Load8S && inner <= Op.Load32S && inner != Op.Load32U)) return a;
      if (inner == Op.ExtendU) return unary(Op.ExtendS, type, left(a));
      return foldSext(op, type, a, 0xffffffff);
    case Op.FNeg:
      if (inner == Op.FNeg) return left(a);
      break;
    case Op.FAbs:
      if (inner == Op.FAbs) return a;
      if (inner == Op.FNeg) return unary(Op.FAbs, type, left(a));
      break;
    case Op.Bitcast:
      if (types[a] == type) return a;
      if (inner == Op.Bitcast) return types[left(a)] == type ? left(a) : none<Value>();
      break;
  }
  return none<Value>();
}

/** Only the bits in `low` of the operand count. */
function foldSext(op: Op, type: Type, a: Value, low: u64): Value {
  if (hasConstant(a, Op.And) && ((imms[right(a)] as u64) & low) == low) return unary(op, type, left(a));
  if (op == Op.Sext8 && is(a, Op.Sext16)) return unary(op, type, left(a));
  if (op != Op.Sext32 && is(a, Op.Sext32)) return unary(op, type, left(a));
  return none<Value>();
}

function foldAdd(type: Type, a: Value, b: Value): Value {
  if (is(b, Op.Iconst)) {
    const y = imms[b];
    if (y == 0) return a;
    if (hasConstant(a, Op.Add)) return make(Op.Add, type, left(a), iconst(type, imms[right(a)] + y));
    if (is(a, Op.Sub) && is(left(a), Op.Iconst)) return make(Op.Sub, type, iconst(type, imms[left(a)] + y), right(a));
    return none<Value>();
  }
  if (is(b, Op.Sub)) {
    if (isZero(left(b))) return make(Op.Sub, type, a, right(b));
    if (right(b) == a) return left(b);
  }
  if (is(a, Op.Sub)) {
    if (isZero(left(a))) return make(Op.Sub, type, b, right(a));
    if (right(a) == b) return left(a);
  }
  return none<Value>();
}

function isZero(value: Value): bool {
  return ops[value] == Op.Iconst && imms[value] == 0;
}

function foldSub(type: Type, a: Value, b: Value): Value {
  if (a == b) return iconst(type, 0);
  if (is(b, Op.Iconst)) return make(Op.Add, type, a, iconst(type, 0 - imms[b]));
  if (is(a, Op.Iconst)) {
    if (hasConstant(b, Op.Add)) return make(Op.Sub, type, iconst(type, imms[a] - imms[right(b)]), left(b));
    if (is(b, Op.Sub) && is(left(b), Op.Iconst)) return make(Op.Add, type, right(b), iconst(type, imms[a] - imms[left(b)]));
    return none<Value>();
  }
  if (is(a, Op.Add)) {
    if (left(a) == b) return right(a);
    if (right(a) == b) return left(a);
  }
  if (is(b, Op.Sub) && isZero(left(b))) return make(Op.Add, type, a, right(b));
  return none<Value>();
}

function foldMul(type: Type, a: Value, b: Value): Value {
  if (!is(b, Op.Iconst)) return none<Value>();
  const y = imms[b];
  if (y == 0) return b;
  if (y == 1) return a;
  if (signedConstant(b) == -1) return make(Op.Sub, type, iconst(type, 0), a);
  if (popcnt<i64>(y) == 1) return make(Op.Shl, type, a, iconst(type, ctz<i64>(y)));
  if (hasConstant(a, Op.Mul)) return make(Op.Mul, type, left(a), iconst(type, imms[right(a)] * y));
  if (hasConstant(a, Op.Shl)) return make(Op.Mul, type, left(a), iconst(type, y << (imms[right(a)] & (widthOf(type) - 1))));
  return none<Value>();
}

function foldAnd(type: Type, a: Value, b: Value): Value {
  if (a == b) return a;
  if (!is(b, Op.Iconst)) return none<Value>();
  const mask = imms[b] as u64;
  const bits = possibleBits(a);
  if ((bits & mask) == 0) return iconst(type, 0);
  if ((bits & ~mask) == 0) return a;
  if (hasConstant(a, Op.And)) return make(Op.And, type, left(a), iconst(type, imms[right(a)] & imms[b]));
  // The mask keeps none of the copies of the sign.
  const inner: Op = ops[a];
  if ((inner == Op.Sext8 && mask <= 0xff) || (inner == Op.Sext16 && mask <= 0xffff) || (inner == Op.Sext32 && mask <= 0xffffffff)) {
    return make(Op.And, type, left(a), b);
  }
  if (inner == Op.ExtendS && mask <= 0xffffffff) return make(Op.And, type, unary(Op.ExtendU, type, left(a)), b);
  return none<Value>();
}

function foldOr(type: Type, a: Value, b: Value): Value {
  if (a == b) return a;
  if (is(b, Op.Iconst)) {
    if (imms[b] == 0) return a;
    if (signedConstant(b) == -1) return b;
    if (hasConstant(a, Op.Or)) return make(Op.Or, type, left(a), iconst(type, imms[right(a)] | imms[b]));
    return none<Value>();
  }
  // (x << k) | (x >>> width - k)
  if (hasConstant(a, Op.Shl) && hasConstant(b, Op.ShrU)) return rotation(type, a, b);
  if (hasConstant(a, Op.ShrU) && hasConstant(b, Op.Shl)) return rotation(type, b, a);
  return none<Value>();
}

function rotation(type: Type, high: Value, low: Value): Value {
  if (left(high) != left(low) || imms[right(high)] + imms[right(low)] != widthOf(type)) return none<Value>();
  return make(Op.Rotl, type, left(high), right(high));
}

function foldXor(type: Type, a: Value, b: Value): Value {
  if (a == b) return iconst(type, 0);
  if (!is(b, Op.Iconst)) return none<Value>();
  if (imms[b] == 0) return a;
  if (hasConstant(a, Op.Xor)) return make(Op.Xor, type, left(a), iconst(type, imms[right(a)] ^ imms[b]));
  if (imms[b] == 1 && isIntComparison(ops[a])) return make((ops[a] ^ 1) as Op, type, left(a), right(a));
  return none<Value>();
}

function foldShift(op: Op, type: Type, a: Value, b: Value): Value {
  const width = widthOf(type);
  if (!is(b, Op.Iconst)) {
    if (isZero(a)) return a;
    // The count is taken modulo the width anyway.
    if (hasConstant(b, Op.And) && ((imms[right(b)] as u32) & (width - 1)) == width - 1) return make(op, type, a, left(b));
    return none<Value>();
  }
  const count = (imms[b] as u32) & (width - 1);
  if (count == 0) return a;
  if ((imms[b] as u64) >= width) return make(op, type, a, iconst(type, count));
  if (op == Op.Rotr) return make(Op.Rotl, type, a, iconst(type, width - count));
  if (op == Op.Rotl) return none<Value>();
  if (op == Op.ShrS && possibleBits(a) >> (width - 1) == 0) return make(Op.ShrU, type, a, b);
  if (op == Op.ShrU && possibleBits(a) >> count == 0) return iconst(type, 0);
  const outer: Op = ops[a];
  if (outer < Op.Shl || outer > Op.ShrU || !is(right(a), Op.Iconst)) return none<Value>();
  const x = left(a);
  const inner = imms[right(a)] as u32;
  if (inner == 0 || inner >= width) return none<Value>();
  if (outer == op) {
    const sum = inner + count;
    if (sum < width) return make(op, type, x, iconst(type, sum));
    return op == Op.ShrS ? make(op, type, x, iconst(type, width - 1)) : iconst(type, 0);
  }
  if (inner != count) return none<Value>();
  // Out and back by the same count: only the low, or the high, bits stay.
  const all = allBits(type);
  if (op == Op.ShrU && is(a, Op.Shl)) return make(Op.And, type, x, iconst(type, (all >> count) as i64));
  if (op == Op.Shl) return make(Op.And, type, x, iconst(type, (all << count) as i64));
  if (op == Op.ShrS && is(a, Op.Shl)) {
    const kept = width - count;
    if (kept == 8) return unary(Op.Sext8, type, x);
    if (kept == 16) return unary(Op.Sext16, type, x);
    if (kept == 32) return unary(Op.Sext32, type, x);
  }
  return none<Value>();
}

/** x / 2^k is x * 2^-k, exactly, when both are normal numbers. */
function foldFloatDivision(type: Type, a: Value, b: Value): Value {
  if (!is(b, Op.Fconst)) return none<Value>();
  const bits = imms[b];
  if (type == Type.F32) {
    const exponent = ((bits >> 23) & 0xff) as i32;
    if ((bits & 0x7fffff) != 0 || exponent == 0 || exponent >= 254) return none<Value>();
    return make(Op.FMul, type, a, fconst(type, (bits & 0x80000000) | (((254 - exponent) as i64) << 23)));
  }
  const exponent = ((bits >> 52) & 0x7ff) as i32;
  if ((bits & 0xfffffffffffff) != 0 || exponent == 0 || exponent >= 2046) return none<Value>();
  return make(Op.FMul, type, a, fconst(type, (bits & i64.MIN_VALUE) | (((2046 - exponent) as i64) << 52)));
}

function truth(known: bool): Value {
  return iconst(Type.I32, known as i64);
}

function compare(op: Op, a: Value, b: Value): Value {
  return make(op, Type.I32, a, b);
}

/** `a` is no constant unless `b` is one too. */
function foldComparison(op: Op, a: Value, b: Value): Value {
  if (a == b) return truth(op == Op.Eq || op == Op.GeS || op == Op.GeU || op == Op.LeS || op == Op.LeU);
  const type: Type = types[a];
  if (type == Type.Ref) return none<Value>();
  if (!is(b, Op.Iconst)) {
    // Both widened the same way: compare before.
    if (is(a, Op.ExtendU) && is(b, Op.ExtendU)) return compare(unsignedForm(op), left(a), left(b));
    if (is(a, Op.ExtendS) && is(b, Op.ExtendS)) return compare(op, left(a), left(b));
    return none<Value>();
  }
  if (op <= Op.Ne) return foldEquality(op, type, a, b);
  const all = allBits(type);
  const sign = (all >> 1) + 1;
  const y = imms[b] as u64;
  const bits = possibleBits(a);
  // Nonnegative on both sides: signed is unsigned.
  if ((bits & sign) == 0 && (y & sign) == 0 && unsignedForm(op) != op) return compare(unsignedForm(op), a, b);
  switch (op) {
    case Op.LtU:
    case Op.GeU: {
      const isLess = op == Op.LtU;
      if (y == 0) return truth(!isLess);
      if (bits < y) return truth(isLess);
      if (y == 1) return compare(isLess ? Op.Eq : Op.Ne, a, iconst(type, 0));
      break;
    }
    case Op.GtU:
    case Op.LeU: {
      const isGreater = op == Op.GtU;
      if (bits <= y) return truth(!isGreater);
      if (y == 0) return compare(isGreater ? Op.Ne : Op.Eq, a, b);
      break;
    }
    case Op.LtS:
    case Op.GeS:
      if (y == sign) return truth(op == Op.GeS);
      if ((bits & sign) == 0 && (y & sign) != 0) return truth(op == Op.GeS);
      break;
    case Op.GtS:
    case Op.LeS:
      if (y == sign - 1) return truth(op == Op.LeS);
      if ((bits & sign) == 0 && (y & sign) != 0) return truth(op == Op.GtS);
      break;
  }
  if (is(a, Op.ExtendU)) {
    // The operand is below 2^32; larger constants were decided above.
    if (y <= 0xffffffff) return compare(unsignedForm(op), left(a), iconst(Type.I32, y as i64));
  } else if (is(a, Op.ExtendS) && (y as i32 as i64) == (y as i64)) {
    return compare(op, left(a), iconst(Type.I32, y as i64));
  }
  return none<Value>();
}

function unsignedForm(op: Op): Op {
  switch (op) {
    case Op.LtS:
      return Op.LtU;
    case Op.GeS:
      return Op.GeU;
    case Op.GtS:
      return Op.GtU;
    case Op.LeS:
      return Op.LeU;
    default:
      return op;
  }
}

/** Eq or Ne of a value and a constant. */
function foldEquality(op: Op, type: Type, a: Value, b: Value): Value {
  const y = imms[b];
  if (((y as u64) & ~possibleBits(a)) != 0) return truth(op == Op.Ne);
  const inner: Op = ops[a];
  if (isComparison(inner)) {
    // y is 0 or 1: the comparison itself, or its negation.
    if ((op == Op.Eq) == (y == 1)) return a;
    return isIntComparison(inner)
      ? compare((inner ^ 1) as Op, left(a), right(a))
      : y == 1
        ? compare(Op.Eq, a, iconst(type, 0))
        : none<Value>();
  }
  // Not through Add: a loop's counter would have to live on beside its successor.
  if (hasConstant(a, Op.Xor)) return compare(op, left(a), iconst(type, y ^ imms[right(a)]));
  if (y == 0 && (inner == Op.Sub || inner == Op.Xor)) return compare(op, left(a), right(a));
  if (inner == Op.ExtendU) return compare(op, left(a), iconst(Type.I32, y));
  if (inner == Op.ExtendS) {
    return (y as i32 as i64) == y ? compare(op, left(a), iconst(Type.I32, y)) : truth(op == Op.Ne);
  }
  return none<Value>();
}

function foldSelect(type: Type, condition: Value, ifNonzero: Value, ifZero: Value): Value {
  if (is(condition, Op.Iconst)) return imms[condition] != 0 ? ifNonzero : ifZero;
  if (ifNonzero == ifZero) return ifNonzero;
  // The condition without a comparison to zero.
  if ((is(condition, Op.Ne) || is(condition, Op.Eq)) && types[left(condition)] == Type.I32 && isZero(right(condition))) {
    const x = left(condition);
    if (is(condition, Op.Ne)) return makeSelect(type, x, ifNonzero, ifZero);
    return makeSelect(type, x, ifZero, ifNonzero);
  }
  if (type != Type.I32 || !is(ifNonzero, Op.Iconst) || !is(ifZero, Op.Iconst)) return none<Value>();
  if (imms[ifNonzero] == 1 && imms[ifZero] == 0) return isComparison(ops[condition]) ? condition : compare(Op.Ne, condition, ifZero);
  if (imms[ifNonzero] == 0 && imms[ifZero] == 1) return compare(Op.Eq, condition, ifNonzero);
  return none<Value>();
}

function makeSelect(type: Type, condition: Value, ifNonzero: Value, ifZero: Value): Value {
  const simpler = foldSelect(type, condition, ifNonzero, ifZero);
  return simpler.isNone ? insert(Op.Select, type, condition, ifNonzero, ifZero, 0) : simpler;
}
