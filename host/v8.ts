/** v8: the engine's own WebAssembly, whatever the application has put into the global since. */

export const V8: typeof WebAssembly = globalThis.WebAssembly;
