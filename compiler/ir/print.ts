/** print: the IR as text; parse.ts reads it back.
 *
 *      function 3 {
 *      block1(v1: i32, v2: i64):
 *        v3 = add.i32 v1, v1
 *        v4 = load.i32 v3 +16
 *        br_if v4, block2, block3(v1)
 *      block2 cold:
 *        trap #1
 *      block3(v5: i32):
 *        v6 = call.i32 #7:2 (v5, v4)
 *        return (v6)
 *      }
 *
 *  `.type` is the result's; `+16` an offset, `#7` a number (index, trap code, position of a result), `#7:2` a function and its type.
 *  `mem1`, `global`, `table` and so on say what a load or store touches. Integers are signed decimals, floats are bits in hexadecimal. */

import { Buffer } from '../base/buffer';
import { Block, Edge, Value, at } from '../base/entity';
import {
  argA,
  argB,
  argC,
  blockCount,
  coldness,
  edgeArgs,
  edgeTo,
  firstValue,
  funcIndex,
  imms,
  lastValue,
  nexts,
  ops,
  paramCount,
  pool,
  successor,
  successorCount,
  types,
} from './func';
import { Flag, OP_NAMES, Op, opArity, opHas } from './op';
import { TYPE_NAMES, Type } from './type';
import { letterAt } from '../base/text';

/** Names of Region, by number. */
export const REGION_NAMES: string = 'constant global table memory_length data_segment';

/** Writes word `index` of a list of words separated by spaces. */
function printWord(out: Buffer, words: string, index: u32): void {
  let at: u32 = 0;
  for (let skipped: u32 = 0; skipped < index; at++) if (letterAt(words, at) == 0x20) skipped++;
  for (; letterAt(words, at) > 0x20; at++) out.u8(letterAt(words, at));
}

/** Appends every block that is not empty, in order of their numbers. */
export function printFunction(out: Buffer): void {
  out.text('function ');
  out.decimal(funcIndex);
  out.text(' {\n');
  for (let i: u32 = 1; i < blockCount; i++) if (!lastValue[at<Block>(i)].isNone) printBlock(out, at<Block>(i));
  out.text('}\n');
}

function printBlock(out: Buffer, block: Block): void {
  out.text('block');
  out.decimal(block.index);
  let value = firstValue[block];
  const params = paramCount[block];
  for (let i: u32 = 0; i < params; i++) {
    out.text(i == 0 ? '(' : ', ');
    printValue(out, value);
    out.text(': ');
    printWord(out, TYPE_NAMES, types[value]);
    value = nexts[value];
  }
  if (params != 0) out.text(')');
  if (coldness[block] != 0) out.text(' cold');
  out.text(':\n');
  for (; !value.isNone; value = nexts[value]) printInstruction(out, value);
}

function printValue(out: Buffer, value: Value): void {
  out.u8(0x76);
  out.decimal(value.index);
}

function printList(out: Buffer, start: u32, count: u32): void {
  out.text('(');
  for (let i: u32 = 0; i < count; i++) {
    if (i != 0) out.text(', ');
    printValue(out, at<Value>(pool.get(start + i)));
  }
  out.text(')');
}

function printTarget(out: Buffer, edge: Edge): void {
  const to = edgeTo[edge];
  out.text('block');
  out.decimal(to.index);
  if (paramCount[to] != 0) printList(out, edgeArgs[edge], paramCount[to]);
}

function printOffset(out: Buffer, offset: i64): void {
  out.text(offset < 0 ? ' ' : ' +');
  out.signedDecimal(offset);
}

function printNumber(out: Buffer, number: i64): void {
  out.text(' #');
  out.signedDecimal(number);
}

function printInstruction(out: Buffer, value: Value): void {
  const op: Op = ops[value];
  const type: Type = types[value];
  out.text('  ');
  if (type != Type.None) {
    printValue(out, value);
    out.text(' = ');
  }
  printWord(out, OP_NAMES, op);
  if (type != Type.None) {
    out.u8(0x2e);
    printWord(out, TYPE_NAMES, type);
  }
  printOperands(out, value, op);
  out.u8(0x0a);
}

function printOperands(out: Buffer, value: Value, op: Op): void {
  const imm = imms[value];
  if (opHas(op, Flag.Call)) {
    if (op == Op.CallRef || op == Op.CallCode) {
      out.u8(0x20);
      printValue(out, argC[value]);
    }
    printNumber(out, imm & 0xffffffff);
    out.u8(0x3a);
    out.decimal((imm as u64) >> 32);
    out.u8(0x20);
  }
  if (opHas(op, Flag.Pooled)) {
    if (op == Op.Return) out.u8(0x20);
    printList(out, argA[value].index, argB[value].index);
    return;
  }
  const arity = opArity(op);
  for (let i: u32 = 0; i < arity; i++) {
    out.text(i == 0 ? ' ' : ', ');
    printValue(out, i == 0 ? argA[value] : i == 1 ? argB[value] : argC[value]);
  }
  const edges = successorCount(value);
  for (let k: u32 = 0; k < edges; k++) {
    out.text(k == 0 && arity == 0 ? ' ' : ', ');
    printTarget(out, successor(value, k));
  }
  switch (op) {
    case Op.Iconst:
      out.u8(0x20);
      out.signedDecimal(types[value] == Type.I32 ? (imm as i32 as i64) : imm);
      break;
    case Op.Fconst:
      out.text(' 0x');
      out.hex(imm);
      break;
    case Op.TrapIf:
    case Op.Trap:
    case Op.Result:
      printNumber(out, imm);
      break;
    case Op.CtxAddr:
    case Op.RodataAddr:
      printOffset(out, imm);
      break;
    case Op.CtxLoad:
    case Op.CtxStore:
    case Op.PtrLoad:
    case Op.PtrStore:
      printOffset(out, imm);
      out.u8(0x20);
      printWord(out, REGION_NAMES, argC[value].index);
      break;
    default:
      if (op < Op.Load || op > Op.Store32) break;
      printOffset(out, imm);
      if (argC[value].index != 0) {
        out.text(' mem');
        out.decimal(argC[value].index);
      }
  }
}
