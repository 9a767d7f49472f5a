/** module: the decoded WebAssembly module, as struct-of-arrays tables. One module at a time.
 *  In: decode.ts fills it, validate.ts adds usage facts.  Out: the accessors below, in the binary's own index spaces (all from 0).
 *  Every `…Offset` is a byte offset in the binary; a name or expression of length 0 is absent. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import { Pool } from '../base/pool';
import { ValType } from './opcodes';

export { Feature, ValType } from './opcodes';

export const enum ExternKind {
  Func = 0,
  Table = 1,
  Memory = 2,
  Global = 3,
  Tag = 4,
}

/** How a segment is applied. Data segments are never declarative. */
export const enum SegmentMode {
  Active = 0,
  Passive = 1,
  Declarative = 2,
}

/** What `elemItemFunc` says of an item that is not a function. */
export const ITEM_NULL: i32 = -1;
export const ITEM_EXPRESSION: i32 = -2;

const enum FuncFlag {
  Referenced = 1,
  Loops = 2,
  Calls = 4,
}

const enum TableFlag {
  HasMax = 1,
  Mutated = 2,
  Is64 = 4,
}

const enum MemoryFlag {
  HasMax = 1,
  Shared = 2,
  Is64 = 4,
}

/** The binary, in the compiler's memory; it stays in place while the module is in use. */
export let bytesStart: usize = 0;
export let bytesLength: u32 = 0;

export let typeCount: u32 = 0;
export let funcCount: u32 = 0;
export let importedFuncCount: u32 = 0;
export let tableCount: u32 = 0;
export let importedTableCount: u32 = 0;
export let memoryCount: u32 = 0;
export let importedMemoryCount: u32 = 0;
export let globalCount: u32 = 0;
export let importedGlobalCount: u32 = 0;
export let importCount: u32 = 0;
export let exportCount: u32 = 0;
export let elemCount: u32 = 0;
export let dataCount: u32 = 0;
/** The module has a data count section. */
export let hasDataCount: bool = false;
/** Function index, or -1. */
export let startFunc: i32 = -1;
/** Where the start section names its function. */
export let startOffset: u32 = 0;
export let moduleNameOffset: u32 = 0;
export let moduleNameLength: u32 = 0;

/** Empties the tables for a new binary; their storage is kept. */
export function resetModule(start: usize, length: u32): void {
  bytesStart = start;
  bytesLength = length;
  typeCount = 0;
  funcCount = 0;
  importedFuncCount = 0;
  tableCount = 0;
  importedTableCount = 0;
  memoryCount = 0;
  importedMemoryCount = 0;
  globalCount = 0;
  importedGlobalCount = 0;
  importCount = 0;
  exportCount = 0;
  elemCount = 0;
  dataCount = 0;
  hasDataCount = false;
  startFunc = -1;
  startOffset = 0;
  moduleNameOffset = 0;
  moduleNameLength = 0;
  typeBytes.clear();
  elemItems.clear();
}

/** The capacity after one more growth. */
function grownCapacity(capacity: u32): u32 {
  return capacity == 0 ? 4 : capacity << 1;
}

// Types

/** Parameter types, then result types, of one type after the other. */
const typeBytes: Buffer = Buffer.create();
let typeCapacity: u32 = 0;
let typeStarts = Column.none<u32, u32>();
let typeParamCounts = Column.none<u32, u32>();
let typeResultCounts = Column.none<u32, u32>();
let typeCanonical = Column.none<u32, u32>();

/** Begins a function type; its value types follow through `addTypeValue`, parameters first. */
export function addType(): u32 {
  const index = typeCount;
  if (index == typeCapacity) {
    const capacity = grownCapacity(typeCapacity);
    typeStarts = Column.grown<u32, u32>(typeStarts, typeCapacity, capacity);
    typeParamCounts = Column.grown<u32, u32>(typeParamCounts, typeCapacity, capacity);
    typeResultCounts = Column.grown<u32, u32>(typeResultCounts, typeCapacity, capacity);
    typeCanonical = Column.grown<u32, u32>(typeCanonical, typeCapacity, capacity);
    typeCapacity = capacity;
  }
  typeCount = index + 1;
  typeStarts[index] = typeBytes.length;
  typeParamCounts[index] = 0;
  typeResultCounts[index] = 0;
  typeCanonical[index] = index;
  return index;
}

export function addTypeValue(value: ValType): void {
  typeBytes.u8(value);
}

