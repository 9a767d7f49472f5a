/** ouro: the library's entry. */

export type { Config, LoadOptions } from './config.js';
export { Engine } from './engine.js';
export { ArtifactError, CompileError, CompilerBug, LinkError, OuroError } from './errors.js';
export { type Extern, JsTable } from './extern.js';
export { Func } from './func.js';
export { Global } from './global.js';
export { Instance } from './instance.js';
export { Linker } from './linker.js';
export { Memory } from './memory.js';
export { Module, type ModuleSource } from './module.js';
export { Store } from './store.js';
export { Table } from './table.js';
export { parseText, TextError } from './text.js';
export { Trap, type TrapCodeName, type TrapFrame } from './trap.js';
export {
  type ExportType,
  type ExternType,
  FuncType,
  type GlobalType,
  globalType,
  type ImportType,
  type MemoryType,
  memoryType,
  type RefType,
  type TableType,
  tableType,
  type ValType,
} from './types.js';
export { Wasi, type WasiOptions } from './wasi.js';
export { type Instantiated, instantiate } from './instantiate.js';
