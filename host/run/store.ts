/** store: everything that a set of instances shares: functions by address, external references, the instances themselves. store-state.ts holds the
 *  contents, which several Store objects share once their stores have been merged.
 *  A store is the unit of lifetime: it keeps alive whatever lives in it. Its contents go when nothing refers to the store any more, or when it is
 *  disposed of. All stores of a thread share its wasm stacks.
 *  Requires: wrappers and the loop (calls.ts, activation.ts) look at `watched` before they let wasm run, and call `refresh` when it is empty.
 *  Cost: the first store of a thread with its stack size has the stack made; the others share it. For merging see store-state.ts. */

import * as B from '../../runtime/builtins.js';
import * as L from '../../runtime/layout.js';
import type { Code } from '../artifact/code.js';
import { OuroError, outOfMemory } from '../base/errors.js';
import { requireHostStack } from '../base/host-stack.js';
import type { Callable, FuncType } from '../base/types.js';
import type { Engine } from '../engine/engine.js';
import { type Cell, native, writeAddress } from '../helper/native.js';
import type { ExternalReferences } from './external-references.js';
import { functionBehind } from './identity.js';
import { layoutOf } from './layout.js';
import { type StateFunction, type StateInstance, type StateMemory, StoreState } from './store-state.js';
import type { Trap, TrapCodeName } from './trap.js';
import { readTrap } from './trap-report.js';

/** A function with its store. */
interface StoreFunction extends StateFunction {
  readonly store: Store;
}

/** What a store needs of its engine. The compiler core runs in a store that has an owner of this kind, but no engine. */
export interface StoreOwner {
  /** The size of a store's wasm stack, in bytes. */
  readonly maxWasmStack: number;
  /** Makes the error that callers get for a trap. Without this method they get the Trap itself. */
  toError?(trap: Trap): Error;
  /** Takes a function of another store or of V8 into a store, with `Func.adopt`. Gives undefined when it is no exported function, and null when it is
   *  one that the store cannot take. */
  adopt?(store: Store, callable: Callable): StateFunction | null | undefined;
}

/** The value of `watched` where no length can have changed: it never becomes empty. */
const freshArray = new Uint8Array(1);
/** The value of `watched` where `refresh` is due before each run of wasm. */
const alwaysStale = new Uint8Array(0);

/** This thread's wasm stacks, by size. Stores can share a stack, because calls nest whatever stores they go to. */
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

/** Structures for compiled code are taken from slabs of this many bytes. */
const SLAB_SIZE = 2048;

/** A merge takes at most so many KiB of the host's stack, V8's compiling of its code included. It must not run out of stack half-way. */
const MERGE_STACK = 96;

