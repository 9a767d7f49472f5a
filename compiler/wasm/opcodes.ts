/** opcodes: the one table of WebAssembly operators: name, immediates, stack signature, feature, natural alignment.
 *  In: an opcode.  Out: its row.  Imports nothing. Simple operators (numeric, loads, stores, bulk memory) validate from the row alone;
 *  operators whose types depend on the context (control, variables, references) have signature 0 and code of their own.
 *  Ref: WebAssembly 3.0, section 5.4 and appendix A.7. */

/** Value types by their byte in the binary format. */
export const enum ValType {
  I32 = 0x7f,
  I64 = 0x7e,
  F32 = 0x7d,
  F64 = 0x7c,
  V128 = 0x7b,
  FuncRef = 0x70,
  ExternRef = 0x6f,
}

/** Bit numbers of the features word. */
export const enum Feature {
  Mvp = 0,
  MutableGlobals = 1,
  SignExtension = 2,
  SaturatingConversion = 3,
  MultiValue = 4,
  BulkMemory = 5,
  ReferenceTypes = 6,
  ExtendedConst = 7,
  /** From here on: recognised by name, not supported. */
  Simd = 8,
  RelaxedSimd = 9,
  Threads = 10,
  TailCall = 11,
  Exceptions = 12,
  LegacyExceptions = 13,
  Memory64 = 14,
  MultiMemory = 15,
  FunctionReferences = 16,
  Gc = 17,
  CustomPageSizes = 18,
  WideArithmetic = 19,
}

/** The features that this version can compile. */
export const SUPPORTED_FEATURES: u32 = 0xff;

/** What follows an opcode. */
export const enum Imm {
  None,
  /** Block type. */
  Block,
  Label,
  LabelTable,
  Func,
  /** Type index, table index. */
  Indirect,
  /** Vector of value types. */
  SelectTypes,
  Local,
  Global,
  Table,
  /** Alignment exponent and offset. */
  MemArg,
  Memory,
  I32,
  I64,
  F32,
  F64,
  HeapType,
  Data,
  /** Data index, memory index. */
  DataMemory,
  MemoryMemory,
  Elem,
  /** Element segment index, table index. */
  ElemTable,
  TableTable,
}

