/** code-map: the functions of a module's code, and the map from its code back to the wasm binary.
 *  In: a Code. Out: objects and iterators that read the artifact record by record, as somebody asks.
 *  Requires: the code is still mapped at each step; if not, the step throws OuroError `DISPOSED`.
 *  Cost: O(1) for each function or entry that is read. */

import type { Code } from './code.js';
import { damaged, OuroError } from '../base/errors.js';

/** Where the code of a function lies. */
export interface ModuleFunction {
  /** Function index in the module; imported functions come before the first. */
  readonly index: number;
  /** From the name section, else the name of its first export, else `wasm[index]`. */
  readonly name: string;
  /** Offset of its first byte in `module.text()`. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
}

function requireMapped(code: Code): void {
  if (!code.isMapped) throw new OuroError('DISPOSED', 'the module has been disposed of');
}

/** The functions that a module defines, in index order, which is the order of their code. `length` is known at once; a function is decoded
 *  when it is asked for.
 *
 *  @example
 *  [...module.functions()].map(({ name, index }) => [name, index]); // => [['add', 1]] */
export class ModuleFunctions implements Iterable<ModuleFunction> {
  /** How many there are. */
  readonly length: number;
  readonly #code: Code;

  /** @internal */
  constructor(code: Code) {
    this.#code = code;
    this.length = code.artifact.counts.functions;
  }

  /** Function number `position` of those that the module defines; from the end when negative; undefined when there is none. Throws OuroError
   *  `DISPOSED` when the module has been disposed of.
   *
   *  @example
   *  module.functions().at(-1).name; // => 'add' */
  at(position: number): ModuleFunction | undefined {
    const at = Math.trunc(position) + (position < 0 ? this.length : 0);
    if (!(at >= 0 && at < this.length)) return undefined;
    requireMapped(this.#code);
    const { index, name, codeOffset, codeSize } = this.#code.artifact.function(at);
    return { index, name, offset: codeOffset, length: codeSize };
  }

  /** All of them, in order.
   *
   *  @example
   *  for (const { name, offset, length } of module.functions()) {
   *    module.text().subarray(offset, offset + length).length === length; // => true
   *  } */
  *[Symbol.iterator](): IterableIterator<ModuleFunction> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!;
  }
}

/** The code from `textOffset` up to the `textOffset` of the next entry comes from the wasm instruction at `wasmOffset` in the binary. When that is
 *  undefined, the code comes from no instruction. */
export type AddressMapEntry = readonly [textOffset: number, wasmOffset: number | undefined];

/** The entries of the address map, ordered by `textOffset`; no two neighbours have the same `wasmOffset`. Undefined when the artifact has no map. */
export function addressMap(code: Code): IterableIterator<AddressMapEntry> | undefined {
  const { counts } = code.artifact;
  // A map has an entry for each function. So an artifact with functions and no entries has no map.
  return counts.addresses === 0 && counts.functions > 0 ? undefined : entries(code);
}

function* entries(code: Code): IterableIterator<AddressMapEntry> {
  const { artifact } = code;
  const { addresses } = artifact.counts;
  let last = -1;
  let shown: number | undefined | null = null;
  for (let i = 0; i < addresses; i++) {
    requireMapped(code);
    const [textOffset, wasmOffset] = artifact.address(i);
    if (textOffset <= last || textOffset >= artifact.text.size) {
      damaged(`entry ${i} of the address map`);
    }
    last = textOffset;
    if (wasmOffset === shown) continue;
    shown = wasmOffset;
    yield [textOffset, wasmOffset];
  }
}
