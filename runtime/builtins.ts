/** builtins: what compiled code may call in the runtime, by id. VMContext.BUILTINS points to a table of code pointers in this order.
 *  Native builtins are leaf C functions of the helper, called on the wasm stack with the wasm calling convention; they cannot fail:
 *  compiled code has checked bounds before. Host builtins leave to the host (ABI.md, "Leaving"), which may trap; their arguments are
 *  integers. Import-free: compiled by asc and tsc, and turned into native/layout.h. */

// Native: (destination address, source address, byte count), (address, byte value, byte count).
export const BUILTIN_MEMORY_COPY: u32 = 0;
export const BUILTIN_MEMORY_FILL: u32 = 1;

/** The first builtin that leaves to the host; ExitStatus is EXIT_HOST_BUILTIN + (id - BUILTIN_FIRST_HOST). */
export const BUILTIN_FIRST_HOST: u32 = 8;
export const BUILTIN_MEMORY_GROW: u32 = 8; // (memory index, delta pages) -> old pages or -1
export const BUILTIN_TABLE_GROW: u32 = 9; // (table index, init ref, delta) -> old length or -1
export const BUILTIN_TABLE_FILL: u32 = 10; // (table index, start, ref, count); traps
export const BUILTIN_TABLE_COPY: u32 = 11; // (to table, from table, to, from, count); traps
export const BUILTIN_TABLE_INIT: u32 = 12; // (table, elem segment, to, from, count); traps
export const BUILTIN_ELEM_DROP: u32 = 13; // (elem segment)
export const BUILTIN_COUNT: u32 = 14;
