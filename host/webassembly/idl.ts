/** idl: what Web IDL says about interfaces and arguments, and JS syntax does not do by itself. */

const MAX_U32 = 2 ** 32 - 1;

/** [EnforceRange] unsigned long. `what` begins the message, as V8's do: `WebAssembly.Table.get(): Argument 0`. */
export function toIndex(value: any, what: string): number {
  const index = Math.trunc(+value);
  if (!Number.isFinite(index)) throw new TypeError(`${what} must be convertible to a valid number`);
  if (index < 0) throw new TypeError(`${what} must be non-negative`);
  if (index > MAX_U32) throw new TypeError(`${what} must be in the unsigned long range`);
  return index + 0;
}

/** A descriptor that V8 reads as it would read `descriptor`. What it reads is noted, as V8 will convert it: the members that `notes` names as
 *  strings, or as numbers for `maximum`. */
export function noting(descriptor: any, notes: Readonly<Record<string, (value: any) => void>>): any {
  if (descriptor === null || (typeof descriptor !== 'object' && typeof descriptor !== 'function')) return descriptor;
  const read = (key: PropertyKey) => {
    const value = descriptor[key];
    const note = notes[key as string];
    if (!note || value === undefined) return value;
    // An object is converted once, here.
    const simple = typeof value !== 'object' && typeof value !== 'function' ? value : key === 'maximum' ? +value : `${value}`;
    note(key === 'maximum' ? Number(simple) : simple);
    return simple;
  };
  return new Proxy(Object.create(null), { get: (_, key) => read(key), has: (_, key) => key in descriptor });
}
