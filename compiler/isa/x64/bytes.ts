/** bytes: how an x86-64 instruction becomes bytes: prefixes, REX or VEX, opcode, ModRM, SIB, displacement.
 *  In: first an r/m operand (`rm…` functions), then an opcode word with the register field (`op`, `vex`, `fop`).
 *  Out: bytes in emit/output's `code`, relocations for rodata operands.
 *  Requires: `room()` before each instruction: nothing here checks the buffer's capacity.
 *  Ref: Intel SDM volume 2, chapter 2. */

import { RelocationKind, addRelocation, code } from '../../emit/output';
import { SPILL_BASE } from '../mach';
import { Reg } from './reg';

/** No instruction is longer than 15 bytes; the longest sequence between two calls of `room` has four of them. */
const ROOM: u32 = 64;

/** An opcode word: the opcode byte, its map and its mandatory prefix. Maps and prefixes have the numbers that VEX gives them. */
export const M_0F: u32 = 1 << 8;
export const M_0F38: u32 = 2 << 8;
export const M_0F3A: u32 = 3 << 8;
export const P_66: u32 = 1 << 10;
export const P_F3: u32 = 2 << 10;
export const P_F2: u32 = 3 << 10;

/** What `op` must know beside the opcode. */
export const enum Width {
  /** 32-bit operation, or one that has no width. */
  None = 0,
  /** REX.W: 64-bit operation. */
  W = 1,
  /** The register field is a byte register: spl, bpl, sil, dil need a REX prefix. */
  ByteReg = 2,
  /** The same for the r/m operand when it is a register. */
  ByteRm = 4,
}

const enum RmKind {
  Register,
  /** [base + index << scale + disp] */
  Memory,
  /** [index << scale + disp32] */
  NoBase,
  /** [rip + …] */
  Rodata,
}

// The r/m operand of the next instruction.
let rmKind: RmKind = RmKind.Register;
/** A register's number: 16 and more are float registers. */
let rmBase: u32 = 0;
/** 4 (rsp): no index. */
let rmIndex: u32 = Reg.Rsp;
let rmScale: u32 = 0;
/** Displacement, or offset in rodata. */
let rmDisp: i32 = 0;

/** [rsp + …] of spill slot 0. */
let spillOffset: u32 = 0;
/** Float and vector instructions are VEX-encoded: all of them, as mixing costs. */
let useVex: bool = false;

/** At the start of a function. */
export function configure(slotsAt: u32, vexFloats: bool): void {
  spillOffset = slotsAt;
  useVex = vexFloats;
}

export function floatsAreVex(): bool {
  return useVex;
}

/** Before each instruction, and after each four of a sequence. */
export function room(): void {
  code.reserve(ROOM);
}

/** r/m is a register or a spill slot. */
export function rmLocation(location: u32): void {
  if (location < SPILL_BASE) {
    rmKind = RmKind.Register;
    rmBase = location;
  } else {
    rmBaseDisp(Reg.Rsp, (spillOffset + ((location - SPILL_BASE) << 3)) as i32);
  }
}

export function rmBaseDisp(base: u32, disp: i32): void {
  rmKind = RmKind.Memory;
  rmBase = base;
  rmIndex = Reg.Rsp;
  rmScale = 0;
  rmDisp = disp;
}

/** `index` is not rsp. */
export function rmBaseIndex(base: u32, index: u32, scale: u32, disp: i32): void {
  rmKind = RmKind.Memory;
  // rbp and r13 as base cost a displacement byte.
  if (scale == 0 && disp == 0 && (base & 7) == 5) {
    rmBase = index;
    rmIndex = base;
  } else {
    rmBase = base;
    rmIndex = index;
  }
  rmScale = scale;
  rmDisp = disp;
}

export function rmScaledIndex(index: u32, scale: u32, disp: i32): void {
  if (scale == 0) {
    rmBaseDisp(index, disp);
  } else if (scale == 1 && disp == 0) {
    // Without base the displacement always takes four bytes.
    rmBaseIndex(index, index, 0, 0);
  } else {
    rmKind = RmKind.NoBase;
    rmBase = 0;
    rmIndex = index;
    rmScale = scale;
    rmDisp = disp;
  }
}

export function rmRodata(offset: u32): void {
  rmKind = RmKind.Rodata;
  rmBase = 0;
  rmDisp = offset as i32;
}

/** Is the r/m operand this register, or addressed through it? */
export function rmReads(reg: u32): bool {
  switch (rmKind) {
    case RmKind.Register:
      return rmBase == reg;
    case RmKind.Memory:
      return rmBase == reg || rmIndex == reg;
    case RmKind.NoBase:
      return rmIndex == reg;
    default:
      return false;
  }
}

export function rmIsRegister(): bool {
  return rmKind == RmKind.Register;
}

function u8(value: u32): void {
  code.uncheckedU8(value);
}