export function setTypeCounts(type: u32, params: u32, results: u32): void {
  typeParamCounts[type] = params;
  typeResultCounts[type] = results;
}

export function setCanonicalType(type: u32, canonical: u32): void {
  typeCanonical[type] = canonical;
}

export function typeParamCount(type: u32): u32 {
  return typeParamCounts[type];
}

export function typeParam(type: u32, index: u32): ValType {
  return typeBytes.u8At(typeStarts[type] + index);
}

export function typeResultCount(type: u32): u32 {
  return typeResultCounts[type];
}

export function typeResult(type: u32, index: u32): ValType {
  return typeBytes.u8At(typeStarts[type] + typeParamCounts[type] + index);
}

/** Address of the parameter types, a byte each; valid once all types are there. */
export function typeParamBytes(type: u32): usize {
  return typeBytes.data + typeStarts[type];
}

/** Address of the result types, a byte each; valid once all types are there. */
export function typeResultBytes(type: u32): usize {
  return typeBytes.data + typeStarts[type] + typeParamCounts[type];
}

/** The lowest index of a structurally equal type in this module. */
export function canonicalType(type: u32): u32 {
  return typeCanonical[type];
}

// Functions

let funcCapacity: u32 = 0;
let funcTypes = Column.none<u32, u32>();
let funcOffsets = Column.none<u32, u32>();
let bodyOffsets = Column.none<u32, u32>();
let bodyLengths = Column.none<u32, u32>();
let funcFlags = Column.none<u32, u8>();
let funcNameOffsets = Column.none<u32, u32>();
let funcNameLengths = Column.none<u32, u32>();

/** `offset`: where the type index stands. */
export function addFunction(type: u32, offset: u32): u32 {
  const index = funcCount;
  if (index == funcCapacity) {
    const capacity = grownCapacity(funcCapacity);
    funcTypes = Column.grown<u32, u32>(funcTypes, funcCapacity, capacity);
    funcOffsets = Column.grown<u32, u32>(funcOffsets, funcCapacity, capacity);
    bodyOffsets = Column.grown<u32, u32>(bodyOffsets, funcCapacity, capacity);
    bodyLengths = Column.grown<u32, u32>(bodyLengths, funcCapacity, capacity);
    funcFlags = Column.grown<u32, u8>(funcFlags, funcCapacity, capacity);
    funcNameOffsets = Column.grown<u32, u32>(funcNameOffsets, funcCapacity, capacity);
    funcNameLengths = Column.grown<u32, u32>(funcNameLengths, funcCapacity, capacity);
    funcCapacity = capacity;
  }
  funcCount = index + 1;
  funcTypes[index] = type;
  funcOffsets[index] = offset;
  bodyOffsets[index] = 0;
  bodyLengths[index] = 0;
  funcFlags[index] = 0;
  funcNameOffsets[index] = 0;
  funcNameLengths[index] = 0;
  return index;
}

export function setBody(func: u32, offset: u32, length: u32): void {
  bodyOffsets[func] = offset;
  bodyLengths[func] = length;
}

export function setFuncName(func: u32, offset: u32, length: u32): void {
  funcNameOffsets[func] = offset;
  funcNameLengths[func] = length;
}

export function setFuncReferenced(func: u32): void {
  funcFlags[func] = funcFlags[func] | (FuncFlag.Referenced as u8);
}

export function setFuncUsage(func: u32, hasLoops: bool, hasCalls: bool): void {
  funcFlags[func] = funcFlags[func] | (((hasLoops ? FuncFlag.Loops : 0) | (hasCalls ? FuncFlag.Calls : 0)) as u8);
}

export function funcType(func: u32): u32 {
  return funcTypes[func];
}

/** Where the function's type index stands. */
export function funcOffset(func: u32): u32 {
  return funcOffsets[func];
}

/** First byte of the local declarations; 0 for an import. */
export function bodyOffset(func: u32): u32 {
  return bodyOffsets[func];
}

/** From the local declarations to the final `end`. */
export function bodyLength(func: u32): u32 {
  return bodyLengths[func];
}

/** The function may be called from elsewhere: it is exported, in an element segment, or named by a `ref.func`. */
export function funcIsReferenced(func: u32): bool {
  return (funcFlags[func] & FuncFlag.Referenced) != 0;
}

/** Known after validation. */
export function funcHasLoops(func: u32): bool {
  return (funcFlags[func] & FuncFlag.Loops) != 0;
}

