/** outline: what a wasm binary says about itself before its code: types, imports, exports.
 *  In: a binary that V8 has accepted. Out: an Outline; what it cannot read (types of proposals that Ouro does not know) is undefined there.
 *  Cost: in proportion to those sections; bodies and data are skipped. */

import { FuncType, type ValType, valTypeOf } from '../base/types.js';

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

export interface Outline {
  readonly imports: readonly OutlinedImport[];
  readonly exports: readonly OutlinedExport[];
  /** Sections that the module has, custom ones apart. */
  readonly sections: ReadonlySet<number>;
  /** A function type has a funcref. */
  readonly mentionsFuncref: boolean;
  /** The type of a function by its index. */
  functionType(index: number): FuncType | undefined;
}

export const SECTION_TYPE = 1;
export const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_EXPORT = 7;

const kinds: readonly ExternKindName[] = ['function', 'table', 'memory', 'global', 'tag'];

const FUNC_FORM = 0x60;
/** (ref null ht) and (ref ht): a heap type follows. */
const TYPED_REFS = [0x63, 0x64];
const LIMITS_HAS_MAXIMUM = 1;

/** Reads what it is told to; the binary is valid, so nothing is checked but its end. */
class Reader {
  at: number;
  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    readonly end = bytes.length,
  ) {
    this.at = start;
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError('the section ends early');
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128; bits beyond 32 are lost. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = this.byte();
      if (shift < 32) value |= (next & 0x7f) << shift;
      if (next < 0x80) return value >>> 0;
    }
  }

  name(): string {
    const length = this.u32();
    this.at += length;
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + this.at - length, length).toString();
  }

  list<T>(read: () => T): T[] {
    const count = this.u32();
    const list: T[] = [];
    for (let i = 0; i < count; i++) list.push(read());
    return list;
  }

  /** Undefined for a type that Ouro does not know. */
  valType(): ValType | undefined {
    const byte = this.byte();
    if (TYPED_REFS.includes(byte)) this.u32();
    return valTypeOf(byte);
  }

  limits(): void {
    const flags = this.byte();
    this.u32();
    if (flags & LIMITS_HAS_MAXIMUM) this.u32();
  }
}

export interface Section {
  readonly id: number;
  /** Of the content, and, for custom sections, behind their name. */
  readonly start: number;
  readonly end: number;
  /** Of a custom section. */
  readonly name: string | undefined;
}

/** The sections of a binary, in order; ends silently where the binary is malformed. */
export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = new Reader(bytes, 8);
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.u32();
    const start = reader.at;
    const end = start + size;
    if (end > bytes.length) return;
    let name: string | undefined;
    if (id === 0) name = reader.name();
    yield { id, start: reader.at, end, name };
    reader.at = end;
  }
}

