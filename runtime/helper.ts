/** helper: what the native helper (runtime/native) exports, as types. Addresses are numbers; every environment (main or worker) loads
 *  the addon itself. Calls throw an Error with a `code` (errno's name) when the system refuses, a TypeError for bad arguments. */

/** An artifact in memory; `buffer` shows it and must not be written. After `unmap(address)` the buffer is empty. */
export interface Mapping {
  address: number;
  size: number;
  buffer: ArrayBuffer;
}

/** Addresses in the helper's code. */
export interface EntryPoints {
  readonly trapEntry: number;
  readonly builtins: number;
  readonly leaveHostFunc: number;
  readonly leaveImport: number;
  readonly leaveImportInts: number;
}

export interface NativeHelper {
  /** Functions of this interface that are no properties yet: to make all takes a fresh process too long. Undefined for other names. */
  make(name: string): unknown;

  /** The exchange area of this thread: SLOT_… of layout.ts. Always the same buffer. */
  slots(): ArrayBuffer;
  /** Whether V8's optimised code calls the functions that enter, and `resume`, directly. */
  callsFast(): boolean;
  /** Enters SLOT_CALLEE; the outcome is in SLOT_STATUS. */
  enter(): void;
  /** The same for a function without float parameters and without stack words; a little faster. */
  enterInts(): void;
  /** The same as enterInts for a function with FUNCTION_FLAG_LEAF, which runs on the host's stack. */
  enterLeaf(): void;
  /** The same as enterLeaf with at most two parameters, and no result or one integer. */
  enterLeafPair(): void;
  // The same for integer parameters of 32 bits, whose upper halves need not be stored, and no stack words. `enterLeaf32` takes float parameters too.
  enter32(): void;
  enterInts32(): void;
  enterLeaf32(): void;
  enterLeafPair32(): void;
  /** Goes on with the innermost activation, which has left to the host; the outcome is in SLOT_STATUS: a trap of no code where nothing has. */
  resume(): void;
  /** Drops the innermost activation, which has left to the host. */
  unwind(): void;
  /** The same for a trap that the host has found: SLOT_TRACE_LENGTH and SLOT_STACK hold the backtrace of what has left. */
  trap(): void;

  /** A wasm stack with `size` usable bytes, for VMCONTEXT_ACTIVITY and HOSTFUNC_ACTIVITY. It belongs to this thread. */
  createStack(size: number): number;
  destroyStack(activity: number): void;

  /** `trapEntry` for VMCONTEXT_TRAP_ENTRY, `builtins` for VMCONTEXT_BUILTINS, `leaveHostFunc` for FUNCREF_CODE of host functions; for their
   *  HOSTFUNC_LEAVE `leaveImport`, or `leaveImportInts` where there are neither float parameters nor stack words. */
  entries(): EntryPoints;

  // Node's permission model does not reach these: ask it first.
  /** Tells one state of a file from others. */
  fileState(path: string): string;
  /** Who can write to a folder, or put another in its place: this user (and root) alone, its group too, or anybody else; and its path without
   *  symbolic links. Undefined when it is not there. */
  folderAccess(path: string): [access: 'private' | 'group' | 'foreign', real: string] | undefined;
  /** A regular file's bytes as characters. */
  readText(path: string): string;
  /** A regular file that begins with the hash of all that follows, its own bytes taken as zeros, and then the tag: its bytes, its user, its mode,
   *  and the time of its last change in milliseconds. Undefined when there is no such file. */
  readHashed(path: string, tag: string): [bytes: ArrayBuffer, uid: number, mode: number, changed: number] | undefined;

