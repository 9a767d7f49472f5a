/** tiny-modules: the few wasm modules that the host makes itself. V8 links them, and so makes functions, tells types, or carries a label.
 *  Ref: WebAssembly specification 3.0, 5.5 (modules). */

import type { ValType, FuncType } from '../base/types.js';
import { moduleOf, SECTION_CUSTOM, SECTION_EXPORT, SECTION_IMPORT, SECTION_TYPE, unsignedLeb } from './binary.js';

const FUNC_FORM = 0x60;
// Kinds of imports.
const MEMORY = 2;
const GLOBAL = 3;
const LIMITS_HAS_MAXIMUM = 1;
const LIMITS_SHARED = 2;

const codes: Record<ValType, number> = { i32: 127, i64: 126, f32: 125, f64: 124, v128: 123, funcref: 112, externref: 111 };

/** A module that imports a function of this type and exports it again, both under the name "". */
export function forwarder(type: FuncType): Uint8Array {
  const list = (types: readonly ValType[]) => [...unsignedLeb(types.length), ...types.map((each) => codes[each])];
  return moduleOf(
    [SECTION_TYPE, [1, FUNC_FORM, ...list(type.params), ...list(type.results)]],
    [SECTION_IMPORT, [1, 0, 0, 0, 0]],
    [SECTION_EXPORT, [1, 0, 0, 0]],
  );
}

/** A module that imports an immutable global of this type, as ""."". */
export function globalImporter(content: ValType): Uint8Array {
  return moduleOf([SECTION_IMPORT, [1, 0, 0, GLOBAL, codes[content], 0]]);
}

/** A module that imports, as ""."", a memory whose maximum is at most `pages`. */
export function memoryImporter(pages: number, shared: boolean): Uint8Array {
  const flags = LIMITS_HAS_MAXIMUM | (shared ? LIMITS_SHARED : 0);
  return moduleOf([SECTION_IMPORT, [1, 0, 0, MEMORY, flags, 0, ...unsignedLeb(pages)]]);
}

/** A module that has nothing but one custom section. */
export function labelled(name: string, content: Uint8Array): Uint8Array {
  const label = Buffer.from(name);
  return moduleOf([SECTION_CUSTOM, [...unsignedLeb(label.length), ...label, ...content]]);
}
