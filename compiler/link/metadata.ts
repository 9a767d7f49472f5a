/** metadata: the Ouro sections: fixed-width records that a reader indexes without walking.
 *  In: the decoded module, its VMContext layout, the tables of emit/output.  Out: sections at the end of the file.
 *  Cost: linear; sorting the exports n log n.  Ref: runtime/ARTIFACT.md, runtime/artifact.ts. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import { at } from '../base/entity';
import * as A from '../../runtime/artifact';
import * as output from '../emit/output';
import * as packed from '../emit/packed';
import { funcRefCount, funcRefFunc, funcRefSlot } from '../wasm/context';
import * as module from '../wasm/module';
import { accessorFlags } from './accessor';
import { exprs, writeInit, writeInits } from './constant';
import { hasImage, imageOffset } from './image';
import { closeSection, openMetadata } from './layout';
import { addString, functionName, functionNameLength, strings } from './names';

/** Collected while other sections are written. */
const valTypes: Buffer = Buffer.create();
const elemInits: Buffer = Buffer.create();
const elemItems: Buffer = Buffer.create();

/** Positions in Exports, in the order of the names. */
let orderCapacity: u32 = 0;
let order = Column.none<u32, u32>();
/** By export: offset of the name in the pool. */
let exportNames = Column.none<u32, u32>();

/** All sections of metadata but Strings and Wasm. */
export function writeMetadata(out: Buffer): void {
  writeTypes(out);
  writeImports(out);
  writeFunctions(out);
  writeTables(out);
  writeMemories(out);
  writeGlobals(out);
  writeExports(out);
  writeElems(out);
  writeDatas(out);
  writeBuffer(out, A.Section.Exprs, '.ouro.exprs', 1, exprs);
  writeFuncRefs(out);
  writeTraps(out);
  writeAddressMap(out);
}

/** About the size of all sections of metadata, at least for most modules. Requires `prepareImage`. */
export function metadataSize(): u32 {
  let size: u32 = 4096;
  size += output.functionCount * A.FUNCTION_SIZE + packed.packedTrapCount * A.TRAP_SIZE + packed.packedAddressCount * A.ADDRESS_SIZE;
  size += module.typeCount * (2 * A.TYPE_SIZE) + module.importCount * A.IMPORT_SIZE + module.exportCount * (A.EXPORT_SIZE + 4);
  size += funcRefCount * (A.FUNCREF_RECORD_SIZE + 8) + module.dataCount * A.DATA_SIZE;
  for (let data: u32 = 0; data < module.dataCount; data++) if (!dataInImage(data)) size += module.dataLength(data);
  return size;
}

function writeBuffer(out: Buffer, id: A.Section, name: string, recordSize: u32, content: Buffer): void {
  openMetadata(id, name, recordSize);
  out.bytes(content.data, content.length);
  closeSection();
}

function writeTypes(out: Buffer): void {
  valTypes.clear();
  openMetadata(A.Section.Types, '.ouro.types', A.TYPE_SIZE);
  for (let type: u32 = 0; type < module.typeCount; type++) {
    const params = module.typeParamCount(type);
    const results = module.typeResultCount(type);
    out.u32(valTypes.length >> 2);
    out.u32(params);
    out.u32(results);
    out.u32(0);
    for (let i: u32 = 0; i < params; i++) valTypes.u32(module.typeParam(type, i));
    for (let i: u32 = 0; i < results; i++) valTypes.u32(module.typeResult(type, i));
  }
  closeSection();
  writeBuffer(out, A.Section.ValTypes, '.ouro.valtypes', 4, valTypes);
}

/** Appends pool offset and length of a new string. */
function writeString(out: Buffer, offset: u32, length: u32): void {
  out.u32(addString(offset, length));
  out.u32(length);
}

function writeImports(out: Buffer): void {
  openMetadata(A.Section.Imports, '.ouro.imports', A.IMPORT_SIZE);
  for (let i: u32 = 0; i < module.importCount; i++) {
    writeString(out, module.importModuleOffset(i), module.importModuleLength(i));
    writeString(out, module.importNameOffset(i), module.importNameLength(i));
    const kind = module.importKind(i);
    const index = module.importIndex(i);
    out.u32(kind);
    out.u32(index);
    out.u32(kind == module.ExternKind.Func ? module.funcType(index) : 0);
    out.u32(0);
  }
  closeSection();
}

