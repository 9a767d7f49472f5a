/** v8: V8's own WebAssembly, whatever the drop-in or the application has put into the global object since. */

/** The key under which the drop-in leaves V8's namespace in the global object. Copies of Ouro that are loaded after the drop-in find it there. */
export const ORIGINAL = Symbol.for('ouro.original.WebAssembly');

/** V8's own namespace. */
export const V8: typeof WebAssembly = (globalThis as any)[ORIGINAL] ?? globalThis.WebAssembly;

/** Whether a drop-in is in place: this copy of Ouro's, or another's. */
export function isReplaced(): boolean {
  return ORIGINAL in globalThis;
}
