/** context: where everything of the present module is in its VMContext; compiled code and the artifact both go by it.
 *  In: the decoded module's counts.  Out: byte offsets from the VMContext; FuncRef slots.
 *  Requires: `prepareContext` after decoding (references are complete then), before any offset is asked for.
 *  Cost: O(functions) once, O(1) a question.  Ref: runtime/layout.ts, runtime/ABI.md. */

import { Column } from '../base/column';
import * as layout from '../../runtime/layout';
import * as module from './module';

/** Function index of each slot, ascending. */
let slotCapacity: u32 = 0;
let slotFuncs = Column.none<u32, u32>();
/** Slot of each function, NO_SLOT when it cannot become a reference. */
let funcCapacity: u32 = 0;
let funcSlots = Column.none<u32, u32>();

export const NO_SLOT: u32 = 0xffffffff;

/** Functions that can become references: each has a FuncRef in the VMContext. */
export let funcRefCount: u32 = 0;
export let memoriesOffset: u32 = 0;
export let tablesOffset: u32 = 0;
export let dataSegmentsOffset: u32 = 0;
export let typeIdsOffset: u32 = 0;
export let globalsOffset: u32 = 0;
export let funcRefsOffset: u32 = 0;
export let contextSize: u32 = 0;

/** Computes the layout for the decoded module. */
export function prepareContext(): void {
  const count = module.funcCount;
  if (count > funcCapacity) {
    const capacity = max<u32>(count, funcCapacity << 1);
    funcSlots = Column.grown<u32, u32>(funcSlots, funcCapacity, capacity);
    slotFuncs = Column.grown<u32, u32>(slotFuncs, slotCapacity, capacity);
    funcCapacity = capacity;
    slotCapacity = capacity;
  }
  funcRefCount = 0;
  for (let func: u32 = 0; func < count; func++) {
    // The host enters the start function by its FuncRef, as it does exports.
    if (module.funcIsReferenced(func) || <i32>func == module.startFunc) {
      slotFuncs[funcRefCount] = func;
      funcSlots[func] = funcRefCount++;
    } else funcSlots[func] = NO_SLOT;
  }
  const pointers = module.importedTableCount + module.importedMemoryCount + module.importedGlobalCount;
  memoriesOffset = layout.vmcontextMemories(module.importedFuncCount, pointers);
  tablesOffset = layout.vmcontextTables(memoriesOffset, module.memoryCount - module.importedMemoryCount);
  dataSegmentsOffset = layout.vmcontextDataSegments(tablesOffset, module.tableCount - module.importedTableCount);
  typeIdsOffset = layout.vmcontextTypeIds(dataSegmentsOffset, module.dataCount);
  globalsOffset = layout.vmcontextGlobals(typeIdsOffset, module.typeCount);
  funcRefsOffset = layout.vmcontextFuncRefs(globalsOffset, module.globalCount - module.importedGlobalCount);
  contextSize = layout.vmcontextSize(funcRefsOffset, funcRefCount);
}

/** FuncImport of imported function `func`. */
export function funcImportOffset(func: u32): u32 {
  return layout.vmcontextFuncImport(func);
}

export function tableIsImported(table: u32): bool {
  return table < module.importedTableCount;
}

/** Own table: its TableDesc. Imported: the pointer to it. */
export function tableOffset(table: u32): u32 {
  const imported = module.importedTableCount;
  return table < imported
    ? layout.vmcontextTableImport(module.importedFuncCount, table)
    : tablesOffset + (table - imported) * layout.TABLEDESC_SIZE;
}

export function memoryIsImported(memoryIndex: u32): bool {
  return memoryIndex < module.importedMemoryCount;
}

/** Own memory: its MemoryDesc. Imported: the pointer to it. */
export function memoryOffset(memoryIndex: u32): u32 {
  const imported = module.importedMemoryCount;
  return memoryIndex < imported
    ? layout.vmcontextMemoryImport(module.importedFuncCount, module.importedTableCount, memoryIndex)
    : memoriesOffset + (memoryIndex - imported) * layout.MEMORYDESC_SIZE;
}

export function globalIsImported(global: u32): bool {
  return global < module.importedGlobalCount;
}

/** Own global: its cell. Imported: the pointer to the cell. */
export function globalOffset(global: u32): u32 {
  const imported = module.importedGlobalCount;
  return global < imported
    ? layout.vmcontextGlobalImport(module.importedFuncCount, module.importedTableCount, module.importedMemoryCount, global)
    : globalsOffset + (global - imported) * layout.GLOBAL_SIZE;
}

export function dataSegmentOffset(data: u32): u32 {
  return dataSegmentsOffset + data * layout.DATASEGMENT_SIZE;
}

export function typeIdOffset(type: u32): u32 {
  return typeIdsOffset + type * layout.TYPE_ID_SIZE;
}

/** NO_SLOT when the function cannot become a reference. */
export function funcRefSlot(func: u32): u32 {
  return funcSlots[func];
}

/** Function index of a slot. */
export function funcRefFunc(slot: u32): u32 {
  return slotFuncs[slot];
}

/** The FuncRef of a function that has a slot. The reference to an imported function is its FuncImport's FUNCIMPORT_REF instead. */
export function funcRefOffset(func: u32): u32 {
  return funcRefsOffset + funcSlots[func] * layout.FUNCREF_SIZE;
}
