/** table: references by index, in a buffer of ours that compiled code reads and writes through a TableDesc.
 *  Requires: base and length in the TableDesc are right whenever wasm runs. Compiled code trusts them, and growing moves the buffer.
 *  Cost: growing copies the elements only when the buffer is full; the new buffer then has at least twice as many, up to the limit of a table. */

import * as L from '../../runtime/layout.js';
import { type Cell, native, readAddress, writeAddress } from '../helper/native.js';
import type { StateFunction } from './store-state.js';
import type { Store } from './store.js';
import type { Callable, TableType } from '../base/types.js';

/** The most elements that a table may have; V8's limit too. */
const MAX_LENGTH = 10_000_000;

/** JS remembers the functions that it has read at indices below this. */
const MAX_KNOWN = 1 << 16;

/** Whether a value is a whole number from 0 up. Sizes are checked with it, because compiled code trusts a table's length. */
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;

/** References by index. Source: WebAssembly core specification, "Table Instances"; the API is wasmtime's. At most 10,000,000 elements, as in V8.
 *
 *  @example
 *  const table = new Table(store, tableType('externref', 2, 5), 'none');
 *  table.set(store, 1, { any: 'value' });
 *  table.get(store, 0); // => 'none'
 *  table.grow(store, 3); // => 2
 *  table.get(store, 4); // => null */
export class Table {
  /** The store that it lives in. */
  readonly store: Store;
  /** @internal */
  readonly declared: TableType;
  /** @internal The TableDesc: compiled code reads base and length there. */
  readonly desc: Cell;
  #length: number;
  /** Two words for each element: the address of a FuncRef, or the handle of an externref. */
  #words: Uint32Array;
  /** Functions that JS has read, by index: glue code asks for the same ones again and again. An entry may be out of date, because compiled code
   *  writes only to `#words`; `known` checks that. */
  #known: (StateFunction | undefined)[] | undefined;

