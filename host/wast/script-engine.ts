/** What the script runner asks of an engine, so that the same scripts run on Ouro and on V8's own WebAssembly.
 *  `Module`, `Instance` and `Extern` are the engine's own; the runner only hands them round. */

import type { Value } from './script-values.js';

/** How something went wrong. `rejected`: the module is malformed or invalid. `internal`: not an outcome that wasm knows. */
export type FailureKind = 'rejected' | 'unlinkable' | 'trap' | 'exhaustion' | 'exception' | 'internal';

export interface Failure {
  kind: FailureKind;
  message: string;
}

export interface WastEngine<Module = any, Instance = any, Extern = any> {
  readonly name: string;
  /** Whether a trap's message must hold the text that the script expects; V8 words its messages in its own way. */
  readonly exactTraps: boolean;
  /** A new script starts: nothing of the one before is used any more. */
  beginScript(): void;
  /** Decodes, validates and compiles. */
  compile(bytes: Uint8Array): Module | Promise<Module>;
  /** Instantiates; `lookup` finds an import, or nothing. Runs the start function. */
  instantiate(module: Module, lookup: (module: string, name: string) => Extern | undefined): Instance | Promise<Instance>;
  export(instance: Instance, name: string): Extern | undefined;
  /** Calls a function. `results` are the expected result types, for engines that cannot tell; undefined where nothing is expected. */
  invoke(func: Extern, args: Value[], results: (string | undefined)[] | undefined): Value[] | Promise<Value[]>;
  /** Reads a global of the expected type. */
  get(global: Extern, type: string | undefined): Value;
  /** What an error thrown by one of the calls above means. */
  failure(error: unknown): Failure;
}
