/** artifact: the numbers of the artifact format: header offsets, section ids, record sizes and fields, kinds.
 *  The only source; ARTIFACT.md gives their meaning. Import-free: compiled by asc (the linker) and tsc (the reader).
 *  All fields are little-endian u32 unless said otherwise. `…_OFFSET` inside a record is relative to the section that the name says. */

/** Version of the format: this file and ARTIFACT.md. A reader refuses any other. */
export const FORMAT_VERSION: u32 = 3;

// Targets, by their ELF machine id.
export const TARGET_X64: u32 = 62;
export const TARGET_A64: u32 = 183;

/** Alignment in the file of what is mapped by pages, by target: the largest page size of that architecture. */
export const PAGE_SIZE_X64: u32 = 4096;
export const PAGE_SIZE_A64: u32 = 65536;

/** A data image is made from this many bytes of segments on; below, copying is cheaper than mapping. */
export const IMAGE_MIN_BYTES: u32 = 16384;

/** "No index", "null" and "imported" in index fields. */
export const NONE: u32 = 0xffffffff;

// The header, at a fixed place behind the ELF program headers.
export const HEADER_AT: u32 = 512;
export const HEADER_MAGIC0: u32 = 0x4f52554f; // "OURO"
export const HEADER_MAGIC1: u32 = 0x0a1a0a0d; // a transfer as text breaks it
export const H_MAGIC0: u32 = 0;
export const H_MAGIC1: u32 = 4;
export const H_FORMAT_VERSION: u32 = 8;
export const H_ABI_VERSION: u32 = 12;
export const H_TARGET: u32 = 16;
export const H_FLAGS: u32 = 20;
export const H_CPU_FEATURES: u32 = 24; // u64, bits of cpu.ts
export const H_WASM_FEATURES: u32 = 32; // bits: Feature of the opcode table
export const H_OPT_LEVEL: u32 = 36;
export const H_FILE_SIZE: u32 = 40;
export const H_PAGE_SIZE: u32 = 44;
export const H_HASH: u32 = 48; // 32 bytes, zero while the hash is computed
export const HASH_SIZE: u32 = 32;
export const H_TYPE_COUNT: u32 = 80;
export const H_IMPORT_COUNT: u32 = 84;
export const H_FUNC_IMPORT_COUNT: u32 = 88;
export const H_TABLE_IMPORT_COUNT: u32 = 92;
export const H_MEMORY_IMPORT_COUNT: u32 = 96;
export const H_GLOBAL_IMPORT_COUNT: u32 = 100;
export const H_FUNC_COUNT: u32 = 104; // functions defined here
export const H_TABLE_COUNT: u32 = 108; // whole index space, as for memories and globals
export const H_MEMORY_COUNT: u32 = 112;
export const H_GLOBAL_COUNT: u32 = 116;
export const H_EXPORT_COUNT: u32 = 120;
export const H_ELEM_COUNT: u32 = 124;
export const H_DATA_COUNT: u32 = 128;
export const H_FUNCREF_COUNT: u32 = 132;
export const H_TRAP_COUNT: u32 = 136;
export const H_ADDRESS_COUNT: u32 = 140;
export const H_START_FUNC: u32 = 144; // function index or NONE
export const H_MODULE_NAME: u32 = 148; // offset in Strings, length; NONE, 0 when the module has no name
export const H_PRODUCER: u32 = 156; // offset in Strings, length
export const H_IMAGE_ADDRESS: u32 = 164; // address in memory 0 where the image starts
export const H_VMCONTEXT_SIZE: u32 = 168;
export const H_VMCONTEXT_MEMORIES: u32 = 172; // offsets of the parts, as layout.ts computes them
export const H_VMCONTEXT_TABLES: u32 = 176;
export const H_VMCONTEXT_DATA_SEGMENTS: u32 = 180;
export const H_VMCONTEXT_TYPE_IDS: u32 = 184;
export const H_VMCONTEXT_GLOBALS: u32 = 188;
export const H_VMCONTEXT_FUNCREFS: u32 = 192;
export const H_DIRECTORY: u32 = 256; // for each Section: file offset, size in bytes
export const DIRECTORY_ENTRY_SIZE: u32 = 8;
export const HEADER_SIZE: u32 = 512;

// Flags of the header.
export const FLAG_EXPLICIT_BOUNDS: u32 = 1; // memory accesses are checked by code, not by guard pages
export const FLAG_NAN_CANONICALIZATION: u32 = 2;

