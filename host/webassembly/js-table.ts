/** js-table: WebAssembly.Table. A table that JS makes is one of V8's until an instance of Ouro imports it; from the first instance
 *  that uses it on it stays with the engine of that instance ("linked").
 *  Where V8 has the table, V8 does all checks and conversions itself. */

import type { Store } from '../run/store.js';
import { Table as OuroTable } from '../run/table.js';
import type { Callable, RefType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { canonical, isExportedFunction, isForeignToV8, toV8Function } from './exported-functions.js';
import { shell } from './classes.js';
import { noting, toIndex } from './idl.js';
import type { ModuleOfOuro } from './owner.js';
import type { TableBehaviour } from './shell.js';

const v8 = V8.Table.prototype;
const getLength = Object.getOwnPropertyDescriptor(v8, 'length')!.get!;

/** Where a table is, and what it is. */
export class TableState {
  v8: WebAssembly.Table | undefined;
  ouro: OuroTable | undefined;
  /** An instance uses it. */
  linked = false;
  /** The module of the instance of Ouro that was the first to use it. */
  owner: ModuleOfOuro | undefined;
  /** Of tables that JS has made. */
  element: RefType | undefined;
  maximum: number | undefined;
  /** Something else than null was put in. */
  filled = true;

  get length(): number {
    return this.ouro ? this.ouro.size() : (getLength.call(this.v8) as number);
  }

  /** The table in a store, moved there if it may move; undefined if it may not. */
  toOuro(store: Store): OuroTable | undefined {
    if (this.ouro?.store.equals(store)) return this.ouro;
    if (this.linked || this.element === undefined) return undefined;
    const { element, maximum, length } = this;
    const table = new OuroTable(store, { kind: 'table', element, minimum: length, maximum, is64: false });
    for (let i = 0; this.filled && i < length; i++) table.set(store, i, this.read(i));
    this.ouro = table;
    this.v8 = undefined;
    return table;
  }

  /** The same for V8. */
  toV8(): WebAssembly.Table | undefined {
    if (this.v8) return this.v8;
    if (this.linked) return undefined;
    this.v8 = this.copyForV8();
    this.ouro = undefined;
    return this.v8;
  }

  /** A table of V8 that looks the same now. */
  copyForV8(): WebAssembly.Table {
    const { element, maximum } = this.ouro!.declared;
    const { length } = this;
    const table = new V8.Table({
      element: (element === 'funcref' ? 'anyfunc' : element) as WebAssembly.TableKind,
      initial: length,
      ...(maximum === undefined ? {} : { maximum }),
    });
    for (let i = 0; i < length; i++) table.set(i, element === 'funcref' ? toV8Element(this.read(i)) : this.read(i));
    return table;
  }

  read(index: number): unknown {
    return this.ouro ? this.ouro.get(this.ouro.store, index) : canonical(v8.get.call(this.v8!, index));
  }
}

const toV8Element = (value: any) => (isForeignToV8(value) ? toV8Function(value) : value);

export const tableState = (value: unknown) => shell.tableState(value) as TableState | undefined;

/** The V8 table behind a receiver, or the receiver itself, of which V8 says what is wrong with it. */
const receiver = (value: unknown): any => tableState(value)?.v8 ?? value;

export const tableBehaviour: TableBehaviour = {
  makeTable: makeState,
  noteTable: (table, state) => noteTable(table, state as TableState),
  tableReceiver: receiver,

  tableLength(self) {
    const state = tableState(self);
    return state?.ouro ? state.length : getLength.call(receiver(self));
  },

  tableGrow(self, args) {
    // By index: to take them apart by iteration takes several times as long as all the rest.
    const delta = args[0] as number;
    const init = args[1];
    const state = tableState(self);
    if (state?.v8 && isForeignToV8(init)) return withForeign(state, init, (func) => v8.grow.call(state.v8!, delta, func));
    if (!state?.ouro) {
      if (state) state.filled = true;
      return v8.grow.apply(receiver(self), args as [number]);
    }
    const by = toIndex(delta, 'WebAssembly.Table.grow(): Argument 0');
    const raw = element(state.ouro, args, 'WebAssembly.Table.grow(): Argument 1 is invalid');
    const before = state.ouro.growBy(by, raw);
    if (before < 0) throw new RangeError(`WebAssembly.Table.grow(): failed to grow table by ${by}`);
    return before;
  },

  tableSet(self, args) {
    const index = args[0] as number;
    const value = args[1];
    const state = tableState(self);
    if (state?.v8 && isForeignToV8(value)) {
      withForeign(state, value, (func) => v8.set.call(state.v8!, index, func));
      return;
    }
    if (!state?.ouro) {
      if (state) state.filled = true;
      v8.set.apply(receiver(self), args as [number, any]);
      return;
    }
    const at = toIndex(index, 'WebAssembly.Table.set(): Argument 0');
    checkIndex(state, at, 'set');
    state.ouro.fillRange(at, element(state.ouro, args, 'WebAssembly.Table.set(): Argument 1 is invalid for table'), 1);
  },

  tableGet(self, args) {
    const index = args[0] as number;
    const state = tableState(self);
    const known = typeof index === 'number' ? state?.ouro?.known(index) : undefined;
    if (known) return known;
    if (!state?.ouro) return canonical(v8.get.apply(receiver(self), args as [number]));
    const at = toIndex(index, 'WebAssembly.Table.get(): Argument 0');
    checkIndex(state, at, 'get');
    return state.ouro.get(state.ouro.store, at);
  },
};

/** Of tables of both engines. */
const wrappers = new WeakMap<object, object>();

/** What the application knows a table of V8 as that an instance exports. */
export function wrapV8Table(table: WebAssembly.Table): object {
  const known = wrappers.get(table);
  if (known) return known;
  const state = new TableState();
  state.v8 = table;
  state.linked = true;
  return shell.wrapTable(state);
}

/** The same for a table of Ouro. */
export function wrapOuroTable(table: OuroTable, owner?: ModuleOfOuro): object {
  const known = wrappers.get(table);
  if (known) return known;
  const state = new TableState();
  state.ouro = table;
  state.linked = true;
  state.owner = owner;
  return shell.wrapTable(state);
}

/** A table that is found by the engines' objects too, from now on. */
export function noteTable(table: object, state: TableState): void {
  if (state.v8) wrappers.set(state.v8, table);
  if (state.ouro) wrappers.set(state.ouro, table);
}

/** A table as JS makes it. V8 reads the descriptor; what it reads is noted. */
function makeState(args: ArrayLike<unknown>): TableState {
  const descriptor = args[0] as WebAssembly.TableDescriptor;
  const init = args[1];
  const state = new TableState();
  const noted = noting(descriptor, {
    element(name) {
      if (name === 'anyfunc' || name === 'funcref') state.element = 'funcref';
      else if (name === 'externref') state.element = name;
    },
    maximum(value) {
      state.maximum = value;
    },
  });
  const make = (...rest: unknown[]) => new V8.Table(noted, ...(rest as [any]));
  if (isForeignToV8(init)) state.v8 = withForeign(state, init, (func) => make(func));
  else state.v8 = make(...Array.prototype.slice.call(args, 1));
  state.filled = state.element === 'externref' || (init !== null && init !== undefined);
  return state;
}

/** The reference for a value that is to become an element of a table of Ouro; a value that is left out is the default one. */
function element(table: OuroTable, args: ArrayLike<unknown>, what: string): number {
  const { store } = table;
  const isFunc = table.declared.element === 'funcref';
  const value = args.length > 1 ? args[1] : isFunc ? null : undefined;
  if (!isFunc) return store.externToHandle(value);
  if (value !== null && !isExportedFunction(value)) {
    throw new TypeError(`${what}: function-typed object must be null (if nullable) or a Wasm function object`);
  }
  return store.funcToAddress(value);
}

function checkIndex(state: TableState, index: number, method: string): void {
  if (index >= state.length) throw new RangeError(`WebAssembly.Table.${method}(): invalid index ${index} into function table`);
}

/** Does something with a table of V8 and an exported function of another kind. In a table of externrefs that is a value like others; in one
 *  of functions V8 gets a stand-in. */
function withForeign<T>(state: TableState, func: Callable, work: (value: Callable) => T): T {
  state.filled = true;
  if (state.element === 'funcref') return work(toV8Function(func));
  try {
    return work(func);
  } catch (error) {
    if (!(error instanceof TypeError) || state.element === 'externref') throw error;
    return work(toV8Function(func));
  }
}
