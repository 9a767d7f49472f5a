/** builder: appends instructions to the block that is being filled.
 *  In: the current block and wasm location.  Out: values. No folding here: opt/ does that, once. */

import { Block, Edge, Value, none } from '../base/entity';
import * as ir from '../ir/func';
import { Op, Region } from '../ir/op';
import { Type } from '../ir/type';
import { TrapCode } from '../../runtime/traps';

/** The block that is being filled; none while the code is unreachable. */
export let block: Block = none<Block>();
/** Wasm offset of the operator being translated. */
export let location: u32 = 0;

export function setBlock(next: Block): void {
  block = next;
}

export function setLocation(offset: u32): void {
  location = offset;
}

function append(op: Op, type: Type, a: Value, b: Value, c: Value, imm: i64): Value {
  const value = ir.newValue(op, type, a, b, c, imm, location);
  ir.appendValue(block, value);
  return value;
}

export function iconst(type: Type, imm: i64): Value {
  return append(Op.Iconst, type, none<Value>(), none<Value>(), none<Value>(), imm);
}

/** An i32 constant; the bits above are dropped. */
export function i32const(imm: u32): Value {
  return iconst(Type.I32, imm as i64);
}

export function i64const(imm: i64): Value {
  return iconst(Type.I64, imm);
}

export function fconst(type: Type, bits: u64): Value {
  return append(Op.Fconst, type, none<Value>(), none<Value>(), none<Value>(), bits as i64);
}

export function unary(op: Op, type: Type, a: Value): Value {
  return append(op, type, a, none<Value>(), none<Value>(), 0);
}

export function binary(op: Op, type: Type, a: Value, b: Value): Value {
  return append(op, type, a, b, none<Value>(), 0);
}

export function compare(op: Op, a: Value, b: Value): Value {
  return append(op, Type.I32, a, b, none<Value>(), 0);
}

export function select(type: Type, condition: Value, ifNonzero: Value, ifZero: Value): Value {
  return append(Op.Select, type, condition, ifNonzero, ifZero, 0);
}

export function memoryLoad(op: Op, type: Type, address: Value, offset: u32): Value {
  return append(op, type, address, none<Value>(), none<Value>(), offset as i64);
}

export function memoryStore(op: Op, address: Value, value: Value, offset: u32): void {
  append(op, Type.None, address, value, none<Value>(), offset as i64);
}

function regionValue(region: Region): Value {
  return changetype<Value>(region as usize);
}

export function contextLoad(type: Type, offset: u32, region: Region): Value {
  return append(Op.CtxLoad, type, none<Value>(), none<Value>(), regionValue(region), offset as i64);
}

export function contextStore(value: Value, offset: u32, region: Region): void {
  append(Op.CtxStore, Type.None, value, none<Value>(), regionValue(region), offset as i64);
}

/** Address of a byte of the VMContext. */
export function contextAddress(offset: u32): Value {
  return append(Op.CtxAddr, Type.I64, none<Value>(), none<Value>(), none<Value>(), offset as i64);
}

export function pointerLoad(type: Type, pointer: Value, offset: u32, region: Region): Value {
  return append(Op.PtrLoad, type, pointer, none<Value>(), regionValue(region), offset as i64);
}

export function pointerStore(pointer: Value, value: Value, offset: u32, region: Region): void {
  append(Op.PtrStore, Type.None, pointer, value, regionValue(region), offset as i64);
}

export function rodataAddress(offset: u32): Value {
  return append(Op.RodataAddr, Type.I64, none<Value>(), none<Value>(), none<Value>(), offset as i64);
}

export function trapIf(condition: Value, code: TrapCode): void {
  append(Op.TrapIf, Type.None, condition, none<Value>(), none<Value>(), code as i64);
}

/** Ends the block. */
export function trap(code: TrapCode): void {
  append(Op.Trap, Type.None, none<Value>(), none<Value>(), none<Value>(), code as i64);
  block = none<Block>();
}

/** A call whose `count` arguments start at `args` in the pool. */
export function call(op: Op, type: Type, args: u32, count: u32, callee: Value, index: u32, typeIndex: u32): Value {
  const imm = ((typeIndex as i64) << 32) | (index as i64);
  return append(op, type, changetype<Value>(args as usize), changetype<Value>(count as usize), callee, imm);
}

/** Result k of a call, k >= 1. */
export function callResult(type: Type, callValue: Value, k: u32): Value {
  return append(Op.Result, type, callValue, none<Value>(), none<Value>(), k as i64);
}

function terminator(op: Op, a: Value, firstEdge: Edge, count: u32): void {
  append(op, Type.None, a, changetype<Value>(firstEdge.index as usize), changetype<Value>(count as usize), 0);
  block = none<Block>();
}

/** Ends the block; the arguments start at `args` in the pool. */
export function jump(to: Block, args: u32): void {
  terminator(Op.Jump, none<Value>(), ir.newEdge(block, to, args), 1);
}

export function branchIf(condition: Value, ifNonzero: Block, args: u32, ifZero: Block, elseArgs: u32): void {
  const first = ir.newEdge(block, ifNonzero, args);
  ir.newEdge(block, ifZero, elseArgs);
  terminator(Op.BrIf, condition, first, 2);
}

/** The caller has made the edges. */
export function branchTable(index: Value, firstEdge: Edge, count: u32): void {
  terminator(Op.BrTable, index, firstEdge, count);
}

/** The values start at `values` in the pool. */
export function returnValues(values: u32, count: u32): void {
  append(Op.Return, Type.None, changetype<Value>(values as usize), changetype<Value>(count as usize), none<Value>(), 0);
  block = none<Block>();
}
