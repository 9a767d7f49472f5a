/** export: the handle of an export: found by name once, in the module, and then by position in each instance. */

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
  /** @internal Position among the module's exports, in module order. */
  readonly index: number;
  /** @internal Identity of the compiled code that the position is of: what `Module` calls `code`. */
  readonly owner: object;

  /** @internal */
  constructor(name: string, index: number, owner: object) {
    this.name = name;
    this.index = index;
    this.owner = owner;
  }
}