  /** Maps a file read-only. Keeps it open for mapImage, until closeFile or unmap. */
  mapFile(path: string): Mapping;
  /** The same with a private copy of the bytes. */
  mapBytes(bytes: Uint8Array): Mapping;
  /** Makes the text (whole pages) executable, once for each mapping, with its function table (FUNCTION_… records). Offsets in the mapping. */
  registerCode(mapping: number, textOffset: number, textSize: number, functionsOffset: number, functionCount: number): void;
  closeFile(mapping: number): void;
  /** While another thread has a shared mapping, what it holds stays. `buffer`: the mapping's, where this thread may have it more than once. */
  unmap(mapping: number, buffer?: ArrayBuffer): void;
  /** Maps a file that is open for reading; the caller keeps the descriptor. */
  mapOpenFile(file: number): Mapping;
  /** The text of registered code once more: private and writable, so that a write changes this view alone. It outlives the mapping. Undefined where
   *  there was no file to map it from. */
  textView(mapping: number): ArrayBuffer | undefined;
  /** Makes a mapping with registered code known to other threads, by an id and a random number; the same each time. */
  shareMapping(mapping: number): [id: bigint, nonce: bigint];
  /** A mapping that another thread shared; its text is registered. Undefined when no thread has it any more, or ever had. */
  openShared(id: bigint, nonce: bigint): Mapping | undefined;
  /** SHA-256 of a mapping's first `size` bytes, off this thread; bytes [gap, gap + gapSize) count as zeros. It must stay mapped meanwhile. */
  hashMapping(mapping: number, size: number, gap: number, gapSize: number): Promise<ArrayBuffer>;
  /** SHA-256 of bytes, off this thread. They must stay as they are until the promise settles. */
  hashBytes(bytes: Uint8Array): Promise<ArrayBuffer>;
  /** A hint that these bytes will be read soon. */
  prefetch(mapping: number, offset: number, size: number): void;

  /** Where the bytes are. For a SharedArrayBuffer pass a typed array over it. */
  address(bytes: ArrayBufferView | ArrayBuffer): number;
  /** Are all `reserved` bytes from `address` mapped, and those from `byteLength` on inaccessible? */
  probeGuard(address: number, byteLength: number, reserved: number): boolean;
  /** Puts bytes of a mapping's file over memory at a page boundary, copy-on-write. The caller vouches for the memory and its length. */
  mapImage(destination: number, mapping: number, fileOffset: number, length: number): void;
  copyIn(destination: number, source: number, length: number): void;

  /** Fills the VMContext's FuncImports, whose FUNCIMPORT_REF is there, and `count` FuncRefs at vmcontext + funcRefs from FUNCREF_RECORD_… records;
   *  those of imports are copies. False when a record's code, type or function cannot be. */
  initFunctions(
    vmcontext: number,
    funcRefs: number,
    records: number,
    count: number,
    codeBase: number,
    codeSize: number,
    instanceId: number,
    typeIds: number,
    typeCount: number,
    funcImports: number,
  ): boolean;
  /** Puts the references of `count` FuncRef slots (NONE: null) into a table's elements. False when a slot is out of range. */
  putFuncRefs(
    elements: number,
    slots: number,
    count: number,
    vmcontext: number,
    funcRefs: number,
    funcRefCount: number,
    funcImports: number,
  ): boolean;
  /** Notes the passive ones of `count` data segments (DATA_… records) in a VMContext, whose DATASEGMENT_… begin at `segments`. `bytes`: where what
   *  the records speak of lies. False when one cannot be. */
  notePassiveDatas(records: number, count: number, bytes: number, bytesSize: number, segments: number): boolean;
  /** Copies active data segments, from number `first` on, to memory 0, which has `memorySize` bytes at `memory`. Stops before the first that goes to
   *  another memory or to a computed place, does not fit, or cannot be, and gives its number; `count` when there is none. */
  copyDatas(records: number, count: number, first: number, bytes: number, bytesSize: number, memory: number, memorySize: number): number;
  /** Copies a FuncRef's FUNCREF_SIZE bytes to SLOT_STACK. */
  readFuncRef(address: number): void;

  /** SHA-256 into `hash`; bytes [gap, gap + gapSize) count as zeros. */
  sha256(bytes: Uint8Array, gap: number, gapSize: number, hash: Uint8Array): void;

  /** Whether the CPU has instructions for it: then it takes no longer than to copy the bytes. */
  hashesFast(): boolean;

  /** Bits of cpu.ts. */
  cpuFeatures(): number;

  /** Starts a program that nobody waits for, in a session of its own, at the lowest priority, and gives its process id. First that process writes
   *  files, each whole or not at all, with what the `contents` are at this moment; where it can write none of them, the program does not
   *  begin. `args`: the program, and its arguments. `names`: for each content the file's name while it is written, and its own. */
  startAside(args: readonly string[], env: readonly string[], names: readonly string[], contents: readonly Uint8Array[]): number;
}
