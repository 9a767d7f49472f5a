/** linker: finds the imports of modules by their names, among definitions that users have made.
 *  In: definitions, and a module. Out: an instance.
 *  Requires: a definition that is an extern belongs to its store. The others belong to no store, and a module in any store may import them. */

import type { Engine } from '../engine/engine.js';
import { LinkError } from '../base/errors.js';
import { type Extern, isExtern } from '../run/extern.js';
import { Func } from '../run/func.js';
import { Instance } from './instance.js';
import type { Module } from '../engine/module.js';
import type { Store } from '../run/store.js';
import { describeType, type FuncType } from '../base/types.js';
import { Wasi, type WasiOptions, wasiModules } from './wasi.js';

/** A host function for any store. */
interface HostDefinition {
  readonly type: FuncType;
  readonly callback: (...args: any[]) => any;
  /** Its Func in each store that has used it. There is one in each, so that the function keeps its identity. */
  readonly funcs: WeakMap<Store, Func>;
}

type Definition = { readonly value: unknown } | { readonly host: HostDefinition };

/** Instantiates modules, and finds their imports by name among what was defined: values, host functions, other instances, WASI. The API is
 *  wasmtime's.
 *
 *  @example
 *  const linker = new Linker(engine).defineWasi().funcWrap('env', 'log', console.log);
 *  const instance = linker.instantiate(store, module);
 *  instance.exports.add(1, 2); // => 3 */
export class Linker {
  /** The engine of the modules that it instantiates. */
  readonly engine: Engine;
  /** Whether a name may be defined again; default false, then that is a LinkError (`IMPORT_DEFINED_TWICE`). */
  allowShadowing = false;
  readonly #definitions = new Map<string, Map<string, Definition>>();
  /** The Wasi of each instance that imports WASI. */
  readonly #programs = new WeakMap<Instance, Wasi>();
  #wasi: WasiOptions | undefined;

  /** A linker without definitions.
   *
   *  @example
   *  new Linker(engine).get(store, 'env', 'log'); // => undefined */
  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Defines an import: as an extern of `store`, or as a JS value that the JS API would take for it. Gives the linker, as all methods that define do.
   *  Throws LinkError `IMPORT_DEFINED_TWICE`, and OuroError `WRONG_STORE` for an extern of another store.
   *
   *  @example
   *  const linker = new Linker(engine).define(store, 'env', 'memory', new Memory(store, memoryType(1)));
   *  linker.get(store, 'env', 'memory').size(); // => 1 */
  define(store: Store, module: string, name: string, value: unknown): this {
    if (isExtern(value)) store.check(value.store, 'definition');
    return this.#add(module, name, { value });
  }

  /** Defines a host function of a given type, for any store. `callback` gets the arguments as JS values (i64 as BigInt), and returns nothing, the
   *  result, or an iterable of the results. Throws LinkError `IMPORT_DEFINED_TWICE`.
   *
   *  @example
   *  const linker = new Linker(engine).defineFunc('env', 'log', new FuncType(['i32'], []), (value) => console.log(value));
   *  String(linker.get(store, 'env', 'log').type()); // => '(i32) -> ()' */
  defineFunc(module: string, name: string, type: FuncType, callback: (...args: any[]) => any): this {
    return this.#add(module, name, { host: { type, callback, funcs: new WeakMap() } });
  }

  /** Defines a JS function without a type: in each module it has the type with which the module imports it. Throws TypeError when `callback` is no
   *  function, and LinkError `IMPORT_DEFINED_TWICE`.
   *
   *  @example
   *  const seen = [];
   *  const linker = new Linker(engine).funcWrap('env', 'log', (value) => void seen.push(value));
   *  linker.instantiate(store, module).exports.log(5);
   *  seen; // => [5] */
  funcWrap(module: string, name: string, callback: (...args: any[]) => any): this {
    if (typeof callback !== 'function') throw new TypeError('funcWrap needs a JS function');
    return this.#add(module, name, { value: callback });
  }

  /** Defines all exports of an instance under the name `module`. Throws as `define` does.
   *
   *  @example
   *  const linker = new Linker(engine).defineInstance(store, 'math', new Instance(store, module, [console.log]));
   *  linker.get(store, 'math', 'add').call(store, 1, 2); // => 3 */
  defineInstance(store: Store, module: string, instance: Instance): this {
    for (const name of Object.keys(instance.exports)) this.define(store, module, name, instance.getExport(store, name)!);
    return this;
  }

