/** memory: a linear memory. It is a V8 WebAssembly.Memory, so that JS people can use it as such; compiled code gets its base, which never
 *  moves, and its length through a MemoryDesc. Loads and stores beyond its end fault in the guard behind it, which must be there. */

import * as L from '../../runtime/layout.js';
import { OuroError } from '../base/errors.js';
import { hasGuard, memoriesAreGuarded } from '../helper/guard.js';
import { type Cell, native, writeAddress } from '../helper/native.js';
import { requireHostStack } from '../base/host-stack.js';
import type { Store } from './store.js';
import type { MemoryType } from '../base/types.js';
import { V8 } from '../base/v8.js';

const PAGE = 65536;

/** A linear memory. Source: WebAssembly core specification, "Memory Instances"; the API is wasmtime's. A page has 65,536 bytes.
 *
 *  @example
 *  const memory = new Memory(store, memoryType(1, 10));
 *  memory.data()[0] = 42;
 *  memory.grow(store, 2); // => 1
 *  memory.dataSize(); // => 3 * 65536
 *  memory.data()[0]; // => 42 */
export class Memory {
  /** The store that it lives in. */
  readonly store: Store;
  /** @internal As declared: its minimum is the size at the beginning. */
  readonly declared: MemoryType;
  /** @internal Where compiled code looks for base and length. */
  readonly desc: Cell;
  /** @internal */
  readonly base: number;
  /** @internal A view of the whole memory; its length becomes 0 when the memory grows, unless that is silent. */
  bytes: Uint8Array;
  /** @internal Whether growing leaves `bytes` as it is: of a shared memory, and of one whose buffer JS has made resizable (`toResizableBuffer`). */
  growsSilently: boolean;
  readonly #v8: WebAssembly.Memory;
  readonly #ours: boolean;
  #exposed = false;
  #guarded: boolean | undefined;

  /** A new memory, all zeros; sizes of `type` in pages of 64 KiB. Throws RangeError when it cannot be: too large, no memory left, 64-bit
   *  indices.
   *
   *  @example
   *  new Memory(store, memoryType(1, 10)).type().maximum; // => 10 */
  constructor(store: Store, type: MemoryType);
  /** @internal Of a V8 memory that is there, or with a MemoryDesc that is there. */
  constructor(store: Store, type: MemoryType, v8: WebAssembly.Memory | undefined, desc?: Cell);
  constructor(store: Store, type: MemoryType, given?: WebAssembly.Memory, desc = store.cell(L.MEMORYDESC_SIZE)) {
    const v8 = given ?? createV8(type);
    this.store = store;
    this.declared = type;
    this.#v8 = v8;
    this.#ours = given === undefined;
    this.desc = desc;
    const { buffer } = v8;
    this.bytes = new Uint8Array(buffer);
    this.growsSilently = staysAttached(buffer);
    this.base = native().address(this.bytes);
    writeAddress(desc.words, desc.at + (L.MEMORYDESC_BASE >> 2), this.base);
    this.#writeLength(this.bytes.length);
  }

  /** The memory that a JS object stands for in a store: the same object each time. `type` is what it is used as when it is new there.
   *
   *  @example
   *  const js = new WebAssembly.Memory({ initial: 1, maximum: 2 });
   *  const memory = Memory.fromJs(store, js, memoryType(1, 2));
   *  memory.js === js; // => true */
  static fromJs(store: Store, v8: WebAssembly.Memory, type: MemoryType): Memory {
    const memory = (store.memoryOf(v8) as Memory | undefined) ?? new Memory(store, type, v8);
    memory.#expose();
    return memory;
  }

  /** Its type at present: the minimum is its size, in pages.
   *
   *  @example
   *  new Memory(store, memoryType(3)).type().minimum; // => 3 */
  type(store: Store = this.store): MemoryType {
    return { ...this.declared, minimum: this.size(store) };
  }

  /** Its size in pages of 64 KiB.
   *
   *  @example
   *  new Memory(store, memoryType(3)).size(); // => 3 */
  size(store: Store = this.store): number {
    return this.dataSize(store) / PAGE;
  }

  /** Its size in bytes.
   *
   *  @example
   *  new Memory(store, memoryType(3)).dataSize(); // => 196608 */
  dataSize(store: Store = this.store): number {
    return this.data(store).length;
  }

