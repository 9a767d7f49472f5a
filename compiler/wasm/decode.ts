/** decode: the binary format, section by section, into the module tables. Bodies are left to validation.
 *  In: bytes.  Out: everything in module.ts but the usage facts; false when malformed, over a limit, or of a feature that is off.
 *  Cost: O(bytes outside the code section + functions).  Ref: WebAssembly 3.0, section 5.5. */

import { clearError, ErrorCode, failed, message } from '../base/error';
import { scanConstExpr, scannedItem, scannedLength, scannedOffset } from './decode-const';
import { requireFeature } from './features';
import * as limits from './limits';
import {
  addData,
  addElem,
  addElemItem,
  addExport,
  addFunction,
  addGlobal,
  addImport,
  addMemory,
  addTable,
  addType,
  addTypeValue,
  bytesStart,
  dataCount,
  ExternKind,
  funcCount,
  globalCount,
  hasDataCount,
  importedFuncCount,
  resetModule,
  SegmentMode,
  setBody,
  setElemItems,
  setFuncReferenced,
  setGlobalInit,
  setHasDataCount,
  setStart,
  setTableInit,
  setTableMutated,
  setTypeCounts,
  tableCount,
} from './module';
import { decodeNames } from './names';
import { Feature, ValType } from './opcodes';
import { atEnd, failAt, peekU8, position, readU32, readU64, readU8, remaining, setEnd, setRange, skipBytes } from './reader';
import { canonicalizeTypes } from './types';
import { isUtf8 } from './utf8';
import { readRefType, readValType } from './valtype';

const enum Section {
  Custom = 0,
  Type = 1,
  Import = 2,
  Function = 3,
  Table = 4,
  Memory = 5,
  Global = 6,
  Export = 7,
  Start = 8,
  Elem = 9,
  Code = 10,
  Data = 11,
  DataCount = 12,
  Tag = 13,
}

/** What a data count section says. */
let declaredDataCount: u32 = 0;
let hasCodeSection: bool = false;
/** Contents of the first custom section called "name"; length 0: none. */
let namesOffset: u32 = 0;
let namesLength: u32 = 0;

/** The name that was read last. */
let nameOffset: u32 = 0;
let nameLength: u32 = 0;

/** The limits that were read last. */
let limitMin: u64 = 0;
let limitMax: u64 = 0;
let limitFlags: u32 = 0;

const enum LimitFlag {
  HasMax = 1,
  Shared = 2,
  Is64 = 4,
  PageSize = 8,
}

/** Decodes the `length` bytes at `start`, which must stay there as long as the module is in use. */
export function decodeModule(start: usize, length: u32): bool {
  clearError();
  resetModule(start, length);
  declaredDataCount = 0;
  hasCodeSection = false;
  namesOffset = 0;
  namesLength = 0;
  setRange(0, length);
  decodeHeader();
  let lastRank: u32 = 0;
  while (!failed() && !atEnd()) {
    const offset = position();
    const id = readU8();
    if (<i32>id > Section.Tag) {
      if (failAt(ErrorCode.Malformed, offset, 'malformed section id: ')) message.decimal(id);
      break;
    }
    if (id != Section.Custom) {
      const rank = sectionRank(id);
      if (rank <= lastRank) {
        if (failAt(ErrorCode.Malformed, offset, 'unexpected content after last section: section ')) {
          message.decimal(id);
          message.text(rank == lastRank ? ' is there twice' : ' is out of order');
        }
        break;
      }
      lastRank = rank;
    }
    const size = readU32();
    if (failed()) break;
    if (size > remaining()) {
      failAt(ErrorCode.Malformed, position(), 'length out of bounds: unexpected end of the section');
      break;
    }
    const end = position() + size;
    setEnd(end);
    decodeSection(id);
    if (failed()) break;
    if (!atEnd()) failAt(ErrorCode.Malformed, position(), 'section size mismatch: unexpected content in the section');
    setEnd(length);
  }
  if (!failed()) checkCounts(length);
  if (failed()) return false;
  if (namesLength != 0) decodeNames(namesOffset, namesLength);
  return true;
}

