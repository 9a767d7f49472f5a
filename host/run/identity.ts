/** identity: which function of a store a JS function stands for. A private field says so: nobody else can see it, and the collector has less work with
 *  it than with an entry of a WeakMap, of which there would be as many as functions in tables. */

import type { Callable } from '../base/types.js';

/** A function that lives in a store: func.ts has the class. */
export abstract class StoredFunction {}

class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: so that a class that extends this one can put private fields into any object
    return object;
  }
}

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

/** From now on `callable` stands for `func`. */
export function standFor(callable: Callable, func: StoredFunction): void {
  new Standing(callable, func);
}

/** The function that a JS function stands for, or that a value is. */
export function functionBehind(value: unknown): StoredFunction | undefined {
  if (typeof value === 'function') return Standing.for(value as Callable);
  return value instanceof StoredFunction ? value : undefined;
}
