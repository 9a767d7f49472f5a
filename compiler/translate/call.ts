/** call: direct and indirect calls.
 *  In: call and call_indirect, arguments on the stack.  Out: IR calls; their results on the stack.
 *  A table that nothing can change after instantiation is known now: calls through it use a table of code distances in rodata, one for
 *  each expected signature, and need neither a FuncRef nor (when every function in it has the signature) a look at types. */

import { Column } from '../base/column';
import { Value, none } from '../base/entity';
import * as ir from '../ir/func';
import { Op, Region } from '../ir/op';
import { Type } from '../ir/type';
import { addFunctionTableEntry, noteFunctionTable, rodata } from '../emit/output';
import { FUNCREF_TYPE } from '../../runtime/layout';
import { TrapCode } from '../../runtime/traps';
import * as context from '../wasm/context';
import * as module from '../wasm/module';
import * as reader from '../wasm/reader';
import { Opcode } from '../wasm/opcodes';
import * as builder from './builder';
import { setOwnParams } from './locals';
import * as stack from './stack';
import { entryAddress, tableLength } from './table';
import { irType } from './types';

/** Distances in a static table that stand for no function. */
const DISTANCE_NULL: u32 = 0;
const DISTANCE_OTHER_TYPE: u32 = 1;
/** Larger tables are called through their FuncRefs: a copy for each signature would cost too much. */
const MAX_STATIC_LENGTH: u64 = 1 << 16;

// Static tables: per table its contents (function index + 1, 0 null) or none; per (table, type) the rodata offset of its distances.
const enum Analysis {
  Unknown = 0,
  Static = 1,
  Dynamic = 2,
}

let tableCapacity: u32 = 0;
let analyses: Column<u32, u8> = Column.none<u32, u8>();
let contentsAt: Column<u32, u32> = Column.none<u32, u32>();
let entryCapacity: u32 = 0;
let entryCount: u32 = 0;
let entries: Column<u32, u32> = Column.none<u32, u32>();
let rowCapacity: u32 = 0;
let rowCount: u32 = 0;
let rowTables: Column<u32, u32> = Column.none<u32, u32>();
let rowTypes: Column<u32, u32> = Column.none<u32, u32>();
let rowOffsets: Column<u32, u32> = Column.none<u32, u32>();
let rowComplete: Column<u32, u8> = Column.none<u32, u8>();

/** Forgets the module before. */
export function resetCalls(): void {
  const count = module.tableCount;
  if (count > tableCapacity) {
    analyses = Column.grown<u32, u8>(analyses, tableCapacity, count);
    contentsAt = Column.grown<u32, u32>(contentsAt, tableCapacity, count);
    tableCapacity = count;
  }
  for (let i: u32 = 0; i < count; i++) analyses[i] = Analysis.Unknown as u8;
  entryCount = 0;
  rowCount = 0;
}

function pushResults(call: Value, typeIndex: u32): void {
  const count = module.typeResultCount(typeIndex);
  if (count == 0) return;
  stack.push(call);
  for (let k: u32 = 1; k < count; k++) stack.push(builder.callResult(irType(module.typeResult(typeIndex, k)), call, k));
}

function emitCall(op: Op, callee: Value, index: u32, typeIndex: u32): void {
  const params = module.typeParamCount(typeIndex);
  const type = module.typeResultCount(typeIndex) == 0 ? Type.None : irType(module.typeResult(typeIndex, 0));
  const args = stack.popList(params);
  pushResults(builder.call(op, type, args, params, callee, index, typeIndex), typeIndex);
}

export function translateCall(): void {
  const func = reader.readU32();
  const op = func < module.importedFuncCount ? Op.CallImport : Op.Call;
  emitCall(op, none<Value>(), func, module.funcType(func));
}

export function translateCallIndirect(): void {
  const typeIndex = reader.readU32();
  const table = reader.readU32();
  const index = stack.pop();
  if (isStatic(table)) {
    callStatic(table, typeIndex, index);
    return;
  }
  builder.trapIf(builder.compare(Op.GeU, index, tableLength(table)), TrapCode.TableOutOfBounds);
  const ref = builder.pointerLoad(Type.Ref, entryAddress(table, index), 0, Region.Table);
  builder.trapIf(builder.compare(Op.Eq, ref, builder.iconst(Type.Ref, 0)), TrapCode.IndirectCallToNull);
  const found = builder.pointerLoad(Type.I32, ref, FUNCREF_TYPE, Region.Constant);
  const wanted = builder.contextLoad(Type.I32, context.typeIdOffset(typeIndex), Region.Constant);
  builder.trapIf(builder.compare(Op.Ne, found, wanted), TrapCode.BadSignature);
  emitCall(Op.CallRef, ref, 0, typeIndex);
}

