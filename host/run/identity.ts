/** identity: which function of a store a JS function stands for. A private field of the JS function says so: nobody else can see it. A WeakMap would
 *  have an entry for each function in a table, which gives the collector more work than a private field does. */

import type { Callable } from '../base/types.js';

/** A function that lives in a store. func.ts has the class of such functions, Func. */
export abstract class StoredFunction {}

/** A base class whose constructor gives back the object that it is passed. A class that extends it puts its private fields into that object. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: giving back the object is what the class is for
    return object;
  }
}

/** Puts a private field into JS functions: the function of a store that they stand for. */
class Standing extends Given {
  readonly #func: StoredFunction;

  constructor(callable: Callable, func: StoredFunction) {
    super(callable);
    this.#func = func;
  }

  static for(value: Callable): StoredFunction | undefined {
    return #func in value ? (value as unknown as Standing).#func : undefined;
  }
}

/** Makes `callable` stand for `func` from now on. */
export function standFor(callable: Callable, func: StoredFunction): void {
  new Standing(callable, func);
}

/** The function of a store that a JS function stands for; `value` itself when it is such a function; undefined for anything else. */
export function functionBehind(value: unknown): StoredFunction | undefined {
  if (typeof value === 'function') return Standing.for(value as Callable);
  return value instanceof StoredFunction ? value : undefined;
}
