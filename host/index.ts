/** ouro-wasm: the library's entry. */

export { KeyvStore, type KeyvStoreOptions } from './cache/keyv.js';
export type { CacheOptions } from './cache/settings.js';
export type { CacheStore } from './cache/guarded-store.js';
export type { Config, LoadOptions } from './engine/config.js';
export { Engine } from './engine/engine.js';
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
} from './base/errors.js';
export { ModuleExport } from './artifact/export.js';
export { type Extern, JsTable } from './run/extern.js';
export { Func } from './run/func.js';
export { Global } from './run/global.js';
export { Instance } from './run/instance.js';
export { Linker } from './api/linker.js';
export { Memory } from './run/memory.js';
export { type AddressMapEntry, type ModuleFunction, ModuleFunctions } from './artifact/functions.js';
export type { ResourcesRequired } from './artifact/info.js';
export { Module, type ModuleCompileOptions, type ModuleSource } from './engine/module.js';
export type { CompileProgress } from './compile/compile.js';
export type { SharedModule } from './artifact/shared-module.js';
export type { ArtifactKeyOptions, KeySource } from './artifact/sign.js';
export { Store } from './run/store.js';
export { Table } from './run/table.js';
export { parseText, TextError } from './wasm/text.js';
export { Trap, type TrapCodeName, type TrapFrame } from './run/trap.js';
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
} from './base/types.js';
export { Wasi, type WasiOptions } from './api/wasi.js';
export { type Instantiated, instantiate } from './api/instantiate.js';
