/** print: machine IR as text, before allocation.
 *
 *      block1:
 *        v1:i32@rdi, v2:i64@rsi = Args
 *        v3:i32^1 = Add.32 v1, linear[v2+8]
 *        v4:i32 = Movzx.32.from8 v3?
 *        Cmp.64 v2, #-1
 *        Jcc.ne -> block2, block3
 *      block2 depth 1 cold(v5):
 *        Jmp -> block3(v4)
 *
 *  Defs stand before `=`, with their types. `@rdi`: in this register; `^1`: in the register of operand 1; `?`: anywhere; `!`: an early
 *  def or a late use. The parts behind the name: size, source size, condition, `wide`. */

import { Buffer } from '../../base/buffer';
import { Block, Inst, VReg, at } from '../../base/entity';
import { Pool } from '../../base/pool';
import { letterAt } from '../../base/text';
import { TYPE_NAMES } from '../../ir/type';
import * as mach from '../mach';
import { Constraint, OperandFlag } from '../mach';
import { Address, Form, X64, addressOf, condOf, formOf, fromOf, isWide, operandSize, scaleOf } from './inst';

/** Names by number. */
// One literal: joining strings would need the language's own heap, which this core does not have.
export const X64_NAMES: string =
  'None Mov MovF MovImm ZeroF Load LoadZx LoadSx LoadF Store StoreImm StoreF Add Sub And Or Xor Imul AddLea Lea Neg Not Shl Shr Sar Rol Ror Shlx Shrx Sarx Rorx Andn SignRdx Div Idiv IremSafe Mulhi Lzcnt Tzcnt Popcnt ClzBsr CtzBsf Movzx Movsx Cmp CmpMemImm Test Ucomi Setcc Cmov CmovF TrapIf Jcc Jmp JmpTable Trap Ret Args Addf Subf Mulf Divf Minf Maxf Sqrtf Roundf Andps Andnps Orps Xorps Cvtf CvtIntToFloat CvtUint64ToFloat TruncS TruncU TruncSatS TruncSatU MovIntToFloat MovFloatToInt Call CallReg CallImport CallRef CallBuiltin LeaRodata';

const REGISTER_NAMES: string = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15';
const COND_NAMES: string = 'o no b ae e ne be a s ns p np l ge le g eandnp neorp';
const ADDRESS_NAMES: string = 'none base base_index index linear linear context outgoing incoming rodata';

export function printMach(out: Buffer): void {
  for (let index: u32 = 1; index < mach.machBlockCount; index++) printBlock(out, at<Block>(index));
}

function printBlock(out: Buffer, block: Block): void {
  printBlockName(out, block);
  if (mach.blockLoopDepths[block] != 0) {
    out.text(' depth ');
    out.decimal(mach.blockLoopDepths[block]);
  }
  if (mach.blockColdness[block] != 0) out.text(' cold');
  printVRegs(out, mach.blockParams[block], mach.blockParamCounts[block]);
  out.text(':\n');
  for (let position = mach.blockStarts[block]; position < mach.blockEnds[block]; position++) {
    out.text('  ');
    printInst(out, mach.instAt(position));
    if (position + 1 == mach.blockEnds[block]) printSuccessors(out, block);
    out.u8(0x0a);
  }
}

function printBlockName(out: Buffer, block: Block): void {
  out.text('block');
  out.decimal(block.index);
}

/** A list in machPool; nothing when it is empty. */
function printVRegs(out: Buffer, list: u32, count: u32): void {
  if (count == 0) return;
  const pool: Pool = mach.machPool;
  for (let i: u32 = 0; i < count; i++) {
    out.text(i == 0 ? '(' : ', ');
    printVReg(out, at<VReg>(pool.get(list + i)));
  }
  out.u8(0x29);
}

function printSuccessors(out: Buffer, block: Block): void {
  const count = mach.blockSuccessorCounts[block];
  for (let i: u32 = 0; i < count; i++) {
    out.text(i == 0 ? ' -> ' : ', ');
    const to = at<Block>(mach.machPool.get(mach.blockSuccessors[block] + i));
    printBlockName(out, to);
    if (mach.blockJumpArgs[block] != 0) printVRegs(out, mach.blockJumpArgs[block], mach.blockParamCounts[to]);
  }
}

/** Word `index` of a list of words separated by spaces. */
function printWord(out: Buffer, words: string, index: u32): void {
  let place: u32 = 0;
  for (let skipped: u32 = 0; skipped < index; place++) if (letterAt(words, place) == 0x20) skipped++;
  for (; letterAt(words, place) > 0x20; place++) out.u8(letterAt(words, place));
}

function printVReg(out: Buffer, vreg: VReg): void {
  out.u8(0x76);
  out.decimal(vreg.index);
}

function printRegister(out: Buffer, register: u32): void {
  if (register < 16) {
    printWord(out, REGISTER_NAMES, register);
    return;
  }
  out.text('xmm');
  out.decimal(register - 16);
}

