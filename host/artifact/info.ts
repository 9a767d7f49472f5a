/** info: what a user can ask about a module, decoded once: imports and exports with their types, exports by name.
 *  Cost: the first question walks the imports and exports; later ones are O(1). */

import { ExternKind } from '../../runtime/artifact.js';
import type { Code } from './code.js';
import { ModuleExport } from './export.js';
import type { PlannedExport } from './plan.js';
import type { ExportType, ExternType, ImportType } from '../base/types.js';

/** What instances of a module need besides what they import: sizes of its own memories and tables. */
export interface ResourcesRequired {
  /** Memories of the module's own. */
  readonly numMemories: number;
  /** The largest initial size among them, in pages of that memory; undefined when there is none. */
  readonly maxInitialMemorySize: number | undefined;
  /** Tables of the module's own. */
  readonly numTables: number;
  /** The largest initial size among them, in elements; undefined when there is none. */
  readonly maxInitialTableSize: number | undefined;
}

export class ModuleInfo {
  /** Module order. */
  readonly imports: readonly ImportType[];
  /** Module order. */
  readonly exports: readonly ExportType[];
  readonly resources: ResourcesRequired;
  readonly #code: Code;
  /** By position; made when they are asked for. */
  readonly #handles: (ModuleExport | undefined)[] = [];

  constructor(code: Code) {
    const { plan, artifact } = code;
    this.#code = code;
    this.imports = Object.freeze(plan.imports.map(({ module, name, type }) => Object.freeze({ module, name, type })));
    const imported = plan.imports.flatMap(({ kind, type }) => (kind === ExternKind.Func ? [type] : []));
    const typeOf = (each: PlannedExport) =>
      each.kind !== ExternKind.Func
        ? plan.exportType(each)
        : (imported[each.index] ?? plan.types[artifact.functionType(each.index - imported.length)]);
    this.exports = Object.freeze(plan.exports.map((each) => Object.freeze({ name: each.name, type: typeOf(each) })));
    const { memoryImports, tableImports } = artifact.counts;
    const memories = plan.memories.slice(memoryImports);
    const tables = plan.tables.slice(tableImports);
    this.resources = Object.freeze({
      numMemories: memories.length,
      maxInitialMemorySize: largest(memories),
      numTables: tables.length,
      maxInitialTableSize: largest(tables),
    });
  }

  /** The type of an export, by name. */
  exportType(name: string): ExternType | undefined {
    const position = this.#code.plan.exportPosition(name);
    return position === undefined ? undefined : this.exports[position].type;
  }

  /** The handle of an export, by name; the same each time. */
  exportHandle(name: string): ModuleExport | undefined {
    const position = this.#code.plan.exportPosition(name);
    if (position === undefined) return undefined;
    this.#handles[position] ??= new ModuleExport(name, position, this.#code);
    return this.#handles[position];
  }
}

const largest = (list: readonly { readonly minimum: number }[]) =>
  list.length === 0 ? undefined : list.reduce((most, { minimum }) => Math.max(most, minimum), 0);
