/** ouro-wasm: the library's entry. */

export { KeyvStore, type KeyvStoreOptions } from './cache/keyv.js';
export type { CacheOptions } from './cache/settings.js';
export type { CacheStore } from './cache/store.js';
export type { Config, LoadOptions } from './config.js';
export { Engine } from './engine.js';
export {
  ArtifactError,
  type ArtifactErrorCode,
  CompileError,
  type CompileErrorCode,
  CompilerBug,
  LinkError,
  type LinkErrorCode,
  OuroError,
  type OuroErrorCode,
} from './errors.js';
export { ModuleExport } from './export.js';
export { type Extern, JsTable } from './extern.js';
export { Func } from './func.js';
export { Global } from './global.js';
export { Instance } from './instance.js';
export { Linker } from './linker.js';
export { Memory } from './memory.js';
export { type AddressMapEntry, type ModuleFunction, ModuleFunctions } from './functions.js';
export type { ResourcesRequired } from './info.js';
export { Module, type ModuleCompileOptions, type ModuleSource } from './module.js';
export type { CompileProgress } from './compile.js';
export type { SharedModule } from './token.js';
export type { ArtifactKeyOptions, KeySource } from './sign.js';
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
  type TagType,
  tableType,
  type ValType,
} from './types.js';
export { Wasi, type WasiOptions } from './wasi.js';
export { type Instantiated, instantiate } from './instantiate.js';
