/** exports: what an instance exports, as objects of the JS API: plain functions, WebAssembly.Memory objects, tables and globals.
 *  In: an instance, or one extern. Out: an exports object, or the JS value of the extern: the same one each time.
 *  Cost: the drop-in makes all exports at once, as the JS API wants it; the library makes each one when it is asked for. */

import { prepareWrappers } from '../run/calls.js';
import type { Extern } from '../run/extern.js';
import { Func } from '../run/func.js';
import type { LinkedInstance } from '../run/linked-instance.js';
import { Memory } from '../run/memory.js';
import { Table } from '../run/table.js';
import { shell } from './classes.js';
import { globalBehaviour, wrapOuroGlobal } from './js-global.js';
import type { ModuleOfOuro } from './owner.js';
import type { Behaviour } from './shell.js';
import { tableBehaviour, wrapOuroTable } from './js-table.js';

let libraryBehaviour: Behaviour | undefined;
/** What tables and globals do where there is no drop-in. Nothing else of the shell is in use then. */
const objects = () => (libraryBehaviour ??= { ...tableBehaviour, ...globalBehaviour } as Behaviour);

/** The JS value of an export: the same one each time. `owner`: the instance's module, where the drop-in decides which engine runs it. */
export function toJs(extern: Extern, owner?: ModuleOfOuro): any {
  if (extern instanceof Func) return extern.callable;
  if (extern instanceof Memory) return extern.js;
  shell.behaviour ??= objects;
  return extern instanceof Table ? wrapOuroTable(extern, owner) : wrapOuroGlobal(extern, owner);
}

/** The exports object as the JS API wants it: frozen, without a prototype, with plain data properties. */
export function exportsOf(instance: LinkedInstance, owner: ModuleOfOuro): Readonly<Record<string, unknown>> {
  const names = instance.exportNames;
  const externs = names.map((_, position) => instance.exportAt(position));
  prepareWrappers(externs.flatMap((extern) => (extern instanceof Func ? [extern.kind] : [])));
  const exports = Object.create(null) as Record<string, unknown>;
  for (const [position, name] of names.entries()) exports[name] = toJs(externs[position], owner);
  return Object.freeze(exports);
}

/** The exports object of the library. Each export is made when it is first asked for, since a module may export thousands of functions of which a
 *  program calls one. */
export function lazyExportsOf(instance: LinkedInstance): Readonly<Record<string, any>> {
  const object: Record<string, any> = Object.create(null);
  for (const [position, name] of instance.exportNames.entries()) {
    const get = () => {
      const value = toJs(instance.exportAt(position));
      Object.defineProperty(object, name, { value, writable: false, enumerable: true, configurable: false });
      return value;
    };
    Object.defineProperty(object, name, { get, enumerable: true, configurable: true });
  }
  return Object.preventExtensions(object);
}