export function imm8(value: i32): void {
  u8(value as u32);
}

export function imm16(value: i32): void {
  u8(value as u32);
  u8((value as u32) >> 8);
}

export function imm32(value: i32): void {
  code.uncheckedU32(value as u32);
}

export function imm64(value: i64): void {
  code.uncheckedU32(value as u32);
  code.uncheckedU32((value >> 32) as u32);
}

export function isImm8(value: i64): bool {
  return (value << 56) >> 56 == value;
}

/** Index extension bit of the r/m operand (REX.X). */
function rmX(): u32 {
  return rmKind == RmKind.Memory || rmKind == RmKind.NoBase ? rmIndex >> 3 : 0;
}

/** ModRM, SIB, displacement. `trailing`: bytes of immediate that follow. */
function modrm(field: u32, trailing: u32): void {
  const reg = (field & 7) << 3;
  if (rmKind == RmKind.Register) {
    u8(0xc0 | reg | (rmBase & 7));
    return;
  }
  if (rmKind == RmKind.Rodata) {
    u8(reg | 5);
    addRelocation(RelocationKind.X64Rodata, code.length, rmDisp as u32, trailing);
    imm32(0);
    return;
  }
  if (rmKind == RmKind.NoBase) {
    u8(reg | 4);
    u8((rmScale << 6) | ((rmIndex & 7) << 3) | 5);
    imm32(rmDisp);
    return;
  }
  const low = rmBase & 7;
  // rbp and r13 without displacement would mean something else; rsp and r12 as base need the SIB byte.
  const mode: u32 = rmDisp == 0 && low != 5 ? 0 : isImm8(rmDisp as i64) ? 0x40 : 0x80;
  if (rmIndex != (Reg.Rsp as u32) || low == 4) {
    u8(mode | reg | 4);
    u8((rmScale << 6) | ((rmIndex & 7) << 3) | low);
  } else {
    u8(mode | reg | low);
  }
  if (mode == 0x40) u8(rmDisp as u32);
  else if (mode == 0x80) imm32(rmDisp);
}

/** An instruction in the legacy encoding, up to its displacement; the caller appends `trailing` bytes of immediate.
 *  `reg`: the register field, or an opcode extension. */
export function op(opcode: u32, width: u32, reg: u32, trailing: u32): void {
  const prefix = (opcode >> 10) & 3;
  if (prefix != 0) u8(prefix == 1 ? 0x66 : prefix == 2 ? 0xf3 : 0xf2);
  const field = reg & 15;
  let rex = ((width & Width.W) << 3) | ((field >> 3) << 2) | (rmX() << 1) | ((rmBase >> 3) & 1);
  if (width > (Width.W as u32)) {
    if ((width & Width.ByteReg) != 0 && field >= 4) rex |= 0x40;
    if ((width & Width.ByteRm) != 0 && rmKind == RmKind.Register && rmBase >= 4) rex |= 0x40;
  }
  if (rex != 0) u8(0x40 | rex);
  const map = (opcode >> 8) & 3;
  if (map != 0) {
    u8(0x0f);
    if (map != 1) u8(map == 2 ? 0x38 : 0x3a);
  }
  u8(opcode & 0xff);
  modrm(field, trailing);
}

/** The same in the VEX encoding, 128 bits or scalar. `source`: the second source register (VEX.vvvv), 0 where the instruction has none. */
export function vex(opcode: u32, wide: u32, reg: u32, source: u32, trailing: u32): void {
  const field = reg & 15;
  const map = (opcode >> 8) & 3;
  const last = ((~source & 15) << 3) | ((opcode >> 10) & 3);
  const notR = (~field & 8) << 4;
  const x = rmX();
  const b = (rmBase >> 3) & 1;
  if (map == 1 && (x | b | wide) == 0) {
    u8(0xc5);
    u8(notR | last);
  } else {
    u8(0xc4);
    u8(notR | ((x ^ 1) << 6) | ((b ^ 1) << 5) | map);
    u8((wide << 7) | last);
  }
  u8(opcode & 0xff);
  modrm(field, trailing);
}

/** A float instruction in the encoding that this function uses. `source` counts for VEX only: in the legacy encoding it is `reg`. */
export function fop(opcode: u32, wide: u32, reg: u32, source: u32, trailing: u32): void {
  if (useVex) vex(opcode, wide, reg, source, trailing);
  else op(opcode, wide, reg, trailing);
}

/** An instruction of one byte, with `reg` in its low bits (push, mov imm). */
export function opShort(opcode: u32, wide: u32, reg: u32): void {
  const rex = (wide << 3) | ((reg >> 3) & 1);
  if (rex != 0) u8(0x40 | rex);
  u8(opcode | (reg & 7));
}

/** Bytes as they are. */
export function raw8(value: u32): void {
  u8(value);
}
