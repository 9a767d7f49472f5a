/** inst: the x86-64 instructions of the machine IR: opcodes, flag word, and the operands that each expects.
 *
 *  Selection makes them, allocation reads only the operands' constraints, encode.ts turns them into bytes.
 *  Operand lists below: `d` def in a register, `d=1` def that reuses operand 1, `r` use in a register, `a` use anywhere (register or spill slot),
 *  `rcx` fixed, `M` the address operands of the flag word's address kind (0, 1 or 2 register uses, always last).
 *  Where `a|M|i` stands, the flag word's form says which: Form.Reg (a use, operand), Form.Mem (M), Form.Imm (instImms, fits i32).
 *  A memory form reads or writes exactly the instruction's size. */

/** Operand size. Float instructions: S32 single, S64 double. */
export const enum Size {
  S8 = 0,
  S16 = 1,
  S32 = 2,
  S64 = 3,
}

export const enum Form {
  Reg = 0,
  Imm = 1,
  Mem = 2,
}

/** Address kinds. The displacement is instDisplacements. */
export const enum Address {
  None = 0,
  /** [base + disp]: one operand. */
  Base = 1,
  /** [base + index << scale + disp]: two operands. */
  BaseIndex = 2,
  /** [index << scale + disp] : one operand. */
  Index = 3,
  /** Linear memory 0: [r15 + index + disp]: one operand, an i32 (zero-extended); disp >= 0. */
  Linear = 4,
  /** Linear memory 0 at a constant: [r15 + disp], disp >= 0. */
  LinearConst = 5,
  /** [r14 + disp]. */
  Context = 6,
  /** [rsp + disp]: the outgoing argument area. */
  Outgoing = 7,
  /** The incoming argument area: [rsp + N + 8 + disp]. */
  Incoming = 8,
  /** Constant in rodata: [rip + …]; disp is the rodata offset. */
  Rodata = 9,
}

/** Condition codes by hardware number, and two that need two tests (float equality with NaN). */
export const enum Cond {
  O = 0,
  NO = 1,
  B = 2,
  AE = 3,
  E = 4,
  NE = 5,
  BE = 6,
  A = 7,
  S = 8,
  NS = 9,
  P = 10,
  NP = 11,
  L = 12,
  GE = 13,
  LE = 14,
  G = 15,
  /** E and not P: equal and ordered. */
  EAndNP = 16,
  /** NE or P: not equal or unordered. Negation of EAndNP (^ 1). */
  NEOrP = 17,
}

/** The flag word. */
export const SIZE_SHIFT: u32 = 0; // 2 bits
export const FORM_SHIFT: u32 = 2; // 2 bits
export const ADDRESS_SHIFT: u32 = 4; // 4 bits
export const SCALE_SHIFT: u32 = 8; // 2 bits
export const COND_SHIFT: u32 = 10; // 5 bits
/** Source size of extensions and conversions: 2 bits. */
export const FROM_SHIFT: u32 = 15;
/** Integer source or result is 64 bits wide, for conversions whose `size` is the float's: 1 bit. */
export const WIDE_SHIFT: u32 = 17;

export function flagsOf(size: Size, form: Form): u32 {
  return ((size as u32) << SIZE_SHIFT) | ((form as u32) << FORM_SHIFT);
}

export function operandSize(flags: u32): Size {
  return ((flags >> SIZE_SHIFT) & 3) as Size;
}

export function formOf(flags: u32): Form {
  return ((flags >> FORM_SHIFT) & 3) as Form;
}

export function addressOf(flags: u32): Address {
  return ((flags >> ADDRESS_SHIFT) & 15) as Address;
}

export function scaleOf(flags: u32): u32 {
  return (flags >> SCALE_SHIFT) & 3;
}

export function condOf(flags: u32): Cond {
  return ((flags >> COND_SHIFT) & 31) as Cond;
}

export function fromOf(flags: u32): Size {
  return ((flags >> FROM_SHIFT) & 3) as Size;
}

export function isWide(flags: u32): bool {
  return ((flags >> WIDE_SHIFT) & 1) != 0;
}