function decodeHeader(): void {
  if (remaining() < 4) {
    failAt(ErrorCode.Malformed, remaining(), 'unexpected end of the header');
    return;
  }
  const magic: u32 = 0x6d736100;
  for (let i: u32 = 0; i < 4; i++) {
    if (!headerByte((magic >> (i << 3)) & 0xff)) {
      failAt(ErrorCode.Malformed, 0, 'magic header not detected');
      return;
    }
  }
  for (let i: u32 = 0; i < 4; i++) {
    if (!headerByte(i == 0 ? 1 : 0)) {
      failAt(ErrorCode.Malformed, 4, 'unknown binary version');
      return;
    }
  }
}

/** False when another byte is there; the end is an error of its own. */
function headerByte(expected: u32): bool {
  if (atEnd()) {
    failAt(ErrorCode.Malformed, position(), 'unexpected end of the header');
    return true;
  }
  return readU8() == expected;
}

/** Place of a section in the order of sections. */
function sectionRank(id: i32): u32 {
  switch (id) {
    case Section.Tag:
      return 6;
    case Section.DataCount:
      return 11;
    case Section.Code:
      return 12;
    case Section.Data:
      return 13;
    default:
      return id <= Section.Memory ? id : id + 1;
  }
}

function decodeSection(id: u32): void {
  switch (id) {
    case Section.Custom:
      return decodeCustom();
    case Section.Type:
      return decodeTypes();
    case Section.Import:
      return decodeImports();
    case Section.Function:
      return decodeFunctions();
    case Section.Table:
      return decodeTables();
    case Section.Memory:
      return decodeMemories();
    case Section.Global:
      return decodeGlobals();
    case Section.Export:
      return decodeExports();
    case Section.Start: {
      const offset = position();
      return setStart(readU32(), offset);
    }
    case Section.Elem:
      return decodeElems();
    case Section.Code:
      return decodeCode();
    case Section.Data:
      return decodeDatas();
    case Section.DataCount:
      if (!requireFeature(Feature.BulkMemory, position(), 'data count section')) return;
      declaredDataCount = readU32();
      return setHasDataCount();
    default:
      requireFeature(Feature.Exceptions, position(), 'tag section');
  }
}

/** What holds between sections. */
function checkCounts(length: u32): void {
  if (!hasCodeSection && funcCount > importedFuncCount) {
    failAt(ErrorCode.Malformed, length, 'function and code section have inconsistent lengths');
  }
  if (hasDataCount && declaredDataCount != dataCount) {
    failAt(ErrorCode.Malformed, length, 'data count and data section have inconsistent lengths');
  }
}

/** The count of a vector. */
function readCount(limit: u32, what: string): u32 {
  const offset = position();
  const count = readU32();
  if (count > limit) failLimit(offset, what, count, limit);
  return count;
}

function failLimit(offset: u32, what: string, count: u64, limit: u32): void {
  if (!failAt(ErrorCode.Limit, offset, 'too many ')) return;
  message.text(what);
  message.text(': ');
  message.decimal(count);
  message.text(', at most ');
  message.decimal(limit);
}

function readName(): void {
  const lengthOffset = position();
  nameLength = readU32();
  nameOffset = position();
  if (nameLength > remaining()) failAt(ErrorCode.Malformed, lengthOffset, 'length out of bounds: unexpected end of the name');
  else if (!isUtf8(bytesStart + nameOffset, nameLength)) failAt(ErrorCode.Malformed, nameOffset, 'malformed UTF-8 encoding');
  else skipBytes(nameLength);
}

function decodeCustom(): void {
  readName();
  if (failed()) return;
  const address = bytesStart + nameOffset;
  if (namesLength == 0 && nameLength == 4 && load<u32>(address) == 0x656d616e) {
    namesOffset = position();
    namesLength = remaining();
  }
  skipBytes(remaining());
}

