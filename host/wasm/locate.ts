/** locate: finds the function of a wasm binary in which an offset lies, for error messages.
 *  In: a binary, which may be malformed from some place on, and an offset. Out: the function's index and name, as far as the binary can be read;
 *  undefined where it cannot.
 *  Cost: linear in the number of functions and names. It runs only when there is an error. */

import { CompileError } from '../base/errors.js';
import { Malformed, Reader, SECTION_CODE, SECTION_CUSTOM, SECTION_EXPORT, SECTION_IMPORT, sectionsOf } from './binary.js';

/** The function in which an offset lies. */
export interface Place {
  readonly funcIndex: number;
  /** The name from the name section, else that of an export. */
  readonly funcName: string | undefined;
}

/** The id of the subsection of function names in the name section. */
const FUNCTION_NAMES = 1;
// Kinds of imports and exports.
const FUNC = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;
const TAG = 4;

/** A name is cut off after so many characters: a longer one says no more. */
const MAX_NAME = 100;

/** The function whose body holds `offset`, if one does. */
export function locate(bytes: Uint8Array, offset: number): Place | undefined {
  const sections = [...sectionsOf(bytes)].map(({ id, name, content, end }) => ({ id, name, body: new Reader(bytes, content, end) }));
  const code = sections.find(({ id }) => id === SECTION_CODE)?.body;
  const defined = code && leniently(() => bodyAt(code, offset));
  if (defined === undefined) return undefined;
  const imports = sections.find(({ id }) => id === SECTION_IMPORT)?.body;
  const imported = imports ? leniently(() => importedFunctions(imports)) : 0;
  if (imported === undefined) return undefined;
  const funcIndex = imported + defined;
  let funcName: string | undefined;
  for (const { id, name, body } of sections) {
    if (id === SECTION_CUSTOM && name === 'name') funcName = leniently(() => nameIn(body, funcIndex)) ?? funcName;
    else if (id === SECTION_EXPORT) funcName ??= leniently(() => exportOf(body, funcIndex));
  }
  return { funcIndex, funcName };
}

/** The same error, with the index and the name of the function in which its offset lies, if it lies in one. */
export function withPlace(error: unknown, bytes: Uint8Array): unknown {
  if (!(error instanceof CompileError) || error.funcIndex !== undefined) return error;
  const place = locate(bytes, error.offset);
  if (!place) return error;
  const { funcIndex, funcName } = place;
  const at = error.message.lastIndexOf(' (at offset ');
  const where = ` in function ${funcIndex}${funcName === undefined ? '' : ` '${funcName}'`}`;
  const message = at < 0 ? error.message + where : error.message.slice(0, at) + where + error.message.slice(at);
  return new CompileError(error.code, message, error.offset, funcIndex, funcName);
}

/** The result of `read`; undefined when the binary is malformed there. */
function leniently<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** The position in the code section of the body that holds the offset. The end of the last body counts as part of it: the next byte was expected
 *  there. */
function bodyAt(code: Reader, offset: number): number | undefined {
  const count = code.unsigned();
  for (let i = 0; i < count; i++) {
    const start = code.at;
    const size = code.unsigned();
    const end = code.at + size;
    if (offset >= start && (offset < end || (offset === end && i === count - 1))) return i;
    code.skip(size);
  }
  return undefined;
}

/** How many functions are imported. */
function importedFunctions(imports: Reader): number {
  let functions = 0;
  for (let count = imports.unsigned(); count > 0; count--) {
    imports.name();
    imports.name();
    const kind = imports.byte();
    if (kind === FUNC) {
      functions++;
      imports.unsigned();
    } else if (kind === TABLE || kind === MEMORY) {
      if (kind === TABLE) imports.byte();
      const flags = imports.unsigned();
      imports.unsigned();
      if ((flags & 1) !== 0) imports.unsigned();
      if ((flags & 8) !== 0) imports.unsigned();
    } else if (kind === GLOBAL) imports.skip(2);
    else if (kind === TAG) {
      imports.byte();
      imports.unsigned();
    } else throw new Malformed();
  }
  return functions;
}

function shortName(reader: Reader): string {
  const name = reader.name(4 * MAX_NAME);
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

/** The name of a function in the name section, whose content `custom` reads. */
function nameIn(custom: Reader, funcIndex: number): string | undefined {
  while (custom.more) {
    const id = custom.byte();
    const names = custom.part(custom.unsigned());
    if (id !== FUNCTION_NAMES) continue;
    for (let count = names.unsigned(); count > 0; count--) {
      const index = names.unsigned();
      const name = shortName(names);
      if (index === funcIndex) return name;
    }
  }
  return undefined;
}

/** The name of the first export of a function. */
function exportOf(exports: Reader, funcIndex: number): string | undefined {
  for (let count = exports.unsigned(); count > 0; count--) {
    const name = shortName(exports);
    const kind = exports.byte();
    if (exports.unsigned() === funcIndex && kind === FUNC) return name;
  }
  return undefined;
}
