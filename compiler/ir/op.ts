/** op: the one table of IR operations; printer, parser, verifier, folding and the back ends all read it.
 *
 *  An instruction has up to three arguments (a, b, c), an immediate, and a result type (ir/func.ts). What stands where:
 *
 *  | operation | a, b, c | immediate | type |
 *  |---|---|---|---|
 *  | Param | - | position | of the value |
 *  | Iconst, Fconst | - | value; f32 and f64: their bits; i32: zero-extended | of the value |
 *  | unary, binary | operands | - | of the result; both operands have one type |
 *  | comparisons | operands | - | i32 |
 *  | shifts, rotations | value, count (same type; taken modulo its width) | - | |
 *  | Select | condition (i32), if nonzero, if zero | - | |
 *  | Load… | address (i32), -, memory index | offset (u32) | of the result |
 *  | Store… | address (i32), value, memory index | offset (u32) | None |
 *  | CtxLoad / CtxStore / CtxAddr | - / value / - ; c: Region | byte offset in the VMContext | result / None / i64 |
 *  | PtrLoad / PtrStore | pointer (i64 or ref) / pointer, value ; c: Region | byte offset (i32) | |
 *  | RodataAddr | - | rodata offset | i64 |
 *  | TrapIf | condition (i32): traps when nonzero | TrapCode | None |
 *  | calls | a: first argument in the pool, b: count, c: callee value (CallRef: ref; CallCode: i64) | low word: index, high word: type index | of result 0 |
 *  | CallBuiltin | a, b as above | low word: builtin id | of the result |
 *  | Result | the call | k >= 1 | of result k |
 *  | Jump, BrIf, BrTable | a: condition or index (i32), b: first edge, c: edge count | - | None |
 *  | Return | a: first value in the pool, b: count | - | None |
 *  | Trap | - | TrapCode | None |
 *
 *  BrIf: edge 0 when nonzero, edge 1 else. BrTable: the last edge is the default.
 *  Sdiv, Udiv, Srem, Urem: the divisor is not zero and the quotient fits (a TrapIf above has seen to it); Srem gives 0 for a divisor of -1. */

export const enum Op {
  None,
  Param,
  Iconst,
  Fconst,
  // Comparisons: op ^ 1 is the negation, for integers (laws below).
  Eq,
  Ne,
  LtS,
  GeS,
  LtU,
  GeU,
  GtS,
  LeS,
  GtU,
  LeU,
  FEq,
  FNe,
  FLt,
  FGt,
  FLe,
  FGe,
  // Integers.
  Add,
  Sub,
  Mul,
  And,
  Or,
  Xor,
  Shl,
  ShrS,
  ShrU,
  Rotl,
  Rotr,
  Clz,
  Ctz,
  Popcnt,
  Sdiv,
  Udiv,
  Srem,
  Urem,
  MulHigh, // i64: the upper half of the unsigned product
  Sext8,
  Sext16,
  Sext32, // i64 -> i64
  ExtendS, // i32 -> i64
  ExtendU, // i32 -> i64
  Wrap, // i64 -> i32
  // Floats.
  FAdd,
  FSub,
  FMul,
  FDiv,
  FMin,
  FMax,
  FCopysign,
  FAbs,
  FNeg,
  FCeil,
  FFloor,
  FTrunc,
  FNearest,
  FSqrt,
  // Conversions.
  Promote, // f32 -> f64
  Demote, // f64 -> f32
  IntToFloatS,
  IntToFloatU,
  FloatToIntS, // traps
  FloatToIntU, // traps
  FloatToIntSatS,
  FloatToIntSatU,
  Bitcast,
  Select,
  // Linear memory.
  Load,
  Load8U,
  Load8S,
  Load16U,
  Load16S,
  Load32U,
  Load32S,
  Store,
  Store8,
  Store16,
  Store32,
  // Runtime structures.
  CtxLoad,
  CtxStore,
  CtxAddr,
  PtrLoad,
  PtrStore,
  RodataAddr,
  TrapIf,
  // Calls.
  Call, // index: function of this instance
  CallImport, // index: imported function
  CallRef, // c: FuncRef, not null, type checked
  CallCode, // c: code address within this instance
  CallBuiltin,
  Result,
  // Terminators.
  Jump,
  BrIf,
  BrTable,
  Return,
  Trap,
  Count,
}

