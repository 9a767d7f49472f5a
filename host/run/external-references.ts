/** external-references: the JS values that wasm of a store holds as external references. Compiled code knows only numbers, the handles; this is the
 *  store's table from handle to value and back.
 *  In: JS values, and handles from wasm. Out: a handle for each value, and the value of each handle. Handle 0 is null.
 *  Requires: no two stores of a thread give out the same handle, so each store takes ranges of numbers for itself. So stores can be merged while
 *  frames of both are suspended and hold handles, which nobody could change there; nor has anything else that holds a handle to be found. Values
 *  are in a list of their store, since a value may be what keeps the store alive: a list of the thread would keep both for ever.
 *  A handle is taken back when nothing in the store can hold it any more. These can hold one: tables and globals of type externref (the roots),
 *  frames of wasm, and our own JS between the conversion of a value and its use. So handles are collected only when no wasm is suspended in this
 *  thread, and then only in a task of the event loop or where a wrapper begins. Wrappers convert externrefs after everything that may run user code.
 *  Cost: a collection takes O(elements of the roots + handles), and happens when the number of handles has doubled. */

import { OuroError } from '../base/errors.js';
import { ACTIVATION_HIGH, ACTIVATION_LOW, native } from '../helper/native.js';
import { nextTurn } from '../base/host-stack.js';

/** A table or global that holds handles. */
export interface ExternRoot {
  /** Calls `mark` for each handle that it holds. */
  markExterns(mark: (handle: number) => void): void;
}

/** With at most so many handles no collection is worth its time. */
const FIRST_LIMIT = 1024;

const negativeZero = Symbol('-0');
/** The key of a value in a Map. A Map takes -0 for 0, so -0 needs a key of its own. */
const keyOf = (value: unknown) => (Object.is(value, -0) ? negativeZero : value);

/** Handles that a store has for itself: from `first` on, `size` of them. */
interface Range {
  readonly first: number;
  readonly size: number;
}

/** A range, with the values of the handles that have been given out, in order from `first`. */
interface Run extends Range {
  readonly values: unknown[];
  /** During a collection: 1 for each handle that a root holds. */
  marks: Uint8Array | undefined;
}

/** Sizes of a store's first and second range. Each further range has twice as many handles as the one before. Most stores need few, some many. */
const FIRST_SIZE = 64;
const SECOND_SIZE = 2048;

/** A handle is an unsigned word of 32 bits. */
const END = 2 ** 32;

/** The lowest handle that no store of this thread has had. 0 is null. */
let next = 1;
/** The first handles of ranges that are free again because their stores are gone, by size of the range. */
const returned = new Map<number, number[]>();
/** Returns the ranges of an ExternalReferences object that has been collected. */
const gone = new FinalizationRegistry<readonly Range[]>((ranges) => {
  for (const { first, size } of ranges) {
    const known = returned.get(size);
    if (known) known.push(first);
    else returned.set(size, [first]);
  }
});

/** A range of this size that no store has: a returned one, else a new one. Throws OuroError `OUT_OF_MEMORY` when there are no handles left. */
function takeRange(size: number): Range {
  let first = returned.get(size)?.pop();
  if (first === undefined) {
    if (next + size > END) throw new OuroError('OUT_OF_MEMORY', 'wasm holds more external references than there are numbers for them');
    first = next;
    next += size;
  }
  return { first, size };
}

const emptyRun: Run = { first: 0, size: 0, values: [], marks: undefined };

const sorted = (runs: Run[]) => runs.sort((one, two) => one.first - two.first);

/** Stands in a run's values where there is no value: the handle has been taken back, or has not got its value yet. */
const vacant = Symbol('vacant');

/** The external references of one store. */
export class ExternalReferences {
  /** Ordered by their first handles. */
  #runs: Run[] = [];
  /** The run that new handles come from. Most handles lie in it, so its `first` and `values` stand in fields here too: that saves `get` a load. */
  #last = emptyRun;
  #first = emptyRun.first;
  #values = emptyRun.values;
  /** The ranges of the runs. Other stores may have them when this object is gone. */
  readonly #ranges: Range[] = [];
  readonly #handles = new Map<unknown, number>();
  /** Handles that have been taken back and may be given out again. */
  #free: number[] = [];
  #roots: ExternRoot[] = [];
  /** With more handles than this a collection is due. */
  #limit = FIRST_LIMIT;
  /** Whether there are so many handles that `collect` may be worth its time. */
  due = false;

  addRoot(root: ExternRoot): void {
    this.#roots.push(root);
  }

  /** The handle of a value; undefined when the value has none yet. */
  find(value: unknown): number | undefined {
    return value === null ? 0 : this.#handles.get(keyOf(value));
  }

