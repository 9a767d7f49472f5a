/** linking: links a module with its imports, and so decides which engine runs the instance. Most often it is the engine that the module was made for.
 *  A table or mutable global belongs to one engine, so a module that imports one runs on the engine that has it.
 *  In: a WebAssembly.Module, an import object. Out: the exports of the new instance.
 *  Requires: errors are those that V8 would throw, with V8's words. They name the call that the application has made, its context.
 *  Cost: a module that has to follow an object from V8 to Ouro is compiled while the application waits. */

import type { Code } from '../artifact/code.js';
import { ArtifactError, LinkError } from '../base/errors.js';
import { type Callable, describeType, type ExternType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import type { Extern } from '../run/extern.js';
import { LinkedInstance } from '../run/linked-instance.js';
import { Store } from '../run/store.js';
import { Trap } from '../run/trap.js';
import { SECTION_IMPORT, SECTION_TYPE } from '../wasm/binary.js';
import { extract } from '../wasm/outline.js';
import { exportsOf } from '../webassembly/exports.js';
import {
  exportOfV8,
  host,
  importForV8,
  isExportedFunction,
  isForeignToV8,
  toV8Function,
  typeOf,
} from '../webassembly/exported-functions.js';
import { type GlobalState, globalState, noteGlobal, wrapV8Global } from '../webassembly/js-global.js';
import { fits, markLinked, sharedAmong, toExtern } from '../webassembly/imports.js';
import type { Exports } from '../webassembly/shell.js';
import { noteTable, TableState, tableState, wrapV8Table } from '../webassembly/js-table.js';
import { compileNow, engine } from './artifacts.js';
import { type Context, inContext, toError } from './v8-errors.js';
import { log } from './policy.js';
import { type ImportDescriptor, ModuleRecord } from './record.js';

const isObject = (value: any): boolean => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Instantiates a module, and gives the exports. The messages of errors say that they come from `context`. */
export function link(module: unknown, importObject: unknown, context: Context): Exports {
  const record = ModuleRecord.of(module);
  if (!record) return failLikeV8(module as WebAssembly.Module, importObject, context);
  const { imports } = record;
  if (importObject === undefined ? imports.length > 0 : !isObject(importObject)) return fail(record, importObject, context);
  const values = readImports(record, imports, importObject as object, context);
  const forwarded = forward(record, values);
  if (forwarded) return forwarded;

  const linked = sharedAmong(values).filter((state) => state.linked);
  const onV8 = linked.some((state) => state.v8) || values.some(isSuspending);
  const stores = new Set(linked.flatMap((state) => state.ouro?.store ?? []));
  for (const store of stores) {
    if (store.engine === engine()) continue;
    const what = 'the imports contain a table or mutable global of an instance that the application has made with the library of Ouro';
    throw new V8.LinkError(`${context}: ${what}: instances of WebAssembly cannot share it`);
  }
  if (onV8 && stores.size > 0) {
    const problem = 'the imports contain a table or mutable global of an instance that runs on Ouro and one of an instance that runs on V8';
    throw apart(linked, context, problem, 'their modules run on V8');
  }
  if (onV8 && record.code) log(() => `a module runs on V8: it shares an object with an instance on V8 (${record.key})`);
  const code = onV8 ? undefined : (record.code ?? (stores.size > 0 ? toNative(record, linked, context) : undefined));
  if (code) {
    const store = stores.size > 0 ? Store.merge([...stores]) : new Store(engine());
    const exports = linkOuro(record, code, store, imports, values, context);
    if (exports) return exports;
  }
  return linkV8(record, imports, values, context);
}

/** Native code for a module that V8 was to run, and that must use objects of an instance on Ouro. */
function toNative(record: ModuleRecord, shared: readonly (TableState | GlobalState)[], context: Context) {
  const { wasm } = record;
  let problem = 'its binary is not known in this thread';
  if (wasm) {
    try {
      const code = compileNow(wasm);
      log(() => 'compiled a module at once: it shares an object with an instance on Ouro');
      return code;
    } catch (error) {
      problem = (error as Error).message;
    }
  }
  const imports = 'the imports contain a table or mutable global of an instance that runs on Ouro, which cannot run this module';
  throw apart(shared, context, `${imports}: ${problem}`, 'both modules run on V8');
}

/** The error for modules that must share objects and cannot. Notes that those with native code are left to V8, where they all can. */
function apart(shared: readonly (TableState | GlobalState)[], context: Context, problem: string, next: string): Error {
  for (const state of shared)
    state.owner?.leaveToV8(`it shares a table or global with another module that Ouro could not link with it: ${problem}`);
  return new V8.LinkError(`${context}: ${problem}; from the next start on ${next}`);
}

/** Reads the values of all imports from the import object, in module order. */
function readImports(record: ModuleRecord, imports: readonly ImportDescriptor[], importObject: any, context: Context): unknown[] {
  const values: unknown[] = [];
  for (const { module, name } of imports) {
    const from: any = importObject[module];
    if (!isObject(from)) return fail(record, importsFor(imports, values, { [module]: from }), context);
    values.push(from[name]);
  }
  return values;
}

/** An import object that has these values under the names of the imports. */
function importsFor(
  imports: readonly ImportDescriptor[],
  values: readonly unknown[],
  object: Record<string, any> = Object.create(null),
): Record<string, any> {
  values.forEach((value, i) => {
    const { module, name } = imports[i];
    object[module] ??= Object.create(null);
    object[module][name] = value;
  });
  return object;
}

/** Whether an import is a WebAssembly.Suspending, of JS promise integration. Only V8 can run such a module. */
function isSuspending(value: unknown): boolean {
  const { Suspending } = V8 as any;
  return Suspending !== undefined && value instanceof Suspending;
}

// Forwarders: modules that do nothing but export a function that they import. Glue code makes them to give a JS function a type.

/** The exports of a forwarder, made without an instance; undefined when the module is none, or the function does not fit. */
function forward(record: ModuleRecord, [value]: readonly unknown[]): Exports | undefined {
  const { forwarded } = record;
  if (!forwarded || typeof value !== 'function') return undefined;
  const { type, name } = forwarded;
  let func = value as Callable;
  if (isExportedFunction(func)) {
    if (typeOf(func) !== type) return undefined;
  } else {
    func = host(type, func, '0');
  }
  return Object.freeze(Object.assign(Object.create(null), { [name]: func }));
}

// On V8.

const isFunction = ({ kind }: ImportDescriptor) => kind === 'function';

function linkV8(record: ModuleRecord, imports: readonly ImportDescriptor[], values: readonly unknown[], context: Context): Exports {
  const states: (TableState | GlobalState)[] = [];
  const types = record.mayPassFunctions
    ? (i: number) => record.outline!.functionType(imports.slice(0, i).filter(isFunction).length)
    : undefined;
  const forV8 = values.map((value, i) => {
    const state = tableState(value) ?? globalState(value);
    if (!state) return typeof value === 'function' && imports[i].kind === 'function' ? importForV8(value as Callable, types?.(i)) : value;
    const onV8 = state.toV8();
    if (!onV8) {
      throw new V8.LinkError(
        `${context}: Import #${i} "${imports[i].module}" "${imports[i].name}": it belongs to an instance that runs on Ouro, and this module ` +
          'cannot run there',
      );
    }
    states.push(state);
    if (state instanceof TableState) noteTable(value as any, state);
    else noteGlobal(value as any, state, onV8);
    return onV8;
  });
  let instance: WebAssembly.Instance;
  try {
    instance = new V8.Instance(record.v8, importsFor(imports, forV8));
  } catch (error) {
    throw inContext(error, 'WebAssembly.Instance()', context);
  } finally {
    // The objects are linked even if the start function has failed: the instance may have put its functions into the tables.
    for (const state of states) state.linked ||= state instanceof TableState || state.mutable;
  }
  return exportsOfV8(record, instance.exports);
}

/** The exports of an instance of V8, with canonical functions, and with our tables and globals. If nothing differs, this is V8's own object. */
function exportsOfV8(record: ModuleRecord, exports: WebAssembly.Exports): Exports {
  const wrapped = Object.create(null) as Record<string, unknown>;
  let same = true;
  for (const name of Object.keys(exports)) {
    const value = exports[name];
    const known = typeof value === 'function' ? exportOfV8(value as Callable, record, name) : fromV8(value);
    wrapped[name] = known;
    same &&= known === value;
  }
  return same ? exports : Object.freeze(wrapped);
}

function fromV8(value: unknown): unknown {
  if (value instanceof V8.Table) return wrapV8Table(value);
  if (value instanceof V8.Global) return wrapV8Global(value);
  return value;
}

// On Ouro.

/** Links a module on Ouro. Gives undefined when the instance has to run on V8, because a memory has no guard pages. */
function linkOuro(
  record: ModuleRecord,
  code: Code,
  store: Store,
  imports: readonly ImportDescriptor[],
  values: readonly unknown[],
  context: Context,
): Exports | undefined {
  const externs: Extern[] = [];
  let functions = 0;
  for (const [i, { type }] of code.plan.imports.entries()) {
    const extern = toExtern(store, values[i], type, type.kind === 'func' ? String(functions++) : '');
    if (!extern || !fits(store, extern, type)) return failImport(record, imports, values, i, type, context);
    externs.push(extern);
  }
  const shared = sharedAmong(values);
  let instance: LinkedInstance;
  let started = false;
  try {
    instance = new LinkedInstance(store, code, externs, () => {
      started = true;
      markLinked(shared, record);
    });
  } catch (error) {
    // What the start function throws is the application's, and goes on unchanged.
    if (started) throw error;
    if (error instanceof LinkError && error.code === 'MEMORY_WITHOUT_GUARD') {
      log(() => `a module runs on V8: ${error.message}`);
      return undefined;
    }
    if (error instanceof ArtifactError) throw new V8.LinkError(`${context}: ${error.message}`);
    throw error instanceof Trap ? segmentError(error, context) : error;
  }
  return exportsOf(instance, record);
}

/** The error for an active segment that is out of bounds, in V8's words. */
function segmentError(trap: Trap, context: Context): Error {
  const error = toError(trap);
  const what = trap.code === 'TableOutOfBounds' ? 'table index is out of bounds' : 'data segment is out of bounds';
  error.message = `${context}: ${what}`;
  return error;
}

// Failing. V8 links a module that has the same imports and nothing else, and so says what is wrong. These are the errors that applications know.

/** Throws V8's error for a module that cannot be linked. */
function failLikeV8(module: WebAssembly.Module, importObject: unknown, context: Context): never {
  try {
    new V8.Instance(module, importObject as WebAssembly.Imports);
  } catch (error) {
    throw inContext(error, 'WebAssembly.Instance()', context);
  }
  throw new V8.LinkError(`${context}: the imports do not fit`);
}

/** Throws V8's error for an import object that does not fit. */
function fail(record: ModuleRecord, importObject: unknown, context: Context): never {
  const module = record.code ? new V8.Module(extract(record.wasm!, [SECTION_TYPE, SECTION_IMPORT]) as BufferSource) : record.module;
  return failLikeV8(module, importObject, context);
}

/** Throws the error for import `index`, which does not fit: V8's, if V8 refuses it too, else one of ours. */
function failImport(
  record: ModuleRecord,
  imports: readonly ImportDescriptor[],
  values: readonly unknown[],
  index: number,
  type: ExternType,
  context: Context,
): never {
  const forV8 = values.map((value, i) => {
    const state = tableState(value) ?? globalState(value);
    if (state) return state.v8 ?? state.copyForV8();
    return isForeignToV8(value) && imports[i].kind === 'function' ? toV8Function(value) : value;
  });
  if (record.code) {
    const shell = new V8.Module(extract(record.wasm!, [SECTION_TYPE, SECTION_IMPORT]) as BufferSource);
    try {
      new V8.Instance(shell, importsFor(imports, forV8));
    } catch (error) {
      throw inContext(error, 'WebAssembly.Instance()', context);
    }
  }
  const { module, name } = imports[index];
  throw new V8.LinkError(`${context}: Import #${index} "${module}" "${name}": it is no ${describeType(type)} that Ouro can use`);
}
