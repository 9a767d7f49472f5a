/** unwind: `.eh_frame` and `.eh_frame_hdr`, so that gdb and perf walk wasm frames.
 *  In: the function table of emit/output.  Out: one CIE, one FDE a function, each of fixed size, and a sorted search table.
 *  A frame is described from the byte after its first instruction's first byte on (ABI.md, "Frames"): program counters lie on
 *  instructions. Cost: linear.  Ref: System V ABI x86-64, DWARF 4 section 6.4, LSB "Exception Frames". */

import { Buffer } from '../base/buffer';
import { at } from '../base/entity';
import {
  DefinedFunc,
  functionCodeOffset,
  functionCodeSize,
  functionCount,
  functionFrameSize,
  functionSavedRegisters,
} from '../emit/output';
import { TARGET_X64 } from '../../runtime/artifact';
import { target } from '../options';

const HEADER_FIXED: u32 = 12;
const CIE_SIZE: u32 = 24;

const DW_CFA_NOP: u32 = 0;
const DW_CFA_DEF_CFA: u32 = 0x0c;
const DW_CFA_DEF_CFA_OFFSET: u32 = 0x0e;
const DW_CFA_ADVANCE_LOC: u32 = 0x40;
const DW_CFA_OFFSET: u32 = 0x80;
const DW_EH_PE_UDATA4: u32 = 0x03;
const DW_EH_PE_SDATA4: u32 = 0x0b;
const DW_EH_PE_PCREL: u32 = 0x10;
const DW_EH_PE_DATAREL: u32 = 0x30;

/** Bytes of an FDE: room for every callee-saved register that compiled code may use. */
function fdeSize(): u32 {
  return target == TARGET_X64 ? 32 : 48;
}

/** Bytes of `.eh_frame_hdr`. */
export function unwindHeaderSize(): u32 {
  return HEADER_FIXED + (functionCount << 3);
}

/** Bytes of `.eh_frame`. */
export function unwindSize(): u32 {
  return CIE_SIZE + functionCount * fdeSize() + 4;
}

/** `.eh_frame_hdr` at the end of `out`; `frame` and `text` are the addresses of `.eh_frame` and `.text`. */
export function writeUnwindHeader(out: Buffer, frame: u32, text: u32): void {
  const start = out.length;
  out.u8(1);
  out.u8(DW_EH_PE_PCREL | DW_EH_PE_SDATA4);
  out.u8(DW_EH_PE_UDATA4);
  out.u8(DW_EH_PE_DATAREL | DW_EH_PE_SDATA4);
  out.u32(frame - out.length);
  out.u32(functionCount);
  for (let i: u32 = 0; i < functionCount; i++) {
    out.u32(text + functionCodeOffset[at<DefinedFunc>(i + 1)] - start);
    out.u32(frame + CIE_SIZE + i * fdeSize() - start);
  }
}

/** The DWARF number of a hardware register. */
function dwarfRegister(register: u32): u32 {
  if (target != TARGET_X64) return register;
  switch (register) {
    case 1:
      return 2;
    case 2:
      return 1;
    case 4:
      return 7;
    case 5:
      return 6;
    case 6:
      return 4;
    case 7:
      return 5;
    default:
      return register;
  }
}

function padEntry(out: Buffer, end: u32): void {
  while (out.length < end) out.u8(DW_CFA_NOP);
}

/** `.eh_frame` at the end of `out`, for a `.text` at address `text`. */
export function writeUnwind(out: Buffer, text: u32): void {
  const x64 = target == TARGET_X64;
  // At its first byte a function's return address is on the stack (x86-64) or in the link register (aarch64).
  const pushed: u32 = x64 ? 8 : 0;
  const stackPointer: u32 = x64 ? 7 : 31;
  const returnAddress: u32 = x64 ? 16 : 30;
  const cie = out.length;
  out.u32(CIE_SIZE - 4);
  out.u32(0);
  out.u8(1);
  out.u8(0x7a); // "zR"
  out.u8(0x52);
  out.u8(0);
  out.leb(1); // code alignment
  out.u8(0x78); // data alignment: -8
  out.leb(returnAddress);
  out.leb(1);
  out.u8(DW_EH_PE_PCREL | DW_EH_PE_SDATA4);
  out.u8(DW_CFA_DEF_CFA);
  out.leb(stackPointer);
  out.leb(pushed);
  if (x64) {
    out.u8(DW_CFA_OFFSET | returnAddress);
    out.leb(1);
  }
  padEntry(out, cie + CIE_SIZE);

  for (let i: u32 = 0; i < functionCount; i++) {
    const func = at<DefinedFunc>(i + 1);
    const fde = out.length;
    out.u32(fdeSize() - 4);
    out.u32(out.length - cie);
    out.u32(text + functionCodeOffset[func] - out.length);
    out.u32(functionCodeSize[func]);
    out.leb(0);
    const frameSize = functionFrameSize[func];
    if (frameSize != 0) {
      out.u8(DW_CFA_ADVANCE_LOC | 1);
      out.u8(DW_CFA_DEF_CFA_OFFSET);
      out.leb(frameSize + pushed);
      // In units of the data alignment, below the CFA: first the return address, then the saved registers.
      let slot: u32 = pushed >> 3;
      for (let saved = functionSavedRegisters[func]; saved != 0; saved &= saved - 1) {
        out.u8(DW_CFA_OFFSET | dwarfRegister(ctz(saved)));
        out.leb(++slot);
      }
    }
    padEntry(out, fde + fdeSize());
  }
  out.u32(0);
}
