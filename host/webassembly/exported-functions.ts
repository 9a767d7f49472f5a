/** exported-functions: exported functions of both engines, and how each engine gets to call those of the other with their identity kept.
 *
 *  An exported function is one of V8's, one of Ouro's (it stands for a Func), or a hosted one: a JS function that a module took in and
 *  exported again, doing nothing to it. The application holds one JS function for each of them, the canonical one. Where an engine needs a
 *  function of its own kind for it (in a table, in a global, as an import), it gets a stand-in, and what comes out of that engine is turned
 *  into the canonical function again. */

import { Func } from '../run/func.js';
import { passRangeError } from '../base/host-stack.js';
import type { Store } from '../run/store.js';
import { type Callable, type FuncType, funcTypeById, type ValType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { throughWasm } from '../run/values.js';
import { forwarder } from '../wasm/tiny-modules.js';

/** What is known of a module of V8 by its binary. */
export interface ModuleOfV8 {
  /** The type of a function that it exports. */
  exportedFunctionType(name: string): FuncType | undefined;
  /** Its functions may take or give functions. */
  readonly mayPassFunctions: boolean;
}

interface Hosted {
  readonly type: FuncType;
  readonly callback: Callable;
}

/** Which export of which module a function of V8 is. */
interface Origin {
  readonly module: ModuleOfV8;
  readonly name: string;
}

const origins = new WeakMap<Callable, Origin>();
const hosted = new WeakMap<Callable, Hosted>();
/** V8's stand-in for a function, and back. */
const standIns = new WeakMap<Callable, Callable>();
const originals = new WeakMap<Callable, Callable>();

const scratch = new V8.Table({ element: 'anyfunc', initial: 1 });

/** Without a regular expression, which would have to be compiled first. */
function isIndex(name: unknown): boolean {
  if (typeof name !== 'string' || name === '') return false;
  for (let i = 0; i < name.length; i++) if (name[i] < '0' || name[i] > '9') return false;
  return true;
}

/** Whether V8 takes a function for an exported one of its own. */
function isOfV8(value: Callable): boolean {
  if (origins.has(value)) return true;
  // V8 names its exported functions by their index. This spares an exception for each import of the application.
  if (!isIndex(value.name)) return false;
  try {
    scratch.set(0, value);
    scratch.set(0, null);
    return true;
  } catch (error) {
    passRangeError(error);
    return false;
  }
}

function isForeign(func: Callable): boolean {
  return Func.ofCallable(func) !== undefined || hosted.has(func);
}

/** Whether a value is an exported function that V8 does not take for one. */
export function isForeignToV8(value: unknown): value is Callable {
  return typeof value === 'function' && isForeign(value as Callable);
}

/** Whether a value is an exported function of any kind. */
export function isExportedFunction(value: unknown): value is Callable {
  return typeof value === 'function' && (isForeignToV8(value) || isOfV8(value as Callable));
}

/** Remembers where a function of V8 comes from. */
function noteOrigin(func: Callable, module: ModuleOfV8, name: string): void {
  if (!origins.has(func)) origins.set(func, { module, name });
}

/** The type of an exported function. */
export function typeOf(func: Callable): FuncType | undefined {
  const known = Func.ofCallable(func)?.type() ?? hosted.get(func)?.type;
  if (known) return known;
  const origin = origins.get(func);
  return origin?.module.exportedFunctionType(origin.name) ?? probeType(func);
}

/** The type of a function of V8 that came out of a table, a global or a call: V8 is asked which of all types it takes for the function's. */
function probeType(func: Callable): FuncType | undefined {
  for (let id = 1; ; id++) {
    const type = funcTypeById(id);
    if (!type) return undefined;
    try {
      new V8.Instance(forwarderOf(type), { '': { '': func } });
      return type;
    } catch (error) {
      // Another type.
      passRangeError(error);
    }
  }
}

const forwarders = new WeakMap<FuncType, WebAssembly.Module>();

function forwarderOf(type: FuncType): WebAssembly.Module {
  let module = forwarders.get(type);
  if (!module) forwarders.set(type, (module = new V8.Module(forwarder(type) as BufferSource)));
  return module;
}

/** A function of V8 that stands for an exported function. */
export function toV8Function(func: Callable): Callable {
  if (!isForeign(func)) return func;
  let standIn = standIns.get(func);
  if (!standIn) {
    const instance = new V8.Instance(forwarderOf(typeOf(func)!), { '': { '': hosted.get(func)?.callback ?? func } });
    standIn = instance.exports[''] as Callable;
    standIns.set(func, standIn);
    originals.set(standIn, func);
  }
  return standIn;
}

const hasFuncref = ({ params, results }: FuncType) => params.includes('funcref') || results.includes('funcref');

/** What V8 gets for a value that may be a function of another kind. */
export function toV8Value<T>(value: T): T | Callable {
  return isForeignToV8(value) ? toV8Function(value) : value;
}

/** The exported function for one of V8's that a module exports. Where functions go in or come out, it is another one, which turns them into
 *  V8's and back. */
export function exportOfV8(func: Callable, module: ModuleOfV8, name: string): Callable {
  const known = canonical(func);
  if (known !== func) return known;
  noteOrigin(func, module, name);
  const type = module.mayPassFunctions ? module.exportedFunctionType(name) : undefined;
  if (!type || !hasFuncref(type)) return func;
  const wrapper = (...args: unknown[]) => fromV8(func(...args.map(toV8Value)));
  Object.defineProperty(wrapper, 'name', { value: func.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: func.length, configurable: true });
  hosted.set(wrapper, { type, callback: wrapper });
  standIns.set(wrapper, func);
  originals.set(func, wrapper);
  return wrapper;
}

/** What V8 gets for a JS function that a module imports with this type. */
export function importForV8(func: Callable, type: FuncType | undefined): Callable {
  if (isForeign(func)) return toV8Function(func);
  if (!type || !hasFuncref(type) || isOfV8(func)) return func;
  return (...args) => {
    const result = func(...args.map((each) => canonical(each)));
    return type.results.length > 1 ? Array.from(result, toV8Value) : toV8Value(result);
  };
}

function fromV8(result: unknown): unknown {
  return Array.isArray(result) ? result.map((each) => canonical(each)) : canonical(result);
}

/** What the application knows a value as that came out of V8. */
export function canonical<T>(value: T): T {
  return typeof value === 'function' ? ((originals.get(value as unknown as Callable) as T | undefined) ?? value) : value;
}

/** Takes an exported function of anywhere into a store of Ouro. Undefined for other functions; null for one whose type Ouro does not know. */
export function adopt(store: Store, func: Callable): Func | null | undefined {
  if (!isExportedFunction(func)) return undefined;
  const type = typeOf(func);
  if (!type) return null;
  return Func.adopt(store, type, hosted.get(func)?.callback ?? func, func);
}

/** The exported function for a JS function that a module imports with this type and exports again: it converts, calls, and converts.
 *  `name` is its index there. */
export function host(type: FuncType, callback: Callable, name: string): Callable {
  const { params, results } = type;
  const func = (...args: unknown[]) => {
    const result = callback(...params.map((each, i) => toWasm(each, args[i])));
    if (results.length === 0) return undefined;
    if (results.length === 1) return toWasm(results[0], result);
    if (typeof (result as any)?.[Symbol.iterator] !== 'function') throw new TypeError('multi-return value must be iterable');
    const list = Array.from(result as Iterable<unknown>);
    if (list.length !== results.length) throw new TypeError('multi-return length mismatch');
    return list.map((each, i) => toWasm(results[i], each));
  };
  Object.defineProperty(func, 'name', { value: name, configurable: true });
  Object.defineProperty(func, 'length', { value: params.length, configurable: true });
  hosted.set(func, { type, callback });
  return func;
}

/** What wasm would give back for a JS value, if it looked. */
function toWasm(type: ValType, value: unknown): unknown {
  if (type === 'externref' || (type === 'funcref' && (value === null || isExportedFunction(value)))) return value;
  if (type === 'funcref' || type === 'v128') throw new TypeError('type incompatibility when transforming from/to JS');
  return throughWasm(type, value);
}