/** One byte opcodes are themselves; a prefixed opcode is `prefix << 8 | n` (0xfb, 0xfd, 0xfe take the same form; see features.ts). */
export const enum Opcode {
  Unreachable = 0x00,
  Nop = 0x01,
  Block = 0x02,
  Loop = 0x03,
  If = 0x04,
  Else = 0x05,
  Try = 0x06,
  Catch = 0x07,
  Throw = 0x08,
  Rethrow = 0x09,
  ThrowRef = 0x0a,
  End = 0x0b,
  Br = 0x0c,
  BrIf = 0x0d,
  BrTable = 0x0e,
  Return = 0x0f,
  Call = 0x10,
  CallIndirect = 0x11,
  ReturnCall = 0x12,
  ReturnCallIndirect = 0x13,
  CallRef = 0x14,
  ReturnCallRef = 0x15,
  Delegate = 0x18,
  CatchAll = 0x19,
  Drop = 0x1a,
  Select = 0x1b,
  SelectTyped = 0x1c,
  TryTable = 0x1f,
  LocalGet = 0x20,
  LocalSet = 0x21,
  LocalTee = 0x22,
  GlobalGet = 0x23,
  GlobalSet = 0x24,
  TableGet = 0x25,
  TableSet = 0x26,
  I32Load = 0x28,
  I64Load = 0x29,
  F32Load = 0x2a,
  F64Load = 0x2b,
  I32Load8S = 0x2c,
  I32Load8U = 0x2d,
  I32Load16S = 0x2e,
  I32Load16U = 0x2f,
  I64Load8S = 0x30,
  I64Load8U = 0x31,
  I64Load16S = 0x32,
  I64Load16U = 0x33,
  I64Load32S = 0x34,
  I64Load32U = 0x35,
  I32Store = 0x36,
  I64Store = 0x37,
  F32Store = 0x38,
  F64Store = 0x39,
  I32Store8 = 0x3a,
  I32Store16 = 0x3b,
  I64Store8 = 0x3c,
  I64Store16 = 0x3d,
  I64Store32 = 0x3e,
  MemorySize = 0x3f,
  MemoryGrow = 0x40,
  I32Const = 0x41,
  I64Const = 0x42,
  F32Const = 0x43,
  F64Const = 0x44,
  I32Eqz = 0x45,
  I32Eq = 0x46,
  I32Ne = 0x47,
  I32LtS = 0x48,
  I32LtU = 0x49,
  I32GtS = 0x4a,
  I32GtU = 0x4b,
  I32LeS = 0x4c,
  I32LeU = 0x4d,
  I32GeS = 0x4e,
  I32GeU = 0x4f,
  I64Eqz = 0x50,
  I64Eq = 0x51,
  I64Ne = 0x52,
  I64LtS = 0x53,
  I64LtU = 0x54,
  I64GtS = 0x55,
  I64GtU = 0x56,
  I64LeS = 0x57,
  I64LeU = 0x58,
  I64GeS = 0x59,
  I64GeU = 0x5a,
  F32Eq = 0x5b,
  F32Ne = 0x5c,
  F32Lt = 0x5d,
  F32Gt = 0x5e,
  F32Le = 0x5f,
  F32Ge = 0x60,
  F64Eq = 0x61,
  F64Ne = 0x62,
  F64Lt = 0x63,
  F64Gt = 0x64,
  F64Le = 0x65,
  F64Ge = 0x66,
  I32Clz = 0x67,
  I32Ctz = 0x68,
  I32Popcnt = 0x69,
  I32Add = 0x6a,
  I32Sub = 0x6b,
  I32Mul = 0x6c,
  I32DivS = 0x6d,
  I32DivU = 0x6e,
  I32RemS = 0x6f,
  I32RemU = 0x70,
  I32And = 0x71,
  I32Or = 0x72,
  I32Xor = 0x73,
  I32Shl = 0x74,
  I32ShrS = 0x75,
  I32ShrU = 0x76,
  I32Rotl = 0x77,
  I32Rotr = 0x78,
  I64Clz = 0x79,
  I64Ctz = 0x7a,
  I64Popcnt = 0x7b,
  I64Add = 0x7c,
  I64Sub = 0x7d,
  I64Mul = 0x7e,
  I64DivS = 0x7f,
  I64DivU = 0x80,
  I64RemS = 0x81,
  I64RemU = 0x82,
  I64And = 0x83,
  I64Or = 0x84,
  I64Xor = 0x85,
  I64Shl = 0x86,
  I64ShrS = 0x87,
  I64ShrU = 0x88,
  I64Rotl = 0x89,
  I64Rotr = 0x8a,
  F32Abs = 0x8b,
  F32Neg = 0x8c,
  F32Ceil = 0x8d,
  F32Floor = 0x8e,
  F32Trunc = 0x8f,
  F32Nearest = 0x90,
  F32Sqrt = 0x91,
  F32Add = 0x92,
  F32Sub = 0x93,
  F32Mul = 0x94,
  F32Div = 0x95,
  F32Min = 0x96,
  F32Max = 0x97,
  F32Copysign = 0x98,
  F64Abs = 0x99,
  F64Neg = 0x9a,
  F64Ceil = 0x9b,
  F64Floor = 0x9c,
  F64Trunc = 0x9d,
  F64Nearest = 0x9e,
  F64Sqrt = 0x9f,
  F64Add = 0xa0,
  F64Sub = 0xa1,
  F64Mul = 0xa2,
  F64Div = 0xa3,
  F64Min = 0xa4,
  F64Max = 0xa5,
  F64Copysign = 0xa6,
  I32WrapI64 = 0xa7,
  I32TruncF32S = 0xa8,
  I32TruncF32U = 0xa9,
  I32TruncF64S = 0xaa,
  I32TruncF64U = 0xab,
  I64ExtendI32S = 0xac,
  I64ExtendI32U = 0xad,
  I64TruncF32S = 0xae,
  I64TruncF32U = 0xaf,
  I64TruncF64S = 0xb0,
  I64TruncF64U = 0xb1,
  F32ConvertI32S = 0xb2,
  F32ConvertI32U = 0xb3,
  F32ConvertI64S = 0xb4,
  F32ConvertI64U = 0xb5,
  F32DemoteF64 = 0xb6,
  F64ConvertI32S = 0xb7,
  F64ConvertI32U = 0xb8,
  F64ConvertI64S = 0xb9,
  F64ConvertI64U = 0xba,
  F64PromoteF32 = 0xbb,
  I32ReinterpretF32 = 0xbc,
  I64ReinterpretF64 = 0xbd,
  F32ReinterpretI32 = 0xbe,
  F64ReinterpretI64 = 0xbf,
  I32Extend8S = 0xc0,
  I32Extend16S = 0xc1,
  I64Extend8S = 0xc2,
  I64Extend16S = 0xc3,
  I64Extend32S = 0xc4,
  RefNull = 0xd0,
  RefIsNull = 0xd1,
  RefFunc = 0xd2,
  RefEq = 0xd3,
  RefAsNonNull = 0xd4,
  BrOnNull = 0xd5,
  BrOnNonNull = 0xd6,
  I32TruncSatF32S = 0xfc00,
  I32TruncSatF32U = 0xfc01,
  I32TruncSatF64S = 0xfc02,
  I32TruncSatF64U = 0xfc03,
  I64TruncSatF32S = 0xfc04,
  I64TruncSatF32U = 0xfc05,
  I64TruncSatF64S = 0xfc06,
  I64TruncSatF64U = 0xfc07,
  MemoryInit = 0xfc08,
  DataDrop = 0xfc09,
  MemoryCopy = 0xfc0a,
  MemoryFill = 0xfc0b,
  TableInit = 0xfc0c,
  ElemDrop = 0xfc0d,
  TableCopy = 0xfc0e,
  TableGrow = 0xfc0f,
  TableSize = 0xfc10,
  TableFill = 0xfc11,
  I64Add128 = 0xfc13,
  I64Sub128 = 0xfc14,
  I64MulWideS = 0xfc15,
  I64MulWideU = 0xfc16,
}

