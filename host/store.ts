/** store: everything that a set of instances shares: their wasm stack, functions by address, external references, the instances themselves.
 *  A store is the unit of lifetime: whatever lives in it is kept alive by it, and goes when nothing refers to the store any more.
 *  `drive` is the loop that does what wasm asks of the host. */

import * as B from '../runtime/builtins.js';
import * as L from '../runtime/layout.js';
import { layoutOf, makeInvoker } from './calls.js';
import type { Code } from './code.js';
import type { Engine } from './engine.js';
import { OuroError } from './errors.js';
import { Func } from './func.js';
import type { Instance } from './instance.js';
import type { Memory } from './memory.js';
import { ACTIVATION, type Cell, EXIT_ID, native, readAddress, STATUS } from './native.js';
import { type RawFrame, Trap, type TrapCodeName, trapNames } from './trap.js';
import { type Callable, type FuncType, funcTypeById } from './types.js';

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

/** Wasm stacks of stores that are gone, by size. */
const freeStacks = new Map<number, number[]>();
const lostStacks = new FinalizationRegistry<{ size: number; activity: number }>(({ size, activity }) => {
  const free = freeStacks.get(size);
  if (free) free.push(activity);
  else freeStacks.set(size, [activity]);
});

/** Host functions get their structures from slabs of this many. */
const SLAB_COUNT = 32;
const SLAB_ENTRY = L.HOSTFUNC_SIZE + L.FUNCREF_SIZE;

/** FUNCREF_INSTANCE_ID of a host function. */
const HOST_INSTANCE = 0xffffffff;

export class Store {
  /** The wasm stack. */
  readonly activity: number;
  /** By instance id. */
  readonly instances: Instance[] = [];
  /** What a host function does, by its id. */
  readonly #hostFuncs: (() => void)[] = [];
  readonly #funcs = new Map<number, Func>();
  readonly #codes = new Set<Code>();
  /** External references by handle; 0 is null. */
  readonly #externs: unknown[] = [null];
  readonly #handles = new Map<unknown, number>();
  #slab: { buffer: ArrayBuffer; address: number; used: number } | undefined;
  /** Kept: compiled code points into them. */
  readonly #slabs: ArrayBuffer[] = [];
  /** Memories that JS can reach, and so can grow behind our back. */
  readonly #exposed: Memory[] = [];
  readonly memories = new Map<WebAssembly.Memory, Memory>();
  /** Empty when the length of some memory may have changed since wasm last ran: then `refresh` is due. */
  watched: Uint8Array = freshArray;
  #hostTrap: TrapCodeName | undefined;

  /** The engine, or what stands for one. */
  readonly #owner: StoreOwner;

  constructor(engine: Engine | StoreOwner) {
    this.#owner = engine;
    const size = engine.maxWasmStack;
    const activity = freeStacks.get(size)?.pop() ?? native().createStack(size);
    this.activity = activity;
    lostStacks.register(this, { size, activity });
  }

  get engine(): Engine {
    return this.#owner as Engine;
  }

  /** @internal */
  get adopt(): StoreOwner['adopt'] {
    return this.#owner.adopt;
  }

  /** @internal Throws unless `other` is this store. */
  check(other: Store, what: string): void {
    if (other !== this) throw new OuroError('WRONG_STORE', `the ${what} belongs to another store`);
  }

  // References.

  /** @internal The handle of a JS value as an externref. */
  externToHandle(value: unknown): number {
    if (value === null) return 0;
    // A Map takes -0 for 0.
    const key = Object.is(value, -0) ? negativeZero : value;
    let handle = this.#handles.get(key);
    if (handle === undefined) {
      handle = this.#externs.push(value) - 1;
      this.#handles.set(key, handle);
    }
    return handle;
  }

  /** @internal */
  externFromHandle(handle: number): unknown {
    return this.#externs[handle];
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
    let func = this.#funcs.get(address);
    if (func) return func;
    const { u32, readFuncRef } = native();
    readFuncRef(address);
    const at = L.SLOT_STACK >> 2;
    const type = u32[at + (L.FUNCREF_TYPE >> 2)];
    const index = u32[at + (L.FUNCREF_FUNC_INDEX >> 2)];
    const instance = this.instances[u32[at + (L.FUNCREF_INSTANCE_ID >> 2)]];
    const original = instance.importedFuncRef(index);
    func = original === undefined ? new Func(this, funcTypeById(type), address, String(index)) : this.funcAt(original);
    this.#funcs.set(address, func);
    return func;
  }

  /** @internal */
  callableAt(address: number): ((...args: any[]) => any) | null {
    return address === 0 ? null : this.funcAt(address).callable;
  }

