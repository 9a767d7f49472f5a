/** records: what the reader of artifacts (artifact.ts) gives: plain numbers and strings, in the wasm index spaces (runtime/ARTIFACT.md). */

import type * as A from '../../runtime/artifact.js';

/** Bytes [offset, offset + size) of the file. */
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
  /** Function index of the module. */
  readonly index: number;
  /** Offsets in the text. */
  readonly codeOffset: number;
  readonly codeSize: number;
  readonly frameSize: number;
  readonly savedRegisters: number;
  /** It may run on the host's stack. */
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
  /** Where the items are: FuncRef slots (NONE: null), not yet checked; undefined when the items are `inits`. */
  readonly slots: Range | undefined;
  readonly inits: readonly Init[] | undefined;
}

export interface DataRecord {
  readonly mode: A.SegmentMode;
  readonly memory: number;
  /** Where an active segment goes. */
  readonly offset: Init;
  /** The bytes in the file; for mode Image inside the image. */
  readonly bytes: Range;
}

/** The data image: put the file's bytes at `address` of memory 0. Page-aligned in the file and in the memory. */
export interface ImageRecord extends Range {
  readonly address: number;
}

export interface ParseOptions {
  /** Check the hash over the whole file (default true). It alone costs time in proportion to the size. */
  verifyHash?: boolean;
  /** The content's hash, where the caller has worked it out. */
  contentHash?: Uint8Array;
  /** The feature bits of the present CPU (runtime/cpu.ts); without them, what the code needs is not checked. */
  cpuFeatures?: bigint;
  /** Names of the feature bits, for the message. */
  cpuFeatureNames?: readonly string[];
  /** The present architecture (TARGET_…); default: that of the process. */
  target?: number;
}

/** Counts of the module. Tables, memories and globals: whole index spaces; `functions`: defined ones only. */
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

/** Offsets of the parts of the VMContext that depend on the counts. */
export interface ContextLayout {
  readonly size: number;
  readonly memories: number;
  readonly tables: number;
  readonly dataSegments: number;
  readonly typeIds: number;
  readonly globals: number;
  readonly funcRefs: number;
}