const I = ValType.I32;
const L = ValType.I64;
const F = ValType.F32;
const D = ValType.F64;
const II = I | (I << 8);
const LL = L | (L << 8);
const FF = F | (F << 8);
const DD = D | (D << 8);
const IL = I | (L << 8);
const IF = I | (F << 8);
const ID = I | (D << 8);
const III = II | (I << 16);

const enum Cell {
  Name,
  Params,
  Rest,
  Count,
}

// The last cell, a byte each: result type, feature, natural alignment exponent, immediates; nothing is 0: no result, MVP, one byte, none.
const FEATURE_SHIFT: u32 = 8;
const ALIGN_SHIFT: u32 = 16;
const IMM_SHIFT: u32 = 24;
const SIGN_EXTENSION = Feature.SignExtension << FEATURE_SHIFT;
const SATURATING = Feature.SaturatingConversion << FEATURE_SHIFT;
const BULK = Feature.BulkMemory << FEATURE_SHIFT;
const REFERENCES = Feature.ReferenceTypes << FEATURE_SHIFT;
const TAIL_CALL = Feature.TailCall << FEATURE_SHIFT;
const EXCEPTIONS = Feature.Exceptions << FEATURE_SHIFT;
const LEGACY_EXCEPTIONS = Feature.LegacyExceptions << FEATURE_SHIFT;
const FUNCTION_REFERENCES = Feature.FunctionReferences << FEATURE_SHIFT;
const GC = Feature.Gc << FEATURE_SHIFT;
const WIDE = Feature.WideArithmetic << FEATURE_SHIFT;
const ALIGN_2 = 1 << ALIGN_SHIFT;
const ALIGN_4 = 2 << ALIGN_SHIFT;
const ALIGN_8 = 3 << ALIGN_SHIFT;

