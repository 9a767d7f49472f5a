/** index: the library's entry. */

import { useNativeCores } from './compile/native-cores.js';
import { ownNativeCores } from './selfhost/native-core.js';

useNativeCores(() => ownNativeCores);

export { KeyvStore, type KeyvStoreOptions } from './cache/keyv.js';
export type { CacheOptions } from './cache/settings.js';
export type { CacheStore } from './cache/guarded-store.js';
export type { Config } from './engine/config.js';
export type { LoadOptions } from './artifact/code.js';
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
export type { Extern } from './run/extern.js';
export { Func } from './run/func.js';
export { Global } from './run/global.js';
export { Instance } from './api/instance.js';
export { Linker } from './api/linker.js';
export { Memory } from './run/memory.js';
export { type AddressMapEntry, type ModuleFunction, ModuleFunctions } from './artifact/code-map.js';
export type { ResourcesRequired } from './artifact/info.js';
export { Module } from './engine/module.js';
export type { ModuleCompileOptions, ModuleSource } from './engine/source.js';
export type { CompileProgress } from './compile/progress.js';
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
