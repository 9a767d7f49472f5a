/** numeric: arithmetic, comparisons and conversions.
 *  In: an opcode from i32.eqz to i64.extend32_s, or a saturating conversion; operands on the stack.  Out: its value, pushed.
 *  Division gets its checks here, as TrapIfs, so that known divisors lose them by folding. */

import { Value } from '../base/entity';
import { Op, opArity } from '../ir/op';
import { Type } from '../ir/type';
import * as options from '../options';
import { TrapCode } from '../../runtime/traps';
import { Opcode } from '../wasm/opcodes';
import * as builder from './builder';
import * as stack from './stack';
import { D, F, I, L, TYPE_SHIFT } from './types';

/** A word of IR operation and result type for each opcode from i32.eqz on. eqz stands as Eq and is handled apart. */
// biome-ignore format: a table
const ROWS = memory.data<i32>([
  Op.Eq | I, Op.Eq | I, Op.Ne | I, Op.LtS | I, Op.LtU | I, Op.GtS | I, Op.GtU | I, Op.LeS | I, Op.LeU | I, Op.GeS | I, Op.GeU | I,
  Op.Eq | I, Op.Eq | I, Op.Ne | I, Op.LtS | I, Op.LtU | I, Op.GtS | I, Op.GtU | I, Op.LeS | I, Op.LeU | I, Op.GeS | I, Op.GeU | I,
  Op.FEq | I, Op.FNe | I, Op.FLt | I, Op.FGt | I, Op.FLe | I, Op.FGe | I,
  Op.FEq | I, Op.FNe | I, Op.FLt | I, Op.FGt | I, Op.FLe | I, Op.FGe | I,
  Op.Clz | I, Op.Ctz | I, Op.Popcnt | I, Op.Add | I, Op.Sub | I, Op.Mul | I, Op.Sdiv | I, Op.Udiv | I, Op.Srem | I, Op.Urem | I,
  Op.And | I, Op.Or | I, Op.Xor | I, Op.Shl | I, Op.ShrS | I, Op.ShrU | I, Op.Rotl | I, Op.Rotr | I,
  Op.Clz | L, Op.Ctz | L, Op.Popcnt | L, Op.Add | L, Op.Sub | L, Op.Mul | L, Op.Sdiv | L, Op.Udiv | L, Op.Srem | L, Op.Urem | L,
  Op.And | L, Op.Or | L, Op.Xor | L, Op.Shl | L, Op.ShrS | L, Op.ShrU | L, Op.Rotl | L, Op.Rotr | L,
  Op.FAbs | F, Op.FNeg | F, Op.FCeil | F, Op.FFloor | F, Op.FTrunc | F, Op.FNearest | F, Op.FSqrt | F,
  Op.FAdd | F, Op.FSub | F, Op.FMul | F, Op.FDiv | F, Op.FMin | F, Op.FMax | F, Op.FCopysign | F,
  Op.FAbs | D, Op.FNeg | D, Op.FCeil | D, Op.FFloor | D, Op.FTrunc | D, Op.FNearest | D, Op.FSqrt | D,
  Op.FAdd | D, Op.FSub | D, Op.FMul | D, Op.FDiv | D, Op.FMin | D, Op.FMax | D, Op.FCopysign | D,
  Op.Wrap | I, Op.FloatToIntS | I, Op.FloatToIntU | I, Op.FloatToIntS | I, Op.FloatToIntU | I,
  Op.ExtendS | L, Op.ExtendU | L, Op.FloatToIntS | L, Op.FloatToIntU | L, Op.FloatToIntS | L, Op.FloatToIntU | L,
  Op.IntToFloatS | F, Op.IntToFloatU | F, Op.IntToFloatS | F, Op.IntToFloatU | F, Op.Demote | F,
  Op.IntToFloatS | D, Op.IntToFloatU | D, Op.IntToFloatS | D, Op.IntToFloatU | D, Op.Promote | D,
  Op.Bitcast | I, Op.Bitcast | L, Op.Bitcast | F, Op.Bitcast | D,
  Op.Sext8 | I, Op.Sext16 | I, Op.Sext8 | L, Op.Sext16 | L, Op.Sext32 | L,
]);

export function isNumeric(opcode: u32): bool {
  return opcode >= <u32>Opcode.I32Eqz && opcode <= <u32>Opcode.I64Extend32S;
}

export function translateNumeric(opcode: u32): void {
  const row = ROWS + ((opcode - Opcode.I32Eqz) as usize) * 4;
  const op = load<u8>(row) as Op;
  const type = load<u8>(row, TYPE_SHIFT >> 3) as Type;
  if (opcode == Opcode.I32Eqz || opcode == Opcode.I64Eqz) {
    const value = stack.pop();
    stack.push(builder.compare(Op.Eq, value, builder.iconst(opcode == Opcode.I32Eqz ? Type.I32 : Type.I64, 0)));
    return;
  }
  if (opArity(op) == 1) {
    pushResult(op, type, builder.unary(op, type, stack.pop()));
    return;
  }
  const b = stack.pop();
  const a = stack.pop();
  if (op >= Op.Sdiv && op <= Op.Urem) checkDivision(op, type, a, b);
  pushResult(op, type, builder.binary(op, type, a, b));
}

/** Whether the operation makes NaNs whose bits the specification leaves open. */
function makesNan(op: Op): bool {
  return (op >= Op.FAdd && op <= Op.FMax) || (op >= Op.FCeil && op <= Op.FSqrt) || op == Op.Promote || op == Op.Demote;
}

/** Pushes a result; with the option, every NaN becomes the canonical one of its type. */
function pushResult(op: Op, type: Type, value: Value): void {
  if (!options.nanCanonicalization || !makesNan(op)) {
    stack.push(value);
    return;
  }
  const canonical = builder.fconst(type, type == Type.F32 ? 0x7fc00000 : 0x7ff8000000000000);
  stack.push(builder.select(type, builder.compare(Op.FNe, value, value), canonical, value));
}

/** Traps for a zero divisor, and for the one quotient that does not fit. */
function checkDivision(op: Op, type: Type, a: Value, b: Value): void {
  builder.trapIf(builder.compare(Op.Eq, b, builder.iconst(type, 0)), TrapCode.IntegerDivisionByZero);
  if (op != Op.Sdiv) return;
  const lowest = builder.iconst(type, type == Type.I32 ? 0x80000000 : i64.MIN_VALUE);
  const minusOne = builder.iconst(type, type == Type.I32 ? 0xffffffff : -1);
  const both = builder.binary(Op.And, Type.I32, builder.compare(Op.Eq, a, lowest), builder.compare(Op.Eq, b, minusOne));
  builder.trapIf(both, TrapCode.IntegerOverflow);
}

/** 0xfc00 to 0xfc07: i32 then i64 results, from f32 then f64, signed then unsigned. */
export function translateSaturating(opcode: u32): void {
  const op = (opcode & 1) == 0 ? Op.FloatToIntSatS : Op.FloatToIntSatU;
  stack.push(builder.unary(op, opcode < <u32>Opcode.I64TruncSatF32S ? Type.I32 : Type.I64, stack.pop()));
}
