/** func: a function of a store, of wasm or of the host. There is one Func for each function, so funcrefs keep their identity. */

import { type Access, makeAccessor } from './accessor.js';
import { callBits, type Kind, kindOf, makeWrapper } from './calls.js';
import type { Store } from './store.js';
import type { Callable, FuncType } from '../base/types.js';
import { noteUse, USE_HOST_FUNCTION } from '../base/usage.js';

class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: so that a class that extends this one can put private fields into any object
    return object;
  }
}

/** A JS function that stands for a Func, as a private field says: nobody else can see it, and the collector has less work with it than with an
 *  entry of a WeakMap, of which there would be as many as functions in tables. */
class Standing extends Given {
  readonly #func: Func;

  constructor(callable: Callable, func: Func) {
    super(callable);
    this.#func = func;
  }

  static for(value: unknown): Func | undefined {
    return typeof value === 'function' && #func in value ? (value as unknown as Standing).#func : undefined;
  }
}

export class Func {
  readonly store: Store;
  /** @internal Of the FuncRef. */
  readonly address: number;
  /** @internal Which wrapper it has. */
  readonly kind: Kind;
  readonly #name: string;
  readonly #access: Access | undefined;
  #callable: Callable | undefined;

  /** A host function: `callback` gets the arguments as JS values, and returns nothing, the result, or an iterable of the results.
   *
   *     const log = new Func(store, new FuncType(['i32'], []), (value) => console.log(value));
   *
   *  What it throws goes through wasm unchanged to whoever called in. */
  constructor(store: Store, type: FuncType, callback: Callable);
  /** @internal Of the FuncRef at an address, or of the host. `name`: of the callable. `leaf`: it may run on the host's stack. `access`: what it
   *  does, where JS can do it. */
  constructor(store: Store, type: FuncType, origin: Callable | number, name: string, leaf?: boolean, access?: Access);
  constructor(store: Store, type: FuncType, origin: Callable | number, name?: string, leaf = false, access?: Access) {
    this.store = store;
    this.kind = kindOf(type, leaf);
    this.#name = name ?? '';
    this.#access = access;
    // Only the internal form has a name: a number that a user gives is no address.
    if (typeof origin === 'number' && name !== undefined) this.address = origin;
    else {
      if (typeof origin !== 'function') throw new TypeError('a host function needs a JS function to call');
      noteUse(USE_HOST_FUNCTION);
      this.address = store.addHostFunc(this, type, origin);
    }
  }

  /** The Func that a JS function stands for, if it does. */
  static ofCallable(value: unknown): Func | undefined {
    return Standing.for(value);
  }

  /** @internal Makes the function that `callable` is elsewhere known to a store, where it keeps its identity: it is what this store gives out
   *  for it. `callback` is what to call. */
  static adopt(store: Store, type: FuncType, callback: Callable, callable: Callable): Func {
    const func = new Func(store, type, callback);
    func.#callable = callable;
    store.noteAdopted(callable, func);
    return func;
  }

  /** @internal The function that a JS function stands for in a store: its own, or one that it has adopted or can adopt. */
  static inStore(store: Store, value: unknown): Func | undefined {
    const func = Func.ofCallable(value);
    if (typeof value !== 'function' || func?.store.equals(store)) return func;
    const callable = value as Callable;
    return store.adopted(callable) ?? store.adopt?.(store, callable) ?? func;
  }

  type(_store: Store = this.store): FuncType {
    return this.kind.type;
  }

  /** The function as a plain JS function; the same one each time. */
  get callable(): Callable {
    if (!this.#callable) {
      const made = this.#access
        ? makeAccessor(this.#access, this.store, this.#name)
        : makeWrapper(this.kind, this.store, this.address, this.#name);
      new Standing(made, this);
      this.#callable = made;
    }
    return this.#callable;
  }

  /** Calls it. Arguments convert as in the JS API (i64 is a BigInt). Gives nothing, the result, or an array of results. */
  call(store: Store, ...args: any[]): any {
    this.store.check(store, 'function');
    return this.callable(...args);
  }

  /** Calls with bits: i32 and f32 zero-extended; a funcref is an address, an externref a handle. NaNs keep their payload. */
  callRaw(bits: readonly bigint[]): bigint[] {
    return callBits(this.kind.type, this.store, this.address, bits);
  }
}
