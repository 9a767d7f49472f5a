/** imports: what the value of an import is in a store. The library and the drop-in both come here; what they say where it does not fit is theirs. */

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

/** The extern that a value is in a store, where a module imports something of type `wanted`: one of our own objects as it is, or what the JS API takes,
 *  moved into the store where it may move. Its type may be another one, and its store, for which `fits` looks. Undefined: it is nothing of that kind.
 *  `name`: of a host function that is made. */
export function toExtern(store: Store, value: unknown, wanted: ExternType, name = ''): Extern | undefined {
  if (typeof value === 'function') {
    if (wanted.kind === 'func') return toFunc(store, value as (...args: any[]) => any, wanted, name);
  } else if (isExtern(value)) return value;
  switch (wanted.kind) {
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

/** Whether it can be imported as `wanted` into this store. */
export function fits(store: Store, extern: Extern, wanted: ExternType): boolean {
  return extern.store.equals(store) && typeMatches(extern.type(), wanted);
}

function toFunc(store: Store, value: (...args: any[]) => any, wanted: ExternType & { kind: 'func' }, name: string): Func | undefined {
  const known = store.functionFor(value);
  return known === undefined ? new Func(store, wanted, value, name) : ((known as Func | null) ?? undefined);
}

/** A JS value as an immutable global: a number or bigint of the fitting kind, an exported function, any value as an externref. */
function constant(store: Store, value: unknown, wanted: GlobalType): Global | undefined {
  if (wanted.mutable) return undefined;
  const { content } = wanted;
  let fitting = content === 'externref';
  if (content === 'funcref') fitting = value === null || Boolean(store.functionFor(value));
  else if (content !== 'externref') fitting = typeof value === (content === 'i64' ? 'bigint' : 'number');
  return fitting ? new Global(store, wanted, value) : undefined;
}
