/** memory-type: the type of a WebAssembly.Memory, of which V8 tells the size alone. */

import { passRangeError } from '../base/host-stack.js';
import type { MemoryType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { memoryImporter } from '../wasm/tiny-modules.js';

const PAGE = 65536;
const MAX_PAGES = 65536;

const maxima = new WeakMap<WebAssembly.Memory, { readonly pages: number | undefined }>();

/** Its maximum is found by asking V8 which imports it would satisfy, about 16 times; `guess`, in pages, makes that two where it is right. */
export function memoryTypeOf(memory: WebAssembly.Memory, guess: number | undefined): MemoryType {
  const minimum = memory.buffer.byteLength / PAGE;
  const shared = !(memory.buffer instanceof ArrayBuffer);
  let maximum = maxima.get(memory);
  if (!maximum) maxima.set(memory, (maximum = { pages: findMaximum(memory, minimum, shared, guess) }));
  return { kind: 'memory', minimum, maximum: maximum.pages, shared, is64: false, pageSize: PAGE };
}

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
