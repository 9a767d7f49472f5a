/** externs: the JS values that wasm of a store holds as external references, by handle: compiled code knows numbers alone.
 *  No two stores of a thread give out the same number: each takes ranges of its own. So stores can be merged while frames of both are
 *  suspended and hold handles, where nobody could change them; nor does anything else that holds one have to be found. Values are kept by
 *  store, since a value may be what keeps the store: a list of the thread would keep both for ever.
 *  A handle is taken back when nothing in the store can hold it any more. Who can: tables and globals of type externref (the roots), frames
 *  of wasm, and JS of ours between the conversion of a value and its use. So it is looked for when no wasm is suspended in this thread, in a
 *  task of the event loop, or where a wrapper begins; wrappers convert externrefs after everything that may run JS of the user.
 *  Cost: O(roots' elements + handles) when the number of handles has doubled. */

import { OuroError } from '../base/errors.js';
import { ACTIVATION_HIGH, ACTIVATION_LOW, native } from '../helper/native.js';
import { nextTurn } from '../base/host-stack.js';

/** What holds handles. */
export interface ExternRoot {
  /** Calls `mark` for those that it holds. */
  markExterns(mark: (handle: number) => void): void;
}

/** So many handles are no reason to look. */
const FIRST_LIMIT = 1024;

const negativeZero = Symbol('-0');
/** A Map takes -0 for 0. */
const keyOf = (value: unknown) => (Object.is(value, -0) ? negativeZero : value);

/** Numbers that a store has for itself. */
interface Range {
  readonly first: number;
  readonly size: number;
}

/** A range, and the values of those of its numbers that have been used. */
interface Run extends Range {
  readonly values: unknown[];
  /** While handles are looked for: 1 for those that are held. */
  marks: Uint8Array | undefined;
}

/** Most stores need few, some need many: a store's first range, and the second; each further one has twice as many. */
const FIRST_SIZE = 64;
const SECOND_SIZE = 2048;

/** A handle is an unsigned word of 32 bits. */
const END = 2 ** 32;

/** The lowest number that no store of this thread has had. 0 is null. */
let next = 1;
/** First numbers of ranges whose stores are gone, by size. */
const returned = new Map<number, number[]>();
const gone = new FinalizationRegistry<readonly Range[]>((ranges) => {
  for (const { first, size } of ranges) {
    const known = returned.get(size);
    if (known) known.push(first);
    else returned.set(size, [first]);
  }
});

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

/** In place of a value whose handle has been taken back. */
const vacant = Symbol('vacant');

export class Externs {
  /** By their first numbers. */
  #runs: Run[] = [];
  /** Where the next number comes from; it has most of the handles. Its first number and its values stand here too: that is a load less. */
  #last = emptyRun;
  #first = emptyRun.first;
  #values = emptyRun.values;
  /** The runs' ranges, which are free again when this object is gone. */
  readonly #ranges: Range[] = [];
  readonly #handles = new Map<unknown, number>();
  /** Handles that may be used again. */
  #free: number[] = [];
  #roots: ExternRoot[] = [];
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

  /** Takes back the handles that nothing holds; does nothing while wasm is suspended. Nobody may have a handle in a variable. */
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

  /** Takes everything over from the list of a store that becomes one with this one's. What holds a handle need not know. */
  absorb(other: Externs): void {
    // A value that both have keeps two handles, as long as they are held: wasm cannot compare them.
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

  /** Sees to it that `collect` will run when it may pay. */
  #count(): void {
    if (this.#handles.size <= this.#limit || this.due) return;
    try {
      nextTurn(() => this.collect());
      this.due = true;
    } catch {
      // Where the host's stack ends: there will be another handle.
    }
  }

  #newHandle(): number {
    let run = this.#last;
    if (run.values.length === run.size) {
      const size = run.size === 0 ? FIRST_SIZE : Math.max(SECOND_SIZE, 2 * run.size);
      const range = takeRange(size);
      this.#own(range);
      run = { ...range, values: [], marks: undefined };
      // Found before it is used, wherever the host's stack ends.
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

  #own(range: Range): void {
    if (this.#ranges.length === 0) gone.register(this, this.#ranges);
    this.#ranges.push(range);
  }

  /** Where a handle's value is; undefined for null. */
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

  #lookUp(handle: number): unknown {
    if (handle === 0) return null;
    const run = this.#runOf(handle);
    return run?.values[handle - run.first];
  }

  /** Takes back what is not marked in a run. */
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
