/** accessor: some wasm functions do nothing but read or move a global, most often a stack pointer (compiler/link/accessor.ts). This file makes JS
 *  functions that do the same themselves, without a call into wasm. Glue code calls such functions around most of its other calls.
 *  In: what the function does, and the cell of its global. Out: a JS function.
 *  Requires: it behaves as a wrapper (calls.ts): it converts its argument before it reads anything, and throws when its store is disposed of.
 *  Cost: a fifth of the time of a call. */

import { Accessor } from '../../runtime/artifact.js';
import type { Cell } from '../helper/native.js';
import type { Store } from './store.js';
import { toI32 } from './values.js';
import type { Callable } from '../base/types.js';

/** What a function does with a global of type i32, and the cell of that global. */
export interface Access {
  readonly accessor: Accessor;
  readonly cell: Cell;
}

/** The argument as an i32. Throws when the store is disposed of. */
function receive(store: Store, value: unknown): number {
  const converted = toI32(value);
  if (store.watched.length === 0) store.refresh();
  return converted;
}

/** A JS function called `name` that does what the wasm function does. It writes only the lower half of the cell: the upper half of an i32 stays 0. */
export function makeAccessor({ accessor, cell: { words, at } }: Access, store: Store, name: string): Callable {
  switch (accessor) {
    case Accessor.Get:
      return {
        [name]: () => {
          if (store.watched.length === 0) store.refresh();
          return words[at] | 0;
        },
      }[name];
    case Accessor.Set:
      return {
        [name]: (value: unknown) => {
          const converted = receive(store, value);
          words[at] = converted;
        },
      }[name];
    case Accessor.Add:
      return {
        [name]: (value: unknown) => {
          const converted = receive(store, value);
          return (words[at] = words[at] + converted) | 0;
        },
      }[name];
    default:
      return {
        [name]: (value: unknown) => {
          const converted = receive(store, value);
          return (words[at] = (words[at] - converted) & -16) | 0;
        },
      }[name];
  }
}
