/** validate: the decoded module, bodies included.
 *  In: `decodeModule` gave true.  Out: true, and the usage facts of module.ts; or the first error.
 *  Cost: O(binary), exports in a hash table.  Ref: WebAssembly 3.0, section 3.5. */

import { ErrorCode, fail, failed, message } from '../base/error';
import { requireFeature } from './features';
import { emptySlots, hashBytes, hashSlots } from './hash';
import {
  bytesLength,
  bytesStart,
  dataCount,
  dataMemory,
  dataMode,
  dataOffsetExprLength,
  dataOffsetExprOffset,
  ExternKind,
  elemCount,
  elemItemCount,
  elemItemFunc,
  elemItemKind,
  elemItemsOffset,
  elemMode,
  elemOffset,
  elemOffsetExprLength,
  elemOffsetExprOffset,
  elemTable,
  elemType,
  exportCount,
  exportIndex,
  exportKind,
  exportNameLength,
  exportNameOffset,
  funcCount,
  funcOffset,
  funcType,
  globalCount,
  globalInitLength,
  globalInitOffset,
  globalIsMutable,
  globalType,
  importedFuncCount,
  importedGlobalCount,
  memoryCount,
  SegmentMode,
  startFunc,
  startOffset,
  tableCount,
  tableElemType,
  tableInitLength,
  tableInitOffset,
  typeCount,
  typeParamCount,
  typeResultCount,
} from './module';
import { Feature, ValType } from './opcodes';
import { position } from './reader';
import { failType, setOperatorOffset, trimStack } from './stack';
import { validateBody } from './validate-code';
import { validateConstExpr } from './validate-const';

/** Validates everything. */
export function validateModule(): bool {
  const valid = validateDeclarations() && validateBodies();
  trimStack();
  return valid;
}

/** Validates all but the bodies. */
export function validateDeclarations(): bool {
  validateFunctions();
  validateTables();
  validateGlobals();
  validateExports();
  validateStart();
  validateElems();
  validateDatas();
  return !failed();
}

function validateBodies(): bool {
  for (let func = importedFuncCount; func < funcCount; func++) {
    if (!validateBody(func)) return false;
  }
  return true;
}

/** `unknown WHAT INDEX`. */
function failUnknown(offset: u32, what: string, index: u32): void {
  if (!fail(ErrorCode.Invalid, offset, 'unknown ')) return;
  message.text(what);
  message.u8(32);
  message.decimal(index);
  message.text(': ');
  message.text(what);
  message.text(' index out of bounds');
}

function validateFunctions(): void {
  for (let func: u32 = 0; func < funcCount; func++) {
    if (funcType(func) >= typeCount) return failUnknown(funcOffset(func), 'type', funcType(func));
  }
}

function validateTables(): void {
  for (let table: u32 = 0; table < tableCount && !failed(); table++) {
    if (tableInitLength(table) == 0) continue;
    // The section of globals comes later: only imported ones are known here.
    validateConstExpr(tableInitOffset(table), tableInitLength(table), tableElemType(table), importedGlobalCount);
  }
}

function validateGlobals(): void {
  for (let global = importedGlobalCount; global < globalCount && !failed(); global++) {
    validateConstExpr(globalInitOffset(global), globalInitLength(global), globalType(global), global);
  }
}

function validateExports(): void {
  const slots = hashSlots(exportCount);
  // A slot holds an export's index plus one.
  const table = emptySlots(slots);
  for (let index: u32 = 0; index < exportCount && !failed(); index++) {
    validateExport(index);
    const address = bytesStart + exportNameOffset(index);
    const length = exportNameLength(index);
    let slot = hashBytes(address, length) & (slots - 1);
    while (table[slot] != 0) {
      const other = table[slot] - 1;
      if (exportNameLength(other) == length && memory.compare(bytesStart + exportNameOffset(other), address, length) == 0) {
        if (fail(ErrorCode.Invalid, exportNameOffset(index), 'duplicate export name: ')) message.bytes(address, length);
        return;
      }
      slot = (slot + 1) & (slots - 1);
    }
    table[slot] = index + 1;
  }
}

function validateExport(index: u32): void {
  const item = exportIndex(index);
  // The kind and the index stand behind the name.
  const offset = exportNameOffset(index) + exportNameLength(index);
  switch (exportKind(index)) {
    case ExternKind.Func:
      if (item >= funcCount) failUnknown(offset, 'function', item);
      return;
    case ExternKind.Table:
      if (item >= tableCount) failUnknown(offset, 'table', item);
      return;
    case ExternKind.Memory:
      if (item >= memoryCount) failUnknown(offset, 'memory', item);
      return;
    case ExternKind.Global:
      if (item >= globalCount) failUnknown(offset, 'global', item);
      else if (globalIsMutable(item)) requireFeature(Feature.MutableGlobals, offset, 'export of a mutable global');
      return;
    default:
  }
}

function validateStart(): void {
  if (startOffset == 0) return;
  const func = startFunc as u32;
  if (func >= funcCount) return failUnknown(startOffset, 'function', func);
  const type = funcType(func);
  if (type < typeCount && (typeParamCount(type) != 0 || typeResultCount(type) != 0)) {
    fail(ErrorCode.Invalid, startOffset, 'start function must have no parameters and no results');
  }
}

function validateElems(): void {
  for (let elem: u32 = 0; elem < elemCount && !failed(); elem++) {
    if (elemMode(elem) == SegmentMode.Active) {
      const table = elemTable(elem);
      if (table >= tableCount) return failUnknown(elemOffset(elem), 'table', table);
      if (elemType(elem) != tableElemType(table)) {
        setOperatorOffset(elemOffset(elem));
        return failType(tableElemType(table), elemType(elem));
      }
      validateConstExpr(elemOffsetExprOffset(elem), elemOffsetExprLength(elem), ValType.I32, globalCount);
    }
    validateElemItems(elem);
  }
}

function validateElemItems(elem: u32): void {
  const count = elemItemCount(elem);
  let offset = elemItemsOffset(elem);
  if (elemItemKind(elem) == 0) {
    for (let i: u32 = 0; i < count; i++) {
      const func = elemItemFunc(elem, i) as u32;
      if (func >= funcCount) return failUnknown(offset, 'function', func);
    }
    return;
  }
  for (let i: u32 = 0; i < count && !failed(); i++) {
    validateConstExpr(offset, bytesLength - offset, elemType(elem), globalCount);
    offset = position();
  }
}

function validateDatas(): void {
  for (let data: u32 = 0; data < dataCount && !failed(); data++) {
    if (dataMode(data) != SegmentMode.Active) continue;
    const offset = dataOffsetExprOffset(data);
    if (dataMemory(data) >= memoryCount) return failUnknown(offset, 'memory', dataMemory(data));
    validateConstExpr(offset, dataOffsetExprLength(data), ValType.I32, globalCount);
  }
}