/** Known after validation: a `call` or `call_indirect`. */
export function funcHasCalls(func: u32): bool {
  return (funcFlags[func] & FuncFlag.Calls) != 0;
}

export function funcNameOffset(func: u32): u32 {
  return funcNameOffsets[func];
}

export function funcNameLength(func: u32): u32 {
  return funcNameLengths[func];
}

// Tables

let tableCapacity: u32 = 0;
let tableElemTypes = Column.none<u32, u32>();
let tableMins = Column.none<u32, u64>();
let tableMaxes = Column.none<u32, u64>();
let tableFlags = Column.none<u32, u32>();
let tableInitOffsets = Column.none<u32, u32>();
let tableInitLengths = Column.none<u32, u32>();

export function addTable(elemType: ValType, min: u64, max: u64, hasMax: bool, is64: bool): u32 {
  const index = tableCount;
  if (index == tableCapacity) {
    const capacity = grownCapacity(tableCapacity);
    tableElemTypes = Column.grown<u32, u32>(tableElemTypes, tableCapacity, capacity);
    tableMins = Column.grown<u32, u64>(tableMins, tableCapacity, capacity);
    tableMaxes = Column.grown<u32, u64>(tableMaxes, tableCapacity, capacity);
    tableFlags = Column.grown<u32, u32>(tableFlags, tableCapacity, capacity);
    tableInitOffsets = Column.grown<u32, u32>(tableInitOffsets, tableCapacity, capacity);
    tableInitLengths = Column.grown<u32, u32>(tableInitLengths, tableCapacity, capacity);
    tableCapacity = capacity;
  }
  tableCount = index + 1;
  tableElemTypes[index] = elemType;
  tableMins[index] = min;
  tableMaxes[index] = max;
  tableFlags[index] = (hasMax ? TableFlag.HasMax : 0) | (is64 ? TableFlag.Is64 : 0);
  tableInitOffsets[index] = 0;
  tableInitLengths[index] = 0;
  return index;
}

export function setTableInit(table: u32, offset: u32, length: u32): void {
  tableInitOffsets[table] = offset;
  tableInitLengths[table] = length;
}

export function setTableMutated(table: u32): void {
  tableFlags[table] = tableFlags[table] | TableFlag.Mutated;
}

export function tableElemType(table: u32): ValType {
  return tableElemTypes[table];
}

export function tableMin(table: u32): u64 {
  return tableMins[table];
}

export function tableMax(table: u32): u64 {
  return tableMaxes[table];
}

export function tableHasMax(table: u32): bool {
  return (tableFlags[table] & TableFlag.HasMax) != 0;
}

/** Known after validation: the table is imported or exported, or code writes, grows, fills, copies or initialises it. */
export function tableIsMutated(table: u32): bool {
  return (tableFlags[table] & TableFlag.Mutated) != 0;
}

/** The expression that gives every element its first value; length 0: null. */
export function tableInitOffset(table: u32): u32 {
  return tableInitOffsets[table];
}

export function tableInitLength(table: u32): u32 {
  return tableInitLengths[table];
}

// Memories

let memoryCapacity: u32 = 0;
let memoryMins = Column.none<u32, u64>();
let memoryMaxes = Column.none<u32, u64>();
let memoryFlags = Column.none<u32, u32>();
let memoryPageShifts = Column.none<u32, u32>();

export function addMemory(min: u64, max: u64, hasMax: bool, isShared: bool, is64: bool, pageShift: u32): u32 {
  const index = memoryCount;
  if (index == memoryCapacity) {
    const capacity = grownCapacity(memoryCapacity);
    memoryMins = Column.grown<u32, u64>(memoryMins, memoryCapacity, capacity);
    memoryMaxes = Column.grown<u32, u64>(memoryMaxes, memoryCapacity, capacity);
    memoryFlags = Column.grown<u32, u32>(memoryFlags, memoryCapacity, capacity);
    memoryPageShifts = Column.grown<u32, u32>(memoryPageShifts, memoryCapacity, capacity);
    memoryCapacity = capacity;
  }
  memoryCount = index + 1;
  memoryMins[index] = min;
  memoryMaxes[index] = max;
  memoryFlags[index] = (hasMax ? MemoryFlag.HasMax : 0) | (isShared ? MemoryFlag.Shared : 0) | (is64 ? MemoryFlag.Is64 : 0);
  memoryPageShifts[index] = pageShift;
  return index;
}

