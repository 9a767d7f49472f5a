/** store: everything that a set of instances shares: functions by address, external references, the instances themselves.
 *  A store is the unit of lifetime: whatever lives in it is kept alive by it, and goes when nothing refers to the store any more, or when it is
 *  disposed of. The wasm stack is the thread's. */

import * as B from '../../runtime/builtins.js';
import * as L from '../../runtime/layout.js';
import { layoutOf, makeInvoker } from './calls.js';
import type { Code } from '../artifact/code.js';
import { Contents } from './store-state.js';
import type { Engine } from '../engine/engine.js';
import { OuroError, outOfMemory } from '../base/errors.js';
import type { Externs } from './external-references.js';
import { Func } from './func.js';
import type { Instance } from './instance.js';
import type { Memory } from './memory.js';
import { type Cell, native, readAddress, writeAddress } from '../helper/native.js';
import { needRoom, roomOf } from '../base/host-stack.js';
import { type RawFrame, Trap, type TrapCodeName, trapNames } from './trap.js';
import type { Callable, FuncType } from '../base/types.js';

/** What a store needs of its engine; the compiler core runs in a store without one. */
export interface StoreOwner {
  /** Bytes of a store's wasm stack. */
  readonly maxWasmStack: number;
  /** What callers get for a trap; the Trap itself where this is missing. */
  toError?(trap: Trap): Error;
  /** Takes a function of another store or of V8 into a store, with `Func.adopt`; undefined when it cannot be. */
  adopt?(store: Store, callable: Callable): Func | undefined;
}

const freshArray = new Uint8Array(1);
const alwaysStale = new Uint8Array(0);

/** This thread's wasm stacks, by size: calls nest, whatever stores they go to. */
const stacks = new Map<number, number>();

function stackOf(size: number): number {
  let activity = stacks.get(size);
  if (activity !== undefined) return activity;
  try {
    activity = native().createStack(size);
  } catch (cause) {
    throw outOfMemory('a wasm stack', cause) ?? cause;
  }
  stacks.set(size, activity);
  return activity;
}

/** Structures for compiled code come from slabs of this many bytes. */
const SLAB_SIZE = 2048;

/** KiB of the host's stack that making one store of two takes at most, V8's compiling of it included: it must not end in the middle. */
const MERGE_ROOM = 96;

/** What a set of instances shares, and the unit of lifetime: whatever lives in it is kept alive by it, and goes when nothing refers to the
 *  store any more, or with `dispose`. It belongs to the thread that made it. Source: WebAssembly core specification, "Store"; the API is
 *  wasmtime's.
 *
 *  @example
 *  const { exports } = new Instance(store, module, [console.log]);
 *  exports.add(1, 2); // => 3
 *  store.dispose();
 *  try {
 *    exports.add(1, 2);
 *  } catch (error) {
 *    error.code; // => 'STORE_DISPOSED'
 *  } */
export class Store {
  /** @internal The wasm stack. */
  readonly activity: number;
  /** Another store's too, when they have been merged. */
  #contents: Contents;
  /** @internal Of the contents: what a host function does, by its number. */
  hostFuncs: (() => void)[];
  /** @internal Of the contents. */
  externs: Externs;
  /** @internal Empty when the length of some memory may have changed since wasm last ran: then `refresh` is due. */
  watched: Uint8Array = freshArray;
  /** Why the last host builtin has trapped, if it has. */
  #hostTrap: TrapCodeName | undefined;

  /** The engine, or what stands for one. */
  readonly #owner: StoreOwner;

  /** An empty store. Throws OuroError `NATIVE_UNAVAILABLE` where the native helper cannot be loaded (another platform, say), `OUT_OF_MEMORY`
   *  where there is no room for a wasm stack (`maxWasmStack` bytes; the stores of a thread share one).
   *
   *  @example
   *  const first = new Store(new Engine({ maxWasmStack: 256 * 1024 }));
   *  first.disposed; // => false */
  constructor(engine: Engine | StoreOwner) {
    this.#owner = engine;
    this.activity = stackOf(engine.maxWasmStack);
    this.#contents = new Contents(this);
    this.hostFuncs = this.#contents.hostFuncs;
    this.externs = this.#contents.externs;
  }

