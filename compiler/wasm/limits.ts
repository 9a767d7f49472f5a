/** limits: the implementation limits, those of the WebAssembly JavaScript interface.
 *  Ref: WebAssembly JavaScript Interface, section "Implementation-defined Limits". */

export const MAX_TYPES: u32 = 1_000_000;
export const MAX_FUNCTIONS: u32 = 1_000_000;
export const MAX_IMPORTS: u32 = 1_000_000;
export const MAX_EXPORTS: u32 = 1_000_000;
export const MAX_GLOBALS: u32 = 1_000_000;
export const MAX_TABLES: u32 = 100_000;
export const MAX_MEMORIES: u32 = 100;
export const MAX_DATA_SEGMENTS: u32 = 100_000;
export const MAX_ELEM_SEGMENTS: u32 = 10_000_000;
export const MAX_PARAMS: u32 = 1_000;
export const MAX_RESULTS: u32 = 1_000;
export const MAX_LOCALS: u32 = 50_000;
export const MAX_BODY_SIZE: u32 = 7_654_321;
/** Items of one element segment. */
export const MAX_ELEM_ITEMS: u32 = 10_000_000;
/** Labels of a `br_table`, the default not counted. */
export const MAX_BR_TABLE_SIZE: u32 = 65_520;
/** Pages of a 32-bit memory: not a limit but the address space. */
export const MAX_PAGES: u64 = 65_536;
