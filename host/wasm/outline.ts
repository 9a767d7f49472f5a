/** outline: reads what a wasm binary says about itself before its code: types, imports, exports.
 *  In: a binary. Out: an Outline, in which types of proposals that Ouro does not know are undefined; `Malformed` where the bytes end early.
 *  Cost: in proportion to those sections. Function bodies and data are skipped. */

import { FuncType, type ValType, valTypeOf } from '../base/types.js';
import {
  isCustom,
  Reader,
  SECTION_CUSTOM,
  SECTION_EXPORT,
  SECTION_FUNCTION,
  SECTION_IMPORT,
  SECTION_TYPE,
  sectionReader,
  sectionsOf,
} from './binary.js';

export type ExternKindName = 'function' | 'table' | 'memory' | 'global' | 'tag';

export interface OutlinedImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKindName;
  /** Type index of a function. */
  readonly type?: number;
  /** Of a global. */
  readonly mutable?: boolean;
}

export interface OutlinedExport {
  readonly name: string;
  readonly kind: ExternKindName;
  /** In the index space of the kind. */
  readonly index: number;
}

/** What a binary says about itself before its code. */
export interface Outline {
  readonly imports: readonly OutlinedImport[];
  readonly exports: readonly OutlinedExport[];
  /** The ids of the sections that the module has, without custom sections. */
  readonly sections: ReadonlySet<number>;
  /** At least one function type has a parameter or result of type funcref. */
  readonly mentionsFuncref: boolean;
  /** The type of a function, by its index; undefined when it is not known. */
  functionType(index: number): FuncType | undefined;
}

const kinds: readonly ExternKindName[] = ['function', 'table', 'memory', 'global', 'tag'];

const FUNC_FORM = 0x60;
/** The first bytes of the types (ref null ht) and (ref ht). A heap type follows. */
const TYPED_REFS = [0x63, 0x64];
const LIMITS_HAS_MAXIMUM = 1;
/** Of the proposal for custom page sizes. */
const LIMITS_HAS_PAGE_SIZE = 8;

/** A value type; undefined when it is one that Ouro does not know. */
export function readValType(reader: Reader): ValType | undefined {
  const byte = reader.byte();
  if (TYPED_REFS.includes(byte)) reader.unsigned();
  return valTypeOf(byte);
}

function skipLimits(reader: Reader): void {
  const flags = reader.byte();
  reader.unsigned();
  if (flags & LIMITS_HAS_MAXIMUM) reader.unsigned();
  if (flags & LIMITS_HAS_PAGE_SIZE) reader.unsigned();
}

/** A module of the header and those sections that have these ids. It declares the same as the original, and does nothing. */
export function extract(bytes: Uint8Array, ids: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  for (const { id, start, end } of sectionsOf(bytes)) if (ids.includes(id)) parts.push(bytes.subarray(start, end));
  return Buffer.concat(parts);
}

/** A copy of the sections from which an outline is made. It is small, and it spares keeping the whole binary. */
export function headOf(bytes: Uint8Array): Uint8Array {
  return extract(bytes, [SECTION_TYPE, SECTION_IMPORT, SECTION_FUNCTION, SECTION_EXPORT]);
}

/** What a module imports. */
export function importsOf(bytes: Uint8Array): OutlinedImport[] {
  return readSection(bytes, SECTION_IMPORT, readImport);
}

/** The items of a section that is a list; none when the module has no such section. */
function readSection<T>(bytes: Uint8Array, wanted: number, read: (reader: Reader) => T): T[] {
  return sectionReader(bytes, wanted)?.list(read) ?? [];
}

const readExport = (reader: Reader): OutlinedExport => ({ name: reader.name(), kind: kinds[reader.byte()], index: reader.unsigned() });

/** A function that calls `make` the first time, and gives the same value each time. */
function lazy<T>(make: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => (result ??= { value: make() }).value;
}