function callStatic(table: u32, typeIndex: u32, index: Value): void {
  const row = distances(table, module.canonicalType(typeIndex));
  const length = module.tableMin(table) as u32;
  builder.trapIf(builder.compare(Op.GeU, index, builder.i32const(length)), TrapCode.TableOutOfBounds);
  const base = builder.rodataAddress(rowOffsets[row]);
  const offset = builder.binary(Op.Shl, Type.I64, builder.unary(Op.ExtendU, Type.I64, index), builder.i64const(2));
  const distance = builder.pointerLoad(Type.I32, builder.binary(Op.Add, Type.I64, base, offset), 0, Region.Constant);
  if (rowComplete[row] == 0) {
    // One compare on the way; which trap it is shows out of line.
    const bad = ir.newBlock();
    const good = ir.newBlock();
    setOwnParams(bad, 0);
    setOwnParams(good, 0);
    ir.coldness[bad] = 1;
    builder.branchIf(builder.compare(Op.LeU, distance, builder.i32const(DISTANCE_OTHER_TYPE)), bad, 0, good, 0);
    builder.setBlock(bad);
    builder.trapIf(builder.compare(Op.Eq, distance, builder.i32const(DISTANCE_NULL)), TrapCode.IndirectCallToNull);
    builder.trap(TrapCode.BadSignature);
    builder.setBlock(good);
  }
  const code = builder.binary(Op.Add, Type.I64, base, builder.unary(Op.ExtendS, Type.I64, distance));
  emitCall(Op.CallCode, code, 0, typeIndex);
}

/** Whether the table's contents are known and stay; reads them on the first call. */
function isStatic(table: u32): bool {
  if (analyses[table] == Analysis.Unknown) analyses[table] = (analyse(table) ? Analysis.Static : Analysis.Dynamic) as u8;
  return analyses[table] == Analysis.Static;
}

function analyse(table: u32): bool {
  const length64 = module.tableMin(table);
  if (module.tableIsMutated(table) || module.tableInitLength(table) != 0 || length64 > MAX_STATIC_LENGTH) return false;
  // Every call traps: no distances, and an address of nothing would not be told from that of what comes next.
  if (length64 == 0) return false;
  const length = length64 as u32;
  const start = entryCount;
  const need = start + length;
  if (need > entryCapacity) {
    const grown = max<u32>(need, entryCapacity << 1);
    entries = Column.grown<u32, u32>(entries, entryCapacity, grown);
    entryCapacity = grown;
  }
  entries.clear(start, need);
  // The reader is in the middle of the body: come back to where it was.
  const position = reader.position();
  const end = reader.endPosition();
  let known = true;
  for (let elem: u32 = 0; elem < module.elemCount && known; elem++) {
    if (module.elemMode(elem) != module.SegmentMode.Active || module.elemTable(elem) != table) continue;
    known = applySegment(elem, start, length);
  }
  reader.setRange(position, end - position);
  if (!known) return false;
  contentsAt[table] = start;
  entryCount = need;
  return true;
}

/** Writes an active segment into the contents; false when it is not known now (or instantiation would trap). */
function applySegment(elem: u32, start: u32, length: u32): bool {
  reader.setRange(module.elemOffsetExprOffset(elem), module.elemOffsetExprLength(elem));
  if (reader.readOpcode() != Opcode.I32Const) return false;
  const offset = reader.readS32() as u32;
  if (reader.readOpcode() != Opcode.End) return false;
  const count = module.elemItemCount(elem);
  if ((offset as u64) + count > length) return false;
  for (let i: u32 = 0; i < count; i++) {
    const item = module.elemItemFunc(elem, i);
    if (item == module.ITEM_NULL) entries[start + offset + i] = 0;
    else if (item < <i32>module.importedFuncCount) return false;
    else entries[start + offset + i] = item + 1;
  }
  return true;
}

/** Rodata offset of the distances of a table that another part of the module found to be static. */
export function functionTable(table: u32, type: u32): u32 {
  const found = isStatic(table);
  assert(found);
  // The row first: its table may move.
  const row = distances(table, type);
  return rowOffsets[row];
}

/** The row of distances for the table seen with a canonical type; written to rodata on the first call. */
function distances(table: u32, type: u32): u32 {
  for (let row: u32 = 0; row < rowCount; row++) if (rowTables[row] == table && rowTypes[row] == type) return row;
  if (rowCount == rowCapacity) {
    const grown = rowCapacity == 0 ? 16 : rowCapacity << 1;
    rowTables = Column.grown<u32, u32>(rowTables, rowCapacity, grown);
    rowTypes = Column.grown<u32, u32>(rowTypes, rowCapacity, grown);
    rowOffsets = Column.grown<u32, u32>(rowOffsets, rowCapacity, grown);
    rowComplete = Column.grown<u32, u8>(rowComplete, rowCapacity, grown);
    rowCapacity = grown;
  }
  const row = rowCount++;
  rodata.align(4);
  const tableStart = rodata.length;
  noteFunctionTable(table, type);
  rowTables[row] = table;
  rowTypes[row] = type;
  rowOffsets[row] = tableStart;
  let complete: u8 = 1;
  const first = contentsAt[table];
  const length = module.tableMin(table) as u32;
  for (let i: u32 = 0; i < length; i++) {
    const entry = entries[first + i];
    if (entry != 0 && module.canonicalType(module.funcType(entry - 1)) == type) {
      addFunctionTableEntry(tableStart, entry - 1);
      continue;
    }
    rodata.u32(entry == 0 ? DISTANCE_NULL : DISTANCE_OTHER_TYPE);
    complete = 0;
  }
  rowComplete[row] = complete;
  return row;
}