  /** A new table, every element `init`; default null. Sizes of `type` in elements. Throws RangeError when it would be too large, TypeError when
   *  `init` is no such reference.
   *
   *  @example
   *  new Table(store, tableType('funcref', 10)).get(store, 9); // => null */
  constructor(store: Store, type: TableType, init?: unknown);
  /** @internal */
  constructor(store: Store, type: TableType, init: unknown, desc: Cell);
  constructor(store: Store, type: TableType, init: unknown = null, desc = store.cell(L.TABLEDESC_SIZE)) {
    if (!isCount(type.minimum)) throw new RangeError(`a table cannot have ${type.minimum} elements`);
    if (type.minimum > MAX_LENGTH) throw new RangeError(`cannot make a table of ${type.minimum} elements: the most is ${MAX_LENGTH}`);
    this.store = store;
    this.declared = type;
    this.desc = desc;
    this.#length = type.minimum;
    this.#words = new Uint32Array(2 * Math.max(1, type.minimum));
    if (init !== null) put(this.#words, 0, type.minimum, this.#toRaw(init));
    this.#become(this.#words, type.minimum);
    if (type.element === 'externref') store.externs.addRoot(this);
  }

  /** Its type at present: the minimum is its size, in elements.
   *
   *  @example
   *  new Table(store, tableType('funcref', 10)).type().element; // => 'funcref' */
  type(store: Store = this.store): TableType {
    return { ...this.declared, minimum: this.size(store) };
  }

  /** Its size in elements.
   *
   *  @example
   *  new Table(store, tableType('funcref', 10)).size(); // => 10 */
  size(store: Store = this.store): number {
    this.store.check(store, 'table');
    return this.#length;
  }

  /** An element: a JS function (the same object each time), any JS value for externref, null. Throws a RangeError beyond the end.
   *
   *  @example
   *  const { add } = new Instance(store, module, [console.log]).exports;
   *  const table = new Table(store, tableType('funcref', 1), add);
   *  table.get(store, 0) === add; // => true */
  get(store: Store, index: number): unknown {
    this.store.check(store, 'table');
    const at = this.#index(index);
    return this.declared.element === 'funcref' ? this.callableAt(at) : store.externFromHandle(this.raw(at));
  }

  /** Writes an element: null, a Func or a function that wasm exports for funcref, any JS value for externref. Throws a RangeError beyond the
   *  end, TypeError for what is no such reference, OuroError `WRONG_STORE` for a function of another store.
   *
   *  @example
   *  const table = new Table(store, tableType('funcref', 1));
   *  table.set(store, 0, new Func(store, new FuncType([], ['i32']), () => 42));
   *  table.get(store, 0)(); // => 42 */
  set(store: Store, index: number, value: unknown): void {
    this.store.check(store, 'table');
    put(this.#words, this.#index(index), 1, this.#toRaw(value));
  }

  /** Grows by `delta` elements, each `init`; gives the size before, in elements. Throws a RangeError beyond its maximum.
   *
   *  @example
   *  const table = new Table(store, tableType('externref', 1));
   *  table.grow(store, 2, 'new'); // => 1
   *  table.get(store, 2); // => 'new' */
  grow(store: Store, delta: number, init: unknown = null): number {
    this.store.check(store, 'table');
    const by = Number(delta);
    const before = isCount(by) ? this.growBy(by, this.#toRaw(init)) : -1;
    if (before < 0) throw new RangeError(`cannot grow the table of ${this.#length} elements by ${delta}`);
    return before;
  }

  /** @internal The JS function at an index, if JS has read it there before and the element is still the same. */
  known(index: number): Callable | undefined {
    const func = this.#known?.[index];
    if (func === undefined || this.store.disposed) return undefined;
    return func.address === readAddress(this.#words, 2 * index) ? func.callable : undefined;
  }

  /** @internal The JS function at an index, which must be in range; null for a null reference. The function is remembered for `known`. */
  callableAt(index: number): Callable | null {
    const raw = this.raw(index);
    if (raw === 0) return null;
    const func = this.store.funcAt(raw);
    if (index < MAX_KNOWN) {
      // The array has its full length at once: V8 would turn one that grows in random order into a dictionary.
      if (!this.#known || index >= this.#known.length) {
        const before = this.#known ?? [];
        this.#known = new Array(Math.min(MAX_KNOWN, this.#words.length >> 1));
        for (let i = 0; i < before.length; i++) this.#known[i] = before[i];
      }
      this.#known[index] = func;
    }
    return func.callable;
  }

  /** @internal The address or handle at an index, which must be in range. */
  raw(index: number): number {
    return readAddress(this.#words, 2 * index);
  }

  /** @internal The instruction table.grow: gives the size before, or -1 when the table cannot grow. `raw` is an address or a handle. */
  growBy(delta: number, raw: number): number {
    const before = this.#length;
    const length = before + delta;
    if (!(length >= before && length <= Math.min(this.declared.maximum ?? MAX_LENGTH, MAX_LENGTH))) return -1;
    let words = this.#words;
    if (2 * length > words.length) {
      words = new Uint32Array(2 * Math.min(MAX_LENGTH, Math.max(length, 2 * before)));
      words.set(this.#words.subarray(0, 2 * before));
    }
    put(words, before, delta, raw);
    this.#become(words, length);
    return before;
  }

  /** @internal The instruction table.fill: gives false when the range is out of bounds. */
  fillRange(start: number, raw: number, count: number): boolean {
    if (start + count > this.#length) return false;
    put(this.#words, start, count, raw);
    return true;
  }

  /** @internal The instruction table.copy: gives false when one of the two ranges is out of bounds. */
  copyFrom(source: Table, to: number, from: number, count: number): boolean {
    if (to + count > this.#length || from + count > source.#length) return false;
    this.#words.set(source.#words.subarray(2 * from, 2 * (from + count)), 2 * to);
    return true;
  }

  /** @internal Calls `mark` for each handle in a table of externrefs. */
  markExterns(mark: (handle: number) => void): void {
    for (let i = 0; i < this.#length; i++) mark(this.#words[2 * i]);
  }

  /** @internal The address of an element. It is valid until the table grows. */
  addressOf(index: number): number {
    return readAddress(this.desc.words, this.desc.at + (L.TABLEDESC_BASE >> 2)) + L.TABLE_ENTRY_SIZE * index;
  }

  #toRaw(value: unknown): number {
    return this.declared.element === 'funcref' ? this.store.funcToAddress(value) : this.store.externToHandle(value);
  }

  #index(index: number): number {
    if (!(Number.isInteger(index) && index >= 0 && index < this.#length)) {
      throw new RangeError(`the table has ${this.#length} elements, there is none at ${index}`);
    }
    return index;
  }

  /** Makes `words` the table's buffer. The host's stack can end only in the calls that come before the base is written; then the table is as it was.
   *  Nothing is called after that. */
  #become(words: Uint32Array, length: number): void {
    const { words: desc, at } = this.desc;
    writeAddress(desc, at + (L.TABLEDESC_BASE >> 2), native().address(words));
    desc[at + (L.TABLEDESC_LENGTH >> 2)] = length;
    desc[at + (L.TABLEDESC_LENGTH >> 2) + 1] = 0;
    this.#words = words;
    this.#length = length;
  }
}

/** Writes an address or a handle into `count` elements from `start` on. */
function put(words: Uint32Array, start: number, count: number, raw: number): void {
  if (raw === 0) words.fill(0, 2 * start, 2 * (start + count));
  else for (let i = start; i < start + count; i++) writeAddress(words, 2 * i, raw);
}
