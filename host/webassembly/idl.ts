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

/** Gives a class's prototype the members of V8's, in its order and with its attributes: each member that the class does not have goes to V8's
 *  object, which `toV8` finds. */
export function completePrototype(ours: object, v8: object, tag: string, toV8: (receiver: unknown) => unknown): void {
  for (const key of Reflect.ownKeys(v8)) {
    const theirs = Object.getOwnPropertyDescriptor(v8, key)!;
    const own = Object.getOwnPropertyDescriptor(ours, key);
    if (key === 'constructor' || key === Symbol.toStringTag) continue;
    const { enumerable, configurable } = theirs;
    if (own) Object.defineProperty(ours, key, { ...own, enumerable, configurable });
    else if (typeof theirs.value === 'function') {
      const method = theirs.value as (...args: unknown[]) => unknown;
      const holder = {
        [key](...args: unknown[]) {
          return method.apply(toV8(this), args);
        },
      };
      Object.defineProperty(holder[key as string], 'length', { value: method.length, configurable: true });
      Object.defineProperty(ours, key, { ...theirs, value: holder[key as string] });
    } else Object.defineProperty(ours, key, theirs);
  }
  Object.defineProperty(ours, Symbol.toStringTag, { value: tag, configurable: true });
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