  /** The engine that it was made with.
   *
   *  @example
   *  store.engine === engine; // => true */
  get engine(): Engine {
    return this.#owner as Engine;
  }

  /** @internal */
  get adopt(): StoreOwner['adopt'] {
    return this.#owner.adopt;
  }

  /** Whether `dispose` has been called.
   *
   *  @example
   *  store.disposed; // => false */
  get disposed(): boolean {
    return this.#contents.disposed;
  }

  /** Gives up everything in the store now, not when the collector finds out. Memories that JS has got stay for JS. Every later use of the store
   *  and of what lives in it is an OuroError (`STORE_DISPOSED`); wasm code that has called the function which disposes of its store is not
   *  resumed. Throws RangeError, and does nothing, where the host's stack is about to end.
   *
   *  @example
   *  const { memory } = new Instance(store, module, [console.log]).exports;
   *  store.dispose();
   *  memory.buffer.byteLength; // => 65536 */
  dispose(): void {
    needRoom();
    this.end();
  }

  /** @internal The same where it must be done, room or not: what wrappers look at comes first, so that none enters what is half gone. */
  end(): void {
    this.#contents.disposed = true;
    this.watch();
    this.#contents.clear();
  }

  /** `dispose`, for `using`.
   *
   *  @example
   *  store[Symbol.dispose](); // what `using store = new Store(engine);` does where its block ends
   *  store.disposed; // => true */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Makes one store of several that have the same owner: from now on each of the objects stands for it. Wasm of any may be suspended. */
  static merge([first, ...others]: readonly Store[]): Store {
    for (const store of others) first.#merge(store);
    return first;
  }

  #merge(other: Store): void {
    if (this.equals(other)) return;
    this.#live();
    other.#live();
    needRoom(roomOf(MERGE_ROOM));
    const [smaller, larger] = [this.#contents, other.#contents].sort((one, two) => one.size - two.size);
    larger.absorb(smaller);
    for (const store of smaller.stores) {
      larger.stores.push(store);
      store.#contents = larger;
      store.hostFuncs = larger.hostFuncs;
      store.externs = larger.externs;
    }
    this.watch();
  }

  /** @internal Whether another object stands for this store. */
  equals(other: Store): boolean {
    return other.#contents === this.#contents;
  }

  /** @internal Throws unless `other` is this store, and can still be used. */
  check(other: Store, what: string): void {
    if (!this.equals(other)) throw new OuroError('WRONG_STORE', `the ${what} belongs to another store`);
    this.#live();
  }

