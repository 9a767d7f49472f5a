/** v8: the engine's own WebAssembly, whatever the application, or the drop-in, has put into the global since. */

/** Where the drop-in leaves V8's namespace, for copies of Ouro that are loaded after it was put in place. */
export const ORIGINAL = Symbol.for('ouro.original.WebAssembly');

export const V8: typeof WebAssembly = (globalThis as any)[ORIGINAL] ?? globalThis.WebAssembly;

/** Whether this or another copy of the drop-in is in place. */
export function isReplaced(): boolean {
  return ORIGINAL in globalThis;
}