const ROW_BYTES: usize = Cell.Count << 2;
const LAST_BYTE_OPCODE: u32 = 0xd6;
const FIRST_PREFIXED: u32 = 0xfc00;
const LAST_PREFIXED: u32 = 0xfc16;

/** Rows in opcode order, the 0xfc ones behind: name, parameter types (a byte each, the first pushed lowest),
 *  immediates | result type | feature | natural alignment of the access. A name of 0: no such opcode. */
// biome-ignore format: a row a line
const ROWS = memory.data<i32>([
  changetype<i32>('unreachable'), 0, 0,
  changetype<i32>('nop'), 0, 0,
  changetype<i32>('block'), 0, Imm.Block << IMM_SHIFT,
  changetype<i32>('loop'), 0, Imm.Block << IMM_SHIFT,
  changetype<i32>('if'), 0, Imm.Block << IMM_SHIFT,
  changetype<i32>('else'), 0, 0,
  changetype<i32>('try'), 0, LEGACY_EXCEPTIONS,
  changetype<i32>('catch'), 0, LEGACY_EXCEPTIONS,
  changetype<i32>('throw'), 0, EXCEPTIONS,
  changetype<i32>('rethrow'), 0, LEGACY_EXCEPTIONS,
  changetype<i32>('throw_ref'), 0, EXCEPTIONS,
  changetype<i32>('end'), 0, 0,
  changetype<i32>('br'), 0, Imm.Label << IMM_SHIFT,
  changetype<i32>('br_if'), 0, Imm.Label << IMM_SHIFT,
  changetype<i32>('br_table'), 0, Imm.LabelTable << IMM_SHIFT,
  changetype<i32>('return'), 0, 0,
  changetype<i32>('call'), 0, Imm.Func << IMM_SHIFT,
  changetype<i32>('call_indirect'), 0, Imm.Indirect << IMM_SHIFT,
  changetype<i32>('return_call'), 0, Imm.Func << IMM_SHIFT | TAIL_CALL,
  changetype<i32>('return_call_indirect'), 0, Imm.Indirect << IMM_SHIFT | TAIL_CALL,
  changetype<i32>('call_ref'), 0, FUNCTION_REFERENCES,
  changetype<i32>('return_call_ref'), 0, FUNCTION_REFERENCES,
  0, 0, 0, // 0x16
  0, 0, 0, // 0x17
  changetype<i32>('delegate'), 0, LEGACY_EXCEPTIONS,
  changetype<i32>('catch_all'), 0, LEGACY_EXCEPTIONS,
  changetype<i32>('drop'), 0, 0,
  changetype<i32>('select'), 0, 0,
  changetype<i32>('select'), 0, Imm.SelectTypes << IMM_SHIFT | REFERENCES,
  0, 0, 0, // 0x1d
  0, 0, 0, // 0x1e
  changetype<i32>('try_table'), 0, EXCEPTIONS,
  changetype<i32>('local.get'), 0, Imm.Local << IMM_SHIFT,
  changetype<i32>('local.set'), 0, Imm.Local << IMM_SHIFT,
  changetype<i32>('local.tee'), 0, Imm.Local << IMM_SHIFT,
  changetype<i32>('global.get'), 0, Imm.Global << IMM_SHIFT,
  changetype<i32>('global.set'), 0, Imm.Global << IMM_SHIFT,
  changetype<i32>('table.get'), 0, Imm.Table << IMM_SHIFT | REFERENCES,
  changetype<i32>('table.set'), 0, Imm.Table << IMM_SHIFT | REFERENCES,
  0, 0, 0, // 0x27
  changetype<i32>('i32.load'), I, Imm.MemArg << IMM_SHIFT | I | ALIGN_4,
  changetype<i32>('i64.load'), I, Imm.MemArg << IMM_SHIFT | L | ALIGN_8,
  changetype<i32>('f32.load'), I, Imm.MemArg << IMM_SHIFT | F | ALIGN_4,
  changetype<i32>('f64.load'), I, Imm.MemArg << IMM_SHIFT | D | ALIGN_8,
  changetype<i32>('i32.load8_s'), I, Imm.MemArg << IMM_SHIFT | I,
  changetype<i32>('i32.load8_u'), I, Imm.MemArg << IMM_SHIFT | I,
  changetype<i32>('i32.load16_s'), I, Imm.MemArg << IMM_SHIFT | I | ALIGN_2,
  changetype<i32>('i32.load16_u'), I, Imm.MemArg << IMM_SHIFT | I | ALIGN_2,
  changetype<i32>('i64.load8_s'), I, Imm.MemArg << IMM_SHIFT | L,
  changetype<i32>('i64.load8_u'), I, Imm.MemArg << IMM_SHIFT | L,
  changetype<i32>('i64.load16_s'), I, Imm.MemArg << IMM_SHIFT | L | ALIGN_2,
  changetype<i32>('i64.load16_u'), I, Imm.MemArg << IMM_SHIFT | L | ALIGN_2,
  changetype<i32>('i64.load32_s'), I, Imm.MemArg << IMM_SHIFT | L | ALIGN_4,
  changetype<i32>('i64.load32_u'), I, Imm.MemArg << IMM_SHIFT | L | ALIGN_4,
  changetype<i32>('i32.store'), II, Imm.MemArg << IMM_SHIFT | ALIGN_4,
  changetype<i32>('i64.store'), IL, Imm.MemArg << IMM_SHIFT | ALIGN_8,
  changetype<i32>('f32.store'), IF, Imm.MemArg << IMM_SHIFT | ALIGN_4,
  changetype<i32>('f64.store'), ID, Imm.MemArg << IMM_SHIFT | ALIGN_8,
  changetype<i32>('i32.store8'), II, Imm.MemArg << IMM_SHIFT,
  changetype<i32>('i32.store16'), II, Imm.MemArg << IMM_SHIFT | ALIGN_2,
  changetype<i32>('i64.store8'), IL, Imm.MemArg << IMM_SHIFT,
  changetype<i32>('i64.store16'), IL, Imm.MemArg << IMM_SHIFT | ALIGN_2,
  changetype<i32>('i64.store32'), IL, Imm.MemArg << IMM_SHIFT | ALIGN_4,
  changetype<i32>('memory.size'), 0, Imm.Memory << IMM_SHIFT | I,
  changetype<i32>('memory.grow'), I, Imm.Memory << IMM_SHIFT | I,
  changetype<i32>('i32.const'), 0, Imm.I32 << IMM_SHIFT | I,
  changetype<i32>('i64.const'), 0, Imm.I64 << IMM_SHIFT | L,
  changetype<i32>('f32.const'), 0, Imm.F32 << IMM_SHIFT | F,
  changetype<i32>('f64.const'), 0, Imm.F64 << IMM_SHIFT | D,
  changetype<i32>('i32.eqz'), I, I,
  changetype<i32>('i32.eq'), II, I,
  changetype<i32>('i32.ne'), II, I,
  changetype<i32>('i32.lt_s'), II, I,
  changetype<i32>('i32.lt_u'), II, I,
  changetype<i32>('i32.gt_s'), II, I,
  changetype<i32>('i32.gt_u'), II, I,
  changetype<i32>('i32.le_s'), II, I,
  changetype<i32>('i32.le_u'), II, I,
  changetype<i32>('i32.ge_s'), II, I,
  changetype<i32>('i32.ge_u'), II, I,
  changetype<i32>('i64.eqz'), L, I,
  changetype<i32>('i64.eq'), LL, I,
  changetype<i32>('i64.ne'), LL, I,
  changetype<i32>('i64.lt_s'), LL, I,
  changetype<i32>('i64.lt_u'), LL, I,
  changetype<i32>('i64.gt_s'), LL, I,
  changetype<i32>('i64.gt_u'), LL, I,
  changetype<i32>('i64.le_s'), LL, I,
  changetype<i32>('i64.le_u'), LL, I,
  changetype<i32>('i64.ge_s'), LL, I,
  changetype<i32>('i64.ge_u'), LL, I,
  changetype<i32>('f32.eq'), FF, I,
  changetype<i32>('f32.ne'), FF, I,
  changetype<i32>('f32.lt'), FF, I,
  changetype<i32>('f32.gt'), FF, I,
  changetype<i32>('f32.le'), FF, I,
  changetype<i32>('f32.ge'), FF, I,
  changetype<i32>('f64.eq'), DD, I,
  changetype<i32>('f64.ne'), DD, I,
  changetype<i32>('f64.lt'), DD, I,
  changetype<i32>('f64.gt'), DD, I,
  changetype<i32>('f64.le'), DD, I,
  changetype<i32>('f64.ge'), DD, I,
  changetype<i32>('i32.clz'), I, I,
  changetype<i32>('i32.ctz'), I, I,
  changetype<i32>('i32.popcnt'), I, I,
  changetype<i32>('i32.add'), II, I,
  changetype<i32>('i32.sub'), II, I,
  changetype<i32>('i32.mul'), II, I,
  changetype<i32>('i32.div_s'), II, I,
  changetype<i32>('i32.div_u'), II, I,
  changetype<i32>('i32.rem_s'), II, I,
  changetype<i32>('i32.rem_u'), II, I,
  changetype<i32>('i32.and'), II, I,
  changetype<i32>('i32.or'), II, I,
  changetype<i32>('i32.xor'), II, I,
  changetype<i32>('i32.shl'), II, I,
  changetype<i32>('i32.shr_s'), II, I,
  changetype<i32>('i32.shr_u'), II, I,
  changetype<i32>('i32.rotl'), II, I,
  changetype<i32>('i32.rotr'), II, I,
  changetype<i32>('i64.clz'), L, L,
  changetype<i32>('i64.ctz'), L, L,
  changetype<i32>('i64.popcnt'), L, L,
  changetype<i32>('i64.add'), LL, L,
  changetype<i32>('i64.sub'), LL, L,
  changetype<i32>('i64.mul'), LL, L,
  changetype<i32>('i64.div_s'), LL, L,
  changetype<i32>('i64.div_u'), LL, L,
  changetype<i32>('i64.rem_s'), LL, L,
  changetype<i32>('i64.rem_u'), LL, L,
  changetype<i32>('i64.and'), LL, L,
  changetype<i32>('i64.or'), LL, L,
  changetype<i32>('i64.xor'), LL, L,
  changetype<i32>('i64.shl'), LL, L,
  changetype<i32>('i64.shr_s'), LL, L,
  changetype<i32>('i64.shr_u'), LL, L,
  changetype<i32>('i64.rotl'), LL, L,
  changetype<i32>('i64.rotr'), LL, L,
  changetype<i32>('f32.abs'), F, F,
  changetype<i32>('f32.neg'), F, F,
  changetype<i32>('f32.ceil'), F, F,
  changetype<i32>('f32.floor'), F, F,
  changetype<i32>('f32.trunc'), F, F,
  changetype<i32>('f32.nearest'), F, F,
  changetype<i32>('f32.sqrt'), F, F,
  changetype<i32>('f32.add'), FF, F,
  changetype<i32>('f32.sub'), FF, F,
  changetype<i32>('f32.mul'), FF, F,
  changetype<i32>('f32.div'), FF, F,
  changetype<i32>('f32.min'), FF, F,
  changetype<i32>('f32.max'), FF, F,
  changetype<i32>('f32.copysign'), FF, F,
  changetype<i32>('f64.abs'), D, D,
  changetype<i32>('f64.neg'), D, D,
  changetype<i32>('f64.ceil'), D, D,
  changetype<i32>('f64.floor'), D, D,
  changetype<i32>('f64.trunc'), D, D,
  changetype<i32>('f64.nearest'), D, D,
  changetype<i32>('f64.sqrt'), D, D,
  changetype<i32>('f64.add'), DD, D,
  changetype<i32>('f64.sub'), DD, D,
  changetype<i32>('f64.mul'), DD, D,
  changetype<i32>('f64.div'), DD, D,
  changetype<i32>('f64.min'), DD, D,
  changetype<i32>('f64.max'), DD, D,
  changetype<i32>('f64.copysign'), DD, D,
  changetype<i32>('i32.wrap_i64'), L, I,
  changetype<i32>('i32.trunc_f32_s'), F, I,
  changetype<i32>('i32.trunc_f32_u'), F, I,
  changetype<i32>('i32.trunc_f64_s'), D, I,
  changetype<i32>('i32.trunc_f64_u'), D, I,
  changetype<i32>('i64.extend_i32_s'), I, L,
  changetype<i32>('i64.extend_i32_u'), I, L,
  changetype<i32>('i64.trunc_f32_s'), F, L,
  changetype<i32>('i64.trunc_f32_u'), F, L,
  changetype<i32>('i64.trunc_f64_s'), D, L,
  changetype<i32>('i64.trunc_f64_u'), D, L,
  changetype<i32>('f32.convert_i32_s'), I, F,
  changetype<i32>('f32.convert_i32_u'), I, F,
  changetype<i32>('f32.convert_i64_s'), L, F,
  changetype<i32>('f32.convert_i64_u'), L, F,
  changetype<i32>('f32.demote_f64'), D, F,
  changetype<i32>('f64.convert_i32_s'), I, D,
  changetype<i32>('f64.convert_i32_u'), I, D,
  changetype<i32>('f64.convert_i64_s'), L, D,
  changetype<i32>('f64.convert_i64_u'), L, D,
  changetype<i32>('f64.promote_f32'), F, D,
  changetype<i32>('i32.reinterpret_f32'), F, I,
  changetype<i32>('i64.reinterpret_f64'), D, L,
  changetype<i32>('f32.reinterpret_i32'), I, F,
  changetype<i32>('f64.reinterpret_i64'), L, D,
  changetype<i32>('i32.extend8_s'), I, I | SIGN_EXTENSION,
  changetype<i32>('i32.extend16_s'), I, I | SIGN_EXTENSION,
  changetype<i32>('i64.extend8_s'), L, L | SIGN_EXTENSION,
  changetype<i32>('i64.extend16_s'), L, L | SIGN_EXTENSION,
  changetype<i32>('i64.extend32_s'), L, L | SIGN_EXTENSION,
  0, 0, 0, // 0xc5
  0, 0, 0, // 0xc6
  0, 0, 0, // 0xc7
  0, 0, 0, // 0xc8
  0, 0, 0, // 0xc9
  0, 0, 0, // 0xca
  0, 0, 0, // 0xcb
  0, 0, 0, // 0xcc
  0, 0, 0, // 0xcd
  0, 0, 0, // 0xce
  0, 0, 0, // 0xcf
  changetype<i32>('ref.null'), 0, Imm.HeapType << IMM_SHIFT | REFERENCES,
  changetype<i32>('ref.is_null'), 0, REFERENCES,
  changetype<i32>('ref.func'), 0, Imm.Func << IMM_SHIFT | REFERENCES,
  changetype<i32>('ref.eq'), 0, GC,
  changetype<i32>('ref.as_non_null'), 0, FUNCTION_REFERENCES,
  changetype<i32>('br_on_null'), 0, FUNCTION_REFERENCES,
  changetype<i32>('br_on_non_null'), 0, FUNCTION_REFERENCES,
  changetype<i32>('i32.trunc_sat_f32_s'), F, I | SATURATING,
  changetype<i32>('i32.trunc_sat_f32_u'), F, I | SATURATING,
  changetype<i32>('i32.trunc_sat_f64_s'), D, I | SATURATING,
  changetype<i32>('i32.trunc_sat_f64_u'), D, I | SATURATING,
  changetype<i32>('i64.trunc_sat_f32_s'), F, L | SATURATING,
  changetype<i32>('i64.trunc_sat_f32_u'), F, L | SATURATING,
  changetype<i32>('i64.trunc_sat_f64_s'), D, L | SATURATING,
  changetype<i32>('i64.trunc_sat_f64_u'), D, L | SATURATING,
  changetype<i32>('memory.init'), III, Imm.DataMemory << IMM_SHIFT | BULK,
  changetype<i32>('data.drop'), 0, Imm.Data << IMM_SHIFT | BULK,
  changetype<i32>('memory.copy'), III, Imm.MemoryMemory << IMM_SHIFT | BULK,
  changetype<i32>('memory.fill'), III, Imm.Memory << IMM_SHIFT | BULK,
  changetype<i32>('table.init'), III, Imm.ElemTable << IMM_SHIFT | BULK,
  changetype<i32>('elem.drop'), 0, Imm.Elem << IMM_SHIFT | BULK,
  changetype<i32>('table.copy'), III, Imm.TableTable << IMM_SHIFT | BULK,
  changetype<i32>('table.grow'), 0, Imm.Table << IMM_SHIFT | REFERENCES,
  changetype<i32>('table.size'), 0, Imm.Table << IMM_SHIFT | I | REFERENCES,
  changetype<i32>('table.fill'), 0, Imm.Table << IMM_SHIFT | REFERENCES,
  0, 0, 0, // 0xfc12
  changetype<i32>('i64.add128'), 0, WIDE,
  changetype<i32>('i64.sub128'), 0, WIDE,
  changetype<i32>('i64.mul_wide_s'), 0, WIDE,
  changetype<i32>('i64.mul_wide_u'), 0, WIDE,
]);

