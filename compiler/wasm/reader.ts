/** reader: a cursor over a range of the binary.
 *  In: `setRange`.  Out: bytes, LEB128 integers, opcodes; every read is checked against the range.
 *  After an error the cursor stands at the end of the range, reads give 0, and the caller finds `failed()`.
 *  Cost: O(1) a read; an integer of one byte takes the short path.  Ref: WebAssembly 3.0, section 5.2. */

import { ErrorCode, fail } from '../base/error';
import { bytesStart } from './module';

/** Address of the next byte. */
let cursor: usize = 0;
/** Address behind the last byte of the range. */
let end: usize = 0;

/** Reads go from `offset` on, and stop `length` bytes later. The range must lie in the binary. */
export function setRange(offset: u32, length: u32): void {
  cursor = bytesStart + offset;
  end = cursor + length;
}

/** Moves the end of the range only; it must lie in the binary and not before the cursor. */
export function setEnd(offset: u32): void {
  end = bytesStart + offset;
}

/** Offset of the next byte. */
export function position(): u32 {
  return (cursor - bytesStart) as u32;
}

export function endPosition(): u32 {
  return (end - bytesStart) as u32;
}

export function atEnd(): bool {
  return cursor >= end;
}

export function remaining(): u32 {
  return (end - cursor) as u32;
}

/** The reads of hot loops, inlined. */
export class Reader {
  @inline
  static u8(): u32 {
    if (cursor < end) {
      const byte: u32 = load<u8>(cursor);
      cursor += 1;
      return byte;
    }
    failEnd();
    return 0;
  }

  @inline
  static u32(): u32 {
    if (cursor < end) {
      const byte: u32 = load<u8>(cursor);
      if (byte < 0x80) {
        cursor += 1;
        return byte;
      }
    }
    return readUnsigned(32) as u32;
  }
}

/** Records an error and stops reading; true when it is the first, as `fail`. */
export function failAt(code: ErrorCode, offset: u32, text: string): bool {
  cursor = end;
  return fail(code, offset, text);
}

function failEnd(): void {
  failAt(ErrorCode.Malformed, endPosition(), 'unexpected end of section or function');
}

export function readU8(): u32 {
  return Reader.u8();
}

/** The next byte, which stays there; 0 at the end. */
export function peekU8(): u32 {
  return cursor < end ? load<u8>(cursor) : 0;
}

/** Unsigned LEB128 of at most 32 bits. */
export function readU32(): u32 {
  return Reader.u32();
}

/** Unsigned LEB128 of at most 64 bits. */
export function readU64(): u64 {
  return readUnsigned(64);
}

/** Signed LEB128 of at most 32 bits. */
export function readS32(): i32 {
  if (cursor < end) {
    const byte: u32 = load<u8>(cursor);
    if (byte < 0x80) {
      cursor++;
      return ((byte << 25) as i32) >> 25;
    }
  }
  return readSigned(32) as i32;
}

/** Signed LEB128 of at most 33 bits: block types and heap types. */
export function readS33(): i64 {
  return readSigned(33);
}

/** Signed LEB128 of at most 64 bits. */
export function readS64(): i64 {
  return readSigned(64);
}

/** The bits of an f32. */
export function readF32Bits(): u32 {
  if (remaining() < 4) {
    failEnd();
    return 0;
  }
  const bits = load<u32>(cursor);
  cursor += 4;
  return bits;
}

/** The bits of an f64. */
export function readF64Bits(): u64 {
  if (remaining() < 8) {
    failEnd();
    return 0;
  }
  const bits = load<u64>(cursor);
  cursor += 8;
  return bits;
}

export function skipBytes(count: u32): void {
  if (count > remaining()) failEnd();
  else cursor += count;
}

/** An opcode as in the Opcode enum; an unknown prefixed one of more than a byte becomes `prefix << 16 | number`. */
export function readOpcode(): u32 {
  return finishOpcode(readU8());
}

/** The opcode that begins with `byte`, which was just read. */
export function finishOpcode(byte: u32): u32 {
  if (byte < 0xfb || byte == 0xff) return byte;
  const number = readU32();
  return number < 0x100 ? (byte << 8) | number : (byte << 16) | (number & 0xffff);
}

function readUnsigned(bits: u32): u64 {
  let result: u64 = 0;
  let shift: u32 = 0;
  while (cursor < end) {
    const byte: u32 = load<u8>(cursor);
    result |= ((byte & 0x7f) as u64) << shift;
    shift += 7;
    if (shift >= bits) {
      // The last byte that may be there holds the top `7 - (shift - bits)` bits.
      if ((byte & 0x7f) >> (7 - (shift - bits)) != 0) return failInteger('integer too large');
      if ((byte & 0x80) != 0) return failInteger('integer representation too long');
    }
    cursor++;
    if ((byte & 0x80) == 0) return result;
  }
  failEnd();
  return 0;
}

function readSigned(bits: u32): i64 {
  let result: i64 = 0;
  let shift: u32 = 0;
  while (cursor < end) {
    const byte: u32 = load<u8>(cursor);
    result |= ((byte & 0x7f) as i64) << shift;
    shift += 7;
    if (shift >= bits) {
      // All bits from the sign bit up must be equal.
      const top = (((byte << 25) as i32) >> 25) >> (6 - (shift - bits));
      if (top != 0 && top != -1) return failInteger('integer too large');
      if ((byte & 0x80) != 0) return failInteger('integer representation too long');
    }
    cursor++;
    if ((byte & 0x80) == 0) return shift < 64 ? (result << (64 - shift)) >> (64 - shift) : result;
  }
  failEnd();
  return 0;
}

function failInteger(text: string): u64 {
  failAt(ErrorCode.Malformed, position(), text);
  return 0;
}
