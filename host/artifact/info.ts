/** info: what a user can ask about a module, decoded once: imports and exports with their types, exports by name.
 *  In: an artifact and its plan. Out: frozen objects, the same each time.
 *  Cost: making a ModuleInfo walks all imports and exports. After that each question is O(1). */

import { ExternKind } from '../../runtime/artifact.js';
import type { Artifact } from './artifact.js';
import { ModuleExport } from './export.js';
import type { Plan, PlannedExport } from './plan.js';
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

/** What a user can ask about one module. */
export class ModuleInfo {
  /** In module order. */
  readonly imports: readonly ImportType[];
  /** In module order. */
  readonly exports: readonly ExportType[];
  readonly resources: ResourcesRequired;
  readonly #plan: Plan;
  /** The code to which the handles of exports belong. */
  readonly #code: object;
  /** Handles by the export's position; each is made when it is first asked for. */
  readonly #handles: (ModuleExport | undefined)[] = [];

  constructor(artifact: Artifact, plan: Plan, code: object) {
    this.#plan = plan;
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

  /** The type of an export, by its name; undefined when there is none. */
  exportType(name: string): ExternType | undefined {
    const position = this.#plan.exportPosition(name);
    return position === undefined ? undefined : this.exports[position].type;
  }

  /** The handle of an export, by its name: the same object each time; undefined when there is no such export. */
  exportHandle(name: string): ModuleExport | undefined {
    const position = this.#plan.exportPosition(name);
    if (position === undefined) return undefined;
    this.#handles[position] ??= new ModuleExport(name, position, this.#code);
    return this.#handles[position];
  }
}

const largest = (list: readonly { readonly minimum: number }[]) =>
  list.length === 0 ? undefined : list.reduce((most, { minimum }) => Math.max(most, minimum), 0);
