/** export: the handle of an export. The export is looked up by its name once, in the module; its handle then finds it in each instance by
 *  position. */

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
  /** The code to whose exports the position belongs. */
  readonly #code: object;

  /** @internal */
  constructor(name: string, index: number, code: object) {
    this.name = name;
    this.#index = index;
    this.#code = code;
  }

  /** @internal The export's position in module order. Throws OuroError `EXPORT_MISSING` when `code` is not the code that the handle belongs to. */
  indexIn(code: object): number {
    if (code !== this.#code) throw new OuroError('EXPORT_MISSING', `the handle of export '${this.name}' belongs to another module`);
    return this.#index;
  }
}