/** Whole sections with these ids, behind a module header: a module that declares the same and does nothing. */
export function extract(bytes: Uint8Array, ids: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  let at = 8;
  for (const { id, end } of sectionsOf(bytes)) {
    if (ids.includes(id)) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

/** What an outline is made of: a small copy, so that the whole binary need not be kept. */
export function headOf(bytes: Uint8Array): Uint8Array {
  return extract(bytes, [SECTION_TYPE, SECTION_IMPORT, SECTION_FUNCTION, SECTION_EXPORT]);
}

/** What a module imports. */
export function importsOf(bytes: Uint8Array): OutlinedImport[] {
  return readSection(bytes, SECTION_IMPORT, readImport);
}

/** The list that a section is; empty where the module has no such section. */
function readSection<T>(bytes: Uint8Array, wanted: number, read: (reader: Reader) => T): T[] {
  for (const { id, start, end } of sectionsOf(bytes)) {
    if (id !== wanted) continue;
    const reader = new Reader(bytes, start, end);
    return reader.list(() => read(reader));
  }
  return [];
}

const readExport = (reader: Reader): OutlinedExport => ({ name: reader.name(), kind: kinds[reader.byte()], index: reader.u32() });

/** A value that is made when it is asked for. */
function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Types, imports and exports are read now, how many functions so ever there are. */
export function outlineOf(bytes: Uint8Array): Outline {
  const sections = new Set<number>();
  let types: (FuncType | undefined)[] = [];
  for (const { id, start, end } of sectionsOf(bytes)) {
    if (id !== 0) sections.add(id);
    if (id === SECTION_TYPE) types = readTypes(new Reader(bytes, start, end));
  }
  const imports = importsOf(bytes);
  const functions = lazy(() => {
    const own = readSection(bytes, SECTION_FUNCTION, (reader) => reader.u32());
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

/** Types up to the first that is no plain function type. */
function readTypes(reader: Reader): (FuncType | undefined)[] {
  const types: (FuncType | undefined)[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    if (reader.byte() !== FUNC_FORM) break;
    const params = reader.list(() => reader.valType());
    const results = reader.list(() => reader.valType());
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
      return { module, name, kind, type: reader.u32() };
    case 'table':
      reader.valType();
      reader.limits();
      break;
    case 'memory':
      reader.limits();
      break;
    case 'global':
      reader.valType();
      return { module, name, kind, mutable: reader.byte() === 1 };
    case 'tag':
      reader.byte();
      reader.u32();
  }
  return { module, name, kind };
}

/** An export that is the module's only import, a function. */
export interface Forwarded {
  readonly name: string;
  readonly type: FuncType;
}

/** What a module without anything but types, one imported function and its export forwards; undefined for any other module. */
export function forwardedBy({ sections, imports, exports, functionType }: Outline): Forwarded | undefined {
  const only = [...sections].every((id) => id === SECTION_TYPE || id === SECTION_IMPORT || id === SECTION_EXPORT);
  if (!only || imports.length !== 1 || imports[0].kind !== 'function' || exports.length !== 1) return undefined;
  const type = functionType(0);
  return type && ![...type.params, ...type.results].includes('v128') ? { name: exports[0].name, type } : undefined;
}

/** More than enough for its one type and two names, as glue code makes them. */
const LONGEST_FORWARDER = 256;

/** Whether `forwardedBy` knows the module. */
export function isForwarder(bytes: Uint8Array): boolean {
  try {
    return bytes.length <= LONGEST_FORWARDER && forwardedBy(outlineOf(bytes)) !== undefined;
  } catch {
    return false;
  }
}

/** The module's own name, from its name section. */
export function moduleName(bytes: Uint8Array): string | undefined {
  for (const { id, name, start, end } of sectionsOf(bytes)) {
    if (id !== 0 || name !== 'name' || start === end) continue;
    const reader = new Reader(bytes, start, end);
    if (reader.byte() !== 0) return undefined;
    reader.u32();
    return reader.name();
  }
  return undefined;
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const codes: Record<ValType, number> = { i32: 127, i64: 126, f32: 125, f64: 124, v128: 123, funcref: 112, externref: 111 };

/** A module that exports the function of a type that it imports, both under the name "". */
export function forwarder(type: FuncType): Uint8Array {
  const list = (types: readonly ValType[]) => [...leb(types.length), ...types.map((each) => codes[each])];
  return new Uint8Array([
    ...HEADER,
    ...section(SECTION_TYPE, [1, FUNC_FORM, ...list(type.params), ...list(type.results)]),
    ...section(SECTION_IMPORT, [1, 0, 0, 0, 0]),
    ...section(SECTION_EXPORT, [1, 0, 0, 0]),
  ]);
}

/** A module that imports an immutable global of a type. */
export function globalImporter(content: ValType): Uint8Array {
  return new Uint8Array([...HEADER, ...section(SECTION_IMPORT, [1, 0, 0, 3, codes[content], 0])]);
}

/** A module with nothing but a custom section. */
export function labelled(name: string, content: Uint8Array): Uint8Array {
  const label = Buffer.from(name);
  return new Uint8Array([...HEADER, ...section(0, [...leb(label.length), ...label, ...content])]);
}
