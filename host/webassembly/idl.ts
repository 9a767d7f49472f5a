/** idl: what Web IDL prescribes for arguments and JS does not do by itself. The messages are V8's. Ref: Web IDL. */

const MAX_U32 = 2 ** 32 - 1;

/** Converts a value as Web IDL's `[EnforceRange] unsigned long`. Throws a TypeError whose message begins with `what`, as V8's do:
 *  `WebAssembly.Table.get(): Argument 0`. */
export function toIndex(value: any, what: string): number {
  const index = Math.trunc(+value);
  if (!Number.isFinite(index)) throw new TypeError(`${what} must be convertible to a valid number`);
  if (index < 0) throw new TypeError(`${what} must be non-negative`);
  if (index > MAX_U32) throw new TypeError(`${what} must be in the unsigned long range`);
  return index + 0;
}

/** A stand-in for `descriptor`, which V8 reads just as it would read `descriptor`. When V8 reads a member that `notes` has a function for, that
 *  function gets the value as V8 converts it: to a number for `maximum`, to a string for the others. */
export function noting(descriptor: any, notes: Readonly<Record<string, (value: any) => void>>): any {
  if (descriptor === null || (typeof descriptor !== 'object' && typeof descriptor !== 'function')) return descriptor;
  const read = (key: PropertyKey) => {
    const value = descriptor[key];
    const note = notes[key as string];
    if (!note || value === undefined) return value;
    // The application can see how often an object is converted. So it is converted here, once, and V8 gets the result.
    const simple = typeof value !== 'object' && typeof value !== 'function' ? value : key === 'maximum' ? +value : `${value}`;
    note(key === 'maximum' ? Number(simple) : simple);
    return simple;
  };
  return new Proxy(Object.create(null), { get: (_, key) => read(key), has: (_, key) => key in descriptor });
}
