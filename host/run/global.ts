/** global: a global variable. Its value is in a cell: in the VMContext of the instance that owns it, or by itself. Compiled code reads and writes
 *  it there.
 *  Requires: the upper half of an i32 or f32 stays 0, since `bits` reads 64 bits of the cell. */

import { GLOBAL_SIZE } from '../../runtime/layout.js';
import type { Cell } from '../helper/native.js';
import type { Store } from './store.js';
import type { GlobalType } from '../base/types.js';
import { type Crossing, crossingOf, type Views, viewsOf } from './values.js';

const HIGH = 32n;

/** A global variable. Source: WebAssembly core specification, "Global Instances"; values convert as in the WebAssembly JavaScript API.
 *
 *  @example
 *  const counter = new Global(store, globalType('i64', true), 5n);
 *  counter.value += 1n;
 *  counter.get(store); // => 6n */
export class Global {
  /** The store that it lives in. */
  readonly store: Store;
  /** @internal */
  readonly cell: Cell;
  readonly #type: GlobalType;
  #crossing: Crossing | undefined;
  #views: Views | undefined;

  /** A new global; `value` converts as in the JS API. Throws TypeError when it does not.
   *
   *  @example
   *  new Global(store, globalType('i32'), 2 ** 32 + 1).value; // => 1 */
  constructor(store: Store, type: GlobalType, value: unknown);
  /** @internal */
  constructor(store: Store, type: GlobalType, value: undefined, cell: Cell);
  constructor(store: Store, type: GlobalType, value: unknown, cell?: Cell) {
    this.store = store;
    this.#type = type;
    this.cell = cell ?? store.cell(GLOBAL_SIZE);
    if (!cell) this.#write(value);
    if (type.content === 'externref') store.externs.addRoot(this);
  }

  /** Its type.
   *
   *  @example
   *  new Global(store, globalType('f64', true), 0.5).type().mutable; // => true */
  type(_store: Store = this.store): GlobalType {
    return this.#type;
  }

  /** Its value: a number, a BigInt for i64, a function or null, any JS value for externref. Throws OuroError `WRONG_STORE`, `STORE_DISPOSED`.
   *
   *  @example
   *  new Global(store, globalType('f32'), 0.5).get(store); // => 0.5 */
  get(store: Store): any {
    this.store.check(store, 'global');
    const crossing = this.#howItCrosses();
    return crossing.reveal(store, crossing.get(this.#views!, 4 * this.cell.at));
  }

  /** Gives it another value. Throws a TypeError when the global cannot change, or the value does not convert.
   *
   *  @example
   *  const global = new Global(store, globalType('externref', true), 'first');
   *  global.set(store, ['second']);
   *  global.value; // => ['second'] */
  set(store: Store, value: unknown): void {
    this.store.check(store, 'global');
    if (!this.#type.mutable) throw new TypeError('the global is immutable');
    this.#write(value);
  }

  /** Like `value` of a WebAssembly.Global: `get` and `set` without naming the store.
   *
   *  @example
   *  const global = new Global(store, globalType('i32', true), 1);
   *  global.value = 7;
   *  global.value; // => 7 */
  get value(): any {
    return this.get(this.store);
  }

  set value(value: unknown) {
    this.set(this.store, value);
  }

  /** Like `valueOf` of a WebAssembly.Global: gives the value.
   *
   *  @example
   *  new Global(store, globalType('i32'), 3) + 4; // => 7 */
  valueOf(): any {
    return this.value;
  }

  /** The lower 64 bits of the cell, unconverted: i32 and f32 are zero-extended, a funcref is the address of its FuncRef, an externref its handle.
   *
   *  @example
   *  new Global(store, globalType('i32'), -1).bits; // => 0xffff_ffffn */
  get bits(): bigint {
    const { words, at } = this.cell;
    return BigInt(words[at]) | (BigInt(words[at + 1]) << HIGH);
  }

  /** @internal */
  set bits(bits: bigint) {
    const { words, at } = this.cell;
    words[at] = Number(BigInt.asUintN(32, bits));
    words[at + 1] = Number(bits >> HIGH);
  }

  /** @internal Calls `mark` for the handle in a global of type externref. */
  markExterns(mark: (handle: number) => void): void {
    mark(this.cell.words[this.cell.at]);
  }

  #write(value: unknown): void {
    const { convert, put } = this.#howItCrosses();
    const raw = convert(this.store, value);
    put(this.#views!, 4 * this.cell.at, raw);
  }

  /** Looked up once, when the value is first read or written: the views of the cell are there then, too. */
  #howItCrosses(): Crossing {
    if (!this.#crossing) {
      this.#crossing = crossingOf(this.#type.content);
      this.#views = viewsOf(this.cell.words);
    }
    return this.#crossing;
  }
}
