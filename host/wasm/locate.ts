/** locate: finds the function of a wasm binary in which an offset lies, for error messages.
 *  In: a binary, which may be malformed from some place on, and an offset. Out: the function's index and name, as far as the binary can be read;
 *  undefined where it cannot.
 *  Cost: linear in the number of functions and names. It runs only when there is an error. */

import { CompileError } from '../base/errors.js';
import {
  isCustom,
  Malformed,
  Reader,
  SECTION_CODE,
  SECTION_CUSTOM,
  SECTION_EXPORT,
  SECTION_IMPORT,
  type Section,
  sectionsOf,
} from './binary.js';
import { readValType } from './outline.js';

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

/** A module has two sections that name functions. More are an attack on this one's time. */
const MAX_NAMED = 16;

/** A longer name says no more. */
const MAX_NAME = 100;

/** The function whose body holds `offset`, if one does. */
export function locate(bytes: Uint8Array, offset: number): Place | undefined {
  let code: Reader | undefined;
  let imports: Reader | undefined;
  const named: Section[] = [];
  // There may be millions of other sections.
  for (const section of sectionsOf(bytes)) {
    const { id, content, end } = section;
    if (id === SECTION_CODE) code ??= new Reader(bytes, content, end);
    else if (id === SECTION_IMPORT) imports ??= new Reader(bytes, content, end);
    else if (named.length < MAX_NAMED && (id === SECTION_EXPORT || isCustom(bytes, section, 'name'))) named.push(section);
  }
  const inCode = code;
  const defined = inCode && leniently(() => bodyAt(inCode, offset));
  if (defined === undefined) return undefined;
  const inImports = imports;
  const imported = inImports ? leniently(() => importedFunctions(inImports)) : 0;
  if (imported === undefined) return undefined;
  const funcIndex = imported + defined;
  return { funcIndex, funcName: functionName(bytes, named, funcIndex) };
}

/** The name that the last name section gives, else the first export's. */
function functionName(bytes: Uint8Array, sections: readonly Section[], funcIndex: number): string | undefined {
  let name: string | undefined;
  for (const { id, content, end } of sections) {
    const body = new Reader(bytes, content, end);
    if (id === SECTION_CUSTOM) name = leniently(() => nameIn(body, funcIndex)) ?? name;
    else name ??= leniently(() => exportOf(body, funcIndex));
  }
  return name;
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
      if (kind === TABLE) readValType(imports);
      const flags = imports.unsigned();
      imports.unsigned();
      if ((flags & 1) !== 0) imports.unsigned();
      if ((flags & 8) !== 0) imports.unsigned();
    } else if (kind === GLOBAL) {
      readValType(imports);
      imports.byte();
    } else if (kind === TAG) {
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
