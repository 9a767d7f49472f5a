/** pool: a growable array of u32, for variable-length operand lists and work stacks. Index 0 is never handed out. */

import { FIRST_ENTRIES, grownCapacity, keptEntries, reallocate, release } from './memory';

@unmanaged
@final
export class Pool {
  data: usize;
  length: u32;
  capacity: u32;

  /** In static memory: pools are made at start-up, each by a call of its own. */
  @inline
  static create(): Pool {
    const pool = changetype<Pool>(memory.data(12, 4));
    pool.empty();
    return pool;
  }

  /** Without any room yet, but index 0 counts as there. */
  private empty(): void {
    this.data = 0;
    this.capacity = 1;
    this.length = 1;
  }

  @inline
  clear(): void {
    this.length = 1;
  }

  /** Empties a large pool and gives its room back. */
  trim(): void {
    if (this.capacity <= keptEntries) return;
    release(this.data);
    this.empty();
  }

  @inline
  get isEmpty(): bool {
    return this.length == 1;
  }

  @inline
  get(index: u32): u32 {
    return load<u32>(this.data + ((index as usize) << 2));
  }

  @inline
  set(index: u32, value: u32): void {
    store<u32>(this.data + ((index as usize) << 2), value);
  }

  /** Index of the first of `count` new elements, not cleared. */
  extend(count: u32): u32 {
    const start = this.length;
    const need = start + count;
    if (need > this.capacity) {
      this.capacity = grownCapacity(this.capacity, max(need, FIRST_ENTRIES));
      this.data = reallocate(this.data, this.capacity << 2, this.data == 0 ? 0 : start << 2);
    }
    this.length = need;
    return start;
  }

  @inline
  push(value: u32): void {
    const index = this.length;
    if (index == this.capacity) {
      this.extend(1);
    } else {
      this.length = index + 1;
    }
    this.set(index, value);
  }

  @inline
  pop(): u32 {
    const index = this.length - 1;
    this.length = index;
    return this.get(index);
  }
}