  /** @internal Makes the structures for a host function; gives its FuncRef. */
  addHostFunc(type: FuncType, callback: Callable): number {
    const { stackArgs, stackResults } = layoutOf(type);
    let slab = this.#slab;
    if (!slab || slab.used === SLAB_COUNT) {
      const buffer = new ArrayBuffer(SLAB_COUNT * SLAB_ENTRY);
      slab = this.#slab = { buffer, address: native().address(buffer), used: 0 };
      this.#slabs.push(buffer);
    }
    const offset = slab.used++ * SLAB_ENTRY;
    const id = this.#hostFuncs.length;
    this.#hostFuncs.push(makeInvoker(type, this, callback, (faster) => (this.#hostFuncs[id] = faster)));
    const host = new DataView(slab.buffer, offset, L.HOSTFUNC_SIZE);
    setAddress(host, L.HOSTFUNC_ACTIVITY, this.activity);
    host.setUint32(L.HOSTFUNC_STACK_ARGS, stackArgs, true);
    host.setUint32(L.HOSTFUNC_STACK_RESULTS, stackResults, true);
    host.setUint32(L.HOSTFUNC_ID, id, true);
    const ref = new DataView(slab.buffer, offset + L.HOSTFUNC_SIZE, L.FUNCREF_SIZE);
    setAddress(ref, L.FUNCREF_CODE, native().entryPoints.leaveHostFunc);
    setAddress(ref, L.FUNCREF_VMCONTEXT, slab.address + offset);
    ref.setUint32(L.FUNCREF_TYPE, type.id, true);
    ref.setUint32(L.FUNCREF_FUNC_INDEX, id, true);
    ref.setUint32(L.FUNCREF_INSTANCE_ID, HOST_INSTANCE, true);
    return slab.address + offset + L.HOSTFUNC_SIZE;
  }

  /** @internal */
  addFunc(func: Func): void {
    this.#funcs.set(func.address, func);
  }

  /** @internal The new instance's id. */
  addInstance(instance: Instance, code: Code): number {
    this.#codes.add(code);
    return this.instances.push(instance) - 1;
  }

  /** @internal A zeroed structure for compiled code to see. */
  cell(size: number): Cell {
    const buffer = new ArrayBuffer(size);
    return { words: new Uint32Array(buffer), address: native().address(buffer) };
  }

  // Memories that may grow without our doing.

  /** @internal From now on `memory` may be grown by JS. */
  expose(memory: Memory): void {
    if (this.#exposed.includes(memory)) return;
    this.#exposed.push(memory);
    this.watch();
  }

  /** @internal Chooses what the wrappers look at. */
  watch(): void {
    if (this.#exposed.length === 0) this.watched = freshArray;
    else this.watched = this.#exposed.length > 1 || this.#exposed[0].growsSilently ? alwaysStale : this.#exposed[0].bytes;
  }

  /** @internal Brings the lengths that compiled code sees up to date. */
  refresh(): void {
    for (const memory of this.#exposed) {
      if (memory.bytes.length === 0 || memory.growsSilently) memory.refresh();
    }
  }

  // The loop.

  /** @internal After `enter` came back with something else than results: does what wasm asks for until it returns (false) or traps (true, and
   *  `takeTrap` has the error). When it throws, wasm is still suspended, and the caller must unwind. */
  drive(): boolean {
    const { i32, f64, resume, trap, unwind } = native();
    const activation = f64[ACTIVATION];
    for (;;) {
      const status = i32[STATUS];
      if (status === L.EXIT_RETURNED) return false;
      if (status === L.EXIT_TRAPPED) return true;
      if (status === L.EXIT_HOST_FUNC) {
        try {
          this.#hostFuncs[i32[EXIT_ID]]();
        } finally {
          // Calls inside that V8 has terminated (a `vm` timeout) could not unwind: no `catch` runs then.
          while (f64[ACTIVATION] !== activation) unwind();
        }
      } else {
        const code = this.#builtin(status - L.EXIT_HOST_BUILTIN + B.BUILTIN_FIRST_HOST, this.instances[i32[EXIT_ID]]);
        if (code !== undefined) {
          this.#hostTrap = code;
          trap();
          return true;
        }
      }
      if (this.watched.length === 0) this.refresh();
      resume();
    }
  }

  /** @internal The error for a trap that `drive` has announced. */
  takeTrap(): Error {
    const trap = this.#takeTrap();
    return this.#owner.toError?.(trap) ?? trap;
  }

  #takeTrap(): Trap {
    const { u32, i32 } = native();
    const host = this.#hostTrap;
    this.#hostTrap = undefined;
    const frames = this.#frames();
    if (host !== undefined) return new Trap(host, frames);
    const kind = i32[L.SLOT_TRAP_KIND >> 2];
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
    const explicit = i32[L.SLOT_TRAP_KIND >> 2] === L.TRAP_KIND_EXPLICIT;
    const frames: RawFrame[] = [];
    const length = u32[L.SLOT_TRACE_LENGTH >> 2];
    for (let i = 0; i < length; i++) {
      const pc = readAddress(u32, (L.SLOT_STACK >> 2) + 2 * i);
      const returnAddress = i > 0 || explicit;
      const found = this.#locate(returnAddress ? pc - 1 : pc);
      if (found) frames.push({ code: found.code, offset: pc - found.code.textAddress, returnAddress });
    }
    return frames;
  }

  #locate(pc: number): { code: Code; offset: number } | undefined {
    for (const code of this.#codes) {
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

const negativeZero = Symbol('-0');

function setAddress(view: DataView, offset: number, address: number): void {
  view.setUint32(offset, address, true);
  view.setUint32(offset + 4, address / 2 ** 32, true);
}
