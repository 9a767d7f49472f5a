/** exported-functions: the exported functions of both engines, V8 and Ouro, and how each engine calls those of the other while they keep their
 *  identity.
 *  An exported function is one of three: a function of V8; a function of Ouro, which stands for a Func; or a hosted function, a JS function that a
 *  module has imported and exports again unchanged. The application holds one JS function for each of them, the canonical one.
 *  In: any of these functions on its way into an engine (into a table, a global, an import), or out of one.
 *  Out: on the way in, a function of that engine's own kind that stands for it, its stand-in; on the way out, the canonical function again.
 *  Requires: every value that comes out of V8 passes through `canonical`, or the application would see a stand-in.
 *  Cost: the type of a function of V8 is known from its module's binary. Where that is not known, V8 is asked about each type there is. */

import { Func } from '../run/func.js';
import { passRangeError } from '../base/host-stack.js';
import type { Store } from '../run/store.js';
import { type Callable, type FuncType, funcTypeById, type ValType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { throughWasm } from '../run/values.js';
import { forwarder } from '../wasm/tiny-modules.js';

/** What the binary of a module that runs on V8 says about it. */
export interface ModuleOfV8 {
  /** The type of a function that the module exports, by the export's name. */
  exportedFunctionType(name: string): FuncType | undefined;
  /** Functions of the module may have parameters or results of type funcref. */
  readonly mayPassFunctions: boolean;
}

/** A hosted function: the JS function that a module imported, and the type that it imported it with. */
interface Hosted {
  readonly type: FuncType;
  readonly callback: Callable;
}

/** The module that exports a function of V8, and the export's name. */
interface Origin {
  readonly module: ModuleOfV8;
  readonly name: string;
}

const origins = new WeakMap<Callable, Origin>();
const hosted = new WeakMap<Callable, Hosted>();
/** The stand-in of V8 for each canonical function that has one. */
const standIns = new WeakMap<Callable, Callable>();
/** The canonical function of each stand-in. */
const originals = new WeakMap<Callable, Callable>();

const scratch = new V8.Table({ element: 'anyfunc', initial: 1 });

/** Whether a name consists of digits. This is a loop, because a regular expression would have to be compiled first. */
function isIndex(name: unknown): boolean {
  if (typeof name !== 'string' || name === '') return false;
  for (let i = 0; i < name.length; i++) if (name[i] < '0' || name[i] > '9') return false;
  return true;
}

/** Whether V8 takes a function for an exported function of its own. */
function isOfV8(value: Callable): boolean {
  if (origins.has(value)) return true;
  // V8 names its exported functions by their index. This test spares an exception for each other function that the application passes in.
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

/** Whether a function is an exported function of Ouro, or a hosted one. */
function isForeign(func: Callable): boolean {
  return Func.ofCallable(func) !== undefined || hosted.has(func);
}

/** Whether a value is an exported function of Ouro or a hosted one: V8 does not take these for exported functions. */
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

/** The type of an exported function; undefined when Ouro does not have such types. */
export function typeOf(func: Callable): FuncType | undefined {
  const known = Func.ofCallable(func)?.type() ?? hosted.get(func)?.type;
  if (known) return known;
  const origin = origins.get(func);
  return origin?.module.exportedFunctionType(origin.name) ?? probeType(func);
}

/** The type of a function of V8 that came out of a table, a global or a call, so that its module is not known. V8 is asked about each type of this
 *  process in turn: it links a module that imports a function of this type only if the function has it. */
function probeType(func: Callable): FuncType | undefined {
  for (let id = 1; ; id++) {
    const type = funcTypeById(id);
    if (!type) return undefined;
    try {
      new V8.Instance(forwarderOf(type), { '': { '': func } });
      return type;
    } catch (error) {
      // The function has another type.
      passRangeError(error);
    }
  }
}

const forwarders = new WeakMap<FuncType, WebAssembly.Module>();

/** A module of V8 that exports the function of this type that it imports. */
function forwarderOf(type: FuncType): WebAssembly.Module {
  let module = forwarders.get(type);
  if (!module) forwarders.set(type, (module = new V8.Module(forwarder(type) as BufferSource)));
  return module;
}

/** The function of V8 that stands for an exported function: itself, if it is one of V8's, else its stand-in. */
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

/** The value that V8 gets for a value which may be a function of Ouro or a hosted one: then that function's stand-in, else the value itself. */
export function toV8Value<T>(value: T): T | Callable {
  return isForeignToV8(value) ? toV8Function(value) : value;
}

/** The canonical function for a function that a module on V8 exports. It is V8's own function, unless its type has a funcref: then it is a wrapper
 *  that turns functions into V8's on the way in, and back on the way out. */
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

/** The function that V8 gets for a JS function which a module imports with this type. If the type has a funcref, it is a wrapper that turns functions
 *  which V8 passes in into canonical ones, and those that come back into V8's. */
export function importForV8(func: Callable, type: FuncType | undefined): Callable {
  if (isForeign(func)) return toV8Function(func);
  if (!type || !hasFuncref(type) || isOfV8(func)) return func;
  return (...args) => {
    const result = func(...args.map((each) => canonical(each)));
    return type.results.length > 1 ? Array.from(result, toV8Value) : toV8Value(result);
  };
}

/** The result of a call into V8, one value or an array of them, with canonical functions. */
function fromV8(result: unknown): unknown {
  return Array.isArray(result) ? result.map((each) => canonical(each)) : canonical(result);
}

/** The value that the application gets for a value that came out of V8: a stand-in becomes its canonical function, any other value stays. */
export function canonical<T>(value: T): T {
  return typeof value === 'function' ? ((originals.get(value as unknown as Callable) as T | undefined) ?? value) : value;
}

/** Takes an exported function of V8, of another store, or a hosted one into a store of Ouro. Gives undefined when `func` is no exported function, and
 *  null when its type is one that Ouro does not know. */
export function adopt(store: Store, func: Callable): Func | null | undefined {
  if (!isExportedFunction(func)) return undefined;
  const type = typeOf(func);
  if (!type) return null;
  return Func.adopt(store, type, hosted.get(func)?.callback ?? func, func);
}

/** Makes the hosted function for a JS function that a module imports with this type and exports again. It converts the arguments as wasm would, calls
 *  `callback`, and converts the results. `name` is the function's index in the module. */
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

/** The JS value that wasm would give back for a JS value of this type. Throws a TypeError when the value does not convert. */
function toWasm(type: ValType, value: unknown): unknown {
  if (type === 'externref' || (type === 'funcref' && (value === null || isExportedFunction(value)))) return value;
  if (type === 'funcref' || type === 'v128') throw new TypeError('type incompatibility when transforming from/to JS');
  return throughWasm(type, value);
}
