/** js-table: what WebAssembly.Table does.
 *  A table that JS makes is a table of V8 until an instance of Ouro imports it. The first instance that uses a table, on either engine, links it:
 *  from then on the table stays with the engine of that instance.
 *  In: the receiver and the arguments of a method. Out: its result.
 *  Requires: the messages of errors are V8's. Where V8 has the table, V8 does all checks and conversions itself.
 *  Cost: moving a table to the other engine copies its elements. */

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

/** The state of a WebAssembly.Table: which engine has the table, and its type. Exactly one of `v8` and `ouro` is set. */
export class TableState {
  v8: WebAssembly.Table | undefined;
  ouro: OuroTable | undefined;
  /** An instance uses the table, so it cannot move to the other engine any more. */
  linked = false;
  /** The module of the instance of Ouro that was the first to use the table. */
  owner: ModuleOfOuro | undefined;
  /** Known only for tables that JS has made; so is `maximum`. */
  element: RefType | undefined;
  maximum: number | undefined;
  /** False when the table was made with nothing but null, and JS has put nothing in. */
  filled = true;

  get length(): number {
    return this.ouro ? this.ouro.size() : (getLength.call(this.v8) as number);
  }

  /** The table as one of this store of Ouro; it moves there if it may. Undefined when it may not, or its type is not known. */
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

  /** The table as one of V8; it moves there if it may. Undefined when it may not. */
  toV8(): WebAssembly.Table | undefined {
    if (this.v8) return this.v8;
    if (this.linked) return undefined;
    this.v8 = this.copyForV8();
    this.ouro = undefined;
    return this.v8;
  }

  /** A new table of V8 with the size, the maximum and the elements that the table of Ouro has now. */
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

  /** An element, as the application sees it. */
  read(index: number): unknown {
    return this.ouro ? this.ouro.get(this.ouro.store, index) : canonical(v8.get.call(this.v8!, index));
  }
}

const toV8Element = (value: any) => (isForeignToV8(value) ? toV8Function(value) : value);

export const tableState = (value: unknown) => shell.tableState(value) as TableState | undefined;

/** The table of V8 behind a receiver. If there is none, the receiver itself: V8 then throws the right error for it. */
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
    state.ouro.store.check(state.ouro.store, 'table');
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

/** The WebAssembly.Table that the application holds, for tables of both engines. */
const wrappers = new WeakMap<object, object>();

/** The object that the application gets for a table of V8 which an instance exports: the same one each time. */
export function wrapV8Table(table: WebAssembly.Table): object {
  const known = wrappers.get(table);
  if (known) return known;
  const state = new TableState();
  state.v8 = table;
  state.linked = true;
  return shell.wrapTable(state);
}

/** The object that the application gets for a table of Ouro which an instance exports: the same one each time. `owner`: the instance's module. */
export function wrapOuroTable(table: OuroTable, owner?: ModuleOfOuro): object {
  const known = wrappers.get(table);
  if (known) return known;
  const state = new TableState();
  state.ouro = table;
  state.linked = true;
  state.owner = owner;
  return shell.wrapTable(state);
}

/** Notes that `table` is the object that the application holds for the engine's table in `state`, so that `wrapV8Table` and `wrapOuroTable` find
 *  it. */
export function noteTable(table: object, state: TableState): void {
  if (state.v8) wrappers.set(state.v8, table);
  if (state.ouro) wrappers.set(state.ouro, table);
}

/** The state of a table that JS makes. V8 makes the table, and so reads the descriptor; element type and maximum are noted as V8 reads them. */
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

/** The address or handle for `args[1]`, which is to become an element of a table of Ouro. A value that is left out stands for null in a table of
 *  functions, and for undefined in a table of externrefs. `what` begins the message of the TypeError for a value that is no function. */
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

/** Does `work` on a table of V8 with an exported function that is not V8's. To a table of externrefs the function is a value like any other; for a
 *  table of functions V8 gets its stand-in. Where the element type is not known, the function itself is tried first. */
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
