/** instance: the instances that users make of a module and its imports.
 *  In: a store, a module, a value for each import. Out: an instance; a LinkError or OuroError for an import that does not fit. */

import { LinkError, OuroError } from '../base/errors.js';
import { describeType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import type { Module } from '../engine/module.js';
import type { Code } from '../artifact/code.js';
import type { PlannedImport } from '../artifact/plan.js';
import type { Extern } from '../run/extern.js';
import { LinkedInstance } from '../run/linked-instance.js';
import type { Store } from '../run/store.js';
import { lazyExportsOf } from '../webassembly/exports.js';
import { externBehind, fits, markLinked, moveBack, sharedAmong, toExtern } from '../webassembly/imports.js';

/** A Module, or another object that has code. */
interface HasCode {
  readonly code: Code;
}

/** A module with its state: the memories, tables and globals that its functions work on. Source: WebAssembly core specification, "Instantiation";
 *  the API is wasmtime's.
 *
 *  @example
 *  const log = new Func(store, new FuncType(['i32'], []), (value) => console.log(value));
 *  const instance = new Instance(store, module, [log]);
 *  instance.exports.add(20, 22); // => 42
 *  instance.getFunc(store, 'add').call(store, 20, 22); // => 42 */
export class Instance extends LinkedInstance {
  #exports: Readonly<Record<string, any>> | undefined;

  /** Instantiates `module` and runs its start function. `imports`: one for each import, in the module's order (a Linker takes them by name);
   *  our own objects, or JS values that the JS API would take.
   *
   *  Throws LinkError for imports that are missing (`IMPORT_MISSING`) or do not fit (`IMPORT_WRONG_TYPE`), OuroError `WRONG_STORE` for what
   *  belongs to another store, Trap when a segment does not fit or the start function traps, RangeError where there is no memory, and what a
   *  host function throws.
   *
   *  @example
   *  try {
   *    new Instance(store, module, []);
   *  } catch (error) {
   *    error.code; // => 'IMPORT_MISSING'
   *  } */
  constructor(store: Store, module: Module, imports?: readonly unknown[]);
  /** @internal `prepare` is called when everything is in place and only the start function has still to run. */
  constructor(store: Store, module: HasCode, imports?: readonly unknown[], prepare?: (instance: LinkedInstance) => void);
  constructor(store: Store, module: HasCode, imports: readonly unknown[] = [], prepare?: (instance: LinkedInstance) => void) {
    const { code } = module;
    const externs = resolveImports(store, code.plan.imports, imports);
    const shared = sharedAmong(imports);
    super(store, code, externs, (instance) => {
      markLinked(shared);
      prepare?.(instance);
    });
  }

  /** All exports, as objects of the JS API: functions, WebAssembly.Memory objects, tables with `get` and `set`, globals with `value`. The object
   *  cannot be extended. Each export is made when it is first asked for, and is the same object from then on.
   *
   *  @example
   *  const { exports } = new Instance(store, module, [console.log]);
   *  Object.keys(exports); // => ['add', 'memory', 'log']
   *  exports.memory instanceof WebAssembly.Memory; // => true */
  get exports(): Readonly<Record<string, any>> {
    this.#exports ??= lazyExportsOf(this);
    return this.#exports;
  }
}

/** The externs for all imports, in module order. Throws when one is missing or does not fit. */
function resolveImports(store: Store, wanted: readonly PlannedImport[], given: readonly unknown[]): Extern[] {
  if (!Array.isArray(given)) throw new TypeError("an instance's imports are an array, in the module's order; a Linker takes them by name");
  if (given.length > wanted.length) {
    throw new LinkError('IMPORT_WRONG_TYPE', `the module has ${wanted.length} imports, but ${given.length} were given`);
  }
  try {
    return wanted.map((each, i) => resolveImport(store, each, given[i]));
  } catch (error) {
    moveBack(sharedAmong(given));
    throw error;
  }
}

function resolveImport(store: Store, wanted: PlannedImport, given: unknown): Extern {
  if (given !== undefined) {
    const extern = toExtern(store, given, wanted.type);
    if (extern && fits(store, extern, wanted.type)) return extern;
    throw misfit(store, wanted, given, extern);
  }
  const { module, name, type } = wanted;
  throw new LinkError('IMPORT_MISSING', `unknown import: "${module}"."${name}", a ${describeType(type)}, was not given`);
}

/** The error for what was given for an import, and is not what it wants. */
function misfit(store: Store, { module, name, type }: PlannedImport, given: unknown, extern = externBehind(given)): Error {
  const what = `"${module}"."${name}"`;
  if (extern && !extern.store.equals(store)) return new OuroError('WRONG_STORE', `what was given for ${what} belongs to another store`);
  const found = extern ? describeType(extern.type(store)) : describeValue(given);
  return new LinkError('IMPORT_WRONG_TYPE', `incompatible import type for ${what}: expected ${describeType(type)}, found ${found}`);
}

/** What a value is, in words for a message. */
function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof V8.Table) return "a WebAssembly.Table (only ouro's own tables can be imported)";
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'Object'}`;
  return `a ${typeof value}`;
}
