/** info: what a user can ask about a module, decoded once: imports and exports with their types, exports by name.
 *  Cost: the first question walks the imports and exports; later ones are O(1). */

import { ExternKind } from '../runtime/artifact.js';
import type { Code } from './code.js';
import { ModuleExport } from './export.js';
import type { PlannedExport } from './plan.js';
import type { ExportType, ExternType, ImportType } from './types.js';

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

interface NamedExport {
  readonly handle: ModuleExport;
  readonly type: ExternType;
}

export class ModuleInfo {
  /** Module order. */
  readonly imports: readonly ImportType[];
  /** Module order. */
  readonly exports: readonly ExportType[];
  readonly resources: ResourcesRequired;
  readonly #byName = new Map<string, NamedExport>();

  constructor(code: Code) {
    const { plan, artifact } = code;
    this.imports = Object.freeze(plan.imports.map(({ module, name, type }) => Object.freeze({ module, name, type })));
    const imported = plan.imports.flatMap(({ kind, type }) => (kind === ExternKind.Func ? [type] : []));
    const typeOf = (each: PlannedExport) =>
      each.kind !== ExternKind.Func
        ? plan.exportType(each)
        : (imported[each.index] ?? plan.types[artifact.functionType(each.index - imported.length)]);
    this.exports = Object.freeze(
      plan.exports.map((each, index) => {
        const { name } = each;
        const type = typeOf(each);
        this.#byName.set(name, { handle: new ModuleExport(name, index, code), type });
        return Object.freeze({ name, type });
      }),
    );
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

  /** By name. */
  export(name: string): NamedExport | undefined {
    return this.#byName.get(name);
  }
}

const largest = (list: readonly { readonly minimum: number }[]) =>
  list.length === 0 ? undefined : list.reduce((most, { minimum }) => Math.max(most, minimum), 0);
