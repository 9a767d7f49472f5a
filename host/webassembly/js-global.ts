/** js-global: WebAssembly.Global. As tables do, a mutable global that JS makes belongs to V8 until an instance of Ouro imports it, and stays with
 *  the engine of the first instance that uses it. An immutable one is a value: each store of Ouro that imports it gets a copy. */

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

/** V8's names of types that have another one here. */
const v8Names: Partial<Record<ValType, string>> = { funcref: 'anyfunc' };

const scratch = new V8.Global({ value: 'anyfunc', mutable: true });

/** Where a global is, and what it is. */
export class GlobalState {
  #v8: WebAssembly.Global | undefined;
  /** The value of one of type i32 that JS has made and no instance has used. Dynamic linkers make thousands, most of which V8 never sees. */
  plain: number | undefined;
  ouro: OuroGlobal | undefined;
  /** An instance uses it. */
  linked = false;
  /** The module of the instance of Ouro that was the first to use it. */
  owner: ModuleOfOuro | undefined;
  /** Unknown for globals of V8 that an instance exports, and of types that Ouro does not have. */
  content: ValType | undefined;
  /** Then instances of one engine alone can use it. */
  mutable = false;
  #copies: WeakMap<Store, OuroGlobal> | undefined;

  /** V8's object, made when it is asked for where there is but a value. */
  get v8(): WebAssembly.Global | undefined {
    if (this.plain !== undefined) this.v8 = new V8.Global({ value: 'i32', mutable: this.mutable }, this.plain);
    return this.#v8;
  }

  set v8(global: WebAssembly.Global | undefined) {
    this.#v8 = global;
    this.plain = undefined;
  }

  /** Not V8 has its value. */
  get isElsewhere(): boolean {
    return this.plain !== undefined || this.ouro !== undefined;
  }

  /** The global in a store; undefined where it cannot be there. */
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
    const made = new OuroGlobal(store, { kind: 'global', content: this.content, mutable: this.mutable }, this.read());
    // No setter: where the host's stack ends, it is in one place.
    this.#v8 = undefined;
    this.plain = undefined;
    this.ouro = made;
    return made;
  }

  /** The same for V8. */
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

  /** A global of V8 that looks the same now. */
  copyForV8(): WebAssembly.Global {
    const { content, mutable } = this.ouro!.type();
    const value = (v8Names[content] ?? content) as WebAssembly.ValueType;
    const now: any = this.read();
    return new V8.Global({ value, mutable }, isForeignToV8(now) && content === 'funcref' ? toV8Function(now) : now);
  }

  read(): unknown {
    if (this.plain !== undefined) return this.plain;
    return this.ouro ? this.ouro.value : canonical(getValue.call(this.v8));
  }
}

export const globalState = (value: unknown) => shell.globalState(value) as GlobalState | undefined;

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
      // V8 says what is wrong.
      if (content === 'funcref' && value !== null && !isExportedFunction(value)) setValue.call(scratch, value);
      ouro.value = value;
    } else if (state?.plain !== undefined && state.mutable && typeof value === 'number') state.plain = value | 0;
    else if (state && isForeignToV8(value)) withForeign(state.content, value, (func) => setValue.call(state.v8, func));
    else setValue.apply(receiver(self), args as [unknown]);
  },
};

/** Of globals of both engines. */
const wrappers = new WeakMap<object, object>();

/** A global that is found by the engine's object too, from now on. */
export function noteGlobal(global: object, state: GlobalState, object: object | undefined = state.v8 ?? state.ouro): void {
  if (object) wrappers.set(object, global);
}

/** What the application knows a global of V8 as that an instance exports. */
export function wrapV8Global(global: WebAssembly.Global): object {
  const known = wrappers.get(global);
  if (known) return known;
  const state = new GlobalState();
  state.v8 = global;
  state.mutable = isMutable(global);
  state.linked = true;
  return shell.wrapGlobal(state);
}

/** V8 does not tell, but refuses to change what is immutable. A type whose values JS cannot have stays where it is. */
function isMutable(global: WebAssembly.Global): boolean {
  let value: unknown;
  try {
    value = getValue.call(global);
  } catch (error) {
    passRangeError(error);
    return true;
  }
  try {
    setValue.call(global, value);
    return true;
  } catch (error) {
    passRangeError(error);
    return false;
  }
}

/** Whether a module may import an immutable global as one of this type. */
function isOfType(global: WebAssembly.Global, content: ValType): boolean {
  try {
    new V8.Instance(new V8.Module(globalImporter(content) as BufferSource), { '': { '': global } });
    return true;
  } catch (error) {
    passRangeError(error);
    return false;
  }
}

/** The same for a global of Ouro. */
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

/** A global as JS makes it. V8 gets what stands in the descriptor, read here as V8 would read it: these two, in this order, once. */
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

/** Does something with a global of V8 and an exported function of another kind: a value like others as an externref; where V8 wants one of
 *  its own, it gets a stand-in. */
function withForeign<T>(content: ValType | undefined, func: Callable, work: (value: Callable) => T): T {
  if (content === 'funcref') return work(toV8Function(func));
  try {
    return work(func);
  } catch (error) {
    if (!(error instanceof TypeError) || content !== undefined) throw error;
    return work(toV8Function(func));
  }
}
