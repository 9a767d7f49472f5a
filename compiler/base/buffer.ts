/** buffer: a growable byte buffer, little-endian. One for the code, one a section for the artifact, one for messages.
 *  Buffers are made once at start-up and cleared between uses; addresses stay valid until the next write. */

import { compacted, reallocate, release } from './memory';
import { copyText, lengthOf } from './text';

/** A larger buffer grows by a quarter, a smaller one doubles. */
const LARGE: u32 = 1 << 14;
/** The first room. */
const SMALL: u32 = 32;

@unmanaged
@final
export class Buffer {
  /** Address of byte 0; changes when the buffer grows. */
  data: usize;
  length: u32;
  capacity: u32;

  /** In static memory: buffers are made at start-up, each by a call of its own. No room for content before the first write. */
  @inline
  static create(): Buffer {
    return changetype<Buffer>(memory.data(12, 4));
  }

  clear(): void {
    this.length = 0;
  }

  /** Room for `capacity` bytes in all, no less than there are. */
  resize(capacity: u32): void {
    this.data = reallocate(this.data, capacity, this.length);
    this.capacity = capacity;
  }

  /** Gives back the room that is left, and moves to a lower address if it can. */
  compact(): void {
    if (this.capacity == 0) return;
    this.data = compacted(this.data, this.length);
    this.capacity = this.length;
  }

  /** Empties the buffer and gives its room back. */
  free(): void {
    release(this.data);
    this.data = 0;
    this.length = 0;
    this.capacity = 0;
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: u32): void {
    const need = this.length + bytes;
    if (need <= this.capacity) return;
    const old = this.capacity;
    this.resize(max(max(need, SMALL), old + (old < LARGE ? old : old >> 2)));
  }

  @inline
  u8(value: u32): void {
    if (this.length == this.capacity) this.reserve(1);
    store<u8>(this.data + this.length, value as u8);
    this.length += 1;
  }

  /** For a hot writer that has called `reserve` for all that it appends with the `unchecked` methods. */
  @inline
  uncheckedU8(value: u32): void {
    assert(this.length < this.capacity);
    store<u8>(this.data + this.length, value as u8);
    this.length += 1;
  }

  @inline
  uncheckedU32(value: u32): void {
    assert(this.length + 4 <= this.capacity);
    store<u32>(this.data + this.length, value);
    this.length += 4;
  }

  u16(value: u32): void {
    this.reserve(2);
    store<u16>(this.data + this.length, value as u16);
    this.length += 2;
  }

  u32(value: u32): void {
    this.reserve(4);
    store<u32>(this.data + this.length, value);
    this.length += 4;
  }

  u64(value: u64): void {
    this.reserve(8);
    store<u64>(this.data + this.length, value);
    this.length += 8;
  }

  /** Unsigned LEB128. */
  leb(value: u64): void {
    do {
      const low = (value & 0x7f) as u32;
      value >>= 7;
      this.u8(value != 0 ? low | 0x80 : low);
    } while (value != 0);
  }

  /** `count` bytes from `address` (which must not lie in this buffer). */
  bytes(address: usize, count: u32): void {
    this.reserve(count);
    memory.copy(this.data + this.length, address, count);
    this.length += count;
  }

  zeros(count: u32): void {
    this.reserve(count);
    memory.fill(this.data + this.length, 0, count);
    this.length += count;
  }

  /** Zeros up to the next multiple of `alignment` (a power of two). */
  align(alignment: u32): void {
    this.zeros(((this.length + alignment - 1) & ~(alignment - 1)) - this.length);
  }

  @inline
  u8At(offset: u32): u32 {
    return load<u8>(this.data + offset);
  }

  @inline
  u32At(offset: u32): u32 {
    return load<u32>(this.data + offset);
  }

  @inline
  u64At(offset: u32): u64 {
    return load<u64>(this.data + offset);
  }

  @inline
  putU8(offset: u32, value: u32): void {
    store<u8>(this.data + offset, value as u8);
  }

  @inline
  putU32(offset: u32, value: u32): void {
    store<u32>(this.data + offset, value);
  }

  @inline
  putU64(offset: u32, value: u64): void {
    store<u64>(this.data + offset, value);
  }

  /** Overwrites `count` bytes at `offset`. */
  putBytes(offset: u32, address: usize, count: u32): void {
    memory.copy(this.data + offset, address, count);
  }

  /** Moves `count` bytes from offset `from` to offset `to`; the ranges may overlap. */
  move(to: u32, from: u32, count: u32): void {
    memory.copy(this.data + to, this.data + from, count);
  }

  /** Text of a string literal. */
  text(literal: string): void {
    const count = lengthOf(literal);
    this.reserve(count);
    copyText(literal, this.data + this.length);
    this.length += count;
  }

  decimal(value: u64): void {
    if (value >= 10) this.decimal(value / 10);
    this.u8(48 + ((value % 10) as u32));
  }

  signedDecimal(value: i64): void {
    if (value < 0) {
      this.u8(45);
      this.decimal((0 - value) as u64);
    } else this.decimal(value as u64);
  }

  /** Lower-case hexadecimal without leading zeros, without a prefix. */
  hex(value: u64): void {
    if (value >= 16) this.hex(value >> 4);
    const digit = (value & 15) as u32;
    this.u8(digit < 10 ? 48 + digit : 87 + digit);
  }
}
