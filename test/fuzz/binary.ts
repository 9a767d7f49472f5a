/** Wasm binaries by hand: LEB128, sections, vectors. */

export type Bytes = number[];

export function unsigned(value: number | bigint): Bytes {
  const out: Bytes = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return out;
}

export function signed(value: number | bigint): Bytes {
  const out: Bytes = [];
  let rest = BigInt(value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    out.push(done ? low : low | 0x80);
    if (done) return out;
  }
}

/** The low `size` bytes of a number, little-endian. */
export function fixed(value: bigint, size: number): Bytes {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function text(value: string): Bytes {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}

export function vector(items: readonly Bytes[]): Bytes {
  return [...unsigned(items.length), ...items.flat()];
}

/** Content with its length before it. */
export function sized(content: Bytes): Bytes {
  return [...unsigned(content.length), ...content];
}

/** A section; nothing when it has no items. */
export function section(id: number, items: readonly Bytes[]): Bytes {
  return items.length === 0 ? [] : [id, ...sized(vector(items))];
}

export const header: Bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
