/** AssemblyScript's names for the number types, so that the import-free leaf files shared with the core (layout, section ids, opcode
 *  table) compile under tsc too. */

type bool = boolean;
type u8 = number;
type u16 = number;
type u32 = number;
type i32 = number;
type StaticArray<T> = readonly T[];