  /** Instantiates a module and defines its exports under the name `module`. A WASI reactor is initialised (`_initialize`). Throws what
   *  `instantiate` and `define` throw.
   *
   *  @example
   *  const linker = new Linker(engine).funcWrap('env', 'log', console.log).module(store, 'math', module);
   *  linker.get(store, 'math', 'add').call(store, 1, 2); // => 3 */
  module(store: Store, module: string, compiled: Module): this {
    const instance = this.instantiate(store, compiled);
    const initialize = instance.getExport(store, '_initialize');
    if (initialize instanceof Func) initialize.call(store);
    return this.defineInstance(store, module, instance);
  }

  /** Defines WASI preview 1 (`wasi_snapshot_preview1`) for every module that imports it. Each works on its own memory, which it must export as
   *  `memory`.
   *
   *  @example
   *  const linker = new Linker(engine).defineWasi({ args: ['app', '--verbose'], env: { LANG: 'C' }, preopens: { '/': '.' } });
   *  const program = new Module(engine, '(module (memory (export "memory") 1) (func (export "_start")))');
   *  linker.start(store, linker.instantiate(store, program)); // => 0 */
  defineWasi(options: WasiOptions = {}): this {
    this.#wasi = options;
    return this;
  }

  /** The extern that an import of this name would get. Undefined when the name is not defined, or is a JS value, whose type only an import tells.
   *
   *  @example
   *  new Linker(engine).module(store, 'math', new Module(engine, '(module)')).get(store, 'math', 'add'); // => undefined */
  get(store: Store, module: string, name: string): Extern | undefined {
    const definition = this.#definitions.get(module)?.get(name);
    const value = definition && this.#valueFor(store, definition);
    return isExtern(value) ? value : undefined;
  }

  /** Instantiates a module with what is defined, and runs its start function. Throws LinkError, naming all imports that are not defined, or the
   *  first one that does not fit, and what `new Instance` throws.
   *
   *  @example
   *  try {
   *    new Linker(engine).instantiate(store, module);
   *  } catch (error) {
   *    error.message; // => 'unknown import: "env"."log" (func (i32) -> ())'
   *  } */
  instantiate(store: Store, module: Module): Instance {
    let wasi: Wasi | undefined;
    const missing: string[] = [];
    const values = module.code.plan.imports.map((wanted) => {
      const definition = this.#definitions.get(wanted.module)?.get(wanted.name);
      if (definition) return this.#valueFor(store, definition);
      if (this.#wasi && wasiModules.has(wanted.module)) {
        wasi ??= new Wasi(this.#wasi);
        const func = wasi.imports[wanted.name];
        if (func) return func;
      }
      missing.push(`"${wanted.module}"."${wanted.name}" (${describeType(wanted.type)})`);
      return undefined;
    });
    if (missing.length > 0) throw new LinkError('IMPORT_MISSING', `unknown import${missing.length > 1 ? 's' : ''}: ${missing.join(', ')}`);
    const program = wasi;
    const instance = new Instance(store, module, values, program && ((linked) => program.bind(linked)));
    if (program) this.#programs.set(instance, program);
    return instance;
  }

  /** Runs a WASI command's `_start`; gives its exit code, 0 when it just returns. Throws OuroError `EXPORT_MISSING` when there is no `_start`,
   *  Trap, and what a host function throws.
   *
   *  @example
   *  const program = new Module(engine, `(module
   *    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
   *    (memory (export "memory") 1)
   *    (func (export "_start") (call $exit (i32.const 3))))`);
   *  const linker = new Linker(engine).defineWasi();
   *  linker.start(store, linker.instantiate(store, program)); // => 3 */
  start(store: Store, instance: Instance): number {
    const main = instance.getFunc(store, '_start');
    return this.run(instance, () => main.call(store));
  }

  /** Runs `work`, which uses an instance. Gives the exit code when the instance ends its program through WASI, else 0.
   *
   *  @example
   *  const linker = new Linker(engine).funcWrap('env', 'log', console.log);
   *  const instance = linker.instantiate(store, module);
   *  linker.run(instance, () => instance.exports.add(1, 2)); // => 0 */
  run(instance: Instance, work: () => void): number {
    const wasi = this.#programs.get(instance);
    if (wasi) return wasi.run(work);
    work();
    return 0;
  }

  /** The value that a definition has in a store. */
  #valueFor(store: Store, definition: Definition): unknown {
    if ('value' in definition) return definition.value;
    const { type, callback, funcs } = definition.host;
    let func = funcs.get(store);
    if (!func) funcs.set(store, (func = new Func(store, type, callback)));
    return func;
  }

  #add(module: string, name: string, definition: Definition): this {
    let names = this.#definitions.get(module);
    if (!names) this.#definitions.set(module, (names = new Map()));
    if (names.has(name) && !this.allowShadowing) {
      throw new LinkError('IMPORT_DEFINED_TWICE', `import of "${module}"."${name}" is defined twice`);
    }
    names.set(name, definition);
    return this;
  }
}