  #live(): void {
    if (this.disposed) throw new OuroError('STORE_DISPOSED', 'the store has been disposed of, and everything in it is gone');
  }

  // References.

  /** @internal The handle of a JS value as an externref. */
  externToHandle(value: unknown): number {
    const handle = this.externs.find(value);
    if (handle !== undefined) return handle;
    this.#live();
    return this.externs.add(value);
  }

  /** @internal */
  externFromHandle(handle: number): unknown {
    return this.externs.get(handle);
  }

  /** @internal The FuncRef of a Func, or of a function that `callable` gave out. */
  funcToAddress(value: unknown): number {
    if (value === null) return 0;
    const func = value instanceof Func ? value : Func.inStore(this, value);
    if (!func) throw new TypeError('a funcref must be null or a function that wasm exports');
    func.store.check(this, 'function');
    return func.address;
  }

  /** @internal The function with this FuncRef; the same object each time. */
  funcAt(address: number): Func {
    const contents = this.#contents;
    const func = contents.last?.funcAt(address);
    if (func) return func;
    this.#live();
    const { u32, readFuncRef } = native();
    readFuncRef(address);
    const at = L.SLOT_STACK >> 2;
    const instanceId = u32[at + (L.FUNCREF_INSTANCE_ID >> 2)];
    if (instanceId === L.HOST_INSTANCE_ID) return contents.hosts[u32[at + (L.FUNCREF_FUNC_INDEX >> 2)]].func;
    contents.last = contents.instances[instanceId];
    return contents.last.funcAt(address)!;
  }

  /** @internal */
  callableAt(address: number): ((...args: any[]) => any) | null {
    return address === 0 ? null : this.funcAt(address).callable;
  }

  /** @internal Makes the structures for the host function `func`; gives its FuncRef. */
  addHostFunc(func: Func, type: FuncType, callback: Callable): number {
    const { stackArgs, stackResults, intsOnly } = layoutOf(type);
    const { leaveHostFunc, leaveImport, leaveImportInts } = native().entryPoints;
    const cell = this.cell(L.HOSTFUNC_SIZE + L.FUNCREF_SIZE);
    const { words, at, address } = cell;
    writeAddress(words, at + (L.HOSTFUNC_ACTIVITY >> 2), this.activity);
    words[at + (L.HOSTFUNC_STACK_ARGS >> 2)] = stackArgs;
    words[at + (L.HOSTFUNC_STACK_RESULTS >> 2)] = stackResults;
    writeAddress(words, at + (L.HOSTFUNC_LEAVE >> 2), intsOnly ? leaveImportInts : leaveImport);
    const ref = at + (L.HOSTFUNC_SIZE >> 2);
    writeAddress(words, ref + (L.FUNCREF_CODE >> 2), leaveHostFunc);
    writeAddress(words, ref + (L.FUNCREF_VMCONTEXT >> 2), address);
    words[ref + (L.FUNCREF_TYPE >> 2)] = type.id;
    words[ref + (L.FUNCREF_INSTANCE_ID >> 2)] = L.HOST_INSTANCE_ID;
    this.#contents.addHost(func, cell, makeInvoker(type, this, callback));
    return address + L.HOSTFUNC_SIZE;
  }

  /** @internal Puts another function in the place of one that does what a host function does. */
  replaceHostFunc(present: () => void, other: () => void): void {
    this.hostFuncs[this.hostFuncs.indexOf(present)] = other;
  }

  /** @internal The host function that stands for a function from elsewhere. */
  adopted(callable: Callable): Func | undefined {
    return this.#contents.adopted?.get(callable);
  }

  /** @internal */
  noteAdopted(callable: Callable, func: Func): void {
    this.#contents.adopted ??= new Map();
    this.#contents.adopted.set(callable, func);
  }

  /** @internal The new instance's number. */
  addInstance(instance: Instance, code: Code): number {
    this.#live();
    this.#contents.codes.add(code);
    return this.#contents.instances.push(instance) - 1;
  }

  /** @internal A zeroed structure for compiled code to see, kept as long as the store. */
  cell(size: number): Cell {
    const whole = (size + 15) & ~15;
    const contents = this.#contents;
    let { slab } = contents;
    if (!slab || slab.used + whole > SLAB_SIZE) {
      this.#live();
      const words = new Uint32Array(Math.max(whole, SLAB_SIZE) >> 2);
      slab = { words, address: native().address(words), used: 0 };
      contents.slabs.push(slab);
      if (whole < SLAB_SIZE) contents.slab = slab;
    }
    const at = slab.used;
    slab.used += whole;
    return { words: slab.words, at: at >> 2, address: slab.address + at };
  }

  /** @internal The Memory that stands for a JS object here. */
  memoryOf(v8: WebAssembly.Memory): Memory | undefined {
    return this.#contents.memories?.get(v8);
  }

  // Memories that may grow without our doing.

  /** @internal From now on `memory` may be grown by JS. */
  expose(memory: Memory, v8: WebAssembly.Memory): void {
    this.#live();
    const contents = this.#contents;
    contents.memories ??= new Map();
    contents.memories.set(v8, memory);
    contents.exposed.push(memory);
    this.watch();
  }

  /** @internal Chooses what the wrappers look at. */
  watch(): void {
    const { disposed, exposed, stores } = this.#contents;
    let watched: Uint8Array = freshArray;
    if (disposed || exposed.length > 1) watched = alwaysStale;
    else if (exposed.length === 1) watched = exposed[0].growsSilently ? alwaysStale : exposed[0].bytes;
    for (const store of stores) store.watched = watched;
  }

  /** @internal Brings the lengths that compiled code sees up to date. */
  refresh(): void {
    this.#live();
    for (const memory of this.#contents.exposed) {
      if (memory.bytes.length === 0 || memory.growsSilently) memory.refresh();
    }
  }

  /** @internal Does what a host builtin is called for, with arguments and result in the slots; false when that is a trap. */
  serve(status: number, instanceId: number): boolean {
    this.#hostTrap = this.#builtin(status - L.EXIT_HOST_BUILTIN + B.BUILTIN_FIRST_HOST, this.#contents.instances[instanceId]);
    return this.#hostTrap === undefined;
  }

  /** @internal The error for a trap that `drive` has announced. */
  takeTrap(): Error {
    const trap = this.#takeTrap();
    return this.#owner.toError?.(trap) ?? trap;
  }

  #takeTrap(): Trap {
    const { u32, i32 } = native();
    const frames = this.#frames();
    const kind = i32[L.SLOT_TRAP_KIND >> 2];
    if (kind === L.TRAP_KIND_HOST) return new Trap(this.#hostTrap!, frames);
    if (kind === L.TRAP_KIND_STACK_OVERFLOW) return new Trap('StackOverflow', frames);
    const at = this.#locate(readAddress(u32, L.SLOT_TRAP_PC >> 2));
    const code = at?.code.artifact.trapAt(at.offset);
    if (code !== undefined) return new Trap(trapNames[code], frames);
    if (kind === L.TRAP_KIND_FAULT) return new Trap('MemoryOutOfBounds', frames);
    throw new OuroError('COMPILER_BUG', 'a trap is not in the trap table of its code');
  }

  /** The backtrace in the slots. */
  #frames(): RawFrame[] {
    const { u32, i32 } = native();
    const kind = i32[L.SLOT_TRAP_KIND >> 2];
    const called = kind === L.TRAP_KIND_EXPLICIT || kind === L.TRAP_KIND_HOST;
    const frames: RawFrame[] = [];
    const length = u32[L.SLOT_TRACE_LENGTH >> 2];
    for (let i = 0; i < length; i++) {
      const pc = readAddress(u32, (L.SLOT_STACK >> 2) + 2 * i);
      const returnAddress = i > 0 || called;
      const found = this.#locate(returnAddress ? pc - 1 : pc);
      if (found) frames.push({ code: found.code, offset: pc - found.code.textAddress, returnAddress });
    }
    return frames;
  }

  #locate(pc: number): { code: Code; offset: number } | undefined {
    for (const code of this.#contents.codes) {
      const offset = pc - code.textAddress;
      if (offset >= 0 && offset < code.artifact.text.size) return { code, offset };
    }
    return undefined;
  }

  /** What compiled code cannot do itself. The result goes into the slots; a trap is returned. */
  #builtin(id: number, instance: Instance): TrapCodeName | undefined {
    const { i32, u32 } = native();
    // Integer argument k is in words 2k and 2k + 1.
    switch (id) {
      case B.BUILTIN_MEMORY_GROW:
        i32[0] = instance.memories[u32[0]].growPages(u32[2]);
        i32[1] = 0;
        return undefined;
      case B.BUILTIN_TABLE_GROW:
        i32[0] = instance.tables[u32[0]].growBy(u32[4], readAddress(u32, 2));
        i32[1] = 0;
        return undefined;
      case B.BUILTIN_TABLE_FILL:
        return instance.tables[u32[0]].fillRange(u32[2], readAddress(u32, 4), u32[6]) ? undefined : 'TableOutOfBounds';
      case B.BUILTIN_TABLE_COPY: {
        const to = instance.tables[u32[0]];
        return to.copyFrom(instance.tables[u32[2]], u32[4], u32[6], u32[8]) ? undefined : 'TableOutOfBounds';
      }
      case B.BUILTIN_TABLE_INIT:
        return instance.initTable(u32[0], u32[2], u32[4], u32[6], u32[8]) ? undefined : 'TableOutOfBounds';
      case B.BUILTIN_ELEM_DROP:
        instance.dropElem(u32[0]);
        return undefined;
      default:
        throw new OuroError('COMPILER_BUG', `compiled code called the unknown builtin ${id}`);
    }
  }
}
