/** extern: what is imported and exported, as our own objects and as what JS people expect of the JS API: plain functions,
 *  WebAssembly.Memory objects, tables and globals with `get`, `set`, `value`. */

import { Func } from './func.js';
import { Global } from './global.js';
import { Memory } from './memory.js';
import { passRangeError } from '../base/host-stack.js';
import type { Store } from './store.js';
import { Table } from './table.js';
import type { Callable, ExternType, GlobalType, MemoryType } from '../base/types.js';
import { V8 } from '../base/v8.js';

/** What instances import and export. */
export type Extern = Func | Memory | Table | Global;

/** A table with the methods of a WebAssembly.Table, as it stands among an instance's `exports`.
 *
 *  @example
 *  const { t } = new Instance(store, new Module(engine, '(module (table (export "t") 2 5 externref))')).exports;
 *  t.set(1, 'one');
 *  [t.length, t.get(1), t.grow(1)]; // => [2, 'one', 2] */
export class JsTable {
  /** @internal */
  readonly table: Table;

  /** For a table of any store.
   *
   *  @example
   *  new JsTable(new Table(store, tableType('funcref', 3))).length; // => 3 */
  constructor(table: Table) {
    this.table = table;
  }

  /** In elements. */
  get length(): number {
    return this.table.size();
  }

  /** An element, as `Table.get` gives it. */
  get(index: number): any {
    return this.table.get(this.table.store, index);
  }

  /** Writes an element, as `Table.set` does; null when there is no value. */
  set(index: number, value: unknown = null): void {
    this.table.set(this.table.store, index, value);
  }

  /** Grows by `delta` elements; gives the size before. */
  grow(delta: number, init: unknown = null): number {
    return this.table.grow(this.table.store, delta, init);
  }
}

const jsTables = new WeakMap<Table, JsTable>();

export function isExtern(value: unknown): value is Extern {
  return value instanceof Func || value instanceof Memory || value instanceof Table || value instanceof Global;
}

/** What JS code gets for an export. */
export function toJs(extern: Extern): any {
  if (extern instanceof Func) return extern.callable;
  if (extern instanceof Memory) return extern.js;
  if (extern instanceof Global) return extern;
  let table = jsTables.get(extern);
  if (!table) jsTables.set(extern, (table = new JsTable(extern)));
  return table;
}

/** The extern that a JS value stands for where `wanted` is imported; undefined when it can stand for none of that kind. */
export function toExtern(store: Store, value: unknown, wanted: ExternType): Extern | undefined {
  if (typeof value === 'function' && wanted.kind === 'func') return Func.ofCallable(value) ?? new Func(store, wanted, value as Callable);
  if (isExtern(value)) return value;
  if (value instanceof JsTable) return value.table;
  if (value instanceof V8.Memory)
    return Memory.fromJs(store, value, memoryTypeOf(value, wanted.kind === 'memory' ? wanted.maximum : undefined));
  switch (wanted.kind) {
    case 'global':
      return toGlobal(store, value instanceof V8.Global ? value.value : value, wanted);
    default:
      return undefined;
  }
}

/** As in the JS API: a number or bigint of the fitting kind, or any value for an externref, is an immutable global. */
function toGlobal(store: Store, value: unknown, wanted: GlobalType): Global | undefined {
  if (wanted.mutable) return undefined;
  const { content } = wanted;
  const fits =
    content === 'i64'
      ? typeof value === 'bigint'
      : content === 'externref' || (content === 'funcref' ? value === null || Func.ofCallable(value) : typeof value === 'number');
  return fits ? new Global(store, wanted, value) : undefined;
}

/** What a value is, for messages. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof V8.Table) return "a WebAssembly.Table (only ouro's own tables can be imported)";
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'Object'}`;
  return `a ${typeof value}`;
}

const PAGE = 65536;
const MAX_PAGES = 65536;

const maxima = new WeakMap<WebAssembly.Memory, { readonly pages: number | undefined }>();

/** The type of a V8 memory. Its maximum is found by asking V8 which imports it would satisfy; `guess` makes that shorter. */
function memoryTypeOf(memory: WebAssembly.Memory, guess: number | undefined): MemoryType {
  const minimum = memory.buffer.byteLength / PAGE;
  const shared = !(memory.buffer instanceof ArrayBuffer);
  let maximum = maxima.get(memory);
  if (!maximum) maxima.set(memory, (maximum = { pages: findMaximum(memory, minimum, shared, guess) }));
  return { kind: 'memory', minimum, maximum: maximum.pages, shared, is64: false, pageSize: PAGE };
}

function findMaximum(memory: WebAssembly.Memory, minimum: number, shared: boolean, guess: number | undefined): number | undefined {
  if (!hasMaximum(memory, MAX_PAGES, shared)) return undefined;
  const has = (pages: number) => hasMaximum(memory, pages, shared);
  if (guess !== undefined && has(guess) && (guess === minimum || !has(guess - 1))) return guess;
  let low = minimum;
  let high = MAX_PAGES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (has(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether the memory has a maximum that is at most `pages`. */
function hasMaximum(memory: WebAssembly.Memory, pages: number, shared: boolean): boolean {
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
  const entry = [1, 0, 0, 2, shared ? 3 : 1, 0, ...leb(pages)];
  const module = new V8.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, entry.length, ...entry]));
  try {
    new V8.Instance(module, { '': { '': memory } });
    return true;
  } catch (error) {
    passRangeError(error);
    return false;
  }
}