/** The outline of a binary. Types, imports and exports are read now; the function section is read when a function's type is first asked for. */
export function outlineOf(bytes: Uint8Array): Outline {
  const sections = new Set<number>();
  let types: (FuncType | undefined)[] = [];
  for (const { id, content, end } of sectionsOf(bytes)) {
    if (id !== SECTION_CUSTOM) sections.add(id);
    if (id === SECTION_TYPE) types = readTypes(new Reader(bytes, content, end));
  }
  const imports = importsOf(bytes);
  const functions = lazy(() => {
    const own = readSection(bytes, SECTION_FUNCTION, (reader) => reader.unsigned());
    return imports.flatMap(({ type }) => (type === undefined ? [] : [type])).concat(own);
  });
  return {
    imports,
    exports: readSection(bytes, SECTION_EXPORT, readExport),
    sections,
    mentionsFuncref: types.some((type) => type?.params.includes('funcref') || type?.results.includes('funcref')),
    functionType: (index) => types[functions()[index]],
  };
}

/** The types up to the first that is no plain function type. */
function readTypes(reader: Reader): (FuncType | undefined)[] {
  const types: (FuncType | undefined)[] = [];
  for (let left = reader.unsigned(); left > 0; left--) {
    if (reader.byte() !== FUNC_FORM) break;
    const params = reader.list(readValType);
    const results = reader.list(readValType);
    const known = [...params, ...results].every((type) => type !== undefined);
    types.push(known ? new FuncType(params as ValType[], results as ValType[]) : undefined);
  }
  return types;
}

function readImport(reader: Reader): OutlinedImport {
  const module = reader.name();
  const name = reader.name();
  const kind = kinds[reader.byte()];
  switch (kind) {
    case 'function':
      return { module, name, kind, type: reader.unsigned() };
    case 'table':
      readValType(reader);
      skipLimits(reader);
      break;
    case 'memory':
      skipLimits(reader);
      break;
    case 'global':
      readValType(reader);
      return { module, name, kind, mutable: reader.byte() === 1 };
    case 'tag':
      reader.byte();
      reader.unsigned();
  }
  return { module, name, kind };
}

/** The one export of a forwarder: it is the function that the module imports. */
export interface Forwarded {
  readonly name: string;
  readonly type: FuncType;
}

/** What a module forwards, if it is a forwarder: it has nothing but types, one imported function, and one export of that. Undefined for other
 *  modules. */
export function forwardedBy({ sections, imports, exports, functionType }: Outline): Forwarded | undefined {
  const only = [...sections].every((id) => id === SECTION_TYPE || id === SECTION_IMPORT || id === SECTION_EXPORT);
  if (!only || imports.length !== 1 || imports[0].kind !== 'function' || exports.length !== 1) return undefined;
  const type = functionType(0);
  return type && ![...type.params, ...type.results].includes('v128') ? { name: exports[0].name, type } : undefined;
}

/** In bytes. It is more than enough for a forwarder as glue code makes them, with one type and a few short names. */
const LONGEST_FORWARDER = 256;

/** Whether a module is a forwarder. */
export function isForwarder(bytes: Uint8Array): boolean {
  try {
    return bytes.length <= LONGEST_FORWARDER && forwardedBy(outlineOf(bytes)) !== undefined;
  } catch {
    return false;
  }
}

/** The module's own name, from its name section. */
export function moduleName(bytes: Uint8Array): string | undefined {
  for (const section of sectionsOf(bytes)) {
    if (!isCustom(bytes, section, 'name') || section.content === section.end) continue;
    const reader = new Reader(bytes, section.content, section.end);
    if (reader.byte() !== 0) return undefined;
    reader.unsigned();
    return reader.name();
  }
  return undefined;
}

/** Copies of the contents of all custom sections with this name. */
export function customSections(bytes: Uint8Array, name: string): ArrayBuffer[] {
  const found: ArrayBuffer[] = [];
  for (const section of sectionsOf(bytes)) {
    if (isCustom(bytes, section, name)) found.push(bytes.slice(section.content, section.end).buffer as ArrayBuffer);
  }
  return found;
}