export const enum X64 {
  None,

  // Moves. Size S32 zero-extends.
  Mov, // d a          register copy (allocation coalesces it)
  MovF, // d a         xmm copy
  MovImm, // d         imm; S32: zero-extended 32 bits, S64: any 64 bits, shortest encoding. Never touches flags.
  ZeroF, // d          xmm := 0
  Load, // d M         S32, S64
  LoadZx, // d M       from S8, S16, to 32 bits (zero-extends to 64)
  LoadSx, // d M       from S8, S16, S32 (fromOf), to `size`
  LoadF, // d M        S32 movss, S64 movsd
  Store, // r M        S8 … S64
  StoreImm, // M       imm (sign-extended i32), S8 … S64
  StoreF, // r M

  // Integer arithmetic: d=1 r (r|M|i). Flags are set as the machine does.
  Add,
  Sub,
  And,
  Or,
  Xor,
  Imul, // Form.Imm: d (a), three-operand imul
  /** d r r|i without reuse: encode picks add in place or lea. Form.Reg or Form.Imm. Does not promise flags. */
  AddLea,
  Lea, // d M          S32 or S64 result; kinds Base, BaseIndex, Index, Context
  Neg, // d=1 r
  Not, // d=1 r
  // d=1 r rcx, or Form.Imm: d=1 r with imm the count.
  Shl,
  Shr,
  Sar,
  Rol,
  Ror,
  // BMI2: d (a|M) r(count).
  Shlx,
  Shrx,
  Sarx,
  Rorx, // BMI2: d (a|M), imm the count
  Andn, // BMI1: d r(inverted) (r|M)
  /** Loads rax and rdx for a division: d(rdx) use(rax): sign extension of rax into rdx. */
  SignRdx,
  /** d(rax) d(rdx) use(rax) use(rdx) use(a): unsigned and signed division, S32 or S64. */
  Div,
  Idiv,
  /** Remainder that is 0 for a divisor of -1: d(rdx) d(rax, dead) use(rax) use(register, late), rdx is made by the sequence. Signed. */
  IremSafe,
  Mulhi, // unsigned high half: d(rdx) d(rax, dead) use(rax) use(a)
  Lzcnt, // d (a|M)
  Tzcnt,
  Popcnt,
  ClzBsr, // d r       without LZCNT: sequence, right for 0. EarlyDef
  CtzBsf, // d r       without BMI1
  Movzx, // d a        register zero extension from fromOf S8, S16, S32
  Movsx, // d a        from fromOf S8, S16, S32 to size

  // Flags and their consumers. Nothing that changes flags may stand between; allocation's moves do not.
  Cmp, // r (a|M|i)    the first may be `M` with Form.Mem and an immediate: see CmpMemImm
  CmpMemImm, // M      imm; size S8 … S64
  Test, // r (a|i)
  Ucomi, // r (a|M)    float compare; S32, S64
  Setcc, // d          cond; zero-extended to 32 bits. EAndNP and NEOrP too
  Cmov, // d=1 r a     d := cond ? operand 2 : operand 1; cond < 16
  CmovF, // d=1 r r    float select by jump; cond may be 16, 17
  /** Conditional trap: jumps to a cold stub when cond holds; imm: TrapCode. */
  TrapIf,
  /** Ends a block: cond, successor 0 when it holds, else successor 1. */
  Jcc,
  Jmp, // ends a block
  /** Ends a block: r(index, i32) with early-def temps d d; successors 0..n-1 by index, the last is the default (index >= n-1).
   *  Without the temps: by comparisons; for few successors. */
  JmpTable,
  Trap, // ends a block; imm: TrapCode
  Ret, // ends a block; fixed uses of the results
  /** First instruction: fixed defs of the register arguments. */
  Args,

  // Floats, size S32 or S64. Binary: d=1 r (a|M); with AVX encode uses three-operand forms but the constraint stays.
  Addf,
  Subf,
  Mulf,
  Divf,
  Minf, // wasm semantics, sequence: d=1 r r
  Maxf,
  Sqrtf, // d (a|M)
  Roundf, // d a; imm: SSE4.1 rounding mode (0 nearest, 1 floor, 2 ceil, 3 trunc)
  /** Bitwise on the whole xmm: d=1 r r, or Form.Mem with a 16-byte rodata constant. */
  Andps,
  Andnps,
  Orps,
  Xorps,
  Cvtf, // d (a|M)     float to float: size is the result's
  CvtIntToFloat, // d (a|M)  signed; isWide: 64-bit source; size: the float's. Breaks the false dependency.
  CvtUint64ToFloat, // d r   sequence with an early-def int temp: d(xmm, early) d(int, early) r
  /** Float to integer, truncating; isWide: 64-bit result; size: the float's. Sequences with traps: d(int, early) r(xmm) d(xmm temp, early).
   *  Operands in this order: d, temp, r. */
  TruncS,
  TruncU,
  TruncSatS,
  TruncSatU,
  MovIntToFloat, // d a    movd / movq by size
  MovFloatToInt, // d a

  // Calls. Fixed uses of the register arguments, fixed defs of the register results, Clobber.Call.
  Call, // imm: function index
  CallReg, // r first
  /** Imported function imm (low word): swaps r14, r15 as ABI.md says; uses the frame's context slot. */
  CallImport,
  /** r first: a FuncRef of the right type; swaps r14, r15 when it is another instance's. */
  CallRef,
  CallBuiltin, // imm: builtin id
  /** d: address of rodata offset imm. */
  LeaRodata,
}
