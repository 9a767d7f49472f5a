/** parse: reads the IR's text form (print.ts) into func.ts; for tests.
 *  In: ASCII text; lines that start with `;` are comments.  Out: the function, its values and blocks numbered as in the text;
 *  instructions without a result get numbers after those.
 *  Errors: base/error, with the byte offset in the text. The result is not verified. */

import { Buffer } from '../base/buffer';
import { Block, Edge, Value, at, none } from '../base/entity';
import { ErrorCode, fail, failed } from '../base/error';
import {
  appendValue,
  argA,
  argB,
  argC,
  coldness,
  imms,
  newBlock,
  newEdge,
  newValue,
  ops,
  paramCount,
  pool,
  resetFunc,
  types,
} from './func';
import { Flag, OP_NAMES, Op, opArity, opHas } from './op';
import { REGION_NAMES } from './print';
import { TYPE_NAMES, Type } from './type';
import { letterAt } from '../base/text';

let source: Buffer = Buffer.create();
let position: u32 = 0;
/** Numbers up to these exist. */
let lastNumber: u32 = 0;
let lastBlock: u32 = 0;

function peek(): u32 {
  return position < source.length ? source.u8At(position) : 0;
}

function skipSpace(): void {
  for (;;) {
    const c = peek();
    if (c == 0x3b) {
      while (position < source.length && peek() != 0x0a) position++;
    } else if (c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09) position++;
    else return;
  }
}

function isDigit(c: u32): bool {
  return c >= 0x30 && c <= 0x39;
}

function isWord(c: u32): bool {
  return isDigit(c) || (c >= 0x61 && c <= 0x7a) || c == 0x5f;
}

function error(text: string): void {
  fail(ErrorCode.Malformed, position, text);
}

/** Takes the character when it is next. */
function take(c: u32): bool {
  skipSpace();
  if (peek() != c) return false;
  position++;
  return true;
}

function expect(c: u32): void {
  if (!take(c)) error('unexpected character');
}

function takeText(literal: string): bool {
  skipSpace();
  let length: u32 = 0;
  for (; letterAt(literal, length) != 0; length++) {
    if (position + length >= source.length || source.u8At(position + length) != letterAt(literal, length)) return false;
  }
  position += length;
  return true;
}

function decimal(): u64 {
  let number: u64 = 0;
  if (!isDigit(peek())) error('expected a number');
  for (; isDigit(peek()); position++) number = number * 10 + (peek() - 0x30);
  return number;
}

function signedDecimal(): i64 {
  skipSpace();
  if (peek() == 0x2d) {
    position++;
    return 0 - (decimal() as i64);
  }
  if (peek() == 0x2b) position++;
  return decimal() as i64;
}

function hex(): u64 {
  let number: u64 = 0;
  for (let c = peek(); isDigit(c) || (c >= 0x61 && c <= 0x66); c = peek()) {
    number = (number << 4) | (isDigit(c) ? c - 0x30 : c - 0x57);
    position++;
  }
  return number;
}

/** Number of the word at hand in a list of words; 0xffffffff: not there. */
function word(words: string): u32 {
  skipSpace();
  const start = position;
  while (isWord(peek())) position++;
  const length = position - start;
  let number: u32 = 0;
  let i: u32 = 0;
  while (letterAt(words, i) != 0) {
    let matched: u32 = 0;
    let same = true;
    for (; letterAt(words, i) > 0x20; i++) {
      if (matched >= length || source.u8At(start + matched) != letterAt(words, i)) same = false;
      matched++;
    }
    if (same && matched == length) return number;
    number++;
    if (letterAt(words, i) != 0) i++;
  }
  position = start;
  error('unknown word');
  return 0xffffffff;
}

function parseValue(): Value {
  expect(0x76);
  const number = decimal() as u32;
  if (number == 0 || number > lastNumber) error('no such value');
  return at<Value>(failed() ? 0 : number);
}

function parseBlockName(): Block {
  if (!takeText('block')) error('expected a block');
  const number: u32 = failed() ? 0 : (decimal() as u32);
  if (number == 0 || number > lastBlock) error('no such block');
  return at<Block>(failed() ? 0 : number);
}

/** `(v1, v2)` into the pool; the start. `listCount` has the count. */
let listCount: u32 = 0;
function parseList(): u32 {
  listCount = 0;
  expect(0x28);
  const start = pool.length;
  if (take(0x29)) return start;
  do {
    pool.push(parseValue().index);
    listCount++;
  } while (!failed() && take(0x2c));
  expect(0x29);
  return start;
}

/** Finds the largest numbers, so that everything can be named before it is defined. */
function findNumbers(): void {
  lastNumber = 0;
  lastBlock = 0;
  for (position = 0; position < source.length; position++) {
    const c = peek();
    if (isWord(c)) {
      const start = position;
      while (isWord(peek())) position++;
      const end = position;
      let digits = end;
      while (digits > start && isDigit(source.u8At(digits - 1))) digits--;
      position = digits;
      if (digits != end && digits == start + 1 && c == 0x76) lastNumber = max<u32>(lastNumber, decimal() as u32);
      else if (digits != end && digits == start + 5 && c == 0x62) lastBlock = max<u32>(lastBlock, decimal() as u32);
      position = end - 1;
    }
  }
  position = 0;
}