  /** Gives a handle to a value that has none. */
  add(value: unknown): number {
    const handle = this.#free.pop() ?? this.#newHandle();
    const run = this.#runOf(handle)!;
    run.values[handle - run.first] = value;
    this.#handles.set(keyOf(value), handle);
    this.#count();
    return handle;
  }

  get(handle: number): unknown {
    const at = handle - this.#first;
    const values = this.#values;
    return at >= 0 && at < values.length ? values[at] : this.#lookUp(handle);
  }

  /** Takes back the handles that no root holds. Does nothing while wasm is suspended, or when no collection is due. The caller must see to it that no
   *  JS variable holds a handle. */
  collect(): void {
    const { i32 } = native();
    if (!this.due || i32[ACTIVATION_LOW] !== 0 || i32[ACTIVATION_HIGH] !== 0) return;
    for (const run of this.#runs) run.marks = new Uint8Array(run.values.length);
    const mark = (handle: number) => {
      const run = this.#runOf(handle);
      if (run) run.marks![handle - run.first] = 1;
    };
    for (const root of this.#roots) root.markExterns(mark);
    for (const run of this.#runs) this.#sweep(run);
    this.#limit = Math.max(FIRST_LIMIT, 2 * this.#handles.size);
    this.due = false;
  }

  /** Takes over everything from another store's references, when the two stores are merged. Handles stay what they are. */
  absorb(other: ExternalReferences): void {
    // A value that both stores know keeps two handles, as long as something holds them. That does no harm: wasm cannot compare them.
    for (const [key, handle] of other.#handles) if (!this.#handles.has(key)) this.#handles.set(key, handle);
    this.#runs = sorted([...this.#runs, ...other.#runs]);
    if (other.#last.size > this.#last.size) this.#setLast(other.#last);
    for (const range of other.#ranges.splice(0)) this.#own(range);
    for (const handle of other.#free) this.#free.push(handle);
    for (const root of other.#roots) this.#roots.push(root);
    this.#limit = Math.max(this.#limit, other.#limit);
    other.clear();
    this.#count();
  }

  clear(): void {
    this.#runs = [];
    this.#setLast(emptyRun);
    this.#free = [];
    this.#roots = [];
    this.#handles.clear();
    this.due = false;
  }

  /** Makes a collection due when there are more handles than the limit. */
  #count(): void {
    if (this.#handles.size <= this.#limit || this.due) return;
    try {
      nextTurn(() => this.collect());
      this.due = true;
    } catch {
      // The host's stack ends here. The next new handle will try again.
    }
  }

  /** A handle that nothing has had in this store. Its value is still vacant. */
  #newHandle(): number {
    let run = this.#last;
    if (run.values.length === run.size) {
      const size = run.size === 0 ? FIRST_SIZE : Math.max(SECOND_SIZE, 2 * run.size);
      const range = takeRange(size);
      this.#own(range);
      run = { ...range, values: [], marks: undefined };
      // The run is in the list before a handle of it is given out. So such a handle can be found wherever the host's stack may end.
      this.#runs = sorted([...this.#runs, run]);
      this.#setLast(run);
    }
    return run.first + run.values.push(vacant) - 1;
  }

  #setLast(run: Run): void {
    this.#last = run;
    this.#first = run.first;
    this.#values = run.values;
  }

  /** Notes that a range belongs to this object, until it is collected. */
  #own(range: Range): void {
    if (this.#ranges.length === 0) gone.register(this, this.#ranges);
    this.#ranges.push(range);
  }

  /** The run that has a handle's value; undefined for handle 0, which is null. */
  #runOf(handle: number): Run | undefined {
    const last = this.#last;
    if (handle >= last.first && handle - last.first < last.values.length) return last;
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { first, size } = this.#runs[middle];
      if (handle < first) high = middle;
      else if (handle >= first + size) low = middle + 1;
      else return this.#runs[middle];
    }
    return undefined;
  }

  /** The value of a handle that is outside the last run; null for handle 0. */
  #lookUp(handle: number): unknown {
    if (handle === 0) return null;
    const run = this.#runOf(handle);
    return run?.values[handle - run.first];
  }

  /** Takes back the handles of a run that are not marked. */
  #sweep(run: Run): void {
    const { first, values } = run;
    const marks = run.marks!;
    run.marks = undefined;
    for (let i = 0; i < values.length; i++) {
      if (marks[i] !== 0 || values[i] === vacant) continue;
      const key = keyOf(values[i]);
      if (this.#handles.get(key) === first + i) this.#handles.delete(key);
      values[i] = vacant;
      this.#free.push(first + i);
    }
  }
}
