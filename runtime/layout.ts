/** layout: byte offsets of every structure that compiled code, the host and the native helper share.
 *  The only source: asc and tsc both compile this file (so it imports nothing), and the build turns it into native/layout.h.
 *  The meaning of each field is in ABI.md. All fields are little-endian; pointers are 8 bytes. */

/** Version of everything in this file and in ABI.md; an artifact records it and is refused when it differs. */
export const ABI_VERSION: u32 = 2;

// VMContext: one per instance. The header has fixed offsets; what follows is laid out by the vmcontext… functions below.
export const VMCONTEXT_TRAP_ENTRY: u32 = 0;
export const VMCONTEXT_ACTIVITY: u32 = 8;
export const VMCONTEXT_MEMORY0_BASE: u32 = 16;
export const VMCONTEXT_BUILTINS: u32 = 24;
export const VMCONTEXT_INSTANCE_ID: u32 = 32;
export const VMCONTEXT_CODE_BASE: u32 = 40;
export const VMCONTEXT_HEADER_SIZE: u32 = 48;

// HostFunc: stands where a VMContext stands while a host function is called; same header offsets.
export const HOSTFUNC_ACTIVITY: u32 = 8;
export const HOSTFUNC_STACK_ARGS: u32 = 16;
export const HOSTFUNC_STACK_RESULTS: u32 = 20;
export const HOSTFUNC_LEAVE: u32 = 24; // FUNCIMPORT_CODE of instances that import the function
export const HOSTFUNC_ID: u32 = 32;
export const HOSTFUNC_SIZE: u32 = 48;

// FuncRef: what a funcref value points to.
export const FUNCREF_CODE: u32 = 0;
export const FUNCREF_VMCONTEXT: u32 = 8;
export const FUNCREF_TYPE: u32 = 16;
export const FUNCREF_FUNC_INDEX: u32 = 20;
export const FUNCREF_INSTANCE_ID: u32 = 24;
export const FUNCREF_SIZE: u32 = 32;
export const HOST_INSTANCE_ID: u32 = 0xffffffff; // FUNCREF_INSTANCE_ID of a host function

// FuncImport: one per imported function, inside the VMContext.
export const FUNCIMPORT_CODE: u32 = 0;
export const FUNCIMPORT_VMCONTEXT: u32 = 8;
export const FUNCIMPORT_REF: u32 = 16;
export const FUNCIMPORT_SIZE: u32 = 24;

// MemoryDesc and TableDesc.
export const MEMORYDESC_BASE: u32 = 0;
export const MEMORYDESC_BYTE_LENGTH: u32 = 8;
export const MEMORYDESC_SIZE: u32 = 16;
export const TABLEDESC_BASE: u32 = 0;
export const TABLEDESC_LENGTH: u32 = 8;
export const TABLEDESC_SIZE: u32 = 16;
export const TABLE_ENTRY_SIZE: u32 = 8;

// Passive (and dropped) data segments: address and remaining length.
export const DATASEGMENT_ADDRESS: u32 = 0;
export const DATASEGMENT_LENGTH: u32 = 8;
export const DATASEGMENT_SIZE: u32 = 16;

export const GLOBAL_SIZE: u32 = 16;
export const TYPE_ID_SIZE: u32 = 4;
export const POINTER_SIZE: u32 = 8;

