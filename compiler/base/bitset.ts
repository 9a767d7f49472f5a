/** bitset: fixed-size sets of small integers, and rows of them (one set a block, say). 64-bit words. */

import { allocate, release } from './memory';

/** `rows` sets of `bits` bits each, cleared at creation. Freed by `free`. */
@unmanaged
@final
export class BitMatrix {
  data: usize;
  wordsPerRow: u32;
  bytes: u32;

  /** Re-uses the header; the storage is new. */
  init(rows: u32, bits: u32): void {
    this.wordsPerRow = (bits + 63) >> 6;
    this.bytes = (rows * this.wordsPerRow) << 3;
    this.data = allocate(this.bytes);
    memory.fill(this.data, 0, this.bytes);
  }

  static create(): BitMatrix {
    const matrix = changetype<BitMatrix>(allocate(12));
    matrix.data = 0;
    matrix.bytes = 0;
    matrix.wordsPerRow = 0;
    return matrix;
  }

  free(): void {
    release(this.data);
    this.data = 0;
  }

  @inline
  has(row: u32, bit: u32): bool {
    return ((load<u64>(this.wordAddress(row, bit >> 6)) >> (bit & 63)) & 1) != 0;
  }

  @inline
  add(row: u32, bit: u32): void {
    const address = this.wordAddress(row, bit >> 6);
    store<u64>(address, load<u64>(address) | ((1 as u64) << (bit & 63)));
  }

  @inline
  remove(row: u32, bit: u32): void {
    const address = this.wordAddress(row, bit >> 6);
    store<u64>(address, load<u64>(address) & ~((1 as u64) << (bit & 63)));
  }

  @inline
  word(row: u32, index: u32): u64 {
    return load<u64>(this.wordAddress(row, index));
  }

  @inline
  setWord(row: u32, index: u32, value: u64): void {
    store<u64>(this.wordAddress(row, index), value);
  }

  clearRow(row: u32): void {
    memory.fill(this.wordAddress(row, 0), 0, (this.wordsPerRow as usize) << 3);
  }

  /** row `into` |= row `from`; true when `into` changed. */
  unite(into: u32, from: u32): bool {
    let changed: u64 = 0;
    const count = this.wordsPerRow;
    for (let i: u32 = 0; i < count; i++) {
      const address = this.wordAddress(into, i);
      const old = load<u64>(address);
      const merged = old | load<u64>(this.wordAddress(from, i));
      changed |= old ^ merged;
      store<u64>(address, merged);
    }
    return changed != 0;
  }

  @inline
  private wordAddress(row: u32, index: u32): usize {
    return this.data + (((row * this.wordsPerRow + index) as usize) << 3);
  }
}