/** Address of the row, or 0 when there is no such opcode (or it has another prefix). */
export function opcodeRow(opcode: u32): usize {
  if (opcode <= LAST_BYTE_OPCODE) return ROWS + (opcode as usize) * ROW_BYTES;
  if (opcode - FIRST_PREFIXED > LAST_PREFIXED - FIRST_PREFIXED) return 0;
  return ROWS + ((opcode - FIRST_PREFIXED + LAST_BYTE_OPCODE + 1) as usize) * ROW_BYTES;
}

/** True when the table knows the opcode, whatever the features. */
export function opcodeExists(opcode: u32): bool {
  const row = opcodeRow(opcode);
  return row != 0 && rowName(row) != 0;
}

/** Name of an opcode that exists, as in the text format. */
export function opcodeName(opcode: u32): string {
  return changetype<string>(rowName(opcodeRow(opcode)));
}

/** The name as `opcodeName` gives it; 0: no such opcode. */
export function rowName(row: usize): usize {
  return load<u32>(row, Cell.Name << 2);
}

export function rowImm(row: usize): Imm {
  return load<u8>(row, (Cell.Rest << 2) + (IMM_SHIFT >> 3)) as Imm;
}

/** Parameter types, a byte each, the first pushed in the lowest. */
export function rowParams(row: usize): u32 {
  return load<u32>(row, Cell.Params << 2);
}

/** Number of parameters. */
export function rowParamCount(row: usize): u32 {
  return (39 - <u32>clz(rowParams(row))) >> 3;
}

/** Result type; 0 for none. */
export function rowResult(row: usize): u32 {
  return load<u8>(row, Cell.Rest << 2);
}

export function rowFeature(row: usize): Feature {
  return load<u8>(row, (Cell.Rest << 2) + (FEATURE_SHIFT >> 3));
}

/** Exponent of the natural alignment of a load or store. */
export function rowAlign(row: usize): u32 {
  return load<u8>(row, (Cell.Rest << 2) + (ALIGN_SHIFT >> 3));
}
