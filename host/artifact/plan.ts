/** plan: what instantiation needs of an artifact, decoded once for each module: types, imports, exports, segments, and a template of the
 *  VMContext. In the template everything is filled in that is the same for all instances; an instance begins as a copy of it.
 *  In: an artifact that is mapped. Out: a Plan; an ArtifactError where a record is wrong.
 *  Requires: where compiled code or the host takes a value for a reference, that is for an address, it is one. This file checks all initialisers but
 *  constant expressions, which are checked when they are evaluated (wasm/constant.ts).
 *  Cost: in proportion to types, imports, tables, memories, globals and segments. Exports are decoded when they are first asked for. */

import { ExternKind, Section, SegmentMode } from '../../runtime/artifact.js';
import * as L from '../../runtime/layout.js';
import type { Artifact } from './artifact.js';
import type { ElemRecord, GlobalRecord, Init, MemoryRecord, TableRecord } from './records.js';
import { damaged } from '../base/errors.js';
import { type Mapping, native, writeAddress } from '../helper/native.js';
import {
  type ExternType,
  FuncType,
  type GlobalType,
  isRefType,
  type MemoryType,
  type RefType,
  type TableType,
  type ValType,
  valTypeOf,
} from '../base/types.js';

export interface PlannedImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  readonly type: ExternType;
}

export interface PlannedExport {
  readonly name: string;
  readonly kind: ExternKind;
  /** In the index space of the kind. */
  readonly index: number;
}

export interface PlannedElem extends Omit<ElemRecord, 'type'> {
  readonly type: RefType;
}

/** An artifact that is mapped into this process. */
export interface MappedArtifact {
  readonly artifact: Artifact;
  readonly mapping: Mapping;
  /** The address of the first byte of the text. */
  readonly textAddress: number;
}

/** What instantiation needs of one artifact. Imports, tables, memories and globals are whole index spaces, imported ones first. */
export class Plan {
  readonly types: readonly FuncType[];
  readonly imports: readonly PlannedImport[];
  readonly tables: readonly TableType[];
  readonly tableInits: readonly Init[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  /** The module's own globals whose values must be computed for each instance. The values of the others are in the template. */
  readonly globalInits: readonly { readonly index: number; readonly init: Init }[];
  /** The indices of the module's own globals of type externref. */
  readonly externGlobals: readonly number[];
  readonly elems: readonly PlannedElem[];
  /** The indices of the active element segments. */
  readonly activeElems: readonly number[];
  /** The FuncRef slots of imported functions come first. These are the function indices that they stand for, by slot. */
  readonly importedSlots: readonly number[];
  /** The words of the VMContext's template. */
  readonly template: Uint32Array;
  /** The address of the FuncRef records. */
  readonly funcRefRecords: number;
  readonly #artifact: Artifact;
  #exports: readonly PlannedExport[] | undefined;
  #exportPositions: ReadonlyMap<string, number> | undefined;

  constructor(mapped: MappedArtifact) {
    const { artifact, mapping } = mapped;
    const { counts } = artifact;
    this.#artifact = artifact;
    this.types = artifact.types().map(({ params, results }) => new FuncType(params.map(toValType), results.map(toValType)));
    const all = <T>(count: number, read: (index: number) => T) => {
      const list: T[] = [];
      for (let i = 0; i < count; i++) list.push(read(i));
      return list;
    };
    const tables = all(counts.tables, (i) => artifact.table(i));
    const globals = all(counts.globals, (i) => artifact.global(i));
    this.tables = tables.map(toTableType);
    this.tableInits = tables.map((table) => table.init);
    this.memories = all(counts.memories, (i) => toMemoryType(artifact.memory(i)));
    this.globals = globals.map(toGlobalType);
    this.imports = artifact.imports().map(({ module, name, kind, index, type }) => ({
      module,
      name,
      kind,
      type: this.#typeOf(kind, kind === ExternKind.Func ? type : index),
    }));

    for (let i = counts.tableImports; i < counts.tables; i++) this.#requireInit(tables[i].init, this.tables[i].element);
    for (let i = counts.globalImports; i < counts.globals; i++) this.#requireInit(globals[i].init, this.globals[i].content);
    if (artifact.start !== undefined) this.#requireStart(artifact.start);
    this.elems = all(counts.elems, (i) => this.#elem(artifact.elem(i)));
    this.activeElems = this.elems.flatMap((elem, i) => (elem.mode === SegmentMode.Active ? [i] : []));
    this.importedSlots = importedSlotsOf(artifact);
    this.funcRefRecords = mapping.address + artifact.section(Section.FuncRefs).offset;
    this.template = makeTemplate(mapped, this.types, globals);

    const globalInits: { index: number; init: Init }[] = [];
    const externGlobals: number[] = [];
    for (let index = counts.globalImports; index < counts.globals; index++) {
      const { init } = globals[index];
      if (init.kind !== 'const' && init.kind !== 'null') globalInits.push({ index, init });
      if (this.globals[index].content === 'externref') externGlobals.push(index);
    }
    this.externGlobals = externGlobals;
    this.globalInits = globalInits;
  }

  /** In module order. */
  get exports(): readonly PlannedExport[] {
    this.#exports ??= this.#artifact.exports();
    return this.#exports;
  }

  /** The position of an export in `exports`, by its name. */
  exportPosition(name: string): number | undefined {
    this.#exportPositions ??= new Map(this.exports.map((each, position) => [each.name, position]));
    return this.#exportPositions.get(name);
  }

  exportType({ kind, index }: PlannedExport): ExternType {
    return this.#typeOf(kind, kind === ExternKind.Func ? this.funcTypeIndex(index) : index);
  }

  /** The type index of a function. */
  funcTypeIndex(funcIndex: number): number {
    const { funcImports } = this.#artifact.counts;
    if (funcIndex >= funcImports) return this.#artifact.functionType(funcIndex - funcImports);
    let at = 0;
    for (let position = 0; ; position++) {
      const record = this.#artifact.import(position);
      if (record.kind === ExternKind.Func && at++ === funcIndex) return record.type;
    }
  }

  /** Throws unless an initialiser fits its type. Compiled code and the host use a reference as an address, so no other value may become one. */
  #requireInit(init: Init, type: ValType): void {
    const fits =
      init.kind === 'const'
        ? !isRefType(type)
        : init.kind === 'func'
          ? type === 'funcref'
          : init.kind !== 'global' || this.globals[init.index].content === type;
    if (!fits) damaged('an initialiser of the wrong type');
  }

  /** Checks an element segment. */
  #elem(record: ElemRecord): PlannedElem {
    const type = toRefType(record.type);
    if (record.mode === SegmentMode.Active && this.tables[record.table].element !== type) damaged('an element segment of the wrong type');
    if (record.slots && type !== 'funcref' && !this.#artifact.areNull(record.slots))
      damaged('functions in an element segment of another type');
    for (const init of record.inits ?? []) this.#requireInit(init, type);
    return { ...record, type };
  }

  /** Throws unless the start function has neither parameters nor results. It is called without arguments, so one that takes some from the stack
   *  would find others than its own. */
  #requireStart(index: number): void {
    const { params, results } = this.types[this.funcTypeIndex(index)];
    if (params.length + results.length !== 0) damaged('the start function has parameters or results');
  }