function decodeTypes(): void {
  const count = readCount(limits.MAX_TYPES, 'types');
  for (let i: u32 = 0; i < count && !failed(); i++) {
    const offset = position();
    const form = readU8();
    if (form != 0x60) return failTypeForm(form, offset);
    const type = addType();
    const params = readCount(limits.MAX_PARAMS, 'parameters');
    for (let k: u32 = 0; k < params && !failed(); k++) addTypeValue(readValType());
    const resultsOffset = position();
    const results = readCount(limits.MAX_RESULTS, 'results');
    for (let k: u32 = 0; k < results && !failed(); k++) addTypeValue(readValType());
    setTypeCounts(type, params, results);
    if (results > 1) requireFeature(Feature.MultiValue, resultsOffset, 'function type with several results');
  }
  if (!failed()) canonicalizeTypes();
}

function failTypeForm(form: u32, offset: u32): void {
  if (failed()) return;
  if (form == 0x5f || form == 0x5e || (form >= 0x4e && form <= 0x50)) {
    requireFeature(Feature.Gc, offset, form == 0x5f ? 'struct type' : form == 0x5e ? 'array type' : form == 0x4e ? 'rec type' : 'sub type');
    return;
  }
  if (failAt(ErrorCode.Malformed, offset, 'malformed function type: 0x')) message.hex(form);
}

function decodeImports(): void {
  const count = readCount(limits.MAX_IMPORTS, 'imports');
  for (let i: u32 = 0; i < count && !failed(); i++) {
    readName();
    const moduleOffset = nameOffset;
    const moduleLength = nameLength;
    readName();
    const itemOffset = nameOffset;
    const itemLength = nameLength;
    const offset = position();
    const kind: ExternKind = readU8();
    if (failed()) return;
    switch (kind) {
      case ExternKind.Func:
        addFunction(readU32(), offset + 1);
        break;
      case ExternKind.Table:
        decodeTableType();
        if (failed()) return;
        setTableMutated(tableCount - 1);
        break;
      case ExternKind.Memory:
        decodeMemoryType();
        break;
      case ExternKind.Global:
        if (decodeGlobalType() && !requireFeature(Feature.MutableGlobals, offset, 'import of a mutable global')) return;
        break;
      case ExternKind.Tag:
        requireFeature(Feature.Exceptions, offset, 'import of a tag');
        return;
      default:
        if (failAt(ErrorCode.Malformed, offset, 'malformed import kind: ')) message.decimal(kind);
        return;
    }
    if (failed()) return;
    addImport(moduleOffset, moduleLength, itemOffset, itemLength, kind);
  }
}

function decodeFunctions(): void {
  const count = readCount(limits.MAX_FUNCTIONS - funcCount, 'functions');
  for (let i: u32 = 0; i < count && !failed(); i++) {
    const offset = position();
    addFunction(readU32(), offset);
  }
}

function decodeTables(): void {
  const count = readCount(limits.MAX_TABLES - tableCount, 'tables');
  for (let i: u32 = 0; i < count && !failed(); i++) {
    const offset = position();
    const hasInit = peekU8() == 0x40;
    if (hasInit) {
      if (!requireFeature(Feature.ReferenceTypes, offset, 'table initialiser')) return;
      readU8();
      const zero = position();
      if (readU8() != 0) failAt(ErrorCode.Malformed, zero, 'zero byte expected');
    }
    decodeTableType();
    if (failed() || !hasInit) continue;
    scanConstExpr();
    setTableInit(tableCount - 1, scannedOffset, scannedLength);
  }
  if (tableCount > 1) requireFeature(Feature.ReferenceTypes, position(), 'several tables');
}

function decodeTableType(): void {
  const type = readRefType();
  readLimits(LimitFlag.HasMax | LimitFlag.Shared | LimitFlag.Is64);
  if (failed()) return;
  addTable(type, limitMin, limitMax, (limitFlags & LimitFlag.HasMax) != 0, (limitFlags & LimitFlag.Is64) != 0);
}

