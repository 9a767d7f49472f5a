/** frame: the stack frame of the function at hand, its prologue and epilogue.
 *
 *  From rsp upwards: outgoing area, spill slots, context slot (when r14 is swapped), padding, callee-saved registers (lowest number on top).
 *  N keeps rsp 16-byte aligned at calls; a function without calls aligns nothing.
 *  In: `needOutgoing` by selection, then `layoutFrame` with what allocation used.  Ref: runtime/ABI.md, "Frames". */

import { bind, jumpIf, newLabel } from '../../emit/code';
import { Width, imm32, isImm8, imm8, op, raw8, rmBaseDisp, rmLocation, room } from './bytes';
import { Cond } from './inst';
import { CALLEE_SAVED, Reg, SCRATCH } from './reg';

const PAGE: u32 = 4096;
/** From this many pages on, a loop touches them. */
const PROBE_LOOP: u32 = 6;

/** Words of the outgoing area: the largest need of all calls. */
export let outgoingWords: u32 = 0;

/** N of ABI.md. */
export let frameSize: u32 = 0;
/** Callee-saved registers in the frame, by bit. */
export let savedRegisters: u32 = 0;
/** Offsets from rsp. */
export let slotsOffset: u32 = 0;
export let contextOffset: u32 = 0;

/** Before selection of a function. */
export function resetFrame(): void {
  outgoingWords = 0;
}

/** A call passes arguments and results in this many words of the outgoing area. */
export function needOutgoing(words: u32): void {
  outgoingWords = max(outgoingWords, words);
}

/** `slots`: spill slots; `saved`: bit r for callee-saved register r; `calls`: the function calls; `swaps`: it needs the context slot. */
export function layoutFrame(slots: u32, saved: u32, calls: bool, swaps: bool): void {
  assert((saved & ~(CALLEE_SAVED as u32)) == 0);
  slotsOffset = outgoingWords << 3;
  contextOffset = slotsOffset + (slots << 3);
  const end = contextOffset + (swaps ? 8 : 0);
  savedRegisters = saved;
  frameSize = end + ((popcnt(saved) as u32) << 3);
  if (calls && (frameSize & 15) != 8) frameSize += 8;
}

/** Adds to rsp. */
function moveStackPointer(group: u32, amount: u32): void {
  room();
  rmLocation(Reg.Rsp);
  const small = isImm8(amount as i64);
  op(small ? 0x83 : 0x81, Width.W, group, small ? 1 : 4);
  if (small) imm8(amount);
  else imm32(amount);
}

/** Reads from [address + disp], so that a fault in the guard comes here. */
function touch(base: u32, disp: i32): void {
  room();
  rmBaseDisp(base, disp);
  op(0x85, Width.None, Reg.Rax, 0);
}

function probe(): void {
  const pages = frameSize / PAGE;
  if (pages < PROBE_LOOP) {
    for (let i: u32 = 1; i <= pages; i++) touch(Reg.Rsp, frameSize - i * PAGE);
    return;
  }
  // lea r11, [rsp + N - PAGE]; again: test [r11], eax; sub r11, PAGE; cmp r11, rsp; jae again
  room();
  rmBaseDisp(Reg.Rsp, frameSize - PAGE);
  op(0x8d, Width.W, SCRATCH, 0);
  const again = newLabel();
  bind(again);
  touch(SCRATCH, 0);
  rmLocation(SCRATCH);
  op(0x81, Width.W, 5, 4);
  imm32(PAGE);
  room();
  rmLocation(Reg.Rsp);
  op(0x3b, Width.W, SCRATCH, 0);
  jumpIf(Cond.AE, again);
}

/** Stores (0x89) or loads (0x8b) the callee-saved registers. */
function eachSaved(opcode: u32): void {
  let at = frameSize;
  for (let rest = savedRegisters; rest != 0; rest &= rest - 1) {
    at -= 8;
    room();
    rmBaseDisp(Reg.Rsp, at);
    op(opcode, Width.W, ctz(rest), 0);
  }
}

export function prologue(): void {
  if (frameSize == 0) return;
  moveStackPointer(5, frameSize);
  if (frameSize >= PAGE) probe();
  eachSaved(0x89);
}

/** Restores and returns. */
export function epilogue(): void {
  if (frameSize != 0) {
    eachSaved(0x8b);
    moveStackPointer(0, frameSize);
  }
  room();
  raw8(0xc3);
}
