/** values: how values cross the border between JS and wasm. Each type has one row, and no other file knows how its values cross.
 *  In (JS to wasm): `convert` makes a raw value of a JS value, as the JS API says (ToWebAssemblyValue); `put` stores the raw value into the exchange
 *  slots or into the cell of a global.
 *  Out (wasm to JS): `get` reads a raw value; `reveal` makes a JS value of it (ToJSValue).
 *  Each step is there twice: as a function, and as the JS text of an expression or statement for generated wrappers (calls.ts), in which `store` and
 *  the views are variables. A test checks that both do the same.
 *  Requires: everything is converted before the first `put`. A conversion may run user code, which may enter wasm and overwrite the slots.
 *  Ref: WebAssembly JavaScript Interface, 5.6 ("Exported Functions") and 5.10. */

import type { ValType } from '../base/types.js';
import type { Store } from './store.js';

/** Views of all types of one piece of memory: of the slots, or of a slab with globals. */
export interface Views {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** A value as it is stored: an i64 as a bigint, a funcref as an address, an externref as a handle. */
export type Raw = number | bigint;

/** One row: how the values of one type cross. */
export interface Crossing {
  readonly convert: (store: Store, value: any) => Raw;
  readonly convertText: (js: string) => string;
  /** `at`: in bytes, a multiple of 8. Integers fill their whole word of 64 bits. */
  readonly put: (views: Views, at: number, raw: any) => void;
  /** `low`: nobody reads the upper half of the word, so it need not be stored. */
  readonly putText: (at: number, name: string, low?: boolean) => string;
  readonly get: (views: Views, at: number) => Raw;
  readonly getText: (at: number) => string;
  readonly reveal: (store: Store, raw: any) => unknown;
  readonly revealText: (name: string) => string;
}

const HIGH = 2 ** 32;

/** ToInt32. The unary plus (ToNumber) refuses a BigInt with the TypeError that the JS API wants; `|` alone would take it, and fail later with another
 *  message. */
export const toI32 = (value: any): number => +value | 0;

const putWord = (at: number, name: string, low = false) => `i32[${at >> 2}] = ${name};${low ? '' : ` i32[${(at >> 2) + 1}] = 0;`}`;

const same = { reveal: (_: Store, raw: Raw) => raw, revealText: (name: string) => name };

const crossings: Readonly<Record<Exclude<ValType, 'v128'>, Crossing>> = {
  i32: {
    convert: (_, value) => toI32(value),
    // This gives a number, and the store to an Int32Array takes its low 32 bits. `| 0` would take a BigInt too, and fail later with another message.
    convertText: (js) => `+${js}`,
    put: ({ i32 }, at, raw) => {
      i32[at >> 2] = raw;
      i32[(at >> 2) + 1] = 0;
    },
    putText: putWord,
    get: ({ i32 }, at) => i32[at >> 2],
    getText: (at) => `i32[${at >> 2}]`,
    ...same,
  },
  i64: {
    convert: (_, value) => BigInt.asIntN(64, value),
    convertText: (js) => `BigInt.asIntN(64, ${js})`,
    put: ({ i64 }, at, raw) => {
      i64[at >> 3] = raw;
    },
    putText: (at, name) => `i64[${at >> 3}] = ${name};`,
    get: ({ i64 }, at) => i64[at >> 3],
    getText: (at) => `i64[${at >> 3}]`,
    ...same,
  },
  f32: {
    convert: (_, value) => +value,
    convertText: (js) => `+${js}`,
    put: ({ f32 }, at, raw) => {
      f32[at >> 2] = raw;
    },
    putText: (at, name) => `f32[${at >> 2}] = ${name};`,
    get: ({ f32 }, at) => f32[at >> 2],
    getText: (at) => `f32[${at >> 2}]`,
    ...same,
  },
  f64: {
    convert: (_, value) => +value,
    convertText: (js) => `+${js}`,
    put: ({ f64 }, at, raw) => {
      f64[at >> 3] = raw;
    },
    putText: (at, name) => `f64[${at >> 3}] = ${name};`,
    get: ({ f64 }, at) => f64[at >> 3],
    getText: (at) => `f64[${at >> 3}]`,
    ...same,
  },
  funcref: {
    convert: (store, value) => store.funcToAddress(value),
    convertText: (js) => `store.funcToAddress(${js})`,
    put: ({ u32 }, at, raw) => {
      u32[at >> 2] = raw;
      u32[(at >> 2) + 1] = raw / HIGH;
    },
    putText: (at, name) => `u32[${at >> 2}] = ${name}; u32[${(at >> 2) + 1}] = ${name} / ${HIGH};`,
    get: ({ u32 }, at) => u32[at >> 2] + u32[(at >> 2) + 1] * HIGH,
    getText: (at) => `u32[${at >> 2}] + u32[${(at >> 2) + 1}] * ${HIGH}`,
    reveal: (store, raw) => store.callableAt(raw),
    revealText: (name) => `store.callableAt(${name})`,
  },
  externref: {
    convert: (store, value) => store.externToHandle(value),
    convertText: (js) => `store.externToHandle(${js})`,
    put: ({ i32 }, at, raw) => {
      i32[at >> 2] = raw;
      i32[(at >> 2) + 1] = 0;
    },
    putText: putWord,
    get: ({ u32 }, at) => u32[at >> 2],
    getText: (at) => `u32[${at >> 2}]`,
    reveal: (store, raw) => store.externFromHandle(raw),
    revealText: (name) => `store.externFromHandle(${name})`,
  },
};

/** How values of a type cross. Throws a TypeError for v128: JS has no values of that type. */
export function crossingOf(type: ValType): Crossing {
  if (type === 'v128') throw new TypeError('a v128 cannot cross the border to JS');
  return crossings[type];
}

/** Views of the whole buffer that `words` is a view of. */
export function viewsOf({ buffer }: Uint32Array): Views {
  return {
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    i64: new BigInt64Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
  };
}

const scratch = viewsOf(new Uint32Array(2));

/** The number that wasm would give back for a JS value: the value is converted to a type of wasm, and back to JS. */
export function throughWasm(type: 'i32' | 'i64' | 'f32' | 'f64', value: unknown): Raw {
  const { convert, put, get } = crossings[type];
  put(scratch, 0, convert(undefined as never, value));
  return get(scratch, 0);
}