/** What kind of state a CtxLoad, PtrLoad and their stores touch; different regions never alias. */
export const enum Region {
  /** Never written while the instance lives. */
  Constant = 0,
  Global = 1,
  /** Table descriptors and entries. */
  Table = 2,
  /** Memory lengths: written by memory.grow (a call). */
  MemoryLength = 3,
  DataSegment = 4,
}

export const enum Flag {
  /** No effect, cannot trap, depends on its operands alone: may be merged, moved and removed. */
  Pure = 1,
  Commutes = 2,
  /** Reads state that a store or a call may change. */
  Reads = 4,
  Writes = 8,
  /** May trap: must not be removed or moved above another effect. */
  Traps = 16,
  Call = 32,
  Terminator = 64,
  /** Pure, but only where a check above it has passed: may be merged with a dominating twin and removed, not hoisted. */
  Guarded = 128,
  /** Arguments stand in the value pool (a: start, b: count). */
  Pooled = 256,
}

const PURE = Flag.Pure;
const COMM = Flag.Pure | Flag.Commutes;
const CALL = Flag.Call | Flag.Reads | Flag.Writes | Flag.Traps | Flag.Pooled;

/** Rows of (op, number of value arguments among a, b, c; flags). */
// biome-ignore format: a table
const rows = memory.data<i32>([
  Op.None, 0, 0, Op.Param, 0, 0, Op.Iconst, 0, PURE, Op.Fconst, 0, PURE,
  Op.Eq, 2, COMM, Op.Ne, 2, COMM, Op.LtS, 2, PURE, Op.GeS, 2, PURE, Op.LtU, 2, PURE, Op.GeU, 2, PURE,
  Op.GtS, 2, PURE, Op.LeS, 2, PURE, Op.GtU, 2, PURE, Op.LeU, 2, PURE,
  Op.FEq, 2, COMM, Op.FNe, 2, COMM, Op.FLt, 2, PURE, Op.FGt, 2, PURE, Op.FLe, 2, PURE, Op.FGe, 2, PURE,
  Op.Add, 2, COMM, Op.Sub, 2, PURE, Op.Mul, 2, COMM, Op.And, 2, COMM, Op.Or, 2, COMM, Op.Xor, 2, COMM,
  Op.Shl, 2, PURE, Op.ShrS, 2, PURE, Op.ShrU, 2, PURE, Op.Rotl, 2, PURE, Op.Rotr, 2, PURE,
  Op.Clz, 1, PURE, Op.Ctz, 1, PURE, Op.Popcnt, 1, PURE,
  Op.Sdiv, 2, Flag.Guarded, Op.Udiv, 2, Flag.Guarded, Op.Srem, 2, Flag.Guarded, Op.Urem, 2, Flag.Guarded, Op.MulHigh, 2, COMM,
  Op.Sext8, 1, PURE, Op.Sext16, 1, PURE, Op.Sext32, 1, PURE, Op.ExtendS, 1, PURE, Op.ExtendU, 1, PURE, Op.Wrap, 1, PURE,
  Op.FAdd, 2, COMM, Op.FSub, 2, PURE, Op.FMul, 2, COMM, Op.FDiv, 2, PURE, Op.FMin, 2, PURE, Op.FMax, 2, PURE, Op.FCopysign, 2, PURE,
  Op.FAbs, 1, PURE, Op.FNeg, 1, PURE, Op.FCeil, 1, PURE, Op.FFloor, 1, PURE, Op.FTrunc, 1, PURE, Op.FNearest, 1, PURE, Op.FSqrt, 1, PURE,
  Op.Promote, 1, PURE, Op.Demote, 1, PURE, Op.IntToFloatS, 1, PURE, Op.IntToFloatU, 1, PURE,
  Op.FloatToIntS, 1, Flag.Traps, Op.FloatToIntU, 1, Flag.Traps, Op.FloatToIntSatS, 1, PURE, Op.FloatToIntSatU, 1, PURE,
  Op.Bitcast, 1, PURE, Op.Select, 3, PURE,
  Op.Load, 1, Flag.Reads | Flag.Traps, Op.Load8U, 1, Flag.Reads | Flag.Traps, Op.Load8S, 1, Flag.Reads | Flag.Traps,
  Op.Load16U, 1, Flag.Reads | Flag.Traps, Op.Load16S, 1, Flag.Reads | Flag.Traps, Op.Load32U, 1, Flag.Reads | Flag.Traps, Op.Load32S, 1, Flag.Reads | Flag.Traps,
  Op.Store, 2, Flag.Writes | Flag.Traps, Op.Store8, 2, Flag.Writes | Flag.Traps, Op.Store16, 2, Flag.Writes | Flag.Traps, Op.Store32, 2, Flag.Writes | Flag.Traps,
  Op.CtxLoad, 0, Flag.Reads, Op.CtxStore, 1, Flag.Writes, Op.CtxAddr, 0, PURE,
  Op.PtrLoad, 1, Flag.Reads | Flag.Guarded, Op.PtrStore, 2, Flag.Writes, Op.RodataAddr, 0, PURE,
  Op.TrapIf, 1, Flag.Traps,
  Op.Call, 0, CALL, Op.CallImport, 0, CALL, Op.CallRef, 0, CALL, Op.CallCode, 0, CALL, Op.CallBuiltin, 0, CALL,
  Op.Result, 1, 0,
  Op.Jump, 0, Flag.Terminator, Op.BrIf, 1, Flag.Terminator, Op.BrTable, 1, Flag.Terminator,
  Op.Return, 0, Flag.Terminator | Flag.Pooled, Op.Trap, 0, Flag.Terminator,
]);

