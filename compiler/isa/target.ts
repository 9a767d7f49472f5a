/** target: what register allocation has to know of the machine. A leaf: the target in use sets it once, before the first function.
 *  Register numbers are those of mach.ts; registers outside `allocatable` never hold a virtual register. */

/** Bit r: register r may hold values. */
export let allocatable: u64 = 0;
/** Registers that a function must keep for its caller. */
export let calleeSaved: u64 = 0;
/** Registers that Clobber.Call overwrites. */
export let callClobbers: u64 = 0;
/** Registers of class Float; all others are of class Int. */
export let floatRegisters: u64 = 0;
/** Scratch register of each class, for the moves of allocation; emission may use them inside an instruction. */
export let intScratch: u32 = 0;
export let floatScratch: u32 = 0;
/** Opcodes of the copies whose source and destination allocation should put into one register; each has the operands d, use. */
export let moveOp: u32 = 0;
export let floatMoveOp: u32 = 0;

/** Registers of each class in the order in which they are tried: i32 cells, and their number. */
export let intPreference: usize = 0;
export let intPreferenceCount: u32 = 0;
export let floatPreference: usize = 0;
export let floatPreferenceCount: u32 = 0;

/** All of `allocatable` must stand in one of the two preference lists. */
export function setRegisters(free: u64, kept: u64, clobbered: u64, float: u64): void {
  allocatable = free;
  calleeSaved = kept;
  callClobbers = clobbered;
  floatRegisters = float;
}

export function setMoves(int: u32, float: u32, intTemp: u32, floatTemp: u32): void {
  moveOp = int;
  floatMoveOp = float;
  intScratch = intTemp;
  floatScratch = floatTemp;
}

/** Addresses of i32 cells that stay valid. */
export function setPreference(int: usize, intCount: u32, float: usize, floatCount: u32): void {
  intPreference = int;
  intPreferenceCount = intCount;
  floatPreference = float;
  floatPreferenceCount = floatCount;
}