/** What a set of instances shares, and the unit of lifetime: a store keeps alive whatever lives in it, until nothing refers to the store any more
 *  or it is disposed of. It belongs to the thread that made it. Source: WebAssembly core specification, "Store"; the API is wasmtime's.
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
  /** @internal The address of the activity: the wasm stack that calls into this store run on. */
  readonly activity: number;
  /** The contents. Stores that have been merged hold the same state. */
  #state: StoreState<Store>;
  /** @internal The invokers of the state's host functions, by number. */
  hostFuncs: (() => void)[];
  /** @internal The external references of the state. */
  externs: ExternalReferences;
  /** @internal Empty when the length of some memory may have changed since wasm last ran, or when the store is disposed of. Then `refresh` must be
   *  called before wasm runs. */
  watched: Uint8Array = freshArray;
  /** The trap that the last host builtin has ended in, if it has. */
  #hostTrap: TrapCodeName | undefined;

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
    this.#state = new StoreState<Store>(this);
    this.hostFuncs = this.#state.hostFuncs;
    this.externs = this.#state.externs;
  }

  /** The engine that it was made with.
   *
   *  @example
   *  store.engine === engine; // => true */
  get engine(): Engine {
    return this.#owner as Engine;
  }

  /** Whether `dispose` has been called.
   *
   *  @example
   *  store.disposed; // => false */
  get disposed(): boolean {
    return this.#state.disposed;
  }

  /** Gives up everything in the store now, instead of when the collector finds out. Memories that JS has got stay usable for JS. Every later use of
   *  the store, and of what lives in it, throws an OuroError (`STORE_DISPOSED`). A host function may dispose of the store that its caller lives in:
   *  then the wasm that called it is not resumed. Throws RangeError, and does nothing, where the host's stack is about to end.
   *
   *  @example
   *  const { memory } = new Instance(store, module, [console.log]).exports;
   *  store.dispose();
   *  memory.buffer.byteLength; // => 65536 */
  dispose(): void {
    requireHostStack();
    this.end();
  }

  /** @internal `dispose` for callers that must end the store even where the host's stack is about to end. `watched` changes first, so that no wrapper
   *  enters a store that is half gone. */
  end(): void {
    this.#state.disposed = true;
    this.watch();
    this.#state.clear();
  }

  /** `dispose`, for `using`.
   *
   *  @example
   *  store[Symbol.dispose](); // what `using store = new Store(engine);` does where its block ends
   *  store.disposed; // => true */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Makes one store of several that have the same owner. From then on each of the Store objects stands for it. Wasm of any of them may be
   *  suspended meanwhile. */
  static merge([first, ...others]: readonly Store[]): Store {
    for (const store of others) first.#merge(store);
    return first;
  }

  #merge(other: Store): void {
    if (this.equals(other)) return;
    this.#live();
    other.#live();
    requireHostStack(MERGE_STACK);
    const [smaller, larger] = [this.#state, other.#state].sort((one, two) => one.size - two.size);
    larger.absorb(smaller);
    for (const store of smaller.stores) {
      larger.stores.push(store);
      store.#state = larger;
      store.hostFuncs = larger.hostFuncs;
      store.externs = larger.externs;
    }
    this.watch();
  }

  /** @internal Whether `other` stands for the same store. */
  equals(other: Store): boolean {
    return other.#state === this.#state;
  }

  /** @internal Throws an OuroError unless `other` stands for this store, and the store can still be used. `what` is the object that belongs to this
   *  store, for the message. */
  check(other: Store, what: string): void {
    if (!this.equals(other)) throw new OuroError('WRONG_STORE', `the ${what} belongs to another store`);
    this.#live();
  }

  #live(): void {
    if (this.disposed) throw new OuroError('STORE_DISPOSED', 'the store has been disposed of, and everything in it is gone');
  }

  // References.

  /** @internal The handle of a JS value as an externref. A value that has none yet gets one. */
  externToHandle(value: unknown): number {
    const handle = this.externs.find(value);
    if (handle !== undefined) return handle;
    this.#live();
    return this.externs.add(value);
  }

  /** @internal The JS value behind a handle. */
  externFromHandle(handle: number): unknown {
    return this.externs.get(handle);
  }

  /** @internal Whether functions of others become functions of this store, as in the drop-in. */
  get adopts(): boolean {
    return this.#owner.adopt !== undefined;
  }

  /** @internal The function that a value is here: one of this store, or one that it has adopted or can adopt; else that of another store. Null: an
   *  exported function that cannot be used here; undefined: no function of wasm. */
  functionFor(value: unknown): StoreFunction | null | undefined {
    const func = functionBehind(value) as StoreFunction | undefined;
    if (typeof value !== 'function' || func?.store.equals(this)) return func;
    // To the library a function of the drop-in is one of JS, as one of V8 is.
    if (func?.store.adopts && !this.adopts) return undefined;
    const callable = value as Callable;
    const adopted = this.#state.adopted?.get(callable) ?? this.#owner.adopt?.(this, callable);
    return adopted === undefined ? func : (adopted as StoreFunction | null);
  }

  /** @internal The address of a function's FuncRef; 0 for null. Throws a TypeError when `value` is no function of wasm, and an OuroError when it
   *  is one of another store. */
  funcToAddress(value: unknown): number {
    if (value === null) return 0;
    const func = this.functionFor(value);
    if (!func) throw new TypeError('a funcref must be null or a function that wasm exports');
    func.store.check(this, 'function');
    return func.address;
  }

  /** @internal The function whose FuncRef is at this address; the same object each time. */
  funcAt(address: number): StateFunction {
    const state = this.#state;
    const func = state.last?.funcAt(address);
    if (func) return func;
    this.#live();
    const { u32, readFuncRef } = native();
    readFuncRef(address);
    const at = L.SLOT_STACK >> 2;
    const instanceId = u32[at + (L.FUNCREF_INSTANCE_ID >> 2)];
    if (instanceId === L.HOST_INSTANCE_ID) return state.hosts[u32[at + (L.FUNCREF_FUNC_INDEX >> 2)]].func;
    state.last = state.instances[instanceId];
    return state.last.funcAt(address)!;
  }

  /** @internal The JS function for a FuncRef's address; null for 0. */
  callableAt(address: number): ((...args: any[]) => any) | null {
    return address === 0 ? null : this.funcAt(address).callable;
  }

  /** @internal Makes the HostFunc and the FuncRef of the host function `func`, and gives the address of the FuncRef. `invoke` is the invoker, which
   *  calls the function with the arguments in the slots. */
  addHostFunc(func: StateFunction, type: FuncType, invoke: () => void): number {
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
    this.#state.addHost(func, cell, invoke);
    return address + L.HOSTFUNC_SIZE;
  }

  /** @internal Puts another invoker into the place of a host function's present one. */
  replaceHostFunc(present: () => void, other: () => void): void {
    this.hostFuncs[this.hostFuncs.indexOf(present)] = other;
  }

  /** @internal Notes that `callable`, a function of another store or of V8, is `func` in this store from now on. */
  noteAdopted(callable: Callable, func: StateFunction): void {
    this.#state.adopted ??= new Map();
    this.#state.adopted.set(callable, func);
  }

  /** @internal Adds a new instance, whose code is `code`; gives its number. */
  addInstance(instance: StateInstance, code: Code): number {
    this.#live();
    this.#state.codes.add(code);
    return this.#state.instances.push(instance) - 1;
  }

  /** @internal A structure of `size` bytes for compiled code, all zeros. It lives as long as the store. */
  cell(size: number): Cell {
    const whole = (size + 15) & ~15;
    const state = this.#state;
    let { slab } = state;
    if (!slab || slab.used + whole > SLAB_SIZE) {
      this.#live();
      const words = new Uint32Array(Math.max(whole, SLAB_SIZE) >> 2);
      slab = { words, address: native().address(words), used: 0 };
      state.slabs.push(slab);
      if (whole < SLAB_SIZE) state.slab = slab;
    }
    const at = slab.used;
    slab.used += whole;
    return { words: slab.words, at: at >> 2, address: slab.address + at };
  }

  /** @internal The Memory that stands for a WebAssembly.Memory in this store, if there is one. */
  memoryOf(v8: WebAssembly.Memory): StateMemory | undefined {
    return this.#state.memories?.get(v8);
  }

  // Memories that may grow without our doing.

  /** @internal Notes that JS can reach `memory`, as `v8`, and make it grow from now on. */
  expose(memory: StateMemory, v8: WebAssembly.Memory): void {
    this.#live();
    const state = this.#state;
    state.memories ??= new Map();
    state.memories.set(v8, memory);
    state.exposed.push(memory);
    this.watch();
  }

  /** @internal Chooses the array that wrappers look at (`watched`). With a single exposed memory it is the view that V8 empties when the memory
   *  grows; with several, or one that grows silently, wrappers refresh before each call. */
  watch(): void {
    const { disposed, exposed, stores } = this.#state;
    let watched: Uint8Array = freshArray;
    if (disposed || exposed.length > 1) watched = alwaysStale;
    else if (exposed.length === 1) watched = exposed[0].growsSilently ? alwaysStale : exposed[0].bytes;
    for (const store of stores) store.watched = watched;
  }

  /** @internal Brings the memory lengths that compiled code reads up to date. Throws when the store is disposed of. */
  refresh(): void {
    this.#live();
    for (const memory of this.#state.exposed) {
      if (memory.bytes.length === 0 || memory.growsSilently) memory.refresh();
    }
  }

  /** @internal Does the work of a host builtin that code of this instance has called. Arguments and result are in the slots. Gives false when the
   *  builtin ends in a trap. */
  serve(status: number, instanceId: number): boolean {
    this.#hostTrap = this.#state.instances[instanceId].serve(status - L.EXIT_HOST_BUILTIN + B.BUILTIN_FIRST_HOST);
    return this.#hostTrap === undefined;
  }

  /** @internal The error for the trap that wasm has ended in; the slots still describe it. */
  takeTrap(): Error {
    const trap = readTrap(this.#state.codes, this.#hostTrap);
    return this.#owner.toError?.(trap) ?? trap;
  }
}