  #typeOf(kind: ExternKind, index: number): ExternType {
    switch (kind) {
      case ExternKind.Func:
        return this.types[index];
      case ExternKind.Table:
        return this.tables[index];
      case ExternKind.Memory:
        return this.memories[index];
      case ExternKind.Global:
        return this.globals[index];
    }
  }
}

function importedSlotsOf(artifact: Artifact): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < artifact.counts.funcRefs; slot++) {
    const ref = artifact.funcRef(slot);
    if (ref.codeOffset !== undefined) break;
    slots.push(ref.funcIndex);
  }
  return slots;
}

/** The VMContext with what is the same for all instances: entry points, type ids, passive data segments, constant globals. */
function makeTemplate(
  { artifact, mapping, textAddress }: MappedArtifact,
  types: readonly FuncType[],
  globals: readonly GlobalRecord[],
): Uint32Array {
  const { counts, context } = artifact;
  const { trapEntry, builtins } = native().entryPoints;
  const words = new Uint32Array(context.size >> 2);
  writeAddress(words, L.VMCONTEXT_TRAP_ENTRY >> 2, trapEntry);
  writeAddress(words, L.VMCONTEXT_BUILTINS >> 2, builtins);
  writeAddress(words, L.VMCONTEXT_CODE_BASE >> 2, textAddress);
  types.forEach((type, i) => {
    words[(context.typeIds >> 2) + i] = type.id;
  });
  if (counts.datas > 0) {
    const records = mapping.address + artifact.section(Section.Datas).offset;
    const { offset, size } = artifact.section(Section.DataBytes);
    const segments = native().address(words) + context.dataSegments;
    if (!native().notePassiveDatas(records, counts.datas, mapping.address + offset, size, segments)) damaged('a data segment');
  }
  const bytes = new DataView(words.buffer);
  for (let index = counts.globalImports; index < counts.globals; index++) {
    const { init } = globals[index];
    if (init.kind === 'const') bytes.setBigUint64(context.globals + (index - counts.globalImports) * L.GLOBAL_SIZE, init.bits, true);
  }
  return words;
}

/** The offset of a segment, from the bits of its initialiser of type i32. */
export const toAddress = (bits: bigint): number => Number(BigInt.asUintN(32, bits));

function toValType(byte: number): ValType {
  const type = valTypeOf(byte);
  return type ?? damaged(`value type 0x${byte.toString(16)}`);
}

function toRefType(byte: number): RefType {
  const type = toValType(byte);
  return isRefType(type) ? type : damaged(`references of type ${type}`);
}

const optional = (limit: bigint | undefined) => (limit === undefined ? undefined : Number(limit));

function toTableType({ type, limits }: TableRecord): TableType {
  return { kind: 'table', element: toRefType(type), minimum: Number(limits.min), maximum: optional(limits.max), is64: limits.is64 };
}

function toMemoryType({ limits, pageSize }: MemoryRecord): MemoryType {
  const { shared, is64 } = limits;
  return { kind: 'memory', minimum: Number(limits.min), maximum: optional(limits.max), shared, is64, pageSize };
}

function toGlobalType({ type, mutable }: GlobalRecord): GlobalType {
  return { kind: 'global', content: toValType(type), mutable };
}