function hasSize(op: u32): bool {
  return !((op >= <u32>X64.TrapIf && op <= <u32>X64.Args) || (op >= <u32>X64.Call && op <= <u32>X64.CallBuiltin));
}

function hasCond(op: u32): bool {
  return op == X64.Setcc || op == X64.Cmov || op == X64.CmovF || op == X64.TrapIf || op == X64.Jcc;
}

function hasFrom(op: u32): bool {
  return op == X64.LoadZx || op == X64.LoadSx || op == X64.Movzx || op == X64.Movsx;
}

function hasImmediate(op: u32, form: Form): bool {
  if (form == Form.Imm) return true;
  switch (op) {
    case X64.CmpMemImm:
    case X64.StoreImm:
    case X64.Roundf:
    case X64.Rorx:
    case X64.TrapIf:
    case X64.Trap:
    case X64.Call:
    case X64.CallImport:
    case X64.CallBuiltin:
      return true;
    default:
      return false;
  }
}

function printOperand(out: Buffer, operand: u32): void {
  const flags: u32 = mach.operandFlags[operand];
  const constraint: u32 = mach.operandConstraints[operand];
  const detail: u32 = mach.operandDetails[operand];
  const vreg = mach.operandVRegs[operand];
  printVReg(out, vreg);
  if ((flags & OperandFlag.Def) != 0) {
    out.u8(0x3a);
    printWord(out, TYPE_NAMES, mach.vregTypes[vreg]);
  }
  if (constraint == Constraint.Any) out.u8(0x3f);
  else if (constraint == Constraint.Fixed) {
    out.u8(0x40);
    printRegister(out, detail);
  } else if (constraint == Constraint.Reuse) {
    out.u8(0x5e);
    out.decimal(detail);
  }
  if ((flags & (OperandFlag.LateUse | OperandFlag.EarlyDef)) != 0) out.u8(0x21);
}

function isDef(operand: u32): bool {
  return (mach.operandFlags[operand] & (OperandFlag.Def as u8)) != 0;
}

/** Number of operands that the address of an instruction has. */
function addressOperands(flags: u32): u32 {
  const address = addressOf(flags);
  if (address == Address.BaseIndex) return 2;
  return address == Address.Base || address == Address.Index || address == Address.Linear ? 1 : 0;
}

function printAddress(out: Buffer, inst: Inst, operand: u32): void {
  const flags = mach.instFlags[inst];
  const address = addressOf(flags);
  const displacement: i64 = mach.instDisplacements[inst];
  if (address >= Address.Linear) printWord(out, ADDRESS_NAMES, address);
  out.u8(0x5b);
  const count = addressOperands(flags);
  for (let i: u32 = 0; i < count; i++) {
    if (i != 0) out.u8(0x2b);
    printVReg(out, mach.operandVRegs[operand + i]);
    if (scaleOf(flags) != 0 && i + 1 == count) {
      out.u8(0x2a);
      out.decimal((<u32>1) << scaleOf(flags));
    }
  }
  if (count == 0 || displacement != 0) {
    if (count != 0 && displacement > 0) out.u8(0x2b);
    out.signedDecimal(displacement);
  }
  out.u8(0x5d);
}

function printName(out: Buffer, inst: Inst): void {
  const op: u32 = mach.instOps[inst];
  const flags = mach.instFlags[inst];
  printWord(out, X64_NAMES, op);
  if (hasSize(op)) {
    out.u8(0x2e);
    out.decimal((<u32>8) << operandSize(flags));
  }
  if (hasFrom(op)) {
    out.text('.from');
    out.decimal((<u32>8) << fromOf(flags));
  }
  if (hasCond(op)) {
    out.u8(0x2e);
    printWord(out, COND_NAMES, condOf(flags));
  }
  if (isWide(flags)) out.text('.wide');
}

function printInst(out: Buffer, inst: Inst): void {
  const first = mach.instOperands[inst];
  const end = first + mach.instOperandCounts[inst];
  const flags = mach.instFlags[inst];
  const form = formOf(flags);
  let defs = false;
  for (let operand = first; operand < end; operand++) {
    if (!isDef(operand)) continue;
    if (defs) out.text(', ');
    printOperand(out, operand);
    defs = true;
  }
  if (defs) out.text(' = ');
  printName(out, inst);
  const plain = form == Form.Mem ? end - addressOperands(flags) : end;
  let separator = ' ';
  for (let operand = first; operand < plain; operand++) {
    if (isDef(operand)) continue;
    out.text(separator);
    printOperand(out, operand);
    separator = ', ';
  }
  if (form == Form.Mem) {
    out.text(separator);
    printAddress(out, inst, plain);
    separator = ', ';
  }
  if (hasImmediate(mach.instOps[inst], form)) {
    out.text(separator);
    out.u8(0x23);
    out.signedDecimal(mach.instImms[inst]);
  }
}
