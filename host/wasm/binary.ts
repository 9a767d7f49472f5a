/** binary: reads and writes the pieces of a wasm binary: LEB128 numbers, names, sections.
 *  In: bytes, of which nothing is believed. Out: numbers, names, and the places of sections; `Malformed` where the bytes end early or a number has
 *  no end.
 *  Cost: in proportion to what is read; a section that nobody reads is skipped.
 *  Ref: WebAssembly specification 3.0, 5.2 (values) and 5.5 (modules). */

/** The error for bytes that end where something was expected, or are no wasm binary. */
export class Malformed extends Error {}

/** Ids of sections. */
export const SECTION_CUSTOM = 0;
export const SECTION_TYPE = 1;
export const SECTION_IMPORT = 2;
export const SECTION_FUNCTION = 3;
export const SECTION_EXPORT = 7;
export const SECTION_CODE = 10;

/** Bytes of the magic number and the version, which come before the first section. */
const HEADER_SIZE = 8;

/** Reads bytes from `at`, its present place, up to its end. Both are byte offsets in `bytes`. Every method throws Malformed beyond the end. */
export class Reader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (end > bytes.length) throw new Malformed();
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** Whether there are more bytes. */
  get more(): boolean {
    return this.at < this.#end;
  }

  byte(): number {
    if (!this.more) throw new Malformed();
    return this.#bytes[this.at++];
  }

  /** An unsigned LEB128 number. Exact up to 2^53. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 63) throw new Malformed();
    }
  }

  /** A signed LEB128 number of up to 64 bits. */
  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return (byte & 64) === 0 ? value : value - (1n << (shift + 7n));
    }
    throw new Malformed();
  }

  /** The next `size` bytes, as a view. */
  bytes(size: number): Uint8Array {
    const from = this.at;
    this.skip(size);
    return this.#bytes.subarray(from, from + size);
  }

  skip(size: number): void {
    if (size > this.#end - this.at) throw new Malformed();
    this.at += size;
  }

  /** A name. Of one that is longer than `most` bytes, only the first `most` bytes are decoded. */
  name(most = Number.POSITIVE_INFINITY): string {
    const { buffer, byteOffset, length } = this.bytes(this.unsigned());
    return Buffer.from(buffer, byteOffset, Math.min(length, most)).toString();
  }

  /** A list, as wasm has it: a count, and so many items, each of which `read` reads. */
  list<T>(read: (reader: this) => T): T[] {
    const list: T[] = [];
    for (let count = this.unsigned(); count > 0; count--) list.push(read(this));
    return list;
  }

  /** A reader of the next `size` bytes, which this reader skips. */
  part(size: number): Reader {
    const from = this.at;
    this.skip(size);
    return new Reader(this.#bytes, from, from + size);
  }
}

/** A section, by byte offsets in the binary. */
export interface Section {
  readonly id: number;
  /** Where the section begins: the offset of its id. */
  readonly start: number;
  /** Where its content begins; in a custom section that is behind the name. */
  readonly content: number;
  /** Where it ends: the offset behind its last byte. */
  readonly end: number;
  /** Bytes of a custom section's name, which ends where the content starts; undefined for other sections, and for one whose name is malformed. */
  readonly nameSize: number | undefined;
}

/** The sections of a binary, in order, up to the first that is malformed. One that the binary's end cuts short ends there. Names are skipped, not read:
 *  they can be as long as the binary, and nobody may want them. */
export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = new Reader(bytes, Math.min(HEADER_SIZE, bytes.length));
  try {
    while (reader.more) {
      const start = reader.at;
      const id = reader.byte();
      const size = reader.unsigned();
      const end = Math.min(reader.at + size, bytes.length);
      let content = reader.at;
      let nameSize: number | undefined;
      // One without any content, and one whose name is longer, have no name.
      if (id === SECTION_CUSTOM && size > 0) {
        nameSize = reader.unsigned();
        content = reader.at + nameSize;
      }
      if (content > end) yield { id, start, content: end, end, nameSize: undefined };
      else yield { id, start, content, end, nameSize };
      reader.at = end;
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
}

/** Whether a section is a custom one of this name. */
export function isCustom(bytes: Uint8Array, { nameSize, content }: Section, name: string): boolean {
  if (nameSize === undefined || nameSize !== Buffer.byteLength(name)) return false;
  return Buffer.compare(Buffer.from(name), bytes.subarray(content - nameSize, content)) === 0;
}

/** A reader of the section with this id; undefined when there is none. */
export function sectionReader(bytes: Uint8Array, wanted: number): Reader | undefined {
  for (const { id, content, end } of sectionsOf(bytes)) if (id === wanted) return new Reader(bytes, content, end);
  return undefined;
}

/** The size of a module's code section, in bytes; 0 when there is none or the module is malformed. */
export function codeSectionSize(bytes: Uint8Array): number {
  for (const { id, content, end } of sectionsOf(bytes)) if (id === SECTION_CODE) return end - content;
  return 0;
}

// Writing, for the few tiny modules that the host makes.

/** An unsigned number below 2^32 as LEB128. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

/** A module of these sections. */
export function moduleOf(...sections: readonly (readonly [id: number, content: readonly number[]])[]): Uint8Array {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from(header.concat(...sections.map(([id, content]) => [id, ...unsignedLeb(content.length), ...content])));
}