  /** All of it, as it is now: no copy, but a view that growing makes useless (its length is 0 then). Throws OuroError `WRONG_STORE` and
   *  `STORE_DISPOSED`, as all that take a store do.
   *
   *  @example
   *  const memory = new Memory(store, memoryType(1));
   *  const before = memory.data();
   *  memory.grow(store, 1);
   *  [before.length, memory.data().length]; // => [0, 131072] */
  data(store: Store = this.store): Uint8Array {
    this.store.check(store, 'memory');
    if (this.bytes.length === 0 || this.growsSilently) this.refresh();
    return this.bytes;
  }

  /** Grows by `delta` pages; gives the size before, in pages. Throws a RangeError beyond its maximum or what the system has.
   *
   *  @example
   *  const memory = new Memory(store, memoryType(1, 2));
   *  memory.grow(store, 1); // => 1
   *  try {
   *    memory.grow(store, 1);
   *  } catch (error) {
   *    error.message; // => 'cannot grow the memory of 2 pages by 1'
   *  } */
  grow(store: Store, delta: number): number {
    this.store.check(store, 'memory');
    const before = this.growPages(delta);
    if (before < 0) throw new RangeError(`cannot grow the memory of ${this.size()} pages by ${delta}`);
    return before;
  }

  /** The memory for JS and for V8: the same object each time. Code that has it may make the memory grow.
   *
   *  @example
   *  new Memory(store, memoryType(1)).js instanceof WebAssembly.Memory; // => true */
  get js(): WebAssembly.Memory {
    this.#expose();
    return this.#v8;
  }

  /** As of a WebAssembly.Memory: all of it, until it grows.
   *
   *  @example
   *  new Memory(store, memoryType(1)).buffer.byteLength; // => 65536 */
  get buffer(): ArrayBuffer {
    return this.#v8.buffer;
  }

  /** @internal Whether accesses beyond the end fault, as far as code can reach. */
  get guarded(): boolean {
    this.#guarded ??= this.#ours ? memoriesAreGuarded(this.bytes) : hasGuard(this.bytes);
    return this.#guarded;
  }

  /** @internal memory.grow: the size before, or -1. */
  growPages(delta: number): number {
    // What comes after V8 has made it grow must not fail; and this is no failure to grow.
    requireHostStack();
    let before: number;
    try {
      if (!this.#hasRoom(delta)) return -1;
      before = this.#v8.grow(delta);
    } catch {
      return -1;
    }
    this.refresh();
    return before;
  }

  /** @internal Takes over the present length. Where the host's stack ends before it has, `bytes` are the old ones, and it is still due. */
  refresh(): void {
    const { buffer } = this.#v8;
    const bytes = new Uint8Array(buffer);
    const growsSilently = staysAttached(buffer);
    if (!growsSilently && native().address(bytes) !== this.base) this.#moved();
    this.#writeLength(bytes.length);
    this.growsSilently = growsSilently;
    this.bytes = bytes;
    if (this.#exposed) this.store.watch();
  }

  /** Whether growing leaves the memory where it is. Without guards, where address space is limited, V8 may have reserved less than the memory's
   *  maximum, and moves it when that is full: it should not get so far. */
  #hasRoom(delta: number): boolean {
    if (this.growsSilently || this.guarded) return true;
    const length = this.#v8.buffer.byteLength;
    return native().probeGuard(this.base, length, length + delta * PAGE);
  }

  /** Compiled code, suspended code too, has the base where the memory was: none of it may run any more. */
  #moved(): never {
    this.store.end();
    throw new OuroError('MEMORY_MOVED', 'V8 has moved a memory to make it grow (is address space limited?), so its store is disposed of');
  }

  #writeLength(length: number): void {
    writeAddress(this.desc.words, this.desc.at + (L.MEMORYDESC_BYTE_LENGTH >> 2), length);
  }

  /** From now on somebody else may make it grow. */
  #expose(): void {
    if (this.#exposed) return;
    requireHostStack();
    this.store.expose(this, this.#v8);
    this.#exposed = true;
  }
}

/** Whether a memory's buffer stays what it is when the memory grows. */
function staysAttached(buffer: ArrayBufferLike): boolean {
  return buffer instanceof SharedArrayBuffer || (buffer as { resizable?: boolean }).resizable === true;
}

function createV8({ minimum, maximum, shared, is64, pageSize }: MemoryType): WebAssembly.Memory {
  if (is64 || pageSize !== PAGE) throw new RangeError('memories with 64-bit indices or other page sizes are not supported');
  try {
    return new V8.Memory({ initial: minimum, ...(maximum === undefined ? {} : { maximum }), ...(shared ? { shared } : {}) });
  } catch (cause) {
    throw new RangeError(`cannot make a memory of ${minimum} pages: ${(cause as Error).message}`, { cause });
  }
}