/** Sections, as they stand in the directory. An absent section has size 0. Each that is present is an ELF section too. */
export const enum Section {
  Text = 0, // .text
  Rodata = 1, // .rodata
  Image = 2, // .ouro.image
  Strings = 3, // .strtab
  ValTypes = 4, // .ouro.valtypes: u32 each
  Types = 5, // .ouro.types
  Imports = 6, // .ouro.imports
  Functions = 7, // .ouro.functions
  Tables = 8, // .ouro.tables
  Memories = 9, // .ouro.memories
  Globals = 10, // .ouro.globals
  Exports = 11, // .ouro.exports
  ExportIndex = 12, // .ouro.exportindex: u32 positions in Exports, sorted by the bytes of the name
  Elems = 13, // .ouro.elems
  ElemItems = 14, // .ouro.elemitems: u32 FuncRef slots, NONE is null
  ElemInits = 15, // .ouro.eleminits: an Init each
  Datas = 16, // .ouro.datas
  DataBytes = 17, // .ouro.databytes
  Exprs = 18, // .ouro.exprs: constant expressions in wasm's encoding, with their `end`
  FuncRefs = 19, // .ouro.funcrefs
  Traps = 20, // .ouro.traps
  AddressMap = 21, // .ouro.addressmap
  Wasm = 22, // .ouro.wasm
  Count = 23,
}

// Init: how a value is initialised; part of other records.
export const INIT_KIND: u32 = 0;
export const INIT_LENGTH: u32 = 4; // of an Expr, in bytes
export const INIT_VALUE: u32 = 8; // u64
export const INIT_SIZE: u32 = 16;

export const enum InitKind {
  /** Nothing: imported, or not present. */
  None = 0,
  /** value: the bits (i32 and f32 zero-extended). */
  Const = 1,
  /** value: global index. */
  GlobalGet = 2,
  /** value: FuncRef slot. */
  RefFunc = 3,
  RefNull = 4,
  /** value: offset in Exprs; any other constant expression. */
  Expr = 5,
}

// Types: the value types of parameters, then results, at TYPE_VALTYPES (an index in ValTypes).
export const TYPE_VALTYPES: u32 = 0;
export const TYPE_PARAM_COUNT: u32 = 4;
export const TYPE_RESULT_COUNT: u32 = 8;
export const TYPE_SIZE: u32 = 16;

export const IMPORT_MODULE: u32 = 0; // offset in Strings, length
export const IMPORT_NAME: u32 = 8; // offset in Strings, length
export const IMPORT_KIND: u32 = 16; // ExternKind
export const IMPORT_INDEX: u32 = 20; // in the index space of its kind
export const IMPORT_TYPE: u32 = 24; // type index of a function; other kinds: see the record of that index
export const IMPORT_SIZE: u32 = 32;

/** As in the binary format. */
export const enum ExternKind {
  Func = 0,
  Table = 1,
  Memory = 2,
  Global = 3,
}

// Functions: one for each defined function, in index order, which is the order of the code.
export const FUNCTION_CODE_OFFSET: u32 = 0; // in Text
export const FUNCTION_CODE_SIZE: u32 = 4;
export const FUNCTION_FRAME_SIZE: u32 = 8; // N of ABI.md
export const FUNCTION_SAVED_REGISTERS: u32 = 12; // u16: mask by register number
export const FUNCTION_FLAGS: u32 = 14; // u16
export const FUNCTION_TYPE: u32 = 16;
export const FUNCTION_NAME: u32 = 20; // offset in Strings, length
export const FUNCTION_WASM_OFFSET: u32 = 28; // of the body in the wasm binary
export const FUNCTION_SIZE: u32 = 32;
/** It calls nothing but trap stubs, and its frame has at most LEAF_FRAME bytes: it may run on the host's stack. */
export const FUNCTION_FLAG_LEAF: u32 = 1;
export const LEAF_FRAME: u32 = 1024;
/** Bits 1 to 3 of the flags are an Accessor, those from 4 up the index of its global. */
export const FUNCTION_ACCESSOR_SHIFT: u32 = 1;
export const FUNCTION_ACCESSOR_MASK: u32 = 7;
export const FUNCTION_GLOBAL_SHIFT: u32 = 4;
export const FUNCTION_GLOBAL_LIMIT: u32 = 4096;

/** What a function does with a global `g` of type i32, and with its parameter `p`, an i32 too, and nothing else. */
export const enum Accessor {
  None = 0,
  /** Returns g. */
  Get = 1,
  /** g = p. */
  Set = 2,
  /** Returns g += p. */
  Add = 3,
  /** Returns g = (g - p) & -16. */
  Allocate = 4,
}

