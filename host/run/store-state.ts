/** store-state: what a store holds. Stores can be merged: then several Store objects, which wrappers and suspended calls have taken in, hold the same
 *  state. Of functions, instances and memories it knows what the interfaces here say: their files import this one.
 *  What compiled code knows of a store are numbers of instances and host functions, and handles of external references. The former stand in
 *  structures that the host has made and finds again, and are read when wasm leaves, for use at once; so those of the smaller store change.
 *  Handles are in frames too; they are of the thread, and stay (external-references.ts).
 *  Why not numbers of the thread for all: host functions would then have to be found, at each call, in a list that must not keep them.
 *  Cost of merging: in proportion to the functions and references of the smaller store. */

import * as L from '../../runtime/layout.js';
import type { Code } from '../artifact/code.js';
import { ExternalReferences } from './external-references.js';
import type { Cell } from '../helper/native.js';
import type { Callable } from '../base/types.js';
import type { TrapCodeName } from './trap.js';

/** A function in a store. */
export interface StateFunction {
  /** Of its FuncRef. */
  readonly address: number;
  /** What JS calls. */
  readonly callable: Callable;
}

/** An instance in a store. */
export interface StateInstance {
  /** The function with the FuncRef at this address; undefined when it is none of this instance's. */
  funcAt(address: number): StateFunction | undefined;
  /** Tells it its number, which stands where compiled code and the host read it. */
  setNumber(number: number): void;
  /** Does what compiled code cannot do itself (runtime/builtins.ts), with arguments and result in the slots; gives a trap, if it is one. */
  serve(builtin: number): TrapCodeName | undefined;
}

/** A memory in a store that JS can reach, and so can grow behind our back. */
export interface StateMemory {
  /** Of length 0 when it has grown, unless it grows silently. */
  readonly bytes: Uint8Array;
  readonly growsSilently: boolean;
  /** Takes over the present length. */
  refresh(): void;
}

/** A piece of memory where structures for compiled code stand. */
export interface Slab {
  readonly words: Uint32Array;
  readonly address: number;
  used: number;
}

/** A host function, and its HostFunc with the FuncRef behind it. */
interface HostFunc {
  readonly func: StateFunction;
  readonly cell: Cell;
}

export class StoreState<Store> {
  /** All that hold this. */
  readonly stores: Store[];
  /** By number. */
  readonly instances: StateInstance[] = [];
  /** By number: what a host function does. */
  readonly hostFuncs: (() => void)[] = [];
  /** By number. */
  readonly hosts: HostFunc[] = [];
  /** The instance whose function was asked for last: the next is most often another of it. */
  last: StateInstance | undefined;
  /** Host functions that stand for functions from elsewhere. */
  adopted: Map<Callable, StateFunction> | undefined;
  readonly codes = new Set<Code>();
  readonly externs = new ExternalReferences();
  /** Kept: compiled code points into them. */
  readonly slabs: Slab[] = [];
  /** The one with room. */
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

  /** `invoke`: what it does. Nothing is called between the two lists: where the host's stack ends, both have it or neither. */
  addHost(func: StateFunction, cell: Cell, invoke: () => void): void {
    const number = this.hosts.length;
    setHostNumber(cell, number);
    this.hosts[number] = { func, cell };
    this.hostFuncs[number] = invoke;
  }

  /** Takes over all that another one has. */
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
    // Two objects may stand for one memory then, and both are kept up to date.
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

/** Writes a host function's number to where compiled code and the host read it. */
function setHostNumber({ words, at }: Cell, number: number): void {
  words[at + (L.HOSTFUNC_ID >> 2)] = number;
  words[at + ((L.HOSTFUNC_SIZE + L.FUNCREF_FUNC_INDEX) >> 2)] = number;
}