function readLimits(allowed: u32): void {
  const offset = position();
  const flags = readU8();
  if ((flags & ~allowed) != 0) {
    if (failAt(ErrorCode.Malformed, offset, 'malformed limits flags: 0x')) message.hex(flags);
    return;
  }
  if ((flags & LimitFlag.Shared) != 0 && !requireFeature(Feature.Threads, offset, 'shared memory')) return;
  if ((flags & LimitFlag.Is64) != 0 && !requireFeature(Feature.Memory64, offset, '64-bit limits')) return;
  if ((flags & LimitFlag.PageSize) != 0 && !requireFeature(Feature.CustomPageSizes, offset, 'page size of a memory')) return;
  limitFlags = flags;
  const is64 = (flags & LimitFlag.Is64) != 0;
  limitMin = is64 ? readU64() : (readU32() as u64);
  limitMax = 0;
  if ((flags & LimitFlag.HasMax) == 0) return;
  limitMax = is64 ? readU64() : (readU32() as u64);
  if (limitMin > limitMax) failAt(ErrorCode.Invalid, offset, 'size minimum must not be greater than maximum');
}

function decodeMemories(): void {
  const count = readCount(limits.MAX_MEMORIES, 'memories');
  for (let i: u32 = 0; i < count && !failed(); i++) decodeMemoryType();
}

function decodeMemoryType(): void {
  const offset = position();
  readLimits(LimitFlag.HasMax | LimitFlag.Shared | LimitFlag.Is64 | LimitFlag.PageSize);
  if (failed()) return;
  const is64 = (limitFlags & LimitFlag.Is64) != 0;
  if (!is64 && max(limitMin, limitMax) > limits.MAX_PAGES) {
    failAt(ErrorCode.Invalid, offset, 'memory size must be at most 65536 pages (4GiB)');
    return;
  }
  const memory = addMemory(limitMin, limitMax, (limitFlags & LimitFlag.HasMax) != 0, (limitFlags & LimitFlag.Shared) != 0, is64, 16);
  if (memory > 0) requireFeature(Feature.MultiMemory, offset, 'several memories');
}

/** True when the global is mutable. */
function decodeGlobalType(): bool {
  const type = readValType();
  const offset = position();
  const mutability = readU8();
  if (mutability > 1) {
    if (failAt(ErrorCode.Malformed, offset, 'malformed mutability: 0x')) message.hex(mutability);
    return false;
  }
  if (!failed()) addGlobal(type, mutability != 0);
  return mutability != 0;
}

function decodeGlobals(): void {
  const count = readCount(limits.MAX_GLOBALS, 'globals');
  for (let i: u32 = 0; i < count && !failed(); i++) {
    decodeGlobalType();
    if (failed()) return;
    scanConstExpr();
    setGlobalInit(globalCount - 1, scannedOffset, scannedLength);
  }
}

function decodeExports(): void {
  const count = readCount(limits.MAX_EXPORTS, 'exports');
  for (let i: u32 = 0; i < count && !failed(); i++) {
    readName();
    const offset = position();
    const kind: ExternKind = readU8();
    const index = readU32();
    if (failed()) return;
    if (kind == ExternKind.Tag) {
      requireFeature(Feature.Exceptions, offset, 'export of a tag');
      return;
    }
    if (kind > ExternKind.Tag) {
      if (failAt(ErrorCode.Malformed, offset, 'malformed export kind: ')) message.decimal(kind);
      return;
    }
    if (kind == ExternKind.Func && index < funcCount) setFuncReferenced(index);
    else if (kind == ExternKind.Table && index < tableCount) setTableMutated(index);
    addExport(nameOffset, nameLength, kind, index);
  }
}

const enum ElemFlag {
  PassiveOrDeclarative = 1,
  /** With an active segment: a table index follows; else: declarative. */
  TableOrDeclarative = 2,
  Expressions = 4,
}

function decodeElems(): void {
  const count = readCount(limits.MAX_ELEM_SEGMENTS, 'element segments');
  for (let i: u32 = 0; i < count && !failed(); i++) decodeElem();
}

