/** js-global: what WebAssembly.Global does.
 *  A mutable global that JS makes belongs to V8 until an instance of Ouro imports it, and stays with the engine of the first instance that uses
 *  it, as tables do (js-table.ts). An immutable global is just a value: each store of Ouro that imports it gets a copy.
 *  In: the receiver and the arguments of a method. Out: its result.
 *  Requires: the messages of errors are V8's.
 *  Cost: V8's object for a global of type i32 is made only when V8 needs it. */

import { Global as OuroGlobal } from '../run/global.js';
import { passRangeError } from '../base/host-stack.js';
import type { Store } from '../run/store.js';
import { type Callable, type GlobalType, isValType, type ValType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { canonical, isExportedFunction, isForeignToV8, toV8Function } from './exported-functions.js';
import { shell } from './classes.js';
import { globalImporter } from '../wasm/tiny-modules.js';
import type { ModuleOfOuro } from './owner.js';
import type { GlobalBehaviour } from './shell.js';

const v8 = V8.Global.prototype;
const { get: getValue, set: setValue } = Object.getOwnPropertyDescriptor(v8, 'value') as Required<PropertyDescriptor>;

/** The names that V8's API gives to types which have another name here. */
const v8Names: Partial<Record<ValType, string>> = { funcref: 'anyfunc' };

const scratch = new V8.Global({ value: 'anyfunc', mutable: true });

/** The state of a WebAssembly.Global: which engine has the global, and its type. */
export class GlobalState {
  #v8: WebAssembly.Global | undefined;
  /** The value of a global of type i32 that JS has made and no engine has yet. Dynamic linkers make thousands of them, most of which V8 never
   *  sees. */
  plain: number | undefined;
  ouro: OuroGlobal | undefined;
  /** An instance uses the global. */
  linked = false;
  /** The module of the instance of Ouro that was the first to use the global. */
  owner: ModuleOfOuro | undefined;
  /** Undefined for globals of V8 that an instance exports, and for types that Ouro does not have. */
  content: ValType | undefined;
  /** A mutable global can be used by instances of one engine only. */
  mutable = false;
  /** The copies of an immutable global, by store. */
  #copies: WeakMap<Store, OuroGlobal> | undefined;

  /** The global of V8. When there is only a plain value, the global is made now. */
  get v8(): WebAssembly.Global | undefined {
    if (this.plain !== undefined) this.v8 = new V8.Global({ value: 'i32', mutable: this.mutable }, this.plain);
    return this.#v8;
  }

  set v8(global: WebAssembly.Global | undefined) {
    this.#v8 = global;
    this.plain = undefined;
  }

  /** The value is here or in Ouro, and not in V8. */
  get isElsewhere(): boolean {
    return this.plain !== undefined || this.ouro !== undefined;
  }

  /** The global as one of this store of Ouro, which a module imports as `wanted`: a mutable one moves there, an immutable one is copied. Undefined
   *  when that cannot be. */
  toOuro(store: Store, wanted: GlobalType): OuroGlobal | undefined {
    if (this.ouro?.store.equals(store)) return this.ouro;
    if (!this.mutable) {
      if (this.content === undefined && this.v8 && isOfType(this.v8, wanted.content)) this.content = wanted.content;
      const { content } = this;
      if (content === undefined || content !== wanted.content || wanted.mutable) return undefined;
      this.#copies ??= new WeakMap();
      let copy = this.#copies.get(store);
      if (!copy) this.#copies.set(store, (copy = new OuroGlobal(store, { kind: 'global', content, mutable: false }, this.read())));
      return copy;
    }
    if (this.linked || this.content === undefined) return undefined;
    const moved = new OuroGlobal(store, { kind: 'global', content: this.content, mutable: this.mutable }, this.read());
    // These are plain stores, without the setter of `v8`: no call can run out of the host's stack here and leave the global in two places or in none.
    this.#v8 = undefined;
    this.plain = undefined;
    this.ouro = moved;
    return moved;
  }

  /** The global as one of V8: a mutable one moves there if it may, an immutable one is copied. Undefined when it may not move. */
  toV8(): WebAssembly.Global | undefined {
    if (this.v8) return this.v8;
    if (this.mutable && this.linked) return undefined;
    const copy = this.copyForV8();
    if (!this.mutable) return copy;
    this.#v8 = copy;
    this.plain = undefined;
    this.ouro = undefined;
    return copy;
  }

  /** A new global of V8 with the type and the value that the global of Ouro has now. */
  copyForV8(): WebAssembly.Global {
    const { content, mutable } = this.ouro!.type();
    const value = (v8Names[content] ?? content) as WebAssembly.ValueType;
    const now: any = this.read();
    return new V8.Global({ value, mutable }, isForeignToV8(now) && content === 'funcref' ? toV8Function(now) : now);
  }

  /** The value, as the application sees it. */
  read(): unknown {
    if (this.plain !== undefined) return this.plain;
    return this.ouro ? this.ouro.value : canonical(getValue.call(this.v8));
  }
}

export const globalState = (value: unknown) => shell.globalState(value) as GlobalState | undefined;

/** The global of V8 behind a receiver. If there is none, the receiver itself: V8 then throws the right error for it. */
const receiver = (value: unknown): any => globalState(value)?.v8 ?? value;

export const globalBehaviour: GlobalBehaviour = {
  makeGlobal: makeState,
  noteGlobal: (global, state) => noteGlobal(global, state as GlobalState),
  globalReceiver: receiver,

  globalValueOf(self) {
    const state = globalState(self);
    return state?.isElsewhere ? state.read() : canonical(v8.valueOf.call(receiver(self)));
  },

  globalGet(self) {
    const state = globalState(self);
    return state?.isElsewhere ? state.read() : canonical(getValue.call(receiver(self)));
  },

  globalSet(self, args) {
    const value = args[0] as any;
    const state = globalState(self);
    const ouro = state?.ouro;
    if (ouro) {
      const { content, mutable } = ouro.type();
      if (!mutable) throw new TypeError("set WebAssembly.Global.value: Can't set the value of an immutable global.");
      // A global of V8 refuses the value too, with V8's message.
      if (content === 'funcref' && value !== null && !isExportedFunction(value)) setValue.call(scratch, value);
      ouro.value = value;
    } else if (state?.plain !== undefined && state.mutable && typeof value === 'number') state.plain = value | 0;
    else if (state && isForeignToV8(value)) withForeign(state.content, value, (func) => setValue.call(state.v8, func));
    else setValue.apply(receiver(self), args as [unknown]);
  },
};

/** The WebAssembly.Global that the application holds, for globals of both engines. */
const wrappers = new WeakMap<object, object>();

/** Notes that `global` is the object that the application holds for `object`, the engine's global, so that `wrapV8Global` and `wrapOuroGlobal`
 *  find it. */
export function noteGlobal(global: object, state: GlobalState, object: object | undefined = state.v8 ?? state.ouro): void {
  if (object) wrappers.set(object, global);
}

/** The object that the application gets for a global of V8 which an instance exports: the same one each time. */
export function wrapV8Global(global: WebAssembly.Global): object {
  const known = wrappers.get(global);
  if (known) return known;
  const state = new GlobalState();
  state.v8 = global;
  state.mutable = isMutable(global);
  state.linked = true;
  return shell.wrapGlobal(state);
}

/** A value that no number can be made of. */
const unconvertible = {
  valueOf(): never {
    throw unconvertible;
  },
};

/** Whether a global of V8 is mutable. V8 does not tell, but it refuses to set an immutable one before it looks at the value. So a number is asked to
 *  become what cannot be one: to set its own value again could change the payload of a NaN. A reference is set again. A global whose values JS
 *  cannot have counts as mutable, so that it stays with its engine. */
function isMutable(global: WebAssembly.Global): boolean {
  let value: unknown;
  try {
    value = getValue.call(global);
  } catch (error) {
    passRangeError(error);
    return true;
  }
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  try {
    setValue.call(global, isNumber ? unconvertible : value);
    return true;
  } catch (error) {
    passRangeError(error);
    return error === unconvertible;
  }
}

/** Whether an immutable global of V8 has this type: whether V8 lets a module import it so. */
function isOfType(global: WebAssembly.Global, content: ValType): boolean {
  try {
    new V8.Instance(new V8.Module(globalImporter(content) as BufferSource), { '': { '': global } });
    return true;
  } catch (error) {
    passRangeError(error);
    return false;
  }
}

/** The object that the application gets for a global of Ouro which an instance exports: the same one each time. `owner`: the instance's module. */
export function wrapOuroGlobal(global: OuroGlobal, owner?: ModuleOfOuro): object {
  const known = wrappers.get(global);
  if (known) return known;
  const state = new GlobalState();
  const { content, mutable } = global.type();
  state.ouro = global;
  state.content = content;
  state.mutable = mutable;
  state.linked = true;
  state.owner = owner;
  return shell.wrapGlobal(state);
}

/** The state of a global that JS makes. The descriptor is read here as V8 would read it, since the application can see that: `mutable`, then `value`,
 *  each once. V8 gets what was read. */
function makeState(args: ArrayLike<unknown>): GlobalState {
  const descriptor = args[0] as WebAssembly.GlobalDescriptor;
  const init = args[1];
  const state = new GlobalState();
  let read: any = descriptor;
  if (isObject(descriptor)) {
    const { mutable } = descriptor;
    const { value } = descriptor;
    read = { mutable, value: isObject(value) ? `${value}` : value };
    state.mutable = Boolean(mutable);
    const content = read.value === 'anyfunc' ? 'funcref' : read.value;
    if (isValType(content)) state.content = content;
    if (content === 'i32' && (init === undefined || typeof init === 'number')) {
      state.plain = (init ?? 0) | 0;
      return state;
    }
  }
  const make = (...rest: unknown[]) => new V8.Global(read, ...(rest as [any]));
  state.v8 = isForeignToV8(init) ? withForeign(undefined, init, (func) => make(func)) : make(...Array.prototype.slice.call(args, 1));
  return state;
}

const isObject = (value: unknown) => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Does `work` on a global of V8 with an exported function that is not V8's. To a global of type externref the function is a value like any other;
 *  where V8 wants an exported function of its own, it gets the stand-in. Where the type is not known, the function itself is tried first. */
function withForeign<T>(content: ValType | undefined, func: Callable, work: (value: Callable) => T): T {
  if (content === 'funcref') return work(toV8Function(func));
  try {
    return work(func);
  } catch (error) {
    if (!(error instanceof TypeError) || content !== undefined) throw error;
    return work(toV8Function(func));
  }
}
