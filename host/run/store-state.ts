/** store-state: what a store holds. It is an object of its own because stores can be merged: the Store objects stay, since wrappers and suspended
 *  calls refer to them, and from then on all of them hold the same state.
 *  This file knows functions, instances and memories only by the interfaces below, because the files of those classes import this one.
 *  Requires of a merge: it may happen while wasm of either store is suspended, so nothing may change that a frame of wasm can hold. Compiled code
 *  refers to a store's contents in two ways:
 *  - By the numbers of instances and host functions. They stand in structures that the host has made and can find again, and the host reads them
 *    when wasm leaves and uses them at once. So a merge changes the numbers of the smaller store.
 *  - By the handles of external references. Frames hold them too. They are unique in the thread, so a merge keeps them (external-references.ts).
 *  Numbers of instances and host functions are not unique in the thread: each call of a host function would then have to look it up in a list that
 *  must not keep the function alive.
 *  Cost of a merge: in proportion to the functions and references of the smaller store. */

import * as L from '../../runtime/layout.js';
import type { Code } from '../artifact/code.js';
import { ExternalReferences } from './external-references.js';
import type { Cell } from '../helper/native.js';
import type { Callable } from '../base/types.js';
import type { TrapCodeName } from './trap.js';

/** A function in a store. */
export interface StateFunction {
  /** The address of its FuncRef. */
  readonly address: number;
  /** The JS function that calls it. */
  readonly callable: Callable;
}

/** An instance in a store. */
export interface StateInstance {
  /** The function whose FuncRef is at this address; undefined when the address is not one of this instance's FuncRefs. */
  funcAt(address: number): StateFunction | undefined;
  /** Gives the instance another number: writes it into the structures in which compiled code and the host read it. */
  setNumber(number: number): void;
  /** Does the work of a host builtin (runtime/builtins.ts), with arguments and result in the slots. Gives the trap, if it ends in one. */
  serve(builtin: number): TrapCodeName | undefined;
}

/** A memory that JS can reach, so that it may grow without our doing. */
export interface StateMemory {
  /** A view of the whole memory. V8 empties it when the memory grows, unless the memory grows silently. */
  readonly bytes: Uint8Array;
  readonly growsSilently: boolean;
  /** Takes over the memory's present length. */
  refresh(): void;
}

/** A piece of memory from which a store takes the structures that compiled code reads. */
export interface Slab {
  readonly words: Uint32Array;
  readonly address: number;
  /** In bytes. */
  used: number;
}

/** A host function. `cell` holds its HostFunc structure, and its FuncRef directly after that. */
interface HostFunc {
  readonly func: StateFunction;
  readonly cell: Cell;
}

export class StoreState<Store> {
  /** All Store objects that hold this state. */
  readonly stores: Store[];
  /** By number. */
  readonly instances: StateInstance[] = [];
  /** The invokers of the host functions (calls.ts), by number. */
  readonly hostFuncs: (() => void)[] = [];
  /** By number. */
  readonly hosts: HostFunc[] = [];
  /** The instance whose function was asked for last. It is tried first, since the next function is most often one of the same instance. */
  last: StateInstance | undefined;
  /** Host functions that stand for functions of other stores or of V8, by the JS function that the application knows. */
  adopted: Map<Callable, StateFunction> | undefined;
  readonly codes = new Set<Code>();
  readonly externs = new ExternalReferences();
  /** All slabs, kept alive because compiled code points into them. */
  readonly slabs: Slab[] = [];
  /** The slab that has room for more structures. */
  slab: Slab | undefined;
  /** Memories that JS can reach. */
  readonly exposed: StateMemory[] = [];
  memories: Map<WebAssembly.Memory, StateMemory> | undefined;
  disposed = false;

  constructor(store: Store) {
    this.stores = [store];
  }

  get size(): number {
    return this.instances.length + this.hosts.length;
  }

  /** Adds a host function; `invoke` is its invoker. No function is called between the stores to the two lists: where the host's stack ends, either
   *  both lists have the function or neither has. */
  addHost(func: StateFunction, cell: Cell, invoke: () => void): void {
    const number = this.hosts.length;
    setHostNumber(cell, number);
    this.hosts[number] = { func, cell };
    this.hostFuncs[number] = invoke;
  }

  /** Takes over everything that another state holds. */
  absorb(other: StoreState<Store>): void {
    for (const instance of other.instances) instance.setNumber(this.instances.push(instance) - 1);
    for (const [i, { func, cell }] of other.hosts.entries()) this.addHost(func, cell, other.hostFuncs[i]);
    if (other.adopted) {
      this.adopted ??= new Map();
      for (const [callable, func] of other.adopted) this.adopted.set(callable, func);
    }
    for (const code of other.codes) this.codes.add(code);
    this.externs.absorb(other.externs);
    for (const slab of other.slabs) this.slabs.push(slab);
    this.slab ??= other.slab;
    // After this, two Memory objects may stand for one V8 memory. Both are kept up to date.
    for (const memory of other.exposed) this.exposed.push(memory);
    if (other.memories) {
      this.memories ??= new Map();
      for (const [v8, memory] of other.memories) this.memories.set(v8, memory);
    }
  }

  clear(): void {
    this.instances.length = 0;
    this.hostFuncs.length = 0;
    this.hosts.length = 0;
    this.last = undefined;
    this.adopted = undefined;
    this.externs.clear();
    this.slabs.length = 0;
    this.slab = undefined;
    this.exposed.length = 0;
    this.memories = undefined;
  }
}

/** Writes a host function's number into its HostFunc and its FuncRef, where compiled code and the host read it. */
function setHostNumber({ words, at }: Cell, number: number): void {
  words[at + (L.HOSTFUNC_ID >> 2)] = number;
  words[at + ((L.HOSTFUNC_SIZE + L.FUNCREF_FUNC_INDEX) >> 2)] = number;
}
