/** linked-instance: a module with its state. Instantiation copies the module's VMContext template, fills in what this instance has for itself,
 *  applies the segments, and runs the start function, in the order of the specification.
 *  Cost: in proportion to imports and segments, not to functions. */

import { ExternKind, Section, SegmentMode } from '../../runtime/artifact.js';
import * as L from '../../runtime/layout.js';
import type { Init } from '../artifact/records.js';
import { callBits } from './calls.js';
import type { Code } from '../artifact/code.js';
import { evaluateConstant } from '../wasm/constant.js';
import { damaged, LinkError, OuroError } from '../base/errors.js';
import type { ModuleExport } from '../artifact/export.js';
import { serveBuiltin } from './builtins.js';
import type { Extern } from './extern.js';
import { Func } from './func.js';
import { Global } from './global.js';
import { Memory } from './memory.js';
import { type Cell, native, readAddress, writeAddress } from '../helper/native.js';
import { type Plan, type PlannedElem, type PlannedExport, toAddress } from '../artifact/plan.js';
import type { Store } from './store.js';
import { Table } from './table.js';
import { Trap, type TrapCodeName } from './trap.js';
import { FuncType, funcTypeById, type ValType } from '../base/types.js';
import { noteUse, USE_INSTANCE } from '../base/usage.js';

const start = new FuncType([], []);

/** An instance of code whose imports are there, as externs of its store. api/instance.ts is what users make. */
export class LinkedInstance {
  /** The store that it lives in. */
  readonly store: Store;
  /** @internal Whole index spaces. */
  readonly memories: Memory[] = [];
  /** @internal */
  readonly tables: Table[] = [];
  readonly #globals: Global[] = [];
  readonly #code: Code;
  readonly #plan: Plan;
  /** The VMContext: words from index `at` on. */
  readonly #words: Uint32Array;
  readonly #at: number;
  /** Of the VMContext. */
  readonly #address: number;
  #droppedElems: boolean[] | undefined;
  /** What has been asked for, by the export's position. */
  readonly #externs: (Extern | undefined)[] = [];
  /** Functions that somebody has asked for, by FuncRef slot. */
  #funcs: (Func | undefined)[] | undefined;

