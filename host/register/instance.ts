/** instance: WebAssembly.Instance, on the engine that its module runs on, or on the one where the objects are that it shares with others. */

import { prepareWrappers } from '../run/calls.js';
import { ArtifactError, LinkError, OuroError } from '../base/errors.js';
import { type Extern, toExtern as externOfMemory } from '../run/extern.js';
import { Func } from '../run/func.js';
import { Global as OuroGlobal } from '../run/global.js';
import { Instance as OuroInstance } from '../run/instance.js';
import { Memory } from '../run/memory.js';
import { Store } from '../run/store.js';
import { Table as OuroTable } from '../run/table.js';
import { Trap } from '../run/trap.js';
import { type Callable, describeType, type ExternType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { compileNow, engine } from './artifacts.js';
import { type Context, inContext, toError } from './errors.js';
import { exportOfV8, host, importForV8, isExportedFunction, isForeignToV8, toV8Function, typeOf } from '../webassembly/functions.js';
import { type GlobalState, globalState, noteGlobal, wrapOuroGlobal, wrapV8Global } from '../webassembly/global.js';
import { completePrototype } from '../webassembly/idl.js';
import { extract } from '../wasm/outline.js';
import { SECTION_IMPORT, SECTION_TYPE } from '../wasm/binary.js';
import { log } from './policy.js';
import { type ImportDescriptor, ModuleRecord } from './record.js';
import { secret } from '../webassembly/secret.js';
import { noteTable, TableState, tableState, wrapOuroTable, wrapV8Table } from '../webassembly/table.js';

export type Exports = Readonly<Record<string, unknown>>;

let exportsOf: (instance: unknown) => Exports | undefined;

export class Instance {
  readonly #exports: Exports;

  constructor(module: WebAssembly.Module) {
    // biome-ignore lint/complexity/noArguments: how many there are matters, and `length` must be 1
    const args = arguments;
    this.#exports = args[0] === secret ? args[1] : link(module, args[1], 'WebAssembly.Instance()');
  }

  static {
    exportsOf = (instance) => (typeof instance === 'object' && instance !== null && #exports in instance ? instance.#exports : undefined);
  }

  get exports(): Exports {
    const exports = exportsOf(this);
    if (!exports) throw new TypeError('WebAssembly.Instance.exports: Receiver is not a WebAssembly.Instance');
    return exports;
  }
}

completePrototype(Instance.prototype, V8.Instance.prototype, 'WebAssembly.Instance', (value) => value);

/** An instance of a module; errors say that they come from `context`. */
export function instantiate(module: unknown, imports: unknown, context: Context): Instance {
  return new (Instance as any)(secret, link(module, imports, context));
}

const isObject = (value: any): boolean => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Instantiates; gives the exports. */
function link(module: unknown, importObject: unknown, context: Context): Exports {
  const record = ModuleRecord.of(module);
  if (!record) return failLikeV8(module as WebAssembly.Module, importObject, context);
  const { imports } = record;
  if (importObject === undefined ? imports.length > 0 : !isObject(importObject)) return fail(record, importObject, context);
  const values = readImports(record, imports, importObject as object, context);
  const forwarded = forward(record, values);
  if (forwarded) return forwarded;

  const states = values.map((value) => tableState(value) ?? globalState(value));
  const linked = states.filter((state) => state?.linked && (state instanceof TableState || state.mutable));
  const onV8 = linked.some((state) => state!.v8) || values.some(isSuspending);
  const stores = new Set(linked.flatMap((state) => state!.ouro?.store ?? []));
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
function toNative(record: ModuleRecord, shared: readonly (TableState | GlobalState | undefined)[], context: Context) {
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
function apart(shared: readonly (TableState | GlobalState | undefined)[], context: Context, problem: string, next: string): Error {
  for (const state of shared)
    state?.owner?.leaveToV8(`it shares a table or global with another module that Ouro could not link with it: ${problem}`);
  return new V8.LinkError(`${context}: ${problem}; from the next start on ${next}`);
}

/** The imports' values, in order. */
function readImports(record: ModuleRecord, imports: readonly ImportDescriptor[], importObject: any, context: Context): unknown[] {
  const values: unknown[] = [];
  for (const { module, name } of imports) {
    const from: any = importObject[module];
    if (!isObject(from)) return fail(record, importsFor(imports, values, { [module]: from }), context);
    values.push(from[name]);
  }
  return values;
}

/** An import object with these values. */
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

/** Whether an import is one of JS promise integration, which V8 alone has. */
function isSuspending(value: unknown): boolean {
  const { Suspending } = V8 as any;
  return Suspending !== undefined && value instanceof Suspending;
}

// Modules that do nothing but export a function that they import: glue code makes them to give a JS function a type.

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
    const theirs = state.toV8();
    if (!theirs) {
      throw new V8.LinkError(
        `${context}: Import #${i} "${imports[i].module}" "${imports[i].name}": it belongs to an instance that runs on Ouro, and this module ` +
          'cannot run there',
      );
    }
    states.push(state);
    if (state instanceof TableState) noteTable(value as any, state);
    else noteGlobal(value as any, state, theirs);
    return theirs;
  });
  let instance: WebAssembly.Instance;
  try {
    instance = new V8.Instance(record.v8, importsFor(imports, forV8));
  } catch (error) {
    throw inContext(error, 'WebAssembly.Instance()', context);
  } finally {
    // Also when the start function failed: elements may have been written.
    for (const state of states) state.linked ||= state instanceof TableState || state.mutable;
  }
  return exportsOfV8(record, instance.exports);
}

/** The exports as the application knows them. V8's own object where all are the same. */
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

/** Undefined when the instance has to run on V8. */
function linkOuro(
  record: ModuleRecord,
  code: NonNullable<ModuleRecord['code']>,
  store: Store,
  imports: readonly ImportDescriptor[],
  values: readonly unknown[],
  context: Context,
): Exports | undefined {
  const wanted = code.plan.imports;
  const externs: Extern[] = [];
  const states: (TableState | GlobalState)[] = [];
  let functions = 0;
  for (const [i, value] of values.entries()) {
    const { type } = wanted[i];
    const index = type.kind === 'func' ? functions++ : 0;
    const extern = toExtern(store, value, type, index, states);
    if (!extern) return failImport(record, imports, values, i, type, context);
    externs.push(extern);
  }
  let instance: OuroInstance;
  let started = false;
  try {
    instance = new OuroInstance(store, { code }, externs, () => {
      started = true;
      for (const state of states) {
        state.linked = true;
        state.owner ??= record;
      }
    });
  } catch (error) {
    // What the start function throws belongs to the application.
    if (started) throw error;
    if (error instanceof LinkError && error.code === 'MEMORY_WITHOUT_GUARD') {
      log(() => `a module runs on V8: ${error.message}`);
      return undefined;
    }
    if (error instanceof LinkError || (error instanceof OuroError && error.code === 'WRONG_STORE')) {
      return failImport(record, imports, values, undefined, undefined, context, error);
    }
    if (error instanceof ArtifactError) throw new V8.LinkError(`${context}: ${error.message}`);
    throw error instanceof Trap ? segmentError(error, context) : error;
  }
  return exportsOfOuro(instance, record, code);
}

/** What an import's value is in a store; undefined when it does not fit. */
function toExtern(
  store: Store,
  value: unknown,
  wanted: ExternType,
  funcIndex: number,
  states: (TableState | GlobalState)[],
): Extern | undefined {
  switch (wanted.kind) {
    case 'func': {
      if (typeof value !== 'function') return undefined;
      if (!isExportedFunction(value)) return new Func(store, wanted, value as Callable, String(funcIndex));
      const func = Func.inStore(store, value);
      return func?.type() === wanted ? func : undefined;
    }
    case 'memory':
      return externOfMemory(store, value, wanted);
    case 'table': {
      const state = tableState(value);
      const table = state?.toOuro(store);
      if (!table) return undefined;
      noteTable(value as any, state!);
      states.push(state!);
      return table;
    }
    case 'global': {
      const state = globalState(value);
      if (!state) return wanted.mutable ? undefined : constant(store, value, wanted);
      const global = state.toOuro(store, wanted);
      if (!global) return undefined;
      noteGlobal(value as any, state, global);
      if (state.mutable) states.push(state);
      return global;
    }
    default:
      return undefined;
  }
}

/** An immutable global of a JS value. */
function constant(store: Store, value: unknown, wanted: ExternType & { kind: 'global' }): OuroGlobal | undefined {
  const { content } = wanted;
  if (content === 'externref') return new OuroGlobal(store, wanted, value);
  if (content === 'funcref') return value === null || isExportedFunction(value) ? new OuroGlobal(store, wanted, value) : undefined;
  return typeof value === (content === 'i64' ? 'bigint' : 'number') ? new OuroGlobal(store, wanted, value) : undefined;
}

function exportsOfOuro(instance: OuroInstance, record: ModuleRecord, { plan }: NonNullable<ModuleRecord['code']>): Exports {
  const exports = Object.create(null) as Record<string, unknown>;
  const externs = plan.exports.map((_, position) => instance.exportAt(position));
  prepareWrappers(externs.flatMap((extern) => (extern instanceof Func ? [extern.kind] : [])));
  for (const [position, { name }] of plan.exports.entries()) exports[name] = fromOuro(externs[position], record);
  return Object.freeze(exports);
}

function fromOuro(extern: Extern, record: ModuleRecord): unknown {
  if (extern instanceof Func) return extern.callable;
  if (extern instanceof Memory) return extern.js;
  return extern instanceof OuroTable ? wrapOuroTable(extern, record) : wrapOuroGlobal(extern, record);
}

/** An active segment that does not fit. */
function segmentError(trap: Trap, context: Context): Error {
  const error = toError(trap);
  const what = trap.code === 'TableOutOfBounds' ? 'table index is out of bounds' : 'data segment is out of bounds';
  error.message = `${context}: ${what}`;
  return error;
}

// Failing. V8 says what is wrong, by linking a module with the same imports and nothing else, so that errors are the ones that applications know.

/** V8's error for a module that cannot be linked. */
function failLikeV8(module: WebAssembly.Module, importObject: unknown, context: Context): never {
  try {
    new V8.Instance(module, importObject as WebAssembly.Imports);
  } catch (error) {
    throw inContext(error, 'WebAssembly.Instance()', context);
  }
  throw new V8.LinkError(`${context}: the imports do not fit`);
}

function fail(record: ModuleRecord, importObject: unknown, context: Context): never {
  const module = record.code ? new V8.Module(extract(record.wasm!, [SECTION_TYPE, SECTION_IMPORT]) as BufferSource) : record.module;
  return failLikeV8(module, importObject, context);
}

/** Import `index`, if that is known, does not fit. */
function failImport(
  record: ModuleRecord,
  imports: readonly ImportDescriptor[],
  values: readonly unknown[],
  index: number | undefined,
  type: ExternType | undefined,
  context: Context,
  cause?: Error,
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
  if (index === undefined) throw new V8.LinkError(`${context}: ${cause?.message}`);
  const { module, name } = imports[index];
  throw new V8.LinkError(`${context}: Import #${index} "${module}" "${name}": it is no ${describeType(type!)} that Ouro can use`);
}
