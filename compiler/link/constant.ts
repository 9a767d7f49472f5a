/** constant: constant expressions as Init records: the common single-operator forms decoded, others as bytes.
 *  In: where an expression stands in the (valid) wasm binary.  Out: Init fields; `exprs`, the content of the section Exprs.
 *  Ref: runtime/ARTIFACT.md. */

import { Buffer } from '../base/buffer';
import { INIT_SIZE, InitKind } from '../../runtime/artifact';
import { funcRefSlot } from '../wasm/context';
import * as module from '../wasm/module';
import { Opcode } from '../wasm/opcodes';
import { atEnd, position, readF32Bits, readF64Bits, readOpcode, readS32, readS33, readS64, readU32, setRange } from '../wasm/reader';

export const exprs: Buffer = Buffer.create();

/** What `decodeInit` found; the value of an Expr is known when it is written. */
export let initKind: InitKind = InitKind.None;
export let initValue: u64 = 0;
/** Where the expression stands. */
let initOffset: u32 = 0;
let initLength: u32 = 0;

export function resetConstants(): void {
  exprs.clear();
}

/** Reads past the immediate of a constant operator; its value, as an Init wants it. */
function readImmediate(opcode: u32): u64 {
  switch (opcode) {
    case Opcode.I32Const:
      return readS32() as u32 as u64;
    case Opcode.I64Const:
      return readS64() as u64;
    case Opcode.F32Const:
      return readF32Bits();
    case Opcode.F64Const:
      return readF64Bits();
    case Opcode.GlobalGet:
    case Opcode.RefFunc:
      return readU32();
    case Opcode.RefNull:
      readS33();
      return 0;
    default:
      return 0; // arithmetic
  }
}

function kindOf(opcode: u32): InitKind {
  switch (opcode) {
    case Opcode.I32Const:
    case Opcode.I64Const:
    case Opcode.F32Const:
    case Opcode.F64Const:
      return InitKind.Const;
    case Opcode.GlobalGet:
      return InitKind.GlobalGet;
    case Opcode.RefFunc:
      return InitKind.RefFunc;
    case Opcode.RefNull:
      return InitKind.RefNull;
    default:
      return InitKind.Expr;
  }
}

/** Decodes the expression at `offset`; returns the offset behind its `end`. The result is valid until the next call. */
export function decodeInit(offset: u32): u32 {
  setRange(offset, module.bytesLength - offset);
  const first = readOpcode();
  initKind = kindOf(first);
  initValue = readImmediate(first);
  if (initKind == InitKind.RefFunc) initValue = funcRefSlot(initValue as u32);
  for (let opcode = readOpcode(); opcode != Opcode.End && !atEnd(); opcode = readOpcode()) {
    initKind = InitKind.Expr;
    readImmediate(opcode);
  }
  initOffset = offset;
  initLength = position() - offset;
  return position();
}

function appendInit(out: Buffer): void {
  const isExpr = initKind == InitKind.Expr;
  if (isExpr) {
    initValue = exprs.length;
    exprs.bytes(module.bytesStart + initOffset, initLength);
  }
  out.u32(initKind);
  out.u32(isExpr ? initLength : 0);
  out.u64(initValue);
}

/** Appends the Init of the expression at `offset` (length 0: there is none). */
export function writeInit(out: Buffer, offset: u32, length: u32): void {
  if (length == 0) out.zeros(INIT_SIZE);
  else {
    decodeInit(offset);
    appendInit(out);
  }
}

/** Appends the Inits of `count` expressions, one after the other in the binary. */
export function writeInits(out: Buffer, offset: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    offset = decodeInit(offset);
    appendInit(out);
  }
}