/** Names by number, separated by spaces; the IR's text form. */
// One literal: joining strings would need the language's own heap, which this core does not have.
export const OP_NAMES: string =
  'none param iconst fconst eq ne lt_s ge_s lt_u ge_u gt_s le_s gt_u le_u feq fne flt fgt fle fge add sub mul and or xor shl shr_s shr_u rotl rotr clz ctz popcnt sdiv udiv srem urem mul_high sext8 sext16 sext32 extend_s extend_u wrap fadd fsub fmul fdiv fmin fmax fcopysign fabs fneg fceil ffloor ftrunc fnearest fsqrt promote demote int_to_float_s int_to_float_u float_to_int_s float_to_int_u float_to_int_sat_s float_to_int_sat_u bitcast select load load8_u load8_s load16_u load16_s load32_u load32_s store store8 store16 store32 ctx_load ctx_store ctx_addr ptr_load ptr_store rodata_addr trap_if call call_import call_ref call_code call_builtin result jump br_if br_table return trap';

// Laws that code relies on.
if ((Op.Eq ^ 1) != Op.Ne || (Op.LtS ^ 1) != Op.GeS || (Op.LtU ^ 1) != Op.GeU || (Op.GtS ^ 1) != Op.LeS || (Op.GtU ^ 1) != Op.LeU) {
  ERROR('op ^ 1 must negate an integer comparison');
}

/** Number of arguments among a, b, c that are values (CallRef's and CallCode's callee in c is counted apart). */
export function opArity(op: Op): u32 {
  return load<i32>(rows + (op as usize) * 12, 4) as u32;
}

export function opFlags(op: Op): u32 {
  return load<i32>(rows + (op as usize) * 12, 8) as u32;
}

export function opHas(op: Op, flag: Flag): bool {
  return (opFlags(op) & flag) != 0;
}

export function isComparison(op: Op): bool {
  return op >= Op.Eq && op <= Op.FGe;
}

export function isIntComparison(op: Op): bool {
  return op >= Op.Eq && op <= Op.LeU;
}

/** The comparison with its operands swapped. */
export function swappedComparison(op: Op): Op {
  switch (op) {
    case Op.LtS:
      return Op.GtS;
    case Op.GtS:
      return Op.LtS;
    case Op.GeS:
      return Op.LeS;
    case Op.LeS:
      return Op.GeS;
    case Op.LtU:
      return Op.GtU;
    case Op.GtU:
      return Op.LtU;
    case Op.GeU:
      return Op.LeU;
    case Op.LeU:
      return Op.GeU;
    case Op.FLt:
      return Op.FGt;
    case Op.FGt:
      return Op.FLt;
    case Op.FLe:
      return Op.FGe;
    case Op.FGe:
      return Op.FLe;
    default:
      return op;
  }
}
