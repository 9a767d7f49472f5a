/** reg: the registers of x86-64 and their roles (runtime/ABI.md). Numbers 0..15 are the integer registers by hardware number, 16..31 xmm0..15. */

export const enum Reg {
  Rax = 0,
  Rcx = 1,
  Rdx = 2,
  Rbx = 3,
  Rsp = 4,
  Rbp = 5,
  Rsi = 6,
  Rdi = 7,
  R8 = 8,
  R9 = 9,
  R10 = 10,
  R11 = 11,
  R12 = 12,
  R13 = 13,
  R14 = 14,
  R15 = 15,
  Xmm0 = 16,
  Xmm15 = 31,
}

/** VMContext, base of memory 0, and the scratch registers of emission. */
export const CONTEXT: u32 = Reg.R14;
export const MEMORY_BASE: u32 = Reg.R15;
export const SCRATCH: u32 = Reg.R11;
export const FLOAT_SCRATCH: u32 = Reg.Xmm15;

const PINNED: u64 = (1 << Reg.Rsp) | (1 << Reg.R14) | (1 << Reg.R15) | (1 << Reg.R11) | ((1 as u64) << Reg.Xmm15);

/** Bit r: register r may hold values. */
export const ALLOCATABLE: u64 = 0xffffffff & ~PINNED;
export const CALLEE_SAVED: u64 = (1 << Reg.Rbx) | (1 << Reg.Rbp) | (1 << Reg.R12) | (1 << Reg.R13);
/** What a call overwrites. */
export const CALL_CLOBBERS: u64 = ALLOCATABLE & ~CALLEE_SAVED;

const argumentRegs = memory.data<i32>([Reg.Rdi, Reg.Rsi, Reg.Rdx, Reg.Rcx, Reg.R8, Reg.R9]);
export const INT_ARGUMENTS: u32 = 6;
export const FLOAT_ARGUMENTS: u32 = 8;
export const INT_RESULTS: u32 = 2;
export const FLOAT_RESULTS: u32 = 2;

export function intArgument(index: u32): u32 {
  return load<i32>(argumentRegs + ((index as usize) << 2));
}

export function floatArgument(index: u32): u32 {
  return Reg.Xmm0 + index;
}

export function intResult(index: u32): u32 {
  return index == 0 ? Reg.Rax : Reg.Rdx;
}

export function floatResult(index: u32): u32 {
  return Reg.Xmm0 + index;
}

/** i32 cells: the registers of each class in the order in which allocation tries them: caller-saved ones with short encodings first. */
// biome-ignore format: a list
export const INT_PREFERENCE: usize = memory.data<i32>([
  Reg.Rax, Reg.Rcx, Reg.Rdx, Reg.Rsi, Reg.Rdi, Reg.R8, Reg.R9, Reg.R10, Reg.Rbx, Reg.Rbp, Reg.R12, Reg.R13,
]);
export const INT_PREFERENCE_COUNT: u32 = 12;
// biome-ignore format: a list
export const FLOAT_PREFERENCE: usize = memory.data<i32>([16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
export const FLOAT_PREFERENCE_COUNT: u32 = 15;
export const FLOAT_REGISTERS: u64 = 0xffff0000;
