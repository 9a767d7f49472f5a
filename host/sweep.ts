/** sweep: drops what V8's termination left on a thread's wasm stacks. When a `vm` timeout ends JS that wasm has called, no `catch` or `finally` of
 *  ours runs, and wasm stays suspended for ever. A task of the event loop has no JS below it, so whatever is suspended then, is abandoned.
 *  Cost: one immediate for each turn of the event loop in which wasm calls JS. */

import { ACTIVATION, native } from './native.js';

let due = false;

/** Before wasm's call of JS, which may be terminated. */
export function sweepLater(): void {
  if (due) return;
  due = true;
  setImmediate(sweep).unref();
}

function sweep(): void {
  due = false;
  const { f64, unwind } = native();
  while (f64[ACTIVATION] !== 0) unwind();
}
