/** memory: loads, stores and bulk operations on linear memory and data segments.
 *  In: opcodes with their immediates in the reader, operands on the stack.  Out: IR.
 *  With guard pages an access needs no check: a 32-bit address plus an offset below 2^31 stays in the reservation.
 *  Larger offsets, and modules compiled with explicit checks, compare against the memory's length. */

import { Value, none } from '../base/entity';
import * as ir from '../ir/func';
import { Op, Region } from '../ir/op';
import { Type } from '../ir/type';
import * as options from '../options';
import { BUILTIN_MEMORY_COPY, BUILTIN_MEMORY_FILL, BUILTIN_MEMORY_GROW } from '../../runtime/builtins';
import { DATASEGMENT_ADDRESS, DATASEGMENT_LENGTH, MEMORYDESC_BASE, MEMORYDESC_BYTE_LENGTH } from '../../runtime/layout';
import { TrapCode } from '../../runtime/traps';
import * as context from '../wasm/context';
import * as reader from '../wasm/reader';
import { Opcode } from '../wasm/opcodes';
import * as builder from './builder';
import * as stack from './stack';
import { D, F, I, L, TYPE_SHIFT } from './types';

/** The largest offset that an access may carry in its addressing mode. */
const MAX_OFFSET: u32 = 0x7fffffff;

const SIZE_SHIFT: u32 = 16;
const ONE = 1 << SIZE_SHIFT;
const TWO = 2 << SIZE_SHIFT;
const FOUR = 4 << SIZE_SHIFT;
const EIGHT = 8 << SIZE_SHIFT;

/** A word of IR operation, result or value type and bytes for each opcode from i32.load to i64.store32. */
// biome-ignore format: a table
const ROWS = memory.data<i32>([
  Op.Load | I | FOUR, Op.Load | L | EIGHT, Op.Load | F | FOUR, Op.Load | D | EIGHT,
  Op.Load8S | I | ONE, Op.Load8U | I | ONE, Op.Load16S | I | TWO, Op.Load16U | I | TWO,
  Op.Load8S | L | ONE, Op.Load8U | L | ONE, Op.Load16S | L | TWO, Op.Load16U | L | TWO, Op.Load32S | L | FOUR, Op.Load32U | L | FOUR,
  Op.Store | I | FOUR, Op.Store | L | EIGHT, Op.Store | F | FOUR, Op.Store | D | EIGHT,
  Op.Store8 | I | ONE, Op.Store16 | I | TWO, Op.Store8 | L | ONE, Op.Store16 | L | TWO, Op.Store32 | L | FOUR,
]);

export function isAccess(opcode: u32): bool {
  return opcode >= <u32>Opcode.I32Load && opcode <= <u32>Opcode.I64Store32;
}

export function translateAccess(opcode: u32): void {
  const row = ROWS + ((opcode - Opcode.I32Load) as usize) * 4;
  const op = load<u8>(row) as Op;
  const type = load<u8>(row, TYPE_SHIFT >> 3) as Type;
  const bytes: u32 = load<u8>(row, SIZE_SHIFT >> 3);
  reader.readU32();
  const offset = reader.readU32();
  if (opcode < <u32>Opcode.I32Store) {
    const address = stack.pop();
    const checked = checkAccess(address, offset, bytes);
    stack.push(builder.memoryLoad(op, type, checked, checkedOffset));
    return;
  }
  const value = stack.pop();
  const address = stack.pop();
  const checked = checkAccess(address, offset, bytes);
  builder.memoryStore(op, checked, value, checkedOffset);
}

/** What `checkAccess` leaves of the offset. */
let checkedOffset: u32 = 0;

/** The address to use with `checkedOffset`, after whatever check the access needs. */
function checkAccess(address: Value, offset: u32, bytes: u32): Value {
  checkedOffset = offset;
  if (!options.memoryExplicit && offset <= MAX_OFFSET) return address;
  const start = builder.unary(Op.ExtendU, Type.I64, address);
  const end = builder.binary(Op.Add, Type.I64, start, builder.i64const((offset as i64) + bytes));
  builder.trapIf(builder.compare(Op.GtU, end, memoryLength()), TrapCode.MemoryOutOfBounds);
  if (offset <= MAX_OFFSET) return address;
  // In bounds, so the sum fits 32 bits.
  checkedOffset = 0;
  return builder.binary(Op.Add, Type.I32, address, builder.i32const(offset));
}

