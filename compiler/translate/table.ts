/** table: table operations and references.
 *  In: opcodes with their immediates in the reader, operands on the stack.  Out: IR.
 *  get, set and size are inline; what may grow or walk a table is a host builtin (runtime/builtins.ts). */

import { Value, none } from '../base/entity';
import { Op, Region } from '../ir/op';
import { Type } from '../ir/type';
import { BUILTIN_ELEM_DROP, BUILTIN_TABLE_COPY, BUILTIN_TABLE_FILL, BUILTIN_TABLE_GROW, BUILTIN_TABLE_INIT } from '../../runtime/builtins';
import { FUNCIMPORT_REF, TABLEDESC_BASE, TABLEDESC_LENGTH } from '../../runtime/layout';
import { TrapCode } from '../../runtime/traps';
import * as context from '../wasm/context';
import * as module from '../wasm/module';
import * as reader from '../wasm/reader';
import * as builder from './builder';
import { callBuiltin } from './memory';
import * as stack from './stack';

/** A field of a table's descriptor. */
function descriptorLoad(table: u32, type: Type, field: u32): Value {
  const at = context.tableOffset(table);
  if (!context.tableIsImported(table)) return builder.contextLoad(type, at + field, Region.Table);
  return builder.pointerLoad(type, builder.contextLoad(Type.I64, at, Region.Constant), field, Region.Table);
}

export function tableLength(table: u32): Value {
  return descriptorLoad(table, Type.I32, TABLEDESC_LENGTH);
}

/** Address of entry `index` (i32), which must be below the length. */
export function entryAddress(table: u32, index: Value): Value {
  const base = descriptorLoad(table, Type.I64, TABLEDESC_BASE);
  const offset = builder.binary(Op.Shl, Type.I64, builder.unary(Op.ExtendU, Type.I64, index), builder.i64const(3));
  return builder.binary(Op.Add, Type.I64, base, offset);
}

function checkIndex(table: u32, index: Value): void {
  builder.trapIf(builder.compare(Op.GeU, index, tableLength(table)), TrapCode.TableOutOfBounds);
}

export function translateTableGet(): void {
  const table = reader.readU32();
  const index = stack.pop();
  checkIndex(table, index);
  stack.push(builder.pointerLoad(Type.Ref, entryAddress(table, index), 0, Region.Table));
}

export function translateTableSet(): void {
  const table = reader.readU32();
  const value = stack.pop();
  const index = stack.pop();
  checkIndex(table, index);
  builder.pointerStore(entryAddress(table, index), value, 0, Region.Table);
}

export function translateTableSize(): void {
  stack.push(tableLength(reader.readU32()));
}

export function translateTableGrow(): void {
  const table = builder.i32const(reader.readU32());
  const delta = stack.pop();
  const initial = stack.pop();
  stack.push(callBuiltin(BUILTIN_TABLE_GROW, Type.I32, table, initial, delta, none<Value>(), none<Value>(), 3));
}

export function translateTableFill(): void {
  const table = builder.i32const(reader.readU32());
  const count = stack.pop();
  const value = stack.pop();
  const start = stack.pop();
  callBuiltin(BUILTIN_TABLE_FILL, Type.None, table, start, value, count, none<Value>(), 4);
}

export function translateTableCopy(): void {
  const toTable = builder.i32const(reader.readU32());
  const fromTable = builder.i32const(reader.readU32());
  const count = stack.pop();
  const from = stack.pop();
  const to = stack.pop();
  callBuiltin(BUILTIN_TABLE_COPY, Type.None, toTable, fromTable, to, from, count, 5);
}

export function translateTableInit(): void {
  const segment = builder.i32const(reader.readU32());
  const table = builder.i32const(reader.readU32());
  const count = stack.pop();
  const from = stack.pop();
  const to = stack.pop();
  callBuiltin(BUILTIN_TABLE_INIT, Type.None, table, segment, to, from, count, 5);
}

export function translateElemDrop(): void {
  callBuiltin(
    BUILTIN_ELEM_DROP,
    Type.None,
    builder.i32const(reader.readU32()),
    none<Value>(),
    none<Value>(),
    none<Value>(),
    none<Value>(),
    1,
  );
}

export function translateRefFunc(): void {
  const func = reader.readU32();
  stack.push(
    func < module.importedFuncCount
      ? builder.contextLoad(Type.Ref, context.funcImportOffset(func) + FUNCIMPORT_REF, Region.Constant)
      : builder.unary(Op.Bitcast, Type.Ref, builder.contextAddress(context.funcRefOffset(func))),
  );
}

export function translateRefNull(): void {
  reader.readS33();
  stack.push(builder.iconst(Type.Ref, 0));
}

export function translateRefIsNull(): void {
  stack.push(builder.compare(Op.Eq, stack.pop(), builder.iconst(Type.Ref, 0)));
}