  /** @internal `externs`: of this store, one for each import, of types that match. `prepare` runs when all is in place but the start function. */
  constructor(store: Store, code: Code, externs: readonly Extern[] = [], prepare?: (instance: LinkedInstance) => void) {
    noteUse(USE_INSTANCE);
    const { artifact, plan } = code;
    const { context, counts } = artifact;
    this.store = store;
    this.#code = code;
    this.#plan = plan;

    const { words, at, address } = store.cell(context.size);
    words.set(plan.template, at);
    this.#words = words;
    this.#at = at;
    this.#address = address;
    writeAddress(words, at + (L.VMCONTEXT_ACTIVITY >> 2), store.activity);
    const id = store.addInstance(this, code);
    words[at + (L.VMCONTEXT_INSTANCE_ID >> 2)] = id;
    this.#addImports(externs);

    for (let i = counts.memoryImports; i < counts.memories; i++) {
      this.memories.push(
        new Memory(store, plan.memories[i], undefined, this.#cell(context.memories, i - counts.memoryImports, L.MEMORYDESC_SIZE)),
      );
    }
    if (counts.memories > 0) writeAddress(words, at + (L.VMCONTEXT_MEMORY0_BASE >> 2), this.memories[0].base);
    if (!artifact.explicitBounds) this.#requireGuards();
    const { funcRefs, types, funcImports } = counts;
    if (funcRefs > 0 || funcImports > 0) {
      const typeIds = address + context.typeIds;
      const { textAddress } = code;
      const size = artifact.text.size;
      if (
        !native().initFunctions(
          address,
          context.funcRefs,
          plan.funcRefRecords,
          funcRefs,
          textAddress,
          size,
          id,
          typeIds,
          types,
          funcImports,
        )
      ) {
        damaged('a function reference');
      }
    }
    // Those that hold JS values are told to the store; the others are made when somebody asks for them.
    for (const index of plan.externGlobals) this.#global(index);
    for (const { index, init } of plan.globalInits) {
      const bits = this.#evaluate(init, plan.globals[index].content);
      const global = at + ((context.globals + (index - counts.globalImports) * L.GLOBAL_SIZE) >> 2);
      words[global] = Number(BigInt.asUintN(32, bits));
      words[global + 1] = Number(bits >> 32n);
    }
    for (let i = counts.tableImports; i < counts.tables; i++) {
      const table = new Table(store, plan.tables[i], null, this.#cell(context.tables, i - counts.tableImports, L.TABLEDESC_SIZE));
      this.tables.push(table);
      const init = plan.tableInits[i];
      if (init.kind !== 'none' && init.kind !== 'null')
        table.fillRange(0, Number(this.#evaluate(init, plan.tables[i].element)), table.size());
    }

    for (const i of plan.activeElems) this.#applyElem(i);
    this.#applyDatas();
    prepare?.(this);
    if (artifact.start !== undefined) this.#start(artifact.start);
  }

  /** An export by name, or faster by what `module.getExportIndex(name)` gave: Func, Memory, Table or Global, the same object each time;
   *  undefined when there is none of the name. Throws OuroError `EXPORT_MISSING` for a handle of another module, `WRONG_STORE` for another
   *  store.
   *
   *  @example
   *  const instance = new Instance(store, module, [console.log]);
   *  instance.getExport(store, 'memory') instanceof Memory; // => true
   *  instance.getExport(store, 'nothing'); // => undefined */
  getExport(store: Store, which: string | ModuleExport): Extern | undefined {
    this.store.check(store, 'instance');
    const position = typeof which === 'string' ? this.#plan.exportPosition(which) : which.indexIn(this.#code);
    return position === undefined ? undefined : this.exportAt(position);
  }

  /** An exported function. Throws OuroError `EXPORT_MISSING` when there is none of this name, or it is something else.
   *
   *  @example
   *  const add = new Instance(store, module, [console.log]).getFunc(store, 'add');
   *  String(add.type()); // => '(i32, i32) -> (i32)' */
  getFunc(store: Store, name: string): Func {
    return this.#get(store, name, Func, 'function');
  }

  /** An exported memory. Throws as `getFunc` does.
   *
   *  @example
   *  new Instance(store, module, [console.log]).getMemory(store, 'memory').size(); // => 1 */
  getMemory(store: Store, name: string): Memory {
    return this.#get(store, name, Memory, 'memory');
  }

  /** An exported table. Throws as `getFunc` does.
   *
   *  @example
   *  const instance = new Instance(store, new Module(engine, '(module (table (export "t") 5 funcref))'));
   *  instance.getTable(store, 't').size(); // => 5 */
  getTable(store: Store, name: string): Table {
    return this.#get(store, name, Table, 'table');
  }

  /** An exported global. Throws as `getFunc` does.
   *
   *  @example
   *  const instance = new Instance(store, new Module(engine, '(module (global (export "g") i32 (i32.const 7)))'));
   *  instance.getGlobal(store, 'g').value; // => 7 */
  getGlobal(store: Store, name: string): Global {
    return this.#get(store, name, Global, 'global');
  }

  /** @internal The FuncRef of an imported function; undefined when the function is the instance's own. */
  importedFuncRef(index: number): number | undefined {
    if (index >= this.#code.artifact.counts.funcImports) return undefined;
    return readAddress(this.#words, this.#at + ((L.vmcontextFuncImport(index) + L.FUNCIMPORT_REF) >> 2));
  }

  /** @internal Its number in the store that this one has become part of. */
  setNumber(number: number): void {
    const words = this.#words;
    const { context, counts } = this.#code.artifact;
    words[this.#at + (L.VMCONTEXT_INSTANCE_ID >> 2)] = number;
    const first = this.#at + ((context.funcRefs + L.FUNCREF_INSTANCE_ID) >> 2);
    for (let i = 0; i < counts.funcRefs; i++) words[first + i * (L.FUNCREF_SIZE >> 2)] = number;
  }

  /** @internal The function with the FuncRef at this address, the same object each time; undefined when it is none of this instance's. */
  funcAt(address: number): Func | undefined {
    const { context, counts } = this.#code.artifact;
    const slot = (address - this.#address - context.funcRefs) / L.FUNCREF_SIZE;
    return slot >= 0 && slot < counts.funcRefs ? this.#funcAtSlot(slot) : undefined;
  }

  #funcAtSlot(slot: number): Func {
    // Of its full length: an array that is filled in any order would become a dictionary.
    const funcs = (this.#funcs ??= new Array(this.#code.artifact.counts.funcRefs));
    return (funcs[slot] ??= this.#makeFunc(slot));
  }

  #makeFunc(slot: number): Func {
    const { artifact } = this.#code;
    const { funcImports } = artifact.counts;
    const offset = artifact.context.funcRefs + slot * L.FUNCREF_SIZE;
    const ref = this.#at + (offset >> 2);
    const index = this.#words[ref + (L.FUNCREF_FUNC_INDEX >> 2)];
    const imported = this.importedFuncRef(index);
    if (imported !== undefined) return this.store.funcAt(imported) as Func;
    const type = funcTypeById(this.#words[ref + (L.FUNCREF_TYPE >> 2)]);
    const found = artifact.accessor(index - funcImports);
    const access = found && { accessor: found.accessor, cell: this.#global(found.global).cell };
    return new Func(this.store, type, this.#address + offset, String(index), artifact.isLeaf(index - funcImports), access);
  }

  /** @internal What compiled code cannot do itself. The result goes into the slots; a trap is returned. */
  serve(builtin: number): TrapCodeName | undefined {
    return serveBuiltin(builtin, this);
  }

  /** @internal table.init: false when one of the ranges does not fit. */
  initTable(tableIndex: number, elemIndex: number, to: number, from: number, count: number): boolean {
    const table = this.tables[tableIndex];
    const elem = this.#plan.elems[elemIndex];
    const length = this.#droppedElems?.[elemIndex] || elem.mode === SegmentMode.Declarative ? 0 : elem.count;
    if (from + count > length || to + count > table.size()) return false;
    this.#putItems(elem, table, to, from, count);
    return true;
  }

  /** @internal */
  dropElem(index: number): void {
    this.#droppedElems ??= [];
    this.#droppedElems[index] = true;
  }

  #get<T extends Extern>(store: Store, name: string, kind: new (...args: any[]) => T, what: string): T {
    const found = this.getExport(store, name);
    if (found instanceof kind) return found;
    throw new OuroError('EXPORT_MISSING', `the module has no exported ${what} '${name}'`);
  }

  /** @internal Names of the exports, in module order. */
  get exportNames(): readonly string[] {
    return this.#plan.exports.map(({ name }) => name);
  }

  /** @internal By position, in module order. */
  exportAt(position: number): Extern {
    this.#externs[position] ??= this.#find(this.#plan.exports[position]);
    return this.#externs[position];
  }

  #find({ kind, index }: PlannedExport): Extern {
    switch (kind) {
      case ExternKind.Func:
        return this.#func(index);
      case ExternKind.Table:
        return this.tables[index];
      case ExternKind.Memory:
        return this.memories[index];
      case ExternKind.Global:
        return this.#global(index);
    }
  }

  #func(index: number): Func {
    const imported = this.importedFuncRef(index);
    return imported === undefined ? this.#funcAtSlot(this.#ownSlot(index)) : (this.store.funcAt(imported) as Func);
  }

  /** The FuncRef slot of a function of the instance's own. */
  #ownSlot(index: number): number {
    const slot = this.#code.artifact.funcRefSlot(index);
    if (slot === undefined) damaged(`function ${index} has no reference`);
    return slot;
  }

  /** The address of a function's FuncRef. */
  #funcRef(index: number): number {
    return this.importedFuncRef(index) ?? this.#address + this.#code.artifact.context.funcRefs + this.#ownSlot(index) * L.FUNCREF_SIZE;
  }

  /** The same by FuncRef slot. */
  #slotRef(slot: number): number {
    const { importedSlots } = this.#plan;
    if (slot < importedSlots.length) return this.importedFuncRef(importedSlots[slot])!;
    return this.#address + this.#code.artifact.context.funcRefs + slot * L.FUNCREF_SIZE;
  }

  #global(index: number): Global {
    const { counts, context } = this.#code.artifact;
    this.#globals[index] ??= new Global(
      this.store,
      this.#plan.globals[index],
      undefined,
      this.#cell(context.globals, index - counts.globalImports, L.GLOBAL_SIZE),
    );
    return this.#globals[index];
  }

  /** Structure `index` of those that stand at `offset` in the VMContext. */
  #cell(offset: number, index: number, size: number): Cell {
    const from = offset + index * size;
    return { words: this.#words, at: this.#at + (from >> 2), address: this.#address + from };
  }

  #addImports(externs: readonly Extern[]): void {
    const { funcImports, tableImports, memoryImports } = this.#code.artifact.counts;
    const put = (offset: number, address: number) => writeAddress(this.#words, this.#at + (offset >> 2), address);
    let func = 0;
    for (const extern of externs) {
      if (extern instanceof Func) {
        put(L.vmcontextFuncImport(func++) + L.FUNCIMPORT_REF, extern.address);
      } else if (extern instanceof Table) {
        put(L.vmcontextTableImport(funcImports, this.tables.length), extern.desc.address);
        this.tables.push(extern);
      } else if (extern instanceof Memory) {
        put(L.vmcontextMemoryImport(funcImports, tableImports, this.memories.length), extern.desc.address);
        this.memories.push(extern);
      } else {
        put(L.vmcontextGlobalImport(funcImports, tableImports, memoryImports, this.#globals.length), extern.cell.address);
        this.#globals.push(extern);
      }
    }
  }

  #requireGuards(): void {
    for (const memory of this.memories) {
      if (memory.guarded) continue;
      throw new LinkError(
        'MEMORY_WITHOUT_GUARD',
        'the memory has no guard pages behind it (is address space limited, or V8 run with --disable-wasm-trap-handler?), and the module ' +
          "was compiled to rely on them: compile it with memoryPolicy 'explicit'",
      );
    }
  }

  /** The 64 bits of an initialiser's value, which the plan has found to be of this type; references as addresses. */
  #evaluate(init: Init, type: ValType): bigint {
    switch (init.kind) {
      case 'const':
        return init.bits;
      case 'global':
        return this.#global(init.index).bits;
      case 'func':
        return BigInt(this.#slotRef(init.slot));
      case 'expr':
        return evaluateConstant(
          init.bytes,
          type,
          (index) => this.#plan.globals[index] && { type: this.#plan.globals[index].content, bits: this.#global(index).bits },
          (index) => BigInt(this.#funcRef(index)),
        );
      default:
        return 0n;
    }
  }

  /** Puts items of a segment into a table; both ranges are checked. */
  #putItems({ slots, inits, type }: PlannedElem, table: Table, to: number, from: number, count: number): void {
    if (!slots) {
      for (let i = 0; i < count; i++) table.fillRange(to + i, Number(this.#evaluate(inits![from + i], type)), 1);
      return;
    }
    const { artifact, mapping } = this.#code;
    const { funcRefs, funcImports } = artifact.counts;
    const items = mapping.address + slots.offset + 4 * from;
    if (!native().putFuncRefs(table.addressOf(to), items, count, this.#address, artifact.context.funcRefs, funcRefs, funcImports)) {
      damaged('an item of an element segment');
    }
  }

  #applyElem(index: number): void {
    const elem = this.#plan.elems[index];
    const to = toAddress(this.#evaluate(elem.offset, 'i32'));
    if (!this.initTable(elem.table, index, to, 0, elem.count)) throw new Trap('TableOutOfBounds', [], ` (element segment ${index})`);
    this.dropElem(index);
  }

  #applyDatas(): void {
    const { artifact, mapping } = this.#code;
    const { image } = artifact;
    if (image) {
      const [memory] = this.memories;
      if (memory === undefined || image.address + image.size > memory.dataSize()) {
        damaged('its data image does not fit into the memory');
      }
      const to = memory.base + image.address;
      try {
        native().mapImage(to, mapping.address, image.offset, image.size);
      } catch {
        native().copyIn(to, mapping.address + image.offset, image.size);
      }
    }
    const { counts } = artifact;
    if (counts.datas === 0) return;
    const records = artifact.section(Section.Datas);
    const { offset, size } = artifact.section(Section.DataBytes);
    const [first] = this.memories;
    // There may be thousands.
    const apply = (from: number) =>
      native().copyDatas(
        mapping.address + records.offset,
        counts.datas,
        from,
        mapping.address + offset,
        size,
        first?.base ?? 0,
        first?.dataSize() ?? 0,
      );
    for (let index = apply(0); index < counts.datas; index = apply(index + 1)) this.#applyData(index);
  }

  /** What the helper leaves: segments of other memories, and those whose place is to be computed, or wrong. */
  #applyData(index: number): void {
    const { artifact, mapping } = this.#code;
    const { memory, offset, bytes } = artifact.data(index);
    const to = toAddress(this.#evaluate(offset, 'i32'));
    if (to + bytes.size > this.memories[memory].dataSize()) throw new Trap('MemoryOutOfBounds', [], ' (data segment)');
    native().copyIn(this.memories[memory].base + to, mapping.address + bytes.offset, bytes.size);
  }

  #start(index: number): void {
    const imported = this.importedFuncRef(index);
    if (imported !== undefined) {
      callBits(start, this.store, imported, []);
      return;
    }
    // The start function need not have a FuncRef of its own.
    const { artifact, textAddress } = this.#code;
    const { words, at, address } = this.store.cell(L.FUNCREF_SIZE);
    const { codeOffset } = artifact.function(index - artifact.counts.funcImports);
    writeAddress(words, at + (L.FUNCREF_CODE >> 2), textAddress + codeOffset);
    writeAddress(words, at + (L.FUNCREF_VMCONTEXT >> 2), this.#address);
    callBits(start, this.store, address, []);
  }
}