function decodeElem(): void {
  const offset = position();
  const flags = readU32();
  if (flags > 7) {
    if (failAt(ErrorCode.Malformed, offset, 'malformed elements segment kind: ')) message.decimal(flags);
    return;
  }
  if (flags != 0 && !requireFeature(Feature.BulkMemory, offset, 'element segment flags')) return;
  const second = (flags & ElemFlag.TableOrDeclarative) != 0;
  let mode = SegmentMode.Active;
  let table: u32 = 0;
  let exprOffset: u32 = 0;
  let exprLength: u32 = 0;
  if ((flags & ElemFlag.PassiveOrDeclarative) != 0) mode = second ? SegmentMode.Declarative : SegmentMode.Passive;
  else {
    if (second) table = readU32();
    scanConstExpr();
    exprOffset = scannedOffset;
    exprLength = scannedLength;
  }
  const expressions = (flags & ElemFlag.Expressions) != 0;
  let type: ValType = ValType.FuncRef;
  // Flags 0 and 4 say neither type nor kind.
  if ((flags & (ElemFlag.PassiveOrDeclarative | ElemFlag.TableOrDeclarative)) != 0) {
    if (expressions) type = readRefType();
    else {
      const kind = position();
      if (readU8() != 0) failAt(ErrorCode.Malformed, kind, 'malformed element kind');
    }
  }
  const count = readCount(limits.MAX_ELEM_ITEMS, 'elements in a segment');
  if (failed()) return;
  const elem = addElem(mode, table, exprOffset, exprLength, offset);
  setElemItems(elem, type, expressions ? 1 : 0, position(), count);
  for (let i: u32 = 0; i < count && !failed(); i++) {
    if (expressions) {
      scanConstExpr();
      addElemItem(scannedItem);
    } else {
      const func = readU32();
      if (func < funcCount) setFuncReferenced(func);
      addElemItem(func as i32);
    }
  }
}

function decodeCode(): void {
  hasCodeSection = true;
  const offset = position();
  const count = readU32();
  if (failed()) return;
  if (count != funcCount - importedFuncCount) {
    failAt(ErrorCode.Malformed, offset, 'function and code section have inconsistent lengths');
    return;
  }
  for (let func = importedFuncCount; func < funcCount && !failed(); func++) {
    const sizeOffset = position();
    const size = readU32();
    if (failed()) return;
    if (size > remaining()) failAt(ErrorCode.Malformed, sizeOffset, 'length out of bounds: unexpected end of the function body');
    else if (size == 0) failAt(ErrorCode.Malformed, sizeOffset, 'unexpected end of section or function');
    else if (size > limits.MAX_BODY_SIZE) failLimit(sizeOffset, 'bytes in a function body', size, limits.MAX_BODY_SIZE);
    else {
      setBody(func, position(), size);
      skipBytes(size);
    }
  }
}

function decodeDatas(): void {
  const countOffset = position();
  const count = readCount(limits.MAX_DATA_SEGMENTS, 'data segments');
  if (hasDataCount && count != declaredDataCount) {
    failAt(ErrorCode.Malformed, countOffset, 'data count and data section have inconsistent lengths');
  }
  for (let i: u32 = 0; i < count && !failed(); i++) {
    const offset = position();
    const flags = readU32();
    if (flags > 2) {
      if (failAt(ErrorCode.Malformed, offset, 'malformed data segment kind: ')) message.decimal(flags);
      return;
    }
    if (flags != 0 && !requireFeature(Feature.BulkMemory, offset, 'data segment flags')) return;
    let memory: u32 = 0;
    let exprOffset: u32 = 0;
    let exprLength: u32 = 0;
    if (flags == 2) memory = readU32();
    if (flags != 1) {
      scanConstExpr();
      exprOffset = scannedOffset;
      exprLength = scannedLength;
    }
    const lengthOffset = position();
    const length = readU32();
    if (failed()) return;
    if (length > remaining()) {
      failAt(ErrorCode.Malformed, lengthOffset, 'unexpected end of section or function: the data segment is longer');
      return;
    }
    addData(flags == 1 ? SegmentMode.Passive : SegmentMode.Active, memory, exprOffset, exprLength, position(), length);
    skipBytes(length);
  }
}