function writeFunctions(out: Buffer): void {
  openMetadata(A.Section.Functions, '.ouro.functions', A.FUNCTION_SIZE);
  for (let i: u32 = 0; i < output.functionCount; i++) {
    const entry = at<output.DefinedFunc>(i + 1);
    const func = module.importedFuncCount + i;
    out.u32(output.functionCodeOffset[entry]);
    out.u32(output.functionCodeSize[entry]);
    out.u32(output.functionFrameSize[entry]);
    out.u16(output.functionSavedRegisters[entry]);
    out.u16(output.functionFlags[entry] | accessorFlags(func));
    out.u32(module.funcType(func));
    out.u32(functionName(func));
    out.u32(functionNameLength(func));
    out.u32(module.bodyOffset(func));
  }
  closeSection();
}

function writeTables(out: Buffer): void {
  openMetadata(A.Section.Tables, '.ouro.tables', A.TABLE_SIZE);
  for (let table: u32 = 0; table < module.tableCount; table++) {
    out.u32(module.tableElemType(table));
    out.u32(module.tableHasMax(table) ? A.LIMIT_HAS_MAX : 0);
    out.u64(module.tableMin(table));
    out.u64(module.tableHasMax(table) ? module.tableMax(table) : 0);
    writeInit(out, module.tableInitOffset(table), module.tableInitLength(table));
  }
  closeSection();
}

function writeMemories(out: Buffer): void {
  openMetadata(A.Section.Memories, '.ouro.memories', A.MEMORY_SIZE);
  for (let memoryIndex: u32 = 0; memoryIndex < module.memoryCount; memoryIndex++) {
    const hasMax = module.memoryHasMax(memoryIndex);
    let flags: u32 = hasMax ? A.LIMIT_HAS_MAX : 0;
    if (module.memoryIsShared(memoryIndex)) flags |= A.LIMIT_SHARED;
    if (module.memoryIs64(memoryIndex)) flags |= A.LIMIT_64;
    out.u32(flags);
    out.u32(module.memoryPageShift(memoryIndex));
    out.u64(module.memoryMin(memoryIndex));
    out.u64(hasMax ? module.memoryMax(memoryIndex) : 0);
  }
  closeSection();
}

function writeGlobals(out: Buffer): void {
  openMetadata(A.Section.Globals, '.ouro.globals', A.GLOBAL_RECORD_SIZE);
  for (let global: u32 = 0; global < module.globalCount; global++) {
    out.u32(module.globalType(global));
    out.u32(module.globalIsMutable(global) ? 1 : 0);
    writeInit(out, module.globalInitOffset(global), module.globalInitLength(global));
  }
  closeSection();
}

function writeExports(out: Buffer): void {
  const count = module.exportCount;
  if (count > orderCapacity) {
    const grown = max<u32>(count, orderCapacity << 1);
    order = Column.grown<u32, u32>(order, orderCapacity, grown);
    exportNames = Column.grown<u32, u32>(exportNames, orderCapacity, grown);
    orderCapacity = grown;
  }
  openMetadata(A.Section.Exports, '.ouro.exports', A.EXPORT_SIZE);
  for (let i: u32 = 0; i < count; i++) {
    const length = module.exportNameLength(i);
    exportNames[i] = addString(module.exportNameOffset(i), length);
    order[i] = i;
    out.u32(exportNames[i]);
    out.u32(length);
    out.u32(module.exportKind(i));
    out.u32(module.exportIndex(i));
  }
  closeSection();
  sortExports();
  openMetadata(A.Section.ExportIndex, '.ouro.exportindex', 4);
  for (let i: u32 = 0; i < count; i++) out.u32(order[i]);
  closeSection();
}

/** Names are unique. */
function isBefore(a: u32, b: u32): bool {
  const aName = exportNames[a];
  const bName = exportNames[b];
  const aLength = module.exportNameLength(a);
  const bLength = module.exportNameLength(b);
  const common = min(aLength, bLength);
  for (let i: u32 = 0; i < common; i++) {
    const difference = <i32>strings.u8At(aName + i) - <i32>strings.u8At(bName + i);
    if (difference != 0) return difference < 0;
  }
  return aLength < bLength;
}

/** Heap sort: in place, n log n in the worst case. */
function sortExports(): void {
  const count = module.exportCount;
  for (let i = count >> 1; i-- > 0; ) siftDown(i, count);
  for (let end = count; end > 1; ) {
    end -= 1;
    const last = order[end];
    order[end] = order[0];
    order[0] = last;
    siftDown(0, end);
  }
}

