/** func: a function of a store: one that wasm defines, or one of the host. There is one Func for each function, so funcrefs keep their identity.
 *  Cost: the JS function that calls it is made when it is first asked for. */

import { type Access, makeAccessor } from './accessor.js';
import { callBits, type Kind, kindOf, makeInvoker, makeWrapper } from './calls.js';
import { functionBehind, StoredFunction, standFor } from './identity.js';
import type { Store } from './store.js';
import type { Callable, FuncType } from '../base/types.js';
import { noteUse, USE_HOST_FUNCTION } from '../base/usage.js';

/** A function of a store: one that wasm defines, or one of the host. There is one Func for each function, so funcrefs keep their identity. Values
 *  convert as in the WebAssembly JavaScript API, "ToWebAssemblyValue" and "ToJSValue": i64 is a BigInt.
 *
 *  @example
 *  const twice = new Func(store, new FuncType(['i64'], ['i64']), (value) => 2n * value);
 *  twice.call(store, 21n); // => 42n */
export class Func extends StoredFunction {
  /** The store that it lives in. */
  readonly store: Store;
  /** @internal The address of its FuncRef. */
  readonly address: number;
  /** @internal Its type and the text of its wrapper. */
  readonly kind: Kind;
  readonly #name: string;
  readonly #access: Access | undefined;
  #callable: Callable | undefined;

  /** A host function: `callback` gets the arguments as JS values, and returns nothing, the result, or an iterable of the results. What it
   *  throws goes through wasm unchanged to whoever called in. Throws TypeError when `callback` is no function, OuroError `STORE_DISPOSED`.
   *
   *  @example
   *  const divide = new Func(store, new FuncType(['i32', 'i32'], ['i32', 'i32']), (a, b) => [a / b, a % b]);
   *  divide.call(store, 7, 2); // => [3, 1] */
  constructor(store: Store, type: FuncType, callback: Callable);
  /** @internal `origin` is the address of the FuncRef of a wasm function, or the callback of a host function. `name` is the name of `callable`.
   *  `leaf`: the function may run on the host's stack. `access`: the function does nothing but this to a global, so JS can do it itself. */
  constructor(store: Store, type: FuncType, origin: Callable | number, name: string, leaf?: boolean, access?: Access);
  constructor(store: Store, type: FuncType, origin: Callable | number, name?: string, leaf = false, access?: Access) {
    super();
    this.store = store;
    this.kind = kindOf(type, leaf);
    this.#name = name ?? '';
    this.#access = access;
    // Only internal callers pass a name. A number without one comes from a user, and must not be taken for an address.
    if (typeof origin === 'number' && name !== undefined) this.address = origin;
    else {
      if (typeof origin !== 'function') throw new TypeError('a host function needs a JS function to call');
      noteUse(USE_HOST_FUNCTION);
      this.address = store.addHostFunc(this, type, makeInvoker(type, store, origin));
    }
  }

  /** The Func that a JS function stands for; undefined when it stands for none.
   *
   *  @example
   *  const instance = new Instance(store, module, [console.log]);
   *  Func.ofCallable(instance.exports.add) === instance.getFunc(store, 'add'); // => true
   *  Func.ofCallable(console.log); // => undefined */
  static ofCallable(value: unknown): Func | undefined {
    return typeof value === 'function' ? (functionBehind(value) as Func | undefined) : undefined;
  }

  /** @internal Brings a function of another store or of V8 into a store, as a host function that calls `callback`. `callable` is the JS function that
   *  the application knows it by. The function keeps that identity: JS gets `callable` when it comes out of this store again. */
  static adopt(store: Store, type: FuncType, callback: Callable, callable: Callable): Func {
    const func = new Func(store, type, callback);
    func.#callable = callable;
    store.noteAdopted(callable, func);
    return func;
  }

  /** Its type: the one object that exists for these parameters and results.
   *
   *  @example
   *  new Instance(store, module, [console.log]).getFunc(store, 'add').type().params; // => ['i32', 'i32'] */
  type(_store: Store = this.store): FuncType {
    return this.kind.type;
  }

  /** The function as a plain JS function; the same one each time. Its name is the function's index, as in the JS API.
   *
   *  @example
   *  const { callable } = new Instance(store, module, [console.log]).getFunc(store, 'add');
   *  callable(1, 2); // => 3
   *  callable.length; // => 2 */
  get callable(): Callable {
    if (!this.#callable) {
      const callable = this.#access
        ? makeAccessor(this.#access, this.store, this.#name)
        : makeWrapper(this.kind, this.store, this.address, this.#name);
      standFor(callable, this);
      this.#callable = callable;
    }
    return this.#callable;
  }

  /** Calls it. Arguments convert as in the JS API (i64 is a BigInt); what is missing is undefined. Gives nothing, the result, or an array of
   *  results. Throws Trap, TypeError for an argument that does not convert, RangeError where the host's stack ends, OuroError `WRONG_STORE` and
   *  `STORE_DISPOSED`, and what a host function throws.
   *
   *  @example
   *  const program = new Module(engine, '(module (func (export "f") unreachable))');
   *  try {
   *    new Instance(store, program).getFunc(store, 'f').call(store);
   *  } catch (error) {
   *    error.code; // => 'Unreachable'
   *  } */
  call(store: Store, ...args: any[]): any {
    this.store.check(store, 'function');
    return this.callable(...args);
  }

  /** Calls with bits: i32 and f32 zero-extended; a funcref is an address, an externref a handle. NaNs keep their payload. Throws as `call`.
   *
   *  @example
   *  const add = new Instance(store, module, [console.log]).getFunc(store, 'add');
   *  add.callRaw([0xffff_ffffn, 3n]); // => [2n] */
  callRaw(bits: readonly bigint[]): bigint[] {
    return callBits(this.kind.type, this.store, this.address, bits);
  }
}
