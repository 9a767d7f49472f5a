/** memory-type: finds out the type of a WebAssembly.Memory. V8 tells only its size, so the maximum is searched.
 *  In: a memory, and a guess at its maximum. Out: its type.
 *  Cost: V8 is asked which imports the memory satisfies, by linking tiny modules: about 16 times, or twice if the guess is right; once a memory. */

import { passRangeError } from '../base/host-stack.js';
import type { MemoryType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { memoryImporter } from '../wasm/tiny-modules.js';

const PAGE = 65536;
const MAX_PAGES = 65536;

const maxima = new WeakMap<WebAssembly.Memory, { readonly pages: number | undefined }>();

/** The type of a memory. `guess`: what its maximum may be, in pages. */
export function memoryTypeOf(memory: WebAssembly.Memory, guess: number | undefined): MemoryType {
  const minimum = memory.buffer.byteLength / PAGE;
  const shared = !(memory.buffer instanceof ArrayBuffer);
  let maximum = maxima.get(memory);
  if (!maximum) maxima.set(memory, (maximum = { pages: findMaximum(memory, minimum, shared, guess) }));
  return { kind: 'memory', minimum, maximum: maximum.pages, shared, is64: false, pageSize: PAGE };
}

/** The memory's maximum, in pages; undefined when it has none. A binary search, after a look at the guess. */
function findMaximum(memory: WebAssembly.Memory, minimum: number, shared: boolean, guess: number | undefined): number | undefined {
  const has = (pages: number) => hasMaximum(memory, pages, shared);
  if (!has(MAX_PAGES)) return undefined;
  if (guess !== undefined && has(guess) && (guess === minimum || !has(guess - 1))) return guess;
  let low = minimum;
  let high = MAX_PAGES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (has(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether the memory has a maximum that is at most `pages`. */
function hasMaximum(memory: WebAssembly.Memory, pages: number, shared: boolean): boolean {
  const module = new V8.Module(memoryImporter(pages, shared) as BufferSource);
  try {
    new V8.Instance(module, { '': { '': memory } });
    return true;
  } catch (error) {
    passRangeError(error);
    return false;
  }
}