/** In pages, as the maximum. */
export function memoryMin(memory: u32): u64 {
  return memoryMins[memory];
}

export function memoryMax(memory: u32): u64 {
  return memoryMaxes[memory];
}

export function memoryHasMax(memory: u32): bool {
  return (memoryFlags[memory] & MemoryFlag.HasMax) != 0;
}

export function memoryIsShared(memory: u32): bool {
  return (memoryFlags[memory] & MemoryFlag.Shared) != 0;
}

export function memoryIs64(memory: u32): bool {
  return (memoryFlags[memory] & MemoryFlag.Is64) != 0;
}

export function memoryPageShift(memory: u32): u32 {
  return memoryPageShifts[memory];
}

// Globals

let globalCapacity: u32 = 0;
let globalTypes = Column.none<u32, u32>();
let globalMutables = Column.none<u32, u8>();
let globalInitOffsets = Column.none<u32, u32>();
let globalInitLengths = Column.none<u32, u32>();

export function addGlobal(type: ValType, isMutable: bool): u32 {
  const index = globalCount;
  if (index == globalCapacity) {
    const capacity = grownCapacity(globalCapacity);
    globalTypes = Column.grown<u32, u32>(globalTypes, globalCapacity, capacity);
    globalMutables = Column.grown<u32, u8>(globalMutables, globalCapacity, capacity);
    globalInitOffsets = Column.grown<u32, u32>(globalInitOffsets, globalCapacity, capacity);
    globalInitLengths = Column.grown<u32, u32>(globalInitLengths, globalCapacity, capacity);
    globalCapacity = capacity;
  }
  globalCount = index + 1;
  globalTypes[index] = type;
  globalMutables[index] = isMutable ? 1 : 0;
  globalInitOffsets[index] = 0;
  globalInitLengths[index] = 0;
  return index;
}

export function setGlobalInit(global: u32, offset: u32, length: u32): void {
  globalInitOffsets[global] = offset;
  globalInitLengths[global] = length;
}

export function globalType(global: u32): ValType {
  return globalTypes[global];
}

export function globalIsMutable(global: u32): bool {
  return globalMutables[global] != 0;
}

export function globalInitOffset(global: u32): u32 {
  return globalInitOffsets[global];
}

/** Length of the constant expression with its final `end`; 0 for an import. */
export function globalInitLength(global: u32): u32 {
  return globalInitLengths[global];
}

// Imports

let importCapacity: u32 = 0;
let importModuleOffsets = Column.none<u32, u32>();
let importModuleLengths = Column.none<u32, u32>();
let importNameOffsets = Column.none<u32, u32>();
let importNameLengths = Column.none<u32, u32>();
let importKinds = Column.none<u32, u32>();
let importIndices = Column.none<u32, u32>();

/** An import of the item that was added last to the tables of its kind; counts it there as imported. */
export function addImport(moduleOffset: u32, moduleLength: u32, nameOffset: u32, nameLength: u32, kind: ExternKind): u32 {
  const index = importCount;
  if (index == importCapacity) {
    const capacity = grownCapacity(importCapacity);
    importModuleOffsets = Column.grown<u32, u32>(importModuleOffsets, importCapacity, capacity);
    importModuleLengths = Column.grown<u32, u32>(importModuleLengths, importCapacity, capacity);
    importNameOffsets = Column.grown<u32, u32>(importNameOffsets, importCapacity, capacity);
    importNameLengths = Column.grown<u32, u32>(importNameLengths, importCapacity, capacity);
    importKinds = Column.grown<u32, u32>(importKinds, importCapacity, capacity);
    importIndices = Column.grown<u32, u32>(importIndices, importCapacity, capacity);
    importCapacity = capacity;
  }
  importCount = index + 1;
  importModuleOffsets[index] = moduleOffset;
  importModuleLengths[index] = moduleLength;
  importNameOffsets[index] = nameOffset;
  importNameLengths[index] = nameLength;
  importKinds[index] = kind;
  switch (kind) {
    case ExternKind.Func:
      importIndices[index] = importedFuncCount++;
      break;
    case ExternKind.Table:
      importIndices[index] = importedTableCount++;
      break;
    case ExternKind.Memory:
      importIndices[index] = importedMemoryCount++;
      break;
    case ExternKind.Global:
      importIndices[index] = importedGlobalCount++;
      break;
    default:
      unreachable();
  }
  return index;
}

export function importModuleOffset(index: u32): u32 {
  return importModuleOffsets[index];
}