/** False: see base/error. */
export function parseFunction(text: Buffer): bool {
  source = text;
  findNumbers();
  if (!takeText('function')) error('expected a function');
  skipSpace();
  resetFunc(failed() ? 0 : (decimal() as u32), 0);
  for (let i: u32 = 0; i < lastNumber; i++) newValue(Op.None, Type.None, none<Value>(), none<Value>(), none<Value>(), 0, 0);
  for (let i: u32 = 0; i < lastBlock; i++) newBlock();
  expect(0x7b);
  while (!failed() && !take(0x7d)) parseBlock();
  return !failed();
}

function parseBlock(): void {
  const block = parseBlockName();
  if (failed()) return;
  if (take(0x28)) {
    do {
      const param = parseValue();
      expect(0x3a);
      const type = word(TYPE_NAMES);
      if (failed()) return;
      define(param, Op.Param, type as Type);
      imms[param] = paramCount[block];
      paramCount[block] = paramCount[block] + 1;
      appendValue(block, param);
    } while (take(0x2c));
    expect(0x29);
  }
  if (takeText('cold')) coldness[block] = 1;
  expect(0x3a);
  while (!failed()) if (parseInstruction(block)) return;
}

function define(value: Value, op: Op, type: Type): void {
  if (ops[value] != Op.None) error('defined twice');
  ops[value] = op as u8;
  types[value] = type as u8;
}

/** True when it was a terminator. */
function parseInstruction(block: Block): bool {
  skipSpace();
  let value = none<Value>();
  if (peek() == 0x76) {
    value = parseValue();
    expect(0x3d);
  }
  const op = word(OP_NAMES) as Op;
  if (failed()) return true;
  let type: Type = Type.None;
  if (take(0x2e)) type = word(TYPE_NAMES) as Type;
  if (failed()) return true;
  if ((type == Type.None) != value.isNone) error('a type if and only if there is a result');
  if (value.isNone) value = newValue(Op.None, Type.None, none<Value>(), none<Value>(), none<Value>(), 0, 0);
  define(value, op, type);
  appendValue(block, value);
  parseOperands(block, value, op, type);
  return opHas(op, Flag.Terminator);
}

function parseOperands(block: Block, value: Value, op: Op, type: Type): void {
  if (opHas(op, Flag.Call)) {
    if (op == Op.CallRef || op == Op.CallCode) argC[value] = parseValue();
    expect(0x23);
    const index = decimal();
    expect(0x3a);
    imms[value] = (index | (decimal() << 32)) as i64;
  }
  if (opHas(op, Flag.Pooled)) {
    argA[value] = at<Value>(parseList());
    argB[value] = at<Value>(listCount);
    return;
  }
  const arity = opArity(op);
  for (let i: u32 = 0; i < arity; i++) {
    if (i != 0) expect(0x2c);
    const argument = parseValue();
    if (i == 0) argA[value] = argument;
    else if (i == 1) argB[value] = argument;
    else argC[value] = argument;
  }
  if (op == Op.Jump || op == Op.BrIf || op == Op.BrTable) {
    if (arity != 0) expect(0x2c);
    parseTargets(block, value);
    return;
  }
  switch (op) {
    case Op.Iconst:
      imms[value] = type == Type.I32 ? signedDecimal() & 0xffffffff : signedDecimal();
      break;
    case Op.Fconst:
      if (!takeText('0x')) error('expected bits in hexadecimal');
      imms[value] = hex() as i64;
      break;
    case Op.TrapIf:
    case Op.Trap:
    case Op.Result:
      expect(0x23);
      imms[value] = signedDecimal();
      break;
    case Op.CtxAddr:
    case Op.RodataAddr:
      imms[value] = signedDecimal();
      break;
    case Op.CtxLoad:
    case Op.CtxStore:
    case Op.PtrLoad:
    case Op.PtrStore:
      imms[value] = signedDecimal();
      argC[value] = at<Value>(word(REGION_NAMES));
      break;
    default:
      if (op < Op.Load || op > Op.Store32) break;
      imms[value] = signedDecimal();
      if (takeText('mem')) argC[value] = at<Value>(decimal() as u32);
  }
}

function parseTargets(block: Block, terminator: Value): void {
  let count: u32 = 0;
  let first = none<Edge>();
  do {
    const to = parseBlockName();
    if (failed()) return;
    let args: u32 = 0;
    if (take(0x28)) {
      position--;
      args = parseList();
    }
    const edge = newEdge(block, to, args);
    if (count == 0) first = edge;
    count++;
  } while (take(0x2c));
  argB[terminator] = at<Value>(first.index);
  argC[terminator] = at<Value>(count);
}
