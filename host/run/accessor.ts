/** accessor: functions that do nothing but read or move a stack pointer (compiler/link/accessor.ts), as JS functions that do it themselves.
 *  Glue code calls them around most of its other calls, and this takes a fifth of the time of a call.
 *  As in a wrapper (calls.ts), arguments are converted before anything is read, and a store that was disposed of says so. */

import { Accessor } from '../../runtime/artifact.js';
import type { Cell } from '../helper/native.js';
import type { Store } from './store.js';
import type { Callable } from '../base/types.js';

/** What a function does, and where its global is. */
export interface Access {
  readonly accessor: Accessor;
  readonly cell: Cell;
}

/** The argument as an i32. Throws for a store that was disposed of. */
function receive(store: Store, value: unknown): number {
  const converted = +(value as number) | 0;
  if (store.watched.length === 0) store.refresh();
  return converted;
}

/** A JS function that does what such a function of the store does. The upper half of an i32's cell stays 0. */
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