export function importModuleLength(index: u32): u32 {
  return importModuleLengths[index];
}

export function importNameOffset(index: u32): u32 {
  return importNameOffsets[index];
}

export function importNameLength(index: u32): u32 {
  return importNameLengths[index];
}

export function importKind(index: u32): ExternKind {
  return importKinds[index];
}

/** Index in the index space of its kind. */
export function importIndex(index: u32): u32 {
  return importIndices[index];
}

// Exports

let exportCapacity: u32 = 0;
let exportNameOffsets = Column.none<u32, u32>();
let exportNameLengths = Column.none<u32, u32>();
let exportKinds = Column.none<u32, u32>();
let exportIndices = Column.none<u32, u32>();

export function addExport(nameOffset: u32, nameLength: u32, kind: ExternKind, itemIndex: u32): u32 {
  const index = exportCount;
  if (index == exportCapacity) {
    const capacity = grownCapacity(exportCapacity);
    exportNameOffsets = Column.grown<u32, u32>(exportNameOffsets, exportCapacity, capacity);
    exportNameLengths = Column.grown<u32, u32>(exportNameLengths, exportCapacity, capacity);
    exportKinds = Column.grown<u32, u32>(exportKinds, exportCapacity, capacity);
    exportIndices = Column.grown<u32, u32>(exportIndices, exportCapacity, capacity);
    exportCapacity = capacity;
  }
  exportCount = index + 1;
  exportNameOffsets[index] = nameOffset;
  exportNameLengths[index] = nameLength;
  exportKinds[index] = kind;
  exportIndices[index] = itemIndex;
  return index;
}

export function exportNameOffset(index: u32): u32 {
  return exportNameOffsets[index];
}

export function exportNameLength(index: u32): u32 {
  return exportNameLengths[index];
}

export function exportKind(index: u32): ExternKind {
  return exportKinds[index];
}

/** Index in the index space of its kind. */
export function exportIndex(index: u32): u32 {
  return exportIndices[index];
}

// Element segments

/** Function index, ITEM_NULL or ITEM_EXPRESSION of each item, segment after segment. */
const elemItems: Pool = Pool.create();
let elemCapacity: u32 = 0;
let elemModes = Column.none<u32, u32>();
let elemTables = Column.none<u32, u32>();
let elemTypes = Column.none<u32, u32>();
let elemOffsets = Column.none<u32, u32>();
let elemOffsetExprOffsets = Column.none<u32, u32>();
let elemOffsetExprLengths = Column.none<u32, u32>();
let elemItemKinds = Column.none<u32, u32>();
let elemItemsOffsets = Column.none<u32, u32>();
let elemItemCounts = Column.none<u32, u32>();
let elemFirstItems = Column.none<u32, u32>();

/** Begins a segment at `offset`; its items follow through `setElemItems` and `addElemItem`. */
export function addElem(mode: SegmentMode, table: u32, exprOffset: u32, exprLength: u32, offset: u32): u32 {
  const index = elemCount;
  if (index == elemCapacity) {
    const capacity = grownCapacity(elemCapacity);
    elemModes = Column.grown<u32, u32>(elemModes, elemCapacity, capacity);
    elemTables = Column.grown<u32, u32>(elemTables, elemCapacity, capacity);
    elemTypes = Column.grown<u32, u32>(elemTypes, elemCapacity, capacity);
    elemOffsets = Column.grown<u32, u32>(elemOffsets, elemCapacity, capacity);
    elemOffsetExprOffsets = Column.grown<u32, u32>(elemOffsetExprOffsets, elemCapacity, capacity);
    elemOffsetExprLengths = Column.grown<u32, u32>(elemOffsetExprLengths, elemCapacity, capacity);
    elemItemKinds = Column.grown<u32, u32>(elemItemKinds, elemCapacity, capacity);
    elemItemsOffsets = Column.grown<u32, u32>(elemItemsOffsets, elemCapacity, capacity);
    elemItemCounts = Column.grown<u32, u32>(elemItemCounts, elemCapacity, capacity);
    elemFirstItems = Column.grown<u32, u32>(elemFirstItems, elemCapacity, capacity);
    elemCapacity = capacity;
  }
  elemCount = index + 1;
  elemModes[index] = mode;
  elemTables[index] = table;
  elemTypes[index] = ValType.FuncRef;
  elemOffsets[index] = offset;
  elemOffsetExprOffsets[index] = exprOffset;
  elemOffsetExprLengths[index] = exprLength;
  elemItemKinds[index] = 0;
  elemItemsOffsets[index] = 0;
  elemItemCounts[index] = 0;
  elemFirstItems[index] = elemItems.length;
  return index;
}

