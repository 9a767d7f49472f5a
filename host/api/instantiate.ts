/** instantiate: from a module to its exports in one call, as WebAssembly.instantiate does it. */

import { fileURLToPath } from 'node:url';
import { isArtifact } from '../artifact/detect.js';
import { Engine } from '../engine/engine.js';
import { Instance } from './instance.js';
import { Module } from '../engine/module.js';
import { inFile, type ModuleSource, readFile } from '../engine/source.js';
import { Store } from '../run/store.js';

/** Imports by the names of module and import, as in the JS API. */
export type ImportObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What `instantiate` gives. */
export interface Instantiated {
  /** What was compiled. */
  readonly module: Module;
  /** Its instance. */
  readonly instance: Instance;
  /** The store that the instance lives in: one of its own. */
  readonly store: Store;
  /** Functions as plain JS functions, memories as WebAssembly.Memory objects. */
  readonly exports: Readonly<Record<string, any>>;
}

let shared: Engine | undefined;

/** Compiles and instantiates. `source`: bytes of a module or an artifact, a path or file URL of one (.wasm, .wat, artifact), or a Module.
 *  `imports` as in the JS API; functions may be plain JS functions. Throws what `Module.compile`, `Module.deserialize` and `new Instance` throw,
 *  and OuroError `FILE_UNREADABLE`.
 *
 *  @example
 *  const { exports } = await instantiate('add.wasm', { env: { log: console.log } });
 *  exports.add(1, 2); // => 3 */
export async function instantiate(
  source: string | URL | Uint8Array | ArrayBuffer | Module,
  imports: ImportObject = {},
  engine: Engine = (shared ??=
    new Engine()),
): Promise<Instantiated> {
  const module = source instanceof Module ? source : await load(engine, source);
  const store = new Store(module.engine);
  const instance = new Instance(store, module, pickImports(module, imports));
  return { module, instance, store, exports: instance.exports };
}

async function load(engine: Engine, source: string | URL | Uint8Array | ArrayBuffer): Promise<Module> {
  if (typeof source !== 'string' && !(source instanceof URL)) return open(engine, source);
  const path = typeof source === 'string' ? source : fileURLToPath(source);
  const bytes = readFile(path);
  if (isArtifact(bytes)) return Module.deserializeFile(engine, path);
  try {
    return await open(engine, bytes);
  } catch (error) {
    throw inFile(path, error);
  }
}

function open(engine: Engine, bytes: ModuleSource): Module | Promise<Module> {
  return isArtifact(bytes) ? Module.deserialize(engine, bytes as Uint8Array) : Module.compile(engine, bytes);
}

/** The values of the imports, in module order; undefined for one that the object does not have. */
export function pickImports(module: Module, imports: ImportObject): unknown[] {
  return module.code.plan.imports.map((wanted) => imports[wanted.module]?.[wanted.name]);
}
