/** linked-instance: a module with its state. Instantiation copies the module's VMContext template, fills in what is this instance's own, applies the
 *  segments, and runs the start function.
 *  In: a store; code (its artifact, mapped, and its plan); one extern of that store for each import. Out: an instance, and its exports as externs.
 *  Requires: the types of the externs match those of the imports; the caller has checked that (webassembly/imports.ts).
 *  Cost: in proportion to imports and segments. The helper makes all FuncRefs in one call; a Func or Global is made when it is asked for.
 *  Ref: WebAssembly core specification, "Instantiation"; the steps come in its order. */

import { ExternKind, Section, SegmentMode } from '../../runtime/artifact.js';
import * as L from '../../runtime/layout.js';
import type { ImageRecord, Init } from '../artifact/records.js';
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

/** The type of every start function. */
const START_TYPE = new FuncType([], []);

/** An instance whose imports were found before, as externs of its store. Users make its subclass, the Instance of api/instance.ts. */
export class LinkedInstance {
  /** The store that it lives in. */
  readonly store: Store;
  /** @internal All memories by memory index, imported ones first. */
  readonly memories: Memory[] = [];
  /** @internal All tables by table index, imported ones first. */
  readonly tables: Table[] = [];
  /** Globals by global index: the imported ones, and those of the instance's own that have been asked for. */
  readonly #globals: Global[] = [];
  readonly #code: Code;
  readonly #plan: Plan;
  /** The VMContext stands in these words, from index `#at` on. */
  readonly #words: Uint32Array;
  readonly #at: number;
  /** The address of the VMContext. */
  readonly #address: number;
  /** Which element segments have been dropped, by segment index. */
  #droppedElems: boolean[] | undefined;
  /** Exports that somebody has asked for, by position. */
  readonly #externs: (Extern | undefined)[] = [];
  /** Functions that somebody has asked for, by FuncRef slot. */
  #funcs: (Func | undefined)[] | undefined;

  /** @internal `externs`: one for each import, in module order, of this store and of matching types. `prepare` is called when everything is in
   *  place and only the start function has still to run. */
  constructor(store: Store, code: Code, externs: readonly Extern[] = [], prepare?: (instance: LinkedInstance) => void) {
    noteUse(USE_INSTANCE);
    const { artifact, plan } = code;
    this.store = store;
    this.#code = code;
    this.#plan = plan;

    const { words, at, address } = store.cell(artifact.context.size);
    words.set(plan.template, at);
    this.#words = words;
    this.#at = at;
    this.#address = address;
    writeAddress(words, at + (L.VMCONTEXT_ACTIVITY >> 2), store.activity);
    const id = store.addInstance(this, code);
    words[at + (L.VMCONTEXT_INSTANCE_ID >> 2)] = id;

    // The specification allocates everything and evaluates all initialisers first. Then it applies the element segments, then the data segments.
    // A step with nothing to do is not called: at the first instance of a process V8 would have to compile it.
    const { counts } = artifact;
    this.#addImports(externs);
    if (counts.memories > 0) this.#makeMemories();
    if (counts.funcRefs > 0 || counts.funcImports > 0) this.#makeFunctions(id);
    if (counts.globals > counts.globalImports) this.#initGlobals();
    if (counts.tables > counts.tableImports) this.#makeTables();
    for (const index of plan.activeElems) this.#applyElem(index);
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

  /** @internal Gives the instance the number that it has in the store into which its own store has been merged. */
  setNumber(number: number): void {
    const words = this.#words;
    const { context, counts } = this.#code.artifact;
    words[this.#at + (L.VMCONTEXT_INSTANCE_ID >> 2)] = number;
    const first = this.#at + ((context.funcRefs + L.FUNCREF_INSTANCE_ID) >> 2);
    for (let i = 0; i < counts.funcRefs; i++) words[first + i * (L.FUNCREF_SIZE >> 2)] = number;
  }

  /** @internal The function whose FuncRef is at this address, the same object each time; undefined when the address is not one of this instance's
   *  FuncRefs. */
  funcAt(address: number): Func | undefined {
    const { context, counts } = this.#code.artifact;
    const slot = (address - this.#address - context.funcRefs) / L.FUNCREF_SIZE;
    return slot >= 0 && slot < counts.funcRefs ? this.#funcAtSlot(slot) : undefined;
  }

  #funcAtSlot(slot: number): Func {
    // The array has its full length at once: V8 would turn one that grows in random order into a dictionary.
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
    const record = artifact.accessor(index - funcImports);
    const access = record && { accessor: record.accessor, cell: this.#global(record.global).cell };
    return new Func(this.store, type, this.#address + offset, String(index), artifact.isLeaf(index - funcImports), access);
  }

  /** @internal Does the work of a host builtin, with arguments and result in the slots. Gives the trap, if the builtin ends in one. */
  serve(builtin: number): TrapCodeName | undefined {
    return serveBuiltin(builtin, this);
  }

  /** @internal The instruction table.init: gives false when one of the two ranges is out of bounds. */
  initTable(tableIndex: number, elemIndex: number, to: number, from: number, count: number): boolean {
    const table = this.tables[tableIndex];
    const elem = this.#plan.elems[elemIndex];
    const length = this.#droppedElems?.[elemIndex] || elem.mode === SegmentMode.Declarative ? 0 : elem.count;
    if (from + count > length || to + count > table.size()) return false;
    this.#putItems(elem, table, to, from, count);
    return true;
  }

  /** @internal The instruction elem.drop. */
  dropElem(index: number): void {
    this.#droppedElems ??= [];
    this.#droppedElems[index] = true;
  }

  #get<T extends Extern>(store: Store, name: string, kind: new (...args: any[]) => T, what: string): T {
    const extern = this.getExport(store, name);
    if (extern instanceof kind) return extern;
    throw new OuroError('EXPORT_MISSING', `the module has no exported ${what} '${name}'`);
  }

  /** @internal Names of the exports, in module order. */
  get exportNames(): readonly string[] {
    return this.#plan.exports.map(({ name }) => name);
  }

  /** @internal The export at a position in module order; the same object each time. */
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

  /** The function with this function index. */
  #func(index: number): Func {
    const imported = this.importedFuncRef(index);
    return imported === undefined ? this.#funcAtSlot(this.#ownSlot(index)) : (this.store.funcAt(imported) as Func);
  }

  /** The FuncRef slot of a function that the module defines. */
  #ownSlot(index: number): number {
    const slot = this.#code.artifact.funcRefSlot(index);
    if (slot === undefined) damaged(`function ${index} has no reference`);
    return slot;
  }

  /** The address of the FuncRef of the function with this index. */
  #funcRef(index: number): number {
    return this.importedFuncRef(index) ?? this.#address + this.#code.artifact.context.funcRefs + this.#ownSlot(index) * L.FUNCREF_SIZE;
  }

