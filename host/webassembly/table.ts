/** table: WebAssembly.Table. A table that JS makes is one of V8's until an instance of Ouro imports it; from the first instance
 *  that uses it on it stays with the engine of that instance ("linked").
 *  Where V8 has the table, V8 does all checks and conversions itself. */

import type { Store } from '../run/store.js';
import { Table as OuroTable } from '../run/table.js';
import type { Callable, RefType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { canonical, isExportedFunction, isForeignToV8, toV8Function } from './functions.js';
import { completePrototype, noting, toIndex } from './idl.js';
import type { ModuleOfOuro } from './owner.js';
import { secret } from './secret.js';

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

let stateOf: (table: unknown) => TableState | undefined;

/** The V8 table behind a receiver, or the receiver itself, of which V8 says what is wrong with it. */
const receiver = (value: unknown): any => stateOf(value)?.v8 ?? value;

/** A table with the interface of a WebAssembly.Table: the drop-in's, and what instances have among their `exports`, under the name `JsTable`.
 *  Source: WebAssembly JavaScript API, "Tables".
 *
 *  @example
 *  const { t } = new Instance(store, new Module(engine, '(module (table (export "t") 2 5 externref))')).exports;
 *  t instanceof JsTable; // => true
 *  t.set(1, 'one');
 *  [t.length, t.get(1), t.grow(1)]; // => [2, 'one', 2] */
export class Table {
  readonly #state: TableState;

  /** A new table, every element `init`; sizes of `descriptor` in elements. Throws TypeError and RangeError as V8 does. */
  constructor(descriptor: WebAssembly.TableDescriptor, init?: any);
  constructor(descriptor: WebAssembly.TableDescriptor) {
    // biome-ignore lint/complexity/noArguments: how many there are matters, and `length` must be 1
    const args = arguments;
    const state = args[0] === secret ? (args[1] as TableState) : makeState(descriptor, args);
    this.#state = state;
    noteTable(this, state);
  }

  static {
    stateOf = (table) => (typeof table === 'object' && table !== null && #state in table ? table.#state : undefined);
  }

  /** Its size in elements. */
  get length(): number {
    const state = stateOf(this);
    return state?.ouro ? state.length : getLength.call(receiver(this));
  }

  /** Grows by `delta` elements, each `init`; gives the size before. Throws RangeError beyond its maximum. */
  grow(delta: number, init?: any): number;
  grow(delta: number): number {
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    const args = arguments as unknown as [number, unknown?];
    const state = stateOf(this);
    if (state?.v8 && isForeignToV8(args[1])) return withForeign(state, args[1], (func) => v8.grow.call(state.v8!, delta, func));
    if (!state?.ouro) {
      if (state) state.filled = true;
      return v8.grow.apply(receiver(this), args as [number]);
    }
    const by = toIndex(delta, 'WebAssembly.Table.grow(): Argument 0');
    const { ouro } = state;
    const init = element(ouro, args, 'WebAssembly.Table.grow(): Argument 1 is invalid');
    const before = ouro.growBy(by, init);
    if (before < 0) throw new RangeError(`WebAssembly.Table.grow(): failed to grow table by ${by}`);
    return before;
  }

  /** Writes an element: null, a function that wasm exports, or any value for externref. Throws RangeError beyond the end, TypeError for what is no
   *  such reference. */
  set(index: number, value?: any): void;
  set(index: number): void {
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    const args = arguments as unknown as [number, unknown?];
    const state = stateOf(this);
    if (state?.v8 && isForeignToV8(args[1])) {
      withForeign(state, args[1], (func) => v8.set.call(state.v8!, index, func));
      return;
    }
    if (!state?.ouro) {
      if (state) state.filled = true;
      v8.set.apply(receiver(this), args as [number, any]);
      return;
    }
    const at = toIndex(index, 'WebAssembly.Table.set(): Argument 0');
    const { ouro } = state;
    checkIndex(state, at, 'set');
    ouro.fillRange(at, element(ouro, args, 'WebAssembly.Table.set(): Argument 1 is invalid for table'), 1);
  }

  /** An element: a function, the same one each time, any value for externref, or null. Throws RangeError beyond the end. */
  get(index: number): any;
  get(index: number): unknown {
    const state = stateOf(this);
    const known = typeof index === 'number' ? state?.ouro?.known(index) : undefined;
    if (known) return known;
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    if (!state?.ouro) return canonical(v8.get.apply(receiver(this), arguments as unknown as [number]));
    const at = toIndex(index, 'WebAssembly.Table.get(): Argument 0');
    checkIndex(state, at, 'get');
    return state.ouro.get(state.ouro.store, at);
  }
}

completePrototype(Table.prototype, v8, 'WebAssembly.Table', receiver);

/** Of tables of both engines. */
const wrappers = new WeakMap<object, Table>();

export { stateOf as tableState };

/** What the application knows a table of V8 as that an instance exports. */
export function wrapV8Table(table: WebAssembly.Table): Table {
  const known = wrappers.get(table);
  if (known) return known;
  const state = new TableState();
  state.v8 = table;
  state.linked = true;
  return new (Table as any)(secret, state);
}

/** The same for a table of Ouro. */
export function wrapOuroTable(table: OuroTable, owner?: ModuleOfOuro): Table {
  const known = wrappers.get(table);
  if (known) return known;
  const state = new TableState();
  state.ouro = table;
  state.linked = true;
  state.owner = owner;
  return new (Table as any)(secret, state);
}

/** A table that is found by the engines' objects too, from now on. */
export function noteTable(table: Table, state: TableState): void {
  if (state.v8) wrappers.set(state.v8, table);
  if (state.ouro) wrappers.set(state.ouro, table);
}

/** A table as JS makes it. V8 reads the descriptor; what it reads is noted. */
function makeState(descriptor: WebAssembly.TableDescriptor, args: IArguments): TableState {
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
  const [, init] = args;
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
