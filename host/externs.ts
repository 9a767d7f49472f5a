/** externs: the JS values that wasm of a store holds as external references, by handle: compiled code knows small numbers alone.
 *  A handle is taken back when nothing in the store can hold it any more. Who can: tables and globals of type externref (the roots), frames
 *  of wasm, and JS of ours between the conversion of a value and its use. So it is looked for when no wasm is suspended in this thread, in a
 *  task of the event loop, or where a wrapper begins; wrappers convert externrefs after everything that may run JS of the user.
 *  Cost: O(roots' elements + handles) when the number of handles has doubled. */

import { ACTIVATION_HIGH, ACTIVATION_LOW, native } from './native.js';

/** What holds handles. */
export interface ExternRoot {
  /** Marks those that it holds. */
  markExterns(marks: Uint8Array): void;
}

/** So many handles are no reason to look. */
const FIRST_LIMIT = 1024;

const negativeZero = Symbol('-0');
/** A Map takes -0 for 0. */
const keyOf = (value: unknown) => (Object.is(value, -0) ? negativeZero : value);

/** Node's own, whatever tests of the application put in its place. */
const later = setImmediate;

export class Externs {
  /** By handle; 0 is null. */
  readonly #values: unknown[] = [null];
  readonly #handles = new Map<unknown, number>();
  /** Handles that may be used again. */
  readonly #free: number[] = [];
  readonly #roots: ExternRoot[] = [];
  #limit = FIRST_LIMIT;
  /** Whether there are so many that `collect` may pay. */
  due = false;

  addRoot(root: ExternRoot): void {
    this.#roots.push(root);
  }

  /** Undefined: the value has none yet. */
  find(value: unknown): number | undefined {
    return value === null ? 0 : this.#handles.get(keyOf(value));
  }

  /** For a value that has none. */
  add(value: unknown): number {
    let handle = this.#free.pop();
    if (handle === undefined) handle = this.#values.push(value) - 1;
    else this.#values[handle] = value;
    this.#handles.set(keyOf(value), handle);
    if (this.#handles.size > this.#limit && !this.due) {
      this.due = true;
      later(() => this.collect()).unref();
    }
    return handle;
  }

  get(handle: number): unknown {
    return this.#values[handle];
  }

  /** Takes back the handles that nothing holds; does nothing while wasm is suspended. Nobody may have a handle in a variable. */
  collect(): void {
    const { i32 } = native();
    if (!this.due || i32[ACTIVATION_LOW] !== 0 || i32[ACTIVATION_HIGH] !== 0) return;
    const marks = new Uint8Array(this.#values.length);
    for (const root of this.#roots) root.markExterns(marks);
    for (const [key, handle] of this.#handles) {
      if (marks[handle] !== 0) continue;
      this.#handles.delete(key);
      this.#values[handle] = undefined;
      this.#free.push(handle);
    }
    this.#limit = Math.max(FIRST_LIMIT, 2 * this.#handles.size);
    this.due = false;
  }

  clear(): void {
    this.#values.length = 0;
    this.#free.length = 0;
    this.#roots.length = 0;
    this.#handles.clear();
    this.due = false;
  }
}
