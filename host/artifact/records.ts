/** records: the records that the reader of artifacts (artifact.ts) gives: plain numbers and strings. Indices count in wasm's index spaces.
 *  Ref: runtime/ARTIFACT.md. */

import type * as A from '../../runtime/artifact.js';

/** A range of the file: the bytes [offset, offset + size). */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

/** Value types by their byte in the wasm format (0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64, 0x70 funcref, 0x6f externref). */
export type ValType = number;

export interface Signature {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

export interface Limits {
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly shared: boolean;
  readonly is64: boolean;
}

/** An initialiser: it gives the first value of a global or of a table's elements, an item of an element segment, or the place of an active
 *  segment. */
export type Init =
  | { readonly kind: 'none' }
  /** `bits`: i32 and f32 zero-extended. */
  | { readonly kind: 'const'; readonly bits: bigint }
  | { readonly kind: 'global'; readonly index: number }
  | { readonly kind: 'func'; readonly slot: number }
  | { readonly kind: 'null' }
  /** A constant expression in wasm's encoding, with its `end`. */
  | { readonly kind: 'expr'; readonly bytes: Uint8Array };

export interface TableRecord {
  readonly type: ValType;
  readonly limits: Limits;
  readonly init: Init;
}

export interface MemoryRecord {
  /** In pages. */
  readonly limits: Limits;
  readonly pageSize: number;
}

export interface GlobalRecord {
  readonly type: ValType;
  readonly mutable: boolean;
  readonly init: Init;
}

/** `index` counts in the index space of the kind; `type` is the type index of a function, 0 for other kinds. */
export interface ImportRecord {
  readonly module: string;
  readonly name: string;
  readonly kind: A.ExternKind;
  readonly index: number;
  readonly type: number;
}

export interface ExportRecord {
  readonly name: string;
  readonly kind: A.ExternKind;
  readonly index: number;
}

export interface FunctionRecord {
  /** The function's index in the module. */
  readonly index: number;
  /** Offset in the text. */
  readonly codeOffset: number;
  /** In bytes. */
  readonly codeSize: number;
  /** In bytes. */
  readonly frameSize: number;
  readonly savedRegisters: number;
  /** The function may run on the host's stack. */
  readonly leaf: boolean;
  readonly type: number;
  readonly name: string;
  readonly wasmOffset: number;
}

export interface AccessorRecord {
  readonly accessor: A.Accessor;
  readonly global: number;
}

export interface FuncRefRecord {
  readonly funcIndex: number;
  /** Offset in the text; undefined for an imported function. */
  readonly codeOffset: number | undefined;
  readonly type: number;
}

export interface ElemRecord {
  readonly mode: A.SegmentMode;
  readonly table: number;
  readonly type: ValType;
  readonly count: number;
  /** Where an active segment goes. */
  readonly offset: Init;
  /** Where the file has the items, as FuncRef slots, which are not checked yet; NONE stands for null. Undefined when the items are in `inits`. */
  readonly slots: Range | undefined;
  readonly inits: readonly Init[] | undefined;
}

export interface DataRecord {
  readonly mode: A.SegmentMode;
  readonly memory: number;
  /** Where an active segment goes. */
  readonly offset: Init;
  /** Where the file has the bytes; for mode Image they are part of the data image. */
  readonly bytes: Range;
}

/** The data image: these bytes of the file go to `address` of memory 0. It is page-aligned in the file and in the memory. */
export interface ImageRecord extends Range {
  readonly address: number;
}

export interface ParseOptions {
  /** Whether to check the hash of the whole file; default true. Only this check takes time in proportion to the size. */
  verifyHash?: boolean;
  /** The hash of the content, where the caller has computed it. */
  contentHash?: Uint8Array;
  /** The feature bits of the present CPU (runtime/cpu.ts). Without them nobody checks what the code needs. */
  cpuFeatures?: bigint;
  /** Names of the feature bits, for the message. */
  cpuFeatureNames?: readonly string[];
  /** The platform that the artifact must be for (TARGET_…); default: that of the process. */
  target?: number;
}

/** The counts of a module. Those of tables, memories and globals include imported ones; `functions` counts only those that the module defines. */
export interface Counts {
  readonly types: number;
  readonly imports: number;
  readonly funcImports: number;
  readonly tableImports: number;
  readonly memoryImports: number;
  readonly globalImports: number;
  readonly functions: number;
  readonly tables: number;
  readonly memories: number;
  readonly globals: number;
  readonly exports: number;
  readonly elems: number;
  readonly datas: number;
  readonly funcRefs: number;
  readonly traps: number;
  readonly addresses: number;
}

/** Offsets in the VMContext, in bytes, of those parts whose places depend on the counts; `size` is that of the whole. */
export interface ContextLayout {
  readonly size: number;
  readonly memories: number;
  readonly tables: number;
  readonly dataSegments: number;
  readonly typeIds: number;
  readonly globals: number;
  readonly funcRefs: number;
}