// Slots: the exchange area of a thread, one ArrayBuffer shared with JS (offsets in bytes).
export const SLOT_INTS: u32 = 0; // 6 integer argument registers; results 0 and 1
export const SLOT_INT_COUNT: u32 = 6;
export const SLOT_FLOATS: u32 = 64; // 8 float argument registers, 16 bytes each; results 0 and 1
export const SLOT_FLOAT_COUNT: u32 = 8;
export const SLOT_RESULT_INT_COUNT: u32 = 2;
export const SLOT_RESULT_FLOAT_COUNT: u32 = 2;
export const SLOT_CALLEE: u32 = 192; // FuncRef pointer, to enter
export const SLOT_STACK_ARGS: u32 = 200; // u32: words of stack arguments
export const SLOT_STACK_RESULTS: u32 = 204; // u32: words of stack results
export const SLOT_STATUS: u32 = 208; // u32: ExitStatus
export const SLOT_EXIT_ID: u32 = 212; // u32: HostFunc id, or instance id of a host builtin
export const SLOT_TRAP_PC: u32 = 216; // u64
export const SLOT_TRAP_ADDRESS: u32 = 224; // u64: faulting address, 0 when none
export const SLOT_TRAP_KIND: u32 = 232; // u32: TrapKind
export const SLOT_TRACE_LENGTH: u32 = 236; // u32: number of program counters in SLOT_STACK
export const SLOT_HELPER: u32 = 240; // 64 bytes that only the native helper writes
export const SLOT_ACTIVATION: u32 = 240; // u64: identifies the innermost activation, 0 when there is none
export const SLOT_STACK: u32 = 304; // stack words, or the backtrace's program counters (u64 each)
export const SLOT_STACK_WORDS: u32 = 2048;
export const SLOTS_SIZE: u32 = 16688; // SLOT_STACK + 8 * SLOT_STACK_WORDS

/** Why enter or resume came back to the host. Values from EXIT_HOST_BUILTIN up: EXIT_HOST_BUILTIN + a HostBuiltin. */
export const EXIT_RETURNED: u32 = 0;
export const EXIT_TRAPPED: u32 = 1;
export const EXIT_HOST_FUNC: u32 = 2;
export const EXIT_HOST_BUILTIN: u32 = 16;

/** How a trap was noticed. */
export const TRAP_KIND_EXPLICIT: u32 = 0; // a check in the code: SLOT_TRAP_PC is in the trap table
export const TRAP_KIND_FAULT: u32 = 1; // a signal at a memory access: memory out of bounds, unless the trap table says otherwise
export const TRAP_KIND_STACK_OVERFLOW: u32 = 2; // a signal in the stack's guard
export const TRAP_KIND_HOST: u32 = 3; // a host builtin says so: only the host knows why

// Offsets that depend on the module's counts. Order: function imports, imported tables, memories and globals (pointers),
// own memories, own tables, data segments, type ids, own globals (16-byte aligned), funcrefs.

export function vmcontextFuncImport(index: u32): u32 {
  return VMCONTEXT_HEADER_SIZE + index * FUNCIMPORT_SIZE;
}

export function vmcontextTableImport(funcImports: u32, index: u32): u32 {
  return vmcontextFuncImport(funcImports) + index * POINTER_SIZE;
}

export function vmcontextMemoryImport(funcImports: u32, tableImports: u32, index: u32): u32 {
  return vmcontextTableImport(funcImports, tableImports) + index * POINTER_SIZE;
}

export function vmcontextGlobalImport(funcImports: u32, tableImports: u32, memoryImports: u32, index: u32): u32 {
  return vmcontextMemoryImport(funcImports, tableImports, memoryImports) + index * POINTER_SIZE;
}

/** First own memory descriptor; `pointers` = imported tables + memories + globals. */
export function vmcontextMemories(funcImports: u32, pointers: u32): u32 {
  return vmcontextFuncImport(funcImports) + pointers * POINTER_SIZE;
}

export function vmcontextTables(memories: u32, ownMemories: u32): u32 {
  return memories + ownMemories * MEMORYDESC_SIZE;
}

export function vmcontextDataSegments(tables: u32, ownTables: u32): u32 {
  return tables + ownTables * TABLEDESC_SIZE;
}

export function vmcontextTypeIds(dataSegments: u32, dataCount: u32): u32 {
  return dataSegments + dataCount * DATASEGMENT_SIZE;
}

export function vmcontextGlobals(typeIds: u32, typeCount: u32): u32 {
  return (typeIds + typeCount * TYPE_ID_SIZE + 15) & ~15;
}

export function vmcontextFuncRefs(globals: u32, ownGlobals: u32): u32 {
  return globals + ownGlobals * GLOBAL_SIZE;
}

export function vmcontextSize(funcRefs: u32, funcRefCount: u32): u32 {
  return funcRefs + funcRefCount * FUNCREF_SIZE;
}
