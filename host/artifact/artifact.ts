/** artifact: reads an artifact.
 *  In: the file's bytes, best a view of the mapped file. Out: records (records.ts); an ArtifactError where something is wrong.
 *  Requires: the bytes do not change while the reader is in use. Every offset, index and kind is checked before it is used.
 *  Cost: parsing is O(1), but for the hash check. Every method decodes only what it is asked for, and nothing is cached: callers keep what they need.
 *  Ref: runtime/ARTIFACT.md. */

import * as A from '../../runtime/artifact.js';
import { TrapCode } from '../../runtime/traps.js';
import { damaged } from '../base/errors.js';
import { checkContent, checkCpu, checkMagic, checkTarget, readContext, readCounts, readDirectory } from './header.js';
import type {
  AccessorRecord,
  ContextLayout,
  Counts,
  DataRecord,
  ElemRecord,
  ExportRecord,
  FuncRefRecord,
  FunctionRecord,
  GlobalRecord,
  ImageRecord,
  ImportRecord,
  Init,
  Limits,
  MemoryRecord,
  ParseOptions,
  Range,
  Signature,
  TableRecord,
} from './records.js';

const I32 = 0x7f;
const none: Init = { kind: 'none' };
/** To decode names of so many bytes here takes a fresh process less than V8's compiling of Node's decoder. */
const SHORT = 32;

/** Checks header and directory, and gives a reader of the rest. `bytes` must not change while the reader is in use. */
export function parseArtifact(bytes: Uint8Array, options: ParseOptions = {}): Artifact {
  return new Artifact(bytes, options);
}

/** A reader of one artifact. */
export class Artifact {
  readonly bytes: Uint8Array;
  /** The platform that the code is for: one of TARGET_… */
  readonly target: number;
  /** In bytes. */
  readonly pageSize: number;
  /** The CPU features that the code needs, as bits of runtime/cpu.ts. */
  readonly cpuFeatures: bigint;
  /** The wasm features that the module may use, as bits of the opcode table's Feature. */
  readonly wasmFeatures: number;
  readonly optLevel: number;
  /** The code checks the bounds of memory accesses itself, so memories need no guard pages. */
  readonly explicitBounds: boolean;
  readonly nanCanonicalization: boolean;
  readonly counts: Counts;
  readonly context: ContextLayout;
  /** The function index of the start function, if there is one. */
  readonly start: number | undefined;
  readonly text: Range;
  readonly rodata: Range;
  readonly image: ImageRecord | undefined;
  readonly #view: DataView;
  /** The bytes as Node's methods want them. */
  #buffer: Buffer | undefined;
  readonly #sections: readonly Range[];

  constructor(bytes: Uint8Array, options: ParseOptions) {
    this.bytes = bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = view;
    checkMagic(bytes, view);
    const field = (offset: number) => view.getUint32(A.HEADER_AT + offset, true);

    checkContent(bytes, field, options);
    this.target = field(A.H_TARGET);
    checkTarget(this.target, options.target);
    this.pageSize = field(A.H_PAGE_SIZE);
    if (this.pageSize !== (this.target === A.TARGET_X64 ? A.PAGE_SIZE_X64 : A.PAGE_SIZE_A64)) damaged(`page size ${this.pageSize}`);
    this.cpuFeatures = view.getBigUint64(A.HEADER_AT + A.H_CPU_FEATURES, true);
    checkCpu(this.cpuFeatures, options);
    this.wasmFeatures = field(A.H_WASM_FEATURES);
    this.optLevel = field(A.H_OPT_LEVEL);
    const flags = field(A.H_FLAGS);
    this.explicitBounds = (flags & A.FLAG_EXPLICIT_BOUNDS) !== 0;
    this.nanCanonicalization = (flags & A.FLAG_NAN_CANONICALIZATION) !== 0;

    this.#sections = readDirectory(bytes.length, this.pageSize, field);
    this.text = this.section(A.Section.Text);
    this.rodata = this.section(A.Section.Rodata);
    this.counts = readCounts(field);
    this.context = readContext(field, this.counts);
    const start = field(A.H_START_FUNC);
    this.start = start === A.NONE ? undefined : this.#index(start, this.counts.funcImports + this.counts.functions, 'start function');
    this.image = this.#readImage(field(A.H_IMAGE_ADDRESS));
  }

