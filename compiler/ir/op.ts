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

// A row is one word: the operation; the number of its value arguments among a, b, c; its flags.
const ARITY_SHIFT: u32 = 8;
const FLAG_SHIFT: u32 = 16;
const ONE = 1 << ARITY_SHIFT;
const TWO = 2 << ARITY_SHIFT;
const THREE = 3 << ARITY_SHIFT;
const PURE = Flag.Pure << FLAG_SHIFT;
const COMM = (Flag.Pure | Flag.Commutes) << FLAG_SHIFT;
const READS = Flag.Reads << FLAG_SHIFT;
const WRITES = Flag.Writes << FLAG_SHIFT;
const TRAPS = Flag.Traps << FLAG_SHIFT;
const GUARDED = Flag.Guarded << FLAG_SHIFT;
const CALL = (Flag.Call | Flag.Reads | Flag.Writes | Flag.Traps | Flag.Pooled) << FLAG_SHIFT;
const END = Flag.Terminator << FLAG_SHIFT;
const POOLED = Flag.Pooled << FLAG_SHIFT;

/** Rows by number. */
// biome-ignore format: a table
const rows = memory.data<i32>([
  Op.None, Op.Param, Op.Iconst | PURE, Op.Fconst | PURE,
  Op.Eq | TWO | COMM, Op.Ne | TWO | COMM, Op.LtS | TWO | PURE, Op.GeS | TWO | PURE, Op.LtU | TWO | PURE, Op.GeU | TWO | PURE,
  Op.GtS | TWO | PURE, Op.LeS | TWO | PURE, Op.GtU | TWO | PURE, Op.LeU | TWO | PURE,
  Op.FEq | TWO | COMM, Op.FNe | TWO | COMM, Op.FLt | TWO | PURE, Op.FGt | TWO | PURE, Op.FLe | TWO | PURE, Op.FGe | TWO | PURE,
  Op.Add | TWO | COMM, Op.Sub | TWO | PURE, Op.Mul | TWO | COMM, Op.And | TWO | COMM, Op.Or | TWO | COMM, Op.Xor | TWO | COMM,
  Op.Shl | TWO | PURE, Op.ShrS | TWO | PURE, Op.ShrU | TWO | PURE, Op.Rotl | TWO | PURE, Op.Rotr | TWO | PURE,
  Op.Clz | ONE | PURE, Op.Ctz | ONE | PURE, Op.Popcnt | ONE | PURE,
  Op.Sdiv | TWO | GUARDED, Op.Udiv | TWO | GUARDED, Op.Srem | TWO | GUARDED, Op.Urem | TWO | GUARDED, Op.MulHigh | TWO | COMM,
  Op.Sext8 | ONE | PURE, Op.Sext16 | ONE | PURE, Op.Sext32 | ONE | PURE, Op.ExtendS | ONE | PURE, Op.ExtendU | ONE | PURE, Op.Wrap | ONE | PURE,
  Op.FAdd | TWO | COMM, Op.FSub | TWO | PURE, Op.FMul | TWO | COMM, Op.FDiv | TWO | PURE, Op.FMin | TWO | PURE, Op.FMax | TWO | PURE, Op.FCopysign | TWO | PURE,
  Op.FAbs | ONE | PURE, Op.FNeg | ONE | PURE, Op.FCeil | ONE | PURE, Op.FFloor | ONE | PURE, Op.FTrunc | ONE | PURE, Op.FNearest | ONE | PURE, Op.FSqrt | ONE | PURE,
  Op.Promote | ONE | PURE, Op.Demote | ONE | PURE, Op.IntToFloatS | ONE | PURE, Op.IntToFloatU | ONE | PURE,
  Op.FloatToIntS | ONE | TRAPS, Op.FloatToIntU | ONE | TRAPS, Op.FloatToIntSatS | ONE | PURE, Op.FloatToIntSatU | ONE | PURE,
  Op.Bitcast | ONE | PURE, Op.Select | THREE | PURE,
  Op.Load | ONE | READS | TRAPS, Op.Load8U | ONE | READS | TRAPS, Op.Load8S | ONE | READS | TRAPS,
  Op.Load16U | ONE | READS | TRAPS, Op.Load16S | ONE | READS | TRAPS, Op.Load32U | ONE | READS | TRAPS, Op.Load32S | ONE | READS | TRAPS,
  Op.Store | TWO | WRITES | TRAPS, Op.Store8 | TWO | WRITES | TRAPS, Op.Store16 | TWO | WRITES | TRAPS, Op.Store32 | TWO | WRITES | TRAPS,
  Op.CtxLoad | READS, Op.CtxStore | ONE | WRITES, Op.CtxAddr | PURE,
  Op.PtrLoad | ONE | READS | GUARDED, Op.PtrStore | TWO | WRITES, Op.RodataAddr | PURE,
  Op.TrapIf | ONE | TRAPS,
  Op.Call | CALL, Op.CallImport | CALL, Op.CallRef | CALL, Op.CallCode | CALL, Op.CallBuiltin | CALL,
  Op.Result | ONE,
  Op.Jump | END, Op.BrIf | ONE | END, Op.BrTable | ONE | END,
  Op.Return | END | POOLED, Op.Trap | END,
]);

/** Names by number, separated by spaces; the IR's text form. */
// One literal: joining strings would need the language's own heap, which this core does not have.
export const OP_NAMES: string =
  'none param iconst fconst eq ne lt_s ge_s lt_u ge_u gt_s le_s gt_u le_u feq fne flt fgt fle fge add sub mul and or xor shl shr_s shr_u rotl rotr clz ctz popcnt sdiv udiv srem urem mul_high sext8 sext16 sext32 extend_s extend_u wrap fadd fsub fmul fdiv fmin fmax fcopysign fabs fneg fceil ffloor ftrunc fnearest fsqrt promote demote int_to_float_s int_to_float_u float_to_int_s float_to_int_u float_to_int_sat_s float_to_int_sat_u bitcast select load load8_u load8_s load16_u load16_s load32_u load32_s store store8 store16 store32 ctx_load ctx_store ctx_addr ptr_load ptr_store rodata_addr trap_if call call_import call_ref call_code call_builtin result jump br_if br_table return trap';

// Laws that code relies on.
if ((Op.Eq ^ 1) != Op.Ne || (Op.LtS ^ 1) != Op.GeS || (Op.LtU ^ 1) != Op.GeU || (Op.GtS ^ 1) != Op.LeS || (Op.GtU ^ 1) != Op.LeU) {
  ERROR('op ^ 1 must negate an integer comparison');
}
if (Op.Count > 1 << ARITY_SHIFT) ERROR('an operation must fit into its byte of a row');

/** Number of arguments among a, b, c that are values (CallRef's and CallCode's callee in c is counted apart). */
export function opArity(op: Op): u32 {
  assert((load<u8>(rows + ((op as usize) << 2)) as Op) == op);
  return load<u8>(rows + ((op as usize) << 2), ARITY_SHIFT >> 3);
}

export function opFlags(op: Op): u32 {
  return load<u16>(rows + ((op as usize) << 2), FLAG_SHIFT >> 3);
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