/** Bytes of memory 0, i64. */
function memoryLength(): Value {
  const at = context.memoryOffset(0);
  if (!context.memoryIsImported(0)) return builder.contextLoad(Type.I64, at + MEMORYDESC_BYTE_LENGTH, Region.MemoryLength);
  const descriptor = builder.contextLoad(Type.I64, at, Region.Constant);
  return builder.pointerLoad(Type.I64, descriptor, MEMORYDESC_BYTE_LENGTH, Region.MemoryLength);
}

/** Address of byte 0 of memory 0. */
function memoryBase(): Value {
  const at = context.memoryOffset(0);
  if (!context.memoryIsImported(0)) return builder.contextLoad(Type.I64, at + MEMORYDESC_BASE, Region.Constant);
  const descriptor = builder.contextLoad(Type.I64, at, Region.Constant);
  return builder.pointerLoad(Type.I64, descriptor, MEMORYDESC_BASE, Region.Constant);
}

export function translateMemorySize(): void {
  reader.readU32();
  const pages = builder.binary(Op.ShrU, Type.I64, memoryLength(), builder.i64const(16));
  stack.push(builder.unary(Op.Wrap, Type.I32, pages));
}

export function translateMemoryGrow(): void {
  reader.readU32();
  const delta = stack.pop();
  stack.push(callBuiltin(BUILTIN_MEMORY_GROW, Type.I32, builder.i32const(0), delta, none<Value>(), none<Value>(), none<Value>(), 2));
}

/** A builtin with up to five arguments. */
export function callBuiltin(id: u32, type: Type, a: Value, b: Value, c: Value, d: Value, e: Value, count: u32): Value {
  const args = ir.pool.extend(count);
  ir.pool.set(args, a.index);
  if (count > 1) ir.pool.set(args + 1, b.index);
  if (count > 2) ir.pool.set(args + 2, c.index);
  if (count > 3) ir.pool.set(args + 3, d.index);
  if (count > 4) ir.pool.set(args + 4, e.index);
  return builder.call(Op.CallBuiltin, type, args, count, none<Value>(), id, 0);
}

/** Traps unless start + count <= length; start and count are i32, length i64. The start, as i64. */
function checkRange(start: Value, count64: Value, length: Value): Value {
  const start64 = builder.unary(Op.ExtendU, Type.I64, start);
  const end = builder.binary(Op.Add, Type.I64, start64, count64);
  builder.trapIf(builder.compare(Op.GtU, end, length), TrapCode.MemoryOutOfBounds);
  return start64;
}

export function translateMemoryCopy(): void {
  reader.readU32();
  reader.readU32();
  const count = builder.unary(Op.ExtendU, Type.I64, stack.pop());
  const from = stack.pop();
  const to = stack.pop();
  const length = memoryLength();
  const to64 = checkRange(to, count, length);
  const from64 = checkRange(from, count, length);
  const base = memoryBase();
  const target = builder.binary(Op.Add, Type.I64, base, to64);
  const source = builder.binary(Op.Add, Type.I64, base, from64);
  callBuiltin(BUILTIN_MEMORY_COPY, Type.None, target, source, count, none<Value>(), none<Value>(), 3);
}

export function translateMemoryFill(): void {
  reader.readU32();
  const count = builder.unary(Op.ExtendU, Type.I64, stack.pop());
  const byte = stack.pop();
  const to64 = checkRange(stack.pop(), count, memoryLength());
  const target = builder.binary(Op.Add, Type.I64, memoryBase(), to64);
  callBuiltin(BUILTIN_MEMORY_FILL, Type.None, target, byte, count, none<Value>(), none<Value>(), 3);
}

export function translateMemoryInit(): void {
  const segment = context.dataSegmentOffset(reader.readU32());
  reader.readU32();
  const count = builder.unary(Op.ExtendU, Type.I64, stack.pop());
  const from = stack.pop();
  const to64 = checkRange(stack.pop(), count, memoryLength());
  const from64 = checkRange(from, count, builder.contextLoad(Type.I64, segment + DATASEGMENT_LENGTH, Region.DataSegment));
  const target = builder.binary(Op.Add, Type.I64, memoryBase(), to64);
  const address = builder.contextLoad(Type.I64, segment + DATASEGMENT_ADDRESS, Region.DataSegment);
  const source = builder.binary(Op.Add, Type.I64, address, from64);
  callBuiltin(BUILTIN_MEMORY_COPY, Type.None, target, source, count, none<Value>(), none<Value>(), 3);
}

export function translateDataDrop(): void {
  const segment = context.dataSegmentOffset(reader.readU32());
  builder.contextStore(builder.i64const(0), segment + DATASEGMENT_LENGTH, Region.DataSegment);
}
