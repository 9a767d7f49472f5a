/** Values across the border: each type's functions do what its JS text does, in any order of values, and numbers come back as wasm sees them. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ValType } from '../../host/base/types.js';
import type { Store } from '../../host/run/store.js';
import { crossingOf, throughWasm, type Views, viewsOf } from '../../host/run/values.js';

/** Handles and addresses by value. An address needs more than 32 bits. */
class Numbers {
  readonly #values: unknown[] = [null];
  readonly #factor: number;
  constructor(factor: number) {
    this.#factor = factor;
  }
  of(value: unknown): number {
    const at = this.#values.indexOf(value);
    return this.#factor * (at >= 0 ? at : this.#values.push(value) - 1);
  }
  at(number: number): unknown {
    return this.#values[number / this.#factor];
  }
}

function storeOf(): Store {
  const externs = new Numbers(1);
  const funcs = new Numbers(2 ** 33 + 16);
  return {
    externToHandle: (value: unknown) => externs.of(value),
    externFromHandle: (handle: number) => externs.at(handle),
    funcToAddress(value: unknown) {
      if (value !== null && typeof value !== 'function') throw new TypeError('no function');
      return funcs.of(value);
    },
    callableAt: (address: number) => funcs.at(address),
  } as unknown as Store;
}

const object = { valueOf: () => 7.9 };
const values: unknown[] = [
  ...[0, -0, 1, -1, 2 ** 31, 2 ** 32 + 5, -(2 ** 31) - 1, 1.5, -1.5, 1e300, 1e-46, Number.NaN, Number.POSITIVE_INFINITY],
  ...[0n, -1n, 2n ** 63n, 2n ** 64n + 3n, -(2n ** 63n) - 1n],
  ...['12', '0x10', 'x', '', true, false, null, undefined, object, Symbol('s'), () => 1, [], [3]],
];

const types: readonly ValType[] = ['i32', 'i64', 'f32', 'f64', 'funcref', 'externref'];

interface Result {
  readonly error?: string;
  readonly value?: unknown;
  readonly words?: readonly number[];
}

function attempt(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    return { error: (error as Error).name };
  }
}

/** Stale bytes in the place, to see what is written. */
function freshViews(): Views {
  const views = viewsOf(new Uint32Array(8));
  views.u32.fill(0xdeadbeef);
  return views;
}

const AT = 16;

function byFunctions(type: ValType, value: unknown): Result {
  const { convert, put, get, reveal } = crossingOf(type);
  const store = storeOf();
  const views = freshViews();
  put(views, AT, convert(store, value));
  return { words: [...views.u32], value: reveal(store, get(views, AT)) };
}

function byText(type: ValType, value: unknown, low: boolean): Result {
  const { convertText, putText, getText, revealText } = crossingOf(type);
  const text = `'use strict'; const { i32, u32, i64, f32, f64 } = views;
    const v = ${convertText('a')}; ${putText(AT, 'v', low)} const r = ${getText(AT)}; return ${revealText('r')};`;
  const views = freshViews();
  const result = new Function('store', 'views', 'a', text)(storeOf(), views, value);
  return { words: [...views.u32], value: result };
}

for (const type of types) {
  test(`${type}: the functions and the texts agree`, () => {
    for (const value of values) {
      const expected = attempt(() => byFunctions(type, value));
      const found = attempt(() => byText(type, value, false));
      assert.equal(found, expected, String(value));
      assert.ok(Object.is(found.value, expected.value), String(value));
    }
  });
}

test('integers of 32 bits, and handles, fill their word; the text may leave the upper half', () => {
  for (const type of ['i32', 'externref'] as const) {
    const { words } = byFunctions(type, 1);
    assert.is(words![AT / 4 + 1], 0);
    const low = byText(type, 1, true);
    assert.is(low.words![AT / 4 + 1], 0xdeadbeef);
    assert.is(low.value, 1);
  }
});

test('nothing beyond a value of 64 bits is written', () => {
  for (const type of types) {
    const { words } = byFunctions(type, type === 'i64' ? 1n : null);
    words!.forEach((word, i) => {
      if (i !== AT / 4 && i !== AT / 4 + 1) assert.is(word, 0xdeadbeef, `${type}: word ${i}`);
    });
  }
});

test('what wasm gives back', () => {
  assert.is(throughWasm('i32', 2 ** 31), -(2 ** 31));
  assert.is(throughWasm('i64', 2n ** 63n), -(2n ** 63n));
  assert.is(throughWasm('f32', 0.1), Math.fround(0.1));
  assert.ok(Object.is(throughWasm('f64', -0), -0));
  assert.throws(
    () => throughWasm('i32', 1n),
    (error: Error) => error instanceof TypeError,
  );
});

test('a v128 does not cross', () => {
  assert.throws(() => crossingOf('v128'), /a v128 cannot cross the border to JS/);
});

test.run();
