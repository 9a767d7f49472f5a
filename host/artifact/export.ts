/** export: the handle of an export: found by name once, in the module, and then by position in each instance. */

import { OuroError } from '../base/errors.js';

/** One export of a module, from `module.getExportIndex(name)`. Instances of the same module find the export by it without looking up
 *  the name again: `instance.getExport(store, index)`.
 *
 *  @example
 *  const index = module.getExportIndex('add');
 *  for (let i = 0; i < 3; i++) {
 *    const add = new Instance(store, module, [console.log]).getExport(store, index);
 *    add.call(store, i, 1); // => i + 1
 *  } */
export class ModuleExport {
  /** The export's name. */
  readonly name: string;
  readonly #index: number;
  /** The compiled code whose exports are counted. */
  readonly #code: object;

  /** @internal */
  constructor(name: string, index: number, code: object) {
    this.name = name;
    this.#index = index;
    this.#code = code;
  }

  /** @internal Position among the exports of this code, in module order. Throws when it is other code. */
  indexIn(code: object): number {
    if (code !== this.#code) throw new OuroError('EXPORT_MISSING', `the handle of export '${this.name}' belongs to another module`);
    return this.#index;
  }
}
