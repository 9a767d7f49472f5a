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
import { type GlobalState, globalState, noteGlobal } from './js-global.js';
import { memoryTypeOf } from './memory-type.js';
import { noteTable, TableState, tableState } from './js-table.js';
import type { ModuleOfOuro } from './owner.js';

/** The extern that a value is in a store, where a module imports it as `wanted`. An extern stays as it is; an object of the JS API is moved into the
 *  store if it may move. Gives undefined when the value is nothing of the wanted kind. The extern may still have another type, or belong to another
 *  store: `fits` tells. `name`: the name of the host function, if one is made. */
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

/** Tables and mutable globals of the JS API among the imports' values: those that an instance shares with others. */
export function sharedAmong(values: readonly unknown[]): (TableState | GlobalState)[] {
  const shared: (TableState | GlobalState)[] = [];
  for (const value of values) {
    const state = typeof value === 'object' ? (tableState(value) ?? globalState(value)) : undefined;
    if (state && (state instanceof TableState || state.mutable)) shared.push(state);
  }
  return shared;
}

/** From now on an instance uses them: they stay where they are. `owner`: its module, where the drop-in decides what runs it. */
export function markLinked(shared: readonly (TableState | GlobalState)[], owner?: ModuleOfOuro): void {
  for (const state of shared) {
    state.linked = true;
    state.owner ??= owner;
  }
}

/** When linking has failed: what `toExtern` has moved into a store, and no instance uses, is V8's again, as JS made it. */
export function moveBack(shared: readonly (TableState | GlobalState)[]): void {
  for (const state of shared) if (!state.linked && state.ouro) state.toV8();
}

/** The extern behind an object of the JS API that `toExtern` could not take into a store: for messages. */
export function externBehind(value: unknown): Extern | undefined {
  return (tableState(value) ?? globalState(value))?.ouro;
}

/** Whether it can be imported as `wanted` into this store. */
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