  /** The content hash: SHA-256 in lower-case hexadecimal digits. */
  get hash(): string {
    return this.#asBuffer().toString('hex', A.HEADER_AT + A.H_HASH, A.HEADER_AT + A.H_HASH + A.HASH_SIZE);
  }

  /** Offset and size of a section in the file; size 0 when it is absent. */
  section(id: A.Section): Range {
    return this.#sections[id];
  }

  /** The module's own name. */
  get name(): string | undefined {
    return this.#header(A.H_MODULE_NAME) === A.NONE ? undefined : this.#string(A.HEADER_AT + A.H_MODULE_NAME);
  }

  /** What wrote the artifact. */
  get producer(): string {
    return this.#string(A.HEADER_AT + A.H_PRODUCER);
  }

  /** A view of the original wasm, when it was kept. */
  get wasm(): Uint8Array | undefined {
    const { offset, size } = this.section(A.Section.Wasm);
    return size === 0 ? undefined : this.bytes.subarray(offset, offset + size);
  }

  type(index: number): Signature {
    const at = this.#record(A.Section.Types, index, A.TYPE_SIZE, 'type');
    const first = this.#u32(at + A.TYPE_VALTYPES);
    const params = this.#u32(at + A.TYPE_PARAM_COUNT);
    const results = this.#u32(at + A.TYPE_RESULT_COUNT);
    const { offset, size } = this.section(A.Section.ValTypes);
    if ((first + params + results) * 4 > size) damaged(`type ${index} is out of bounds`);
    const values = offset + first * 4;
    return { params: this.#words(values, params), results: this.#words(values + params * 4, results) };
  }

  types(): Signature[] {
    return this.#all(this.counts.types, (i) => this.type(i));
  }

  import(position: number): ImportRecord {
    const at = this.#record(A.Section.Imports, position, A.IMPORT_SIZE, 'import');
    const kind = this.#kind(this.#u32(at + A.IMPORT_KIND), 'import', position);
    const counts = this.counts;
    const limit = [counts.funcImports, counts.tableImports, counts.memoryImports, counts.globalImports][kind];
    return {
      module: this.#string(at + A.IMPORT_MODULE),
      name: this.#string(at + A.IMPORT_NAME),
      kind,
      index: this.#index(this.#u32(at + A.IMPORT_INDEX), limit, 'import', position),
      type: kind === A.ExternKind.Func ? this.#index(this.#u32(at + A.IMPORT_TYPE), counts.types, 'type of import', position) : 0,
    };
  }

  /** All imports, in module order. The imports of each kind must be numbered as they come, so that there are as many of it as the header says. */
  imports(): ImportRecord[] {
    const next = [0, 0, 0, 0];
    return this.#all(this.counts.imports, (i) => {
      const record = this.import(i);
      if (record.index !== next[record.kind]++) damaged(`import ${i} is out of order`);
      return record;
    });
  }

  export(position: number): ExportRecord {
    const at = this.#record(A.Section.Exports, position, A.EXPORT_SIZE, 'export');
    const kind = this.#kind(this.#u32(at + A.EXPORT_KIND), 'export', position);
    const counts = this.counts;
    const limit = [counts.funcImports + counts.functions, counts.tables, counts.memories, counts.globals][kind];
    return {
      name: this.#string(at + A.EXPORT_NAME),
      kind,
      index: this.#index(this.#u32(at + A.EXPORT_INDEX), limit, 'export', position),
    };
  }

  /** All exports, in module order. */
  exports(): ExportRecord[] {
    return this.#all(this.counts.exports, (i) => this.export(i));
  }

  /** The export with this name, if there is one. A binary search. */
  exportByName(name: string): ExportRecord | undefined {
    const wanted = Buffer.from(name, 'utf8');
    const index = this.section(A.Section.ExportIndex).offset;
    let low = 0;
    let high = this.counts.exports;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const position = this.#u32(index + middle * 4);
      const at = this.#record(A.Section.Exports, position, A.EXPORT_SIZE, 'export');
      const { offset, size } = this.#stringRange(at + A.EXPORT_NAME);
      const order = this.#asBuffer().compare(wanted, 0, wanted.length, offset, offset + size);
      if (order === 0) {
        const record = this.export(position);
        // A lone surrogate has no UTF-8 form, and so cannot be part of a name. Its replacement can, which is why the names are compared again.
        return record.name === name ? record : undefined;
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  table(index: number): TableRecord {
    const at = this.#record(A.Section.Tables, index, A.TABLE_SIZE, 'table');
    return {
      type: this.#u32(at + A.TABLE_TYPE),
      limits: this.#limits(this.#u32(at + A.TABLE_FLAGS), at + A.TABLE_MIN),
      init: this.#init(at + A.TABLE_INIT),
    };
  }

  memory(index: number): MemoryRecord {
    const at = this.#record(A.Section.Memories, index, A.MEMORY_SIZE, 'memory');
    const log2 = this.#u32(at + A.MEMORY_PAGE_SIZE_LOG2);
    if (log2 > 16) damaged(`page size of memory ${index}`);
    return { limits: this.#limits(this.#u32(at + A.MEMORY_FLAGS), at + A.MEMORY_MIN), pageSize: 2 ** log2 };
  }

  global(index: number): GlobalRecord {
    const at = this.#record(A.Section.Globals, index, A.GLOBAL_RECORD_SIZE, 'global');
    return {
      type: this.#u32(at + A.GLOBAL_TYPE),
      mutable: this.#u32(at + A.GLOBAL_MUTABLE) !== 0,
      init: this.#init(at + A.GLOBAL_INIT),
    };
  }

  elem(index: number): ElemRecord {
    const at = this.#record(A.Section.Elems, index, A.ELEM_SIZE, 'element segment');
    const what = `element segment ${index}`;
    const mode = this.#u32(at + A.ELEM_MODE);
    if (mode > A.SegmentMode.Declarative) damaged(`mode of ${what}`);
    const table = this.#u32(at + A.ELEM_TABLE);
    if (mode === A.SegmentMode.Active) this.#index(table, this.counts.tables, `table of ${what}`);
    const first = this.#u32(at + A.ELEM_FIRST);
    const count = this.#u32(at + A.ELEM_COUNT);
    const itemKind = this.#u32(at + A.ELEM_ITEM_KIND);
    if (itemKind > A.ItemKind.Inits) damaged(`items of ${what}`);
    const byInit = itemKind === A.ItemKind.Inits;
    const { offset, size } = this.section(byInit ? A.Section.ElemInits : A.Section.ElemItems);
    const itemSize = byInit ? A.INIT_SIZE : 4;
    if ((first + count) * itemSize > size) damaged(`${what} is out of bounds`);
    const inits = byInit ? this.#all(count, (i) => this.#init(offset + (first + i) * A.INIT_SIZE)) : undefined;
    const slots = byInit ? undefined : { offset: offset + first * 4, size: count * 4 };
    return { mode, table, type: this.#u32(at + A.ELEM_TYPE), count, offset: this.#init(at + A.ELEM_OFFSET), slots, inits };
  }

  /** Whether all items of an element segment are null. */
  areNull({ offset, size }: Range): boolean {
    for (let at = offset; at < offset + size; at += 4) if (this.#u32(at) !== A.NONE) return false;
    return true;
  }

  data(index: number): DataRecord {
    const at = this.#record(A.Section.Datas, index, A.DATA_SIZE, 'data segment');
    const what = `data segment ${index}`;
    const mode = this.#u32(at + A.DATA_MODE);
    if (mode !== A.SegmentMode.Active && mode !== A.SegmentMode.Passive && mode !== A.SegmentMode.Image) damaged(`mode of ${what}`);
    const memory = this.#u32(at + A.DATA_MEMORY);
    if (mode !== A.SegmentMode.Passive) this.#index(memory, this.counts.memories, `memory of ${what}`);
    const { offset, size } = this.section(mode === A.SegmentMode.Image ? A.Section.Image : A.Section.DataBytes);
    const from = this.#u32(at + A.DATA_BYTES);
    const length = this.#u32(at + A.DATA_LENGTH);
    if (from + length > size) damaged(`${what} is out of bounds`);
    return { mode, memory, offset: this.#init(at + A.DATA_OFFSET), bytes: { offset: offset + from, size: length } };
  }

  funcRef(slot: number): FuncRefRecord {
    const at = this.#record(A.Section.FuncRefs, slot, A.FUNCREF_RECORD_SIZE, 'function reference');
    const funcIndex = this.#index(
      this.#u32(at + A.FUNCREF_RECORD_FUNC),
      this.counts.funcImports + this.counts.functions,
      'function reference',
      slot,
    );
    const code = this.#u32(at + A.FUNCREF_RECORD_CODE);
    const imported = funcIndex < this.counts.funcImports;
    if (imported ? code !== A.NONE : code >= this.text.size) damaged(`code of function reference ${slot}`);
    const type = this.#index(this.#u32(at + A.FUNCREF_RECORD_TYPE), this.counts.types, 'type of function reference', slot);
    return { funcIndex, codeOffset: imported ? undefined : code, type };
  }

  /** The FuncRef slot of a function; undefined when the function has none, since nothing can make a reference to it. A binary search. */
  funcRefSlot(funcIndex: number): number | undefined {
    const { offset } = this.section(A.Section.FuncRefs);
    const slot = this.#lastAtMost(offset, A.FUNCREF_RECORD_SIZE, this.counts.funcRefs, funcIndex);
    return slot >= 0 && this.#u32(offset + slot * A.FUNCREF_RECORD_SIZE) === funcIndex ? slot : undefined;
  }

  /** The record of a function that the module defines. `defined`, here and below, is its function index minus the number of imported functions. */
  function(defined: number): FunctionRecord {
    const at = this.#record(A.Section.Functions, defined, A.FUNCTION_SIZE, 'function');
    const codeOffset = this.#u32(at + A.FUNCTION_CODE_OFFSET);
    const codeSize = this.#u32(at + A.FUNCTION_CODE_SIZE);
    if (codeOffset + codeSize > this.text.size) damaged(`code of function ${defined} is out of bounds`);
    return {
      index: this.counts.funcImports + defined,
      codeOffset,
      codeSize,
      frameSize: this.#u32(at + A.FUNCTION_FRAME_SIZE),
      savedRegisters: this.#u16(at + A.FUNCTION_SAVED_REGISTERS),
      leaf: this.isLeaf(defined),
      type: this.#index(this.#u32(at + A.FUNCTION_TYPE), this.counts.types, 'type of function', defined),
      name: this.#string(at + A.FUNCTION_NAME),
      wasmOffset: this.#u32(at + A.FUNCTION_WASM_OFFSET),
    };
  }

  /** Whether a defined function may run on the host's stack. */
  isLeaf(defined: number): boolean {
    const at = this.#record(A.Section.Functions, defined, A.FUNCTION_SIZE, 'function');
    return (this.#u16(at + A.FUNCTION_FLAGS) & A.FUNCTION_FLAG_LEAF) !== 0;
  }

  /** What a defined function does with a global, if it does nothing else. */
  accessor(defined: number): AccessorRecord | undefined {
    const at = this.#record(A.Section.Functions, defined, A.FUNCTION_SIZE, 'function');
    const flags = this.#u16(at + A.FUNCTION_FLAGS);
    const accessor: A.Accessor = (flags >>> A.FUNCTION_ACCESSOR_SHIFT) & A.FUNCTION_ACCESSOR_MASK;
    if (accessor === A.Accessor.None) return undefined;
    const what = 'what a function does with a global:';
    const global = this.#index(flags >>> A.FUNCTION_GLOBAL_SHIFT, this.counts.globals, what, defined);
    const { type, mutable } = this.global(global);
    const { params, results } = this.type(this.functionType(defined));
    const param = accessor === A.Accessor.Get ? 0 : 1;
    const result = accessor === A.Accessor.Set ? 0 : 1;
    const isI32 = [type, ...params, ...results].every((each) => each === I32);
    if (accessor > A.Accessor.Allocate || params.length !== param || results.length !== result || !isI32 || (param === 1 && !mutable)) {
      damaged(`${what} ${defined}`);
    }
    return { accessor, global };
  }

  /** The type index of a defined function. */
  functionType(defined: number): number {
    const at = this.#record(A.Section.Functions, defined, A.FUNCTION_SIZE, 'function');
    return this.#index(this.#u32(at + A.FUNCTION_TYPE), this.counts.types, 'type of function', defined);
  }

  /** The function that a code offset lies in. A binary search. */
  functionAt(codeOffset: number): FunctionRecord | undefined {
    const { offset } = this.section(A.Section.Functions);
    const defined = this.#lastAtMost(offset, A.FUNCTION_SIZE, this.counts.functions, codeOffset);
    if (defined < 0) return undefined;
    const record = this.function(defined);
    return codeOffset < record.codeOffset + record.codeSize ? record : undefined;
  }

  /** The trap at exactly this code offset: a faulting instruction, or the return address of a trap stub. */
  trapAt(codeOffset: number): TrapCode | undefined {
    const { offset } = this.section(A.Section.Traps);
    const found = this.#lastAtMost(offset, A.TRAP_SIZE, this.counts.traps, codeOffset);
    if (found < 0 || this.#u32(offset + found * A.TRAP_SIZE) !== codeOffset) return undefined;
    const code = this.#u32(offset + found * A.TRAP_SIZE + A.TRAP_CODE);
    return code > TrapCode.None && code <= TrapCode.Interrupt ? code : damaged(`trap at code offset ${codeOffset}`);
  }

  /** The offset in the wasm binary that the code at this offset comes from. For a return address, ask for it minus 1. */
  wasmOffsetAt(codeOffset: number): number | undefined {
    const { offset } = this.section(A.Section.AddressMap);
    const found = this.#lastAtMost(offset, A.ADDRESS_SIZE, this.counts.addresses, codeOffset);
    if (found < 0) return undefined;
    const wasmOffset = this.#u32(offset + found * A.ADDRESS_SIZE + A.ADDRESS_WASM_OFFSET);
    return wasmOffset === 0 ? undefined : wasmOffset;
  }

  /** Entry `index` of the address map: an offset in the text, and the wasm offset of the code from there on. */
  address(index: number): [codeOffset: number, wasmOffset: number | undefined] {
    const at = this.#record(A.Section.AddressMap, index, A.ADDRESS_SIZE, 'entry of the address map');
    const wasmOffset = this.#u32(at + A.ADDRESS_WASM_OFFSET);
    return [this.#u32(at + A.ADDRESS_CODE_OFFSET), wasmOffset === 0 ? undefined : wasmOffset];
  }

  /** The whole address map: pairs of code offset and wasm offset (0: none), for listings. A copy. */
  addressMap(): Uint32Array {
    const { offset, size } = this.section(A.Section.AddressMap);
    return new Uint32Array(this.bytes.slice(offset, offset + size).buffer);
  }

  #header(offset: number): number {
    return this.#view.getUint32(A.HEADER_AT + offset, true);
  }

  #u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  #words(at: number, count: number): number[] {
    const words: number[] = [];
    for (let i = 0; i < count; i++) words.push(this.#view.getUint32(at + 4 * i, true));
    return words;
  }

  /** All records of a kind. This is a loop and not `Array.from`: most of this file runs once or twice in a process, before V8 optimises any of it. */
  #all<T>(count: number, read: (index: number) => T): T[] {
    const list: T[] = [];
    for (let i = 0; i < count; i++) list.push(read(i));
    return list;
  }

  /** Checks an index. The message says what it is the index of: `what`, and its number. It is put together only when it is needed. */
  #index(index: number, limit: number, what: string, number?: number): number {
    return index < limit ? index : damaged(`${what}${number === undefined ? '' : ` ${number}`}: index ${index} of ${limit}`);
  }

  #kind(kind: number, what: string, number: number): A.ExternKind {
    return kind <= A.ExternKind.Global ? kind : damaged(`kind of ${what} ${number}`);
  }

  /** The position of a record in the file. An index that is out of range comes from the caller or from a damaged record. */
  #record(section: A.Section, index: number, size: number, what: string): number {
    const range = this.section(section);
    if (!(index >= 0 && (index + 1) * size <= range.size)) damaged(`there is no ${what} ${index}`);
    return range.offset + index * size;
  }

  /** The index of the last record whose first field is at most `value`; -1 when there is none. */
  #lastAtMost(offset: number, size: number, count: number, value: number): number {
    const view = this.#view;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (view.getUint32(offset + middle * size, true) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #stringRange(at: number): Range {
    const offset = this.#u32(at);
    const length = this.#u32(at + 4);
    const strings = this.section(A.Section.Strings);
    if (offset + length > strings.size) damaged('a name is out of bounds');
    return { offset: strings.offset + offset, size: length };
  }

  #string(at: number): string {
    const { offset, size } = this.#stringRange(at);
    let text = '';
    for (let i = offset; i < offset + size; i++) {
      if (size > SHORT || this.bytes[i] >= 0x80) return this.#asBuffer().toString('utf8', offset, offset + size);
      text += String.fromCharCode(this.bytes[i]);
    }
    return text;
  }

  #asBuffer(): Buffer {
    this.#buffer ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#buffer;
  }

  #limits(flags: number, at: number): Limits {
    return {
      min: this.#view.getBigUint64(at, true),
      max: (flags & A.LIMIT_HAS_MAX) !== 0 ? this.#view.getBigUint64(at + 8, true) : undefined,
      shared: (flags & A.LIMIT_SHARED) !== 0,
      is64: (flags & A.LIMIT_64) !== 0,
    };
  }

  #init(at: number): Init {
    const value = this.#u32(at + A.INIT_VALUE);
    switch (this.#u32(at + A.INIT_KIND)) {
      case A.InitKind.None:
        return none;
      case A.InitKind.Const:
        return { kind: 'const', bits: this.#view.getBigUint64(at + A.INIT_VALUE, true) };
      case A.InitKind.GlobalGet:
        return { kind: 'global', index: this.#index(value, this.counts.globals, 'global of an initialiser') };
      case A.InitKind.RefFunc:
        return { kind: 'func', slot: this.#index(value, this.counts.funcRefs, 'function of an initialiser') };
      case A.InitKind.RefNull:
        return { kind: 'null' };
      case A.InitKind.Expr: {
        const length = this.#u32(at + A.INIT_LENGTH);
        const { offset, size } = this.section(A.Section.Exprs);
        if (value + length > size) damaged('a constant expression is out of bounds');
        return { kind: 'expr', bytes: this.bytes.subarray(offset + value, offset + value + length) };
      }
      default:
        return damaged('kind of an initialiser');
    }
  }

  #readImage(address: number): ImageRecord | undefined {
    const { offset, size } = this.section(A.Section.Image);
    if (size === 0) return undefined;
    if (size % this.pageSize !== 0 || address % this.pageSize !== 0) damaged('the data image is not made of whole pages');
    if (this.counts.memoryImports !== 0 || this.counts.memories === 0) damaged('a data image without a memory');
    const { limits, pageSize } = this.memory(0);
    if (BigInt(address) + BigInt(size) > limits.min * BigInt(pageSize)) damaged('the data image is larger than the memory');
    return { offset, size, address };
  }
}
