/** imports: turns the value that is given for an import into an extern of a store. The library and the drop-in both use it; each has its own messages
 *  for values that do not fit.
 *  In: a value, the type that a module imports it with, a store. Out: an extern, or undefined.
 *  Cost: a table or global that moves into the store is copied. */

import { type ExternType, type GlobalType, typeMatches } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { type Extern, isExtern } from '../run/extern.js';
import { Func } from '../run/func.js';
import { Global } from '../run/global.js';
import { Memory } from '../run/memory.js';
import type { Store } from '../run/store.js';
import { globalState, noteGlobal } from './js-global.js';
import { memoryTypeOf } from './memory-type.js';
import { noteTable, tableState } from './js-table.js';

/** The extern that a value is in a store, where a module imports it as `wanted`. An extern stays as it is; an object of the JS API is moved into the
 *  store if it may move. Gives undefined when the value is nothing of the wanted kind. The extern may still have another type, or belong to another
 *  store: `fits` tells. `name`: the name of the host function, if one is made. */
export function toExtern(store: Store, value: unknown, wanted: ExternType, name = ''): Extern | undefined {
  if (isExtern(value)) return value;
  switch (wanted.kind) {
    case 'func':
      if (typeof value !== 'function') return undefined;
      return toFunc(store, value as (...args: any[]) => any, wanted, name);
    case 'memory':
      return value instanceof V8.Memory ? Memory.fromJs(store, value, memoryTypeOf(value, wanted.maximum)) : undefined;
    case 'table': {
      const state = tableState(value);
      const table = state?.toOuro(store);
      if (table) noteTable(value as any, state!);
      return table;
    }
    case 'global': {
      const state = globalState(value);
      const global = state?.toOuro(store, wanted);
      if (global) noteGlobal(value as any, state!, global);
      return state ? global : constant(store, value instanceof V8.Global ? value.value : value, wanted);
    }
    default:
      return undefined;
  }
}

/** Whether an extern can be imported as `wanted` into this store. */
export function fits(store: Store, extern: Extern, wanted: ExternType): boolean {
  return extern.store.equals(store) && typeMatches(extern.type(), wanted);
}

function toFunc(store: Store, value: (...args: any[]) => any, wanted: ExternType & { kind: 'func' }, name: string): Func | undefined {
  const known = store.functionFor(value);
  return known === undefined ? new Func(store, wanted, value, name) : ((known as Func | null) ?? undefined);
}

/** A JS value as an immutable global: a number, or a bigint for i64; null or an exported function for funcref; any value for externref. Undefined
 *  when the value is not of that kind, or the wanted global is mutable. */
function constant(store: Store, value: unknown, wanted: GlobalType): Global | undefined {
  if (wanted.mutable) return undefined;
  const { content } = wanted;
  let fitting = content === 'externref';
  if (content === 'funcref') fitting = value === null || Boolean(store.functionFor(value));
  else if (content !== 'externref') fitting = typeof value === (content === 'i64' ? 'bigint' : 'number');
  return fitting ? new Global(store, wanted, value) : undefined;
}