  /** The address of the FuncRef in a slot. A slot of an imported function stands for the FuncRef that was imported. */
  #slotRef(slot: number): number {
    const { importedSlots } = this.#plan;
    if (slot < importedSlots.length) return this.importedFuncRef(importedSlots[slot])!;
    return this.#address + this.#code.artifact.context.funcRefs + slot * L.FUNCREF_SIZE;
  }

  /** The global with this index; one of the instance's own is made when it is first asked for. */
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

  /** One structure of an array in the VMContext: the array is at `offset`, and each of its structures has `size` bytes. */
  #cell(offset: number, index: number, size: number): Cell {
    const from = offset + index * size;
    return { words: this.#words, at: this.#at + (from >> 2), address: this.#address + from };
  }

  // The steps of instantiation, in the order in which the constructor takes them.

  /** Writes the addresses of all imports into the VMContext. */
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

  /** Makes the instance's own memories, and tells compiled code where memory 0 is. Throws a LinkError when the code relies on guard pages that a
   *  memory, own or imported, does not have. */
  #makeMemories(): void {
    const { artifact } = this.#code;
    const { context, counts } = artifact;
    const planned = this.#plan.memories;
    for (let i = counts.memoryImports; i < counts.memories; i++) {
      const desc = this.#cell(context.memories, i - counts.memoryImports, L.MEMORYDESC_SIZE);
      this.memories.push(new Memory(this.store, planned[i], undefined, desc));
    }
    writeAddress(this.#words, this.#at + (L.VMCONTEXT_MEMORY0_BASE >> 2), this.memories[0].base);
    if (!artifact.explicitBounds) this.#requireGuards();
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

  /** Has the helper fill in the FuncImports and FuncRefs of this instance, whose number is `id`. */
  #makeFunctions(id: number): void {
    const { artifact, textAddress } = this.#code;
    const { context, text } = artifact;
    const { funcRefs, funcImports, types } = artifact.counts;
    const address = this.#address;
    const typeIds = address + context.typeIds;
    const { funcRefRecords } = this.#plan;
    const done = native().initFunctions(
      address,
      context.funcRefs,
      funcRefRecords,
      funcRefs,
      textAddress,
      text.size,
      id,
      typeIds,
      types,
      funcImports,
    );
    if (!done) damaged('a function reference');
  }

  /** Gives the instance's own globals those values that the template does not have. */
  #initGlobals(): void {
    const { context, counts } = this.#code.artifact;
    const { externGlobals, globalInits, globals } = this.#plan;
    // Globals of type externref hold handles, so the store must know them as roots. The other globals are made when somebody asks for them.
    for (const index of externGlobals) this.#global(index);
    for (const { index, init } of globalInits) {
      const bits = this.#evaluate(init, globals[index].content);
      const at = this.#at + ((context.globals + (index - counts.globalImports) * L.GLOBAL_SIZE) >> 2);
      this.#words[at] = Number(BigInt.asUintN(32, bits));
      this.#words[at + 1] = Number(bits >> 32n);
    }
  }

  /** Makes the instance's own tables, and fills each with its initialiser. */
  #makeTables(): void {
    const { context, counts } = this.#code.artifact;
    const { tables, tableInits } = this.#plan;
    for (let i = counts.tableImports; i < counts.tables; i++) {
      const table = new Table(this.store, tables[i], null, this.#cell(context.tables, i - counts.tableImports, L.TABLEDESC_SIZE));
      this.tables.push(table);
      const init = tableInits[i];
      if (init.kind !== 'none' && init.kind !== 'null') table.fillRange(0, Number(this.#evaluate(init, tables[i].element)), table.size());
    }
  }

  /** The 64 bits of an initialiser's value: a reference is an address or a handle. `type` is the type that the value must have; the plan has checked
   *  all kinds of initialisers but expressions, which are checked here. */
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

  /** Copies items of an element segment into a table. The caller has checked both ranges. */
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

  /** Applies an active element segment, and drops it. */
  #applyElem(index: number): void {
    const elem = this.#plan.elems[index];
    const to = toAddress(this.#evaluate(elem.offset, 'i32'));
    if (!this.initTable(elem.table, index, to, 0, elem.count)) throw new Trap('TableOutOfBounds', [], ` (element segment ${index})`);
    this.dropElem(index);
  }

  /** Puts the data image into memory 0, and applies the active data segments that are not part of it. */
  #applyDatas(): void {
    const { artifact, mapping } = this.#code;
    const { counts, image } = artifact;
    if (image) this.#applyImage(image);
    if (counts.datas === 0) return;
    const records = artifact.section(Section.Datas);
    const { offset, size } = artifact.section(Section.DataBytes);
    const [first] = this.memories;
    // There may be thousands of segments, so the helper applies them. It stops at each one that it leaves to `#applyData`, and gives its index.
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

  /** Maps the data image into memory 0, copy-on-write; copies it where it cannot be mapped. */
  #applyImage({ address, offset, size }: ImageRecord): void {
    const [memory] = this.memories;
    if (memory === undefined || address + size > memory.dataSize()) damaged('its data image does not fit into the memory');
    const { mapping } = this.#code;
    const to = memory.base + address;
    try {
      native().mapImage(to, mapping.address, offset, size);
    } catch {
      native().copyIn(to, mapping.address + offset, size);
    }
  }

  /** Applies one data segment that the helper has left: its memory is not memory 0, or its offset has to be computed, or it is out of bounds. */
  #applyData(index: number): void {
    const { artifact, mapping } = this.#code;
    const { memory, offset, bytes } = artifact.data(index);
    const to = toAddress(this.#evaluate(offset, 'i32'));
    if (to + bytes.size > this.memories[memory].dataSize()) throw new Trap('MemoryOutOfBounds', [], ' (data segment)');
    native().copyIn(this.memories[memory].base + to, mapping.address + bytes.offset, bytes.size);
  }

  /** Calls the start function. */
  #start(index: number): void {
    const imported = this.importedFuncRef(index);
    if (imported !== undefined) {
      callBits(START_TYPE, this.store, imported, []);
      return;
    }
    // A start function that the module defines may have no FuncRef, so it gets one here.
    const { artifact, textAddress } = this.#code;
    const { words, at, address } = this.store.cell(L.FUNCREF_SIZE);
    const { codeOffset } = artifact.function(index - artifact.counts.funcImports);
    writeAddress(words, at + (L.FUNCREF_CODE >> 2), textAddress + codeOffset);
    writeAddress(words, at + (L.FUNCREF_VMCONTEXT >> 2), this.#address);
    callBits(START_TYPE, this.store, address, []);
  }
}