// Tables, memories, globals: the whole index space, imported ones first.
export const TABLE_TYPE: u32 = 0; // value type
export const TABLE_FLAGS: u32 = 4; // LIMIT_…
export const TABLE_MIN: u32 = 8; // u64
export const TABLE_MAX: u32 = 16; // u64
export const TABLE_INIT: u32 = 24; // Init
export const TABLE_SIZE: u32 = 40;

export const MEMORY_FLAGS: u32 = 0; // LIMIT_…
export const MEMORY_PAGE_SIZE_LOG2: u32 = 4;
export const MEMORY_MIN: u32 = 8; // u64, pages
export const MEMORY_MAX: u32 = 16; // u64, pages
export const MEMORY_SIZE: u32 = 24;

export const LIMIT_HAS_MAX: u32 = 1;
export const LIMIT_SHARED: u32 = 2;
export const LIMIT_64: u32 = 4;

export const GLOBAL_TYPE: u32 = 0; // value type
export const GLOBAL_MUTABLE: u32 = 4; // 0 or 1
export const GLOBAL_INIT: u32 = 8; // Init
export const GLOBAL_RECORD_SIZE: u32 = 24;

export const EXPORT_NAME: u32 = 0; // offset in Strings, length
export const EXPORT_KIND: u32 = 8; // ExternKind
export const EXPORT_INDEX: u32 = 12;
export const EXPORT_SIZE: u32 = 16;

export const ELEM_MODE: u32 = 0; // SegmentMode
export const ELEM_TABLE: u32 = 4;
export const ELEM_TYPE: u32 = 8; // value type
export const ELEM_ITEM_KIND: u32 = 12; // ItemKind
export const ELEM_FIRST: u32 = 16; // index in ElemItems or ElemInits
export const ELEM_COUNT: u32 = 20;
export const ELEM_OFFSET: u32 = 24; // Init, of an active segment
export const ELEM_SIZE: u32 = 40;

export const enum ItemKind {
  /** FuncRef slots in ElemItems. */
  Slots = 0,
  /** Init records in ElemInits. */
  Inits = 1,
}

export const DATA_MODE: u32 = 0; // SegmentMode
export const DATA_MEMORY: u32 = 4;
export const DATA_BYTES: u32 = 8; // offset in DataBytes (in Image when the mode is Image)
export const DATA_LENGTH: u32 = 12;
export const DATA_OFFSET: u32 = 16; // Init, of an active segment
export const DATA_SIZE: u32 = 32;

export const enum SegmentMode {
  Active = 0,
  Passive = 1,
  /** Elem segments only. */
  Declarative = 2,
  /** Data segments only: active, and its bytes are part of the image. */
  Image = 3,
}

// FuncRefs: one for each function that can become a reference, sorted by function index; the position is the slot in the VMContext.
export const FUNCREF_RECORD_FUNC: u32 = 0; // function index
export const FUNCREF_RECORD_CODE: u32 = 4; // offset in Text, NONE when imported
export const FUNCREF_RECORD_TYPE: u32 = 8; // type index
export const FUNCREF_RECORD_SIZE: u32 = 16;

// Traps and AddressMap: sorted by code offset, without equal ones.
export const TRAP_CODE_OFFSET: u32 = 0; // offset in Text: of the faulting instruction, or the return address of the trap stub
export const TRAP_CODE: u32 = 4; // TrapCode
export const TRAP_SIZE: u32 = 8;
export const ADDRESS_CODE_OFFSET: u32 = 0; // offset in Text; holds up to the next entry's
export const ADDRESS_WASM_OFFSET: u32 = 4; // 0: no origin
export const ADDRESS_SIZE: u32 = 8;

// The signature: SIGNATURE_SIZE bytes behind the file, after its H_FILE_SIZE bytes; most files have none.
export const SIGNATURE_MAGIC0: u32 = 0; // HEADER_MAGIC0
export const SIGNATURE_MAGIC1: u32 = 4;
export const SIGNATURE_MAGIC: u32 = 0x4e474953; // "SIGN"
export const SIGNATURE_VERSION_AT: u32 = 8;
export const SIGNATURE_VERSION: u32 = 1; // Ed25519
export const SIGNATURE_KEY: u32 = 16; // the signer's public key
export const SIGNATURE_KEY_SIZE: u32 = 32;
export const SIGNATURE_SUBJECT: u32 = 48; // what the artifact was made from: 32 bytes, which the reader of a cache compares
export const SIGNATURE_SUBJECT_SIZE: u32 = 32;
export const SIGNATURE_BYTES: u32 = 80; // over the bytes before it and the content hash
export const SIGNATURE_BYTES_SIZE: u32 = 64;
export const SIGNATURE_SIZE: u32 = 144;
