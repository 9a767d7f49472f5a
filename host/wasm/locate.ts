/** locate: which function of a wasm binary an offset lies in, for messages. The binary may be malformed from some place on: what comes before is
 *  used as far as it goes, and what cannot be told is left out.
 *  Runs on the way of errors alone. Cost: linear in the number of functions and names. */

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

export interface Place {
  readonly funcIndex: number;
  /** From the name section, else from an export. */
  readonly funcName: string | undefined;
}

const FUNCTION_NAMES = 1;
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

/** The same error with the function's index and name, where the offset lies in one. */
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

function leniently<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Number of the body that holds the offset. The end of the last one counts too: it is where the next byte was expected. */
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

function exportOf(exports: Reader, funcIndex: number): string | undefined {
  for (let count = exports.unsigned(); count > 0; count--) {
    const name = shortName(exports);
    const kind = exports.byte();
    if (exports.unsigned() === funcIndex && kind === FUNC) return name;
  }
  return undefined;
}