function siftDown(from: u32, end: u32): void {
  const moved = order[from];
  let hole = from;
  for (;;) {
    let child = (hole << 1) + 1;
    if (child >= end) break;
    if (child + 1 < end && isBefore(order[child], order[child + 1])) child += 1;
    if (!isBefore(moved, order[child])) break;
    order[hole] = order[child];
    hole = child;
  }
  order[hole] = moved;
}

/** Every item is a function or null. */
function hasPlainItems(elem: u32): bool {
  const count = module.elemItemCount(elem);
  for (let i: u32 = 0; i < count; i++) {
    if (module.elemItemFunc(elem, i) == module.ITEM_EXPRESSION) return false;
  }
  return true;
}

function writeElems(out: Buffer): void {
  elemItems.clear();
  elemInits.clear();
  openMetadata(A.Section.Elems, '.ouro.elems', A.ELEM_SIZE);
  for (let elem: u32 = 0; elem < module.elemCount; elem++) {
    const count = module.elemItemCount(elem);
    const plain = hasPlainItems(elem);
    out.u32(module.elemMode(elem));
    out.u32(module.elemTable(elem));
    out.u32(module.elemType(elem));
    out.u32(plain ? A.ItemKind.Slots : A.ItemKind.Inits);
    out.u32(plain ? elemItems.length >> 2 : elemInits.length / A.INIT_SIZE);
    out.u32(count);
    writeInit(out, module.elemOffsetExprOffset(elem), module.elemOffsetExprLength(elem));
    if (plain) {
      for (let i: u32 = 0; i < count; i++) {
        const func = module.elemItemFunc(elem, i);
        elemItems.u32(func == module.ITEM_NULL ? A.NONE : funcRefSlot(func));
      }
    } else writeInits(elemInits, module.elemItemsOffset(elem), count);
  }
  closeSection();
  writeBuffer(out, A.Section.ElemItems, '.ouro.elemitems', 4, elemItems);
  writeBuffer(out, A.Section.ElemInits, '.ouro.eleminits', A.INIT_SIZE, elemInits);
}

function dataInImage(data: u32): bool {
  return hasImage && module.dataMode(data) == module.SegmentMode.Active;
}

function writeDatas(out: Buffer): void {
  let bytes: u32 = 0;
  openMetadata(A.Section.Datas, '.ouro.datas', A.DATA_SIZE);
  for (let data: u32 = 0; data < module.dataCount; data++) {
    const length = module.dataLength(data);
    const inImage = dataInImage(data);
    out.u32(inImage ? A.SegmentMode.Image : (module.dataMode(data) as u32));
    out.u32(module.dataMemory(data));
    if (inImage) out.u32(length == 0 ? 0 : imageOffset(data));
    else {
      out.u32(bytes);
      bytes += length;
    }
    out.u32(length);
    writeInit(out, module.dataOffsetExprOffset(data), module.dataOffsetExprLength(data));
  }
  closeSection();
  openMetadata(A.Section.DataBytes, '.ouro.databytes', 1);
  for (let data: u32 = 0; data < module.dataCount; data++) {
    if (!dataInImage(data)) out.bytes(module.bytesStart + module.dataOffset(data), module.dataLength(data));
  }
  closeSection();
}

function writeFuncRefs(out: Buffer): void {
  openMetadata(A.Section.FuncRefs, '.ouro.funcrefs', A.FUNCREF_RECORD_SIZE);
  for (let slot: u32 = 0; slot < funcRefCount; slot++) {
    const func = funcRefFunc(slot);
    const imported = func < module.importedFuncCount;
    out.u32(func);
    out.u32(imported ? A.NONE : output.functionCodeOffset[at<output.DefinedFunc>(func - module.importedFuncCount + 1)]);
    out.u32(module.funcType(func));
    out.u32(0);
  }
  closeSection();
}

function writeTraps(out: Buffer): void {
  openMetadata(A.Section.Traps, '.ouro.traps', A.TRAP_SIZE);
  packed.writeTraps(out);
  closeSection();
}

function writeAddressMap(out: Buffer): void {
  openMetadata(A.Section.AddressMap, '.ouro.addressmap', A.ADDRESS_SIZE);
  packed.writeAddresses(out);
  closeSection();
}
