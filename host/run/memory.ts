/** memory: a linear memory. It is a WebAssembly.Memory of V8, so that JS can use it as one. Compiled code reads its base, which never moves, and its
 *  length from a MemoryDesc.
 *  Requires: guard pages behind the memory, unless the code checks bounds itself: loads and stores beyond the end fault there. The length in the
 *  MemoryDesc is up to date whenever wasm runs; where JS can reach the memory and make it grow, wrappers see to that (store.ts, `watched`).
 *  Cost: growing is V8's work, plus a fresh view. */

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
  /** @internal The MemoryDesc: compiled code reads base and length there. */
  readonly desc: Cell;
  /** @internal */
  readonly base: number;
  /** @internal A view of the whole memory. V8 sets its length to 0 when the memory grows, unless the memory grows silently. */
  bytes: Uint8Array;
  /** @internal Whether `bytes` stays as it is when the memory grows. That is so for shared memories, and where JS has made the buffer resizable
   *  (`toResizableBuffer`). */
  growsSilently: boolean;
  readonly #v8: WebAssembly.Memory;
  /** Whether Ouro has made `#v8`. */
  readonly #ours: boolean;
  /** Whether JS can reach `#v8`, and make it grow. */
  #exposed = false;
  #guarded: boolean | undefined;

  /** A new memory, all zeros. The sizes in `type` are in pages of 64 KiB. Throws RangeError when it cannot be made: it is too large, no memory is
   *  left, or `type` has 64-bit indices.
   *
   *  @example
   *  new Memory(store, memoryType(1, 10)).type().maximum; // => 10 */
  constructor(store: Store, type: MemoryType);
  /** @internal `v8`: the memory of V8 to use instead of a new one. `desc`: the MemoryDesc to use instead of a new one. */
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

  /** The Memory that a JS object stands for in a store: the same one each time. When the store does not know the object yet, the new Memory gets the
   *  type `type`.
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

  /** All bytes of the memory, as they are now. This is a view, not a copy; when the memory grows, its length becomes 0, and it is of no use any more.
   *  Throws OuroError `WRONG_STORE` and `STORE_DISPOSED`, as all methods that take a store do.
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

  /** Grows by `delta` pages; gives the size before, in pages. Throws a RangeError when that would pass its maximum, or when the system has no memory
   *  left.
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

  /** The WebAssembly.Memory that JS and V8 use: the same object each time. Code that has it may make the memory grow.
   *
   *  @example
   *  new Memory(store, memoryType(1)).js instanceof WebAssembly.Memory; // => true */
  get js(): WebAssembly.Memory {
    this.#expose();
    return this.#v8;
  }

  /** The whole memory as an ArrayBuffer, like the `buffer` of a WebAssembly.Memory. It is of no use any more when the memory has grown.
   *
   *  @example
   *  new Memory(store, memoryType(1)).buffer.byteLength; // => 65536 */
  get buffer(): ArrayBuffer {
    return this.#v8.buffer;
  }

  /** @internal Whether each access beyond the end faults, at every address that compiled code can compute. */
  get guarded(): boolean {
    this.#guarded ??= this.#ours ? memoriesAreGuarded(this.bytes) : hasGuard(this.bytes);
    return this.#guarded;
  }

  /** @internal The instruction memory.grow: gives the size before, in pages, or -1 when the memory cannot grow. */
  growPages(delta: number): number {
    // Once V8 has made the memory grow, the rest must not fail for want of stack. Too little stack is no failure to grow, so this may throw.
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

  /** @internal Takes over the memory's present length. Where the host's stack ends too early for that, `bytes` is still the old view, so the next
   *  wrapper refreshes again. */
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

  /** Whether the memory would stay where it is if it grew by `delta` pages. Where there are no guards and address space is limited, V8 may have
   *  reserved less than the memory's maximum. It moves a memory that outgrows its reservation, and compiled code could not follow. */
  #hasRoom(delta: number): boolean {
    if (this.growsSilently || this.guarded) return true;
    const length = this.#v8.buffer.byteLength;
    return native().probeGuard(this.base, length, length + delta * PAGE);
  }

  /** Ends the store, and throws. Compiled code, suspended code too, still has the old base of the memory, so none of it may run any more. */
  #moved(): never {
    this.store.end();
    throw new OuroError('MEMORY_MOVED', 'V8 has moved a memory to make it grow (is address space limited?), so its store is disposed of');
  }

  #writeLength(length: number): void {
    writeAddress(this.desc.words, this.desc.at + (L.MEMORYDESC_BYTE_LENGTH >> 2), length);
  }

  /** Tells the store that JS can reach this memory from now on, and may make it grow. */
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
