/** stress: modules with one function that has very many of one thing. A compiler whose cost grows faster than the function shows it here. */

type Bytes = number[];

function leb(value: number): Bytes {
  const out: Bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    out.push(value ? low | 0x80 : low);
  } while (value);
  return out;
}

function signedLeb(value: number): Bytes {
  const out: Bytes = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    if ((value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40)) return [...out, low];
    out.push(low | 0x80);
  }
}

/** `[].concat`, without a limit on the number of arguments. */
function join(parts: readonly Bytes[]): Bytes {
  const out: Bytes = [];
  for (const part of parts) for (const byte of part) out.push(byte);
  return out;
}

const repeat = (count: number, make: (index: number) => Bytes): Bytes => join(Array.from({ length: count }, (_, i) => make(i)));
const I32 = 0x7f;
const constant = (value: number): Bytes => [0x41, ...signedLeb(value)];
const get = (local: number): Bytes => [0x20, ...leb(local)];
const set = (local: number): Bytes => [0x21, ...leb(local)];

/** A module with a memory and one function of type (i32 × params) -> (i32 × results), exported as "f". */
function moduleOf(code: Bytes, locals = 0, params = 1, results = 1): Uint8Array {
  const section = (id: number, content: Bytes) => join([[id], leb(content.length), content]);
  const type = join([[0x60], leb(params), Array(params).fill(I32), leb(results), Array(results).fill(I32)]);
  const body = join([locals ? [1, ...leb(locals), I32] : [0], code, [0x0b]]);
  return Uint8Array.from(
    join([
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, join([[1], type])),
      section(3, [1, 0]),
      section(5, [1, 0, 1]),
      section(7, [1, 1, 0x66, 0, 0]),
      section(10, join([[1], leb(body.length), body])),
    ]),
  );
}

const IF = [0x04, 0x40];
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const END = [0x0b];
const ADD = [0x6a];
const XOR = [0x73];

/** Locals that live through all blocks: a register's liveness costs by the blocks that it lives in, so that both together are a square. */
const LIVE = 200;

/** By name: the size of a first try, and the module of a size. */
export const shapes: Record<string, { size: number; make(size: number): Uint8Array }> = {
  'straight-line arithmetic': {
    size: 20000,
    make: (n) => moduleOf([...get(0), ...repeat(n, (i) => [...constant(i * 77), ...(i & 1 ? ADD : XOR), ...get(0), 0x6c])]),
  },
  'loads and stores': {
    size: 10000,
    make: (n) => moduleOf([...repeat(n, (i) => [...get(0), ...get(0), 0x28, 2, ...leb(i * 4), 0x36, 2, ...leb(i * 8 + 4)]), ...get(0)]),
  },
  'blocks one after another': {
    size: 5000,
    make: (n) =>
      moduleOf([
        ...repeat(n, (i) => [...get(0), ...constant(i), 0x46, ...IF, ...get(0), ...constant(3), ...ADD, ...set(0), ...END]),
        ...get(0),
      ]),
  },
  'nested blocks': {
    size: 2000,
    make: (n) =>
      moduleOf([
        ...repeat(n, () => BLOCK),
        ...repeat(n, (i) => [...get(0), 0x0d, ...leb(i % (n - i)), ...get(0), ...constant(1), ...ADD, ...set(0), ...END]),
        ...get(0),
      ]),
  },
  'nested loops': {
    size: 250,
    make: (n) =>
      moduleOf([...repeat(n, () => LOOP), ...repeat(n, () => [...get(0), ...constant(1), ...ADD, 0x22, 0, 0x0d, 0, ...END]), ...get(0)]),
  },
  'nested ifs': {
    size: 2000,
    make: (n) =>
      moduleOf([
        ...repeat(n, (i) => [...get(0), ...constant(i), 0x4a, ...IF, ...get(0), ...constant(7), ...ADD, ...set(0)]),
        ...repeat(n, () => END),
        ...get(0),
      ]),
  },
  'a wide br_table': {
    size: 10000,
    make: (n) =>
      moduleOf([
        ...BLOCK,
        ...BLOCK,
        ...BLOCK,
        ...get(0),
        0x0e,
        ...leb(n),
        ...repeat(n + 1, (i) => [i % 3]),
        ...END,
        ...constant(1),
        0x0f,
        ...END,
        ...constant(2),
        0x0f,
        ...END,
        ...constant(3),
      ]),
  },
  'a br_table to many blocks': {
    size: 1000,
    make: (n) =>
      moduleOf([
        ...repeat(n, () => BLOCK),
        ...get(0),
        0x0e,
        ...leb(n - 1),
        ...repeat(n, leb),
        ...END,
        ...repeat(n - 1, (i) => [...get(0), ...constant(i), ...XOR, ...set(0), ...END]),
        ...get(0),
      ]),
  },
  'locals live through blocks': {
    size: 500,
    make: (n) =>
      moduleOf(
        [
          ...repeat(LIVE, (i) => [...get(0), ...constant(i), ...ADD, ...set(i + 1)]),
          ...repeat(n, (i) => [
            ...get(0),
            ...constant(i),
            0x46,
            ...IF,
            ...get((i % LIVE) + 1),
            ...constant(1),
            ...ADD,
            ...set((i % LIVE) + 1),
            ...END,
          ]),
          ...get(0),
          ...repeat(LIVE, (i) => [...get(i + 1), ...ADD]),
        ],
        LIVE,
      ),
  },
  'locals changed in a loop': {
    size: 500,
    make: (n) =>
      moduleOf([...LOOP, ...repeat(n, (i) => [...get(i + 1), ...get(i), ...ADD, ...set(i + 1)]), ...get(1), 0x0d, 0, ...END, ...get(n)], n),
  },
  'recursive calls': {
    size: 5000,
    make: (n) => moduleOf([...get(0), ...repeat(n, () => [0x10, 0])]),
  },
  'calls across live values': {
    size: 1000,
    make: (n) => moduleOf([...repeat(n, (i) => [...get(0), ...constant(i), ...XOR, 0x10, 0]), ...repeat(n - 1, () => ADD)]),
  },
  'parameters and results': {
    size: 250,
    make: (n) => moduleOf([...repeat(n, get), ...repeat(4, () => [0x10, 0])], 0, n, n),
  },
};