/** `kind`: 0 function indices, 1 expressions. `offset`: the first item. */
export function setElemItems(elem: u32, type: ValType, kind: u32, offset: u32, count: u32): void {
  elemTypes[elem] = type;
  elemItemKinds[elem] = kind;
  elemItemsOffsets[elem] = offset;
  elemItemCounts[elem] = count;
}

/** The next item of the segment that was added last. */
export function addElemItem(item: i32): void {
  elemItems.push(item);
}

export function elemMode(elem: u32): SegmentMode {
  return elemModes[elem];
}

export function elemTable(elem: u32): u32 {
  return elemTables[elem];
}

/** Where the segment begins. */
export function elemOffset(elem: u32): u32 {
  return elemOffsets[elem];
}

export function elemOffsetExprOffset(elem: u32): u32 {
  return elemOffsetExprOffsets[elem];
}

export function elemOffsetExprLength(elem: u32): u32 {
  return elemOffsetExprLengths[elem];
}

export function elemType(elem: u32): ValType {
  return elemTypes[elem];
}

export function elemItemCount(elem: u32): u32 {
  return elemItemCounts[elem];
}

/** 0: the items are function indices; 1: constant expressions. */
export function elemItemKind(elem: u32): u32 {
  return elemItemKinds[elem];
}

/** The first item in the binary. */
export function elemItemsOffset(elem: u32): u32 {
  return elemItemsOffsets[elem];
}

/** The function of item `index`, ITEM_NULL for a `ref.null`, ITEM_EXPRESSION for any other expression. */
export function elemItemFunc(elem: u32, index: u32): i32 {
  return elemItems.get(elemFirstItems[elem] + index) as i32;
}

// Data segments

let dataCapacity: u32 = 0;
let dataModes = Column.none<u32, u32>();
let dataMemories = Column.none<u32, u32>();
let dataOffsetExprOffsets = Column.none<u32, u32>();
let dataOffsetExprLengths = Column.none<u32, u32>();
let dataOffsets = Column.none<u32, u32>();
let dataLengths = Column.none<u32, u32>();

export function addData(mode: SegmentMode, memoryIndex: u32, exprOffset: u32, exprLength: u32, offset: u32, length: u32): u32 {
  const index = dataCount;
  if (index == dataCapacity) {
    const capacity = grownCapacity(dataCapacity);
    dataModes = Column.grown<u32, u32>(dataModes, dataCapacity, capacity);
    dataMemories = Column.grown<u32, u32>(dataMemories, dataCapacity, capacity);
    dataOffsetExprOffsets = Column.grown<u32, u32>(dataOffsetExprOffsets, dataCapacity, capacity);
    dataOffsetExprLengths = Column.grown<u32, u32>(dataOffsetExprLengths, dataCapacity, capacity);
    dataOffsets = Column.grown<u32, u32>(dataOffsets, dataCapacity, capacity);
    dataLengths = Column.grown<u32, u32>(dataLengths, dataCapacity, capacity);
    dataCapacity = capacity;
  }
  dataCount = index + 1;
  dataModes[index] = mode;
  dataMemories[index] = memoryIndex;
  dataOffsetExprOffsets[index] = exprOffset;
  dataOffsetExprLengths[index] = exprLength;
  dataOffsets[index] = offset;
  dataLengths[index] = length;
  return index;
}

export function dataMode(data: u32): SegmentMode {
  return dataModes[data];
}

export function dataMemory(data: u32): u32 {
  return dataMemories[data];
}

export function dataOffsetExprOffset(data: u32): u32 {
  return dataOffsetExprOffsets[data];
}

export function dataOffsetExprLength(data: u32): u32 {
  return dataOffsetExprLengths[data];
}

/** The bytes themselves. */
export function dataOffset(data: u32): u32 {
  return dataOffsets[data];
}

export function dataLength(data: u32): u32 {
  return dataLengths[data];
}

// Single facts

export function setHasDataCount(): void {
  hasDataCount = true;
}

/** `offset`: where the start section names the function. */
export function setStart(func: u32, offset: u32): void {
  startFunc = func;
  startOffset = offset;
}

export function setModuleName(offset: u32, length: u32): void {
  moduleNameOffset = offset;
  moduleNameLength = length;
}
