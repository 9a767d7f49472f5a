/** What the benchmark needs of an engine, so that each measurement is written once. */

import { readFileSync } from 'node:fs';
import type { WASI } from 'node:wasi';

export type EngineName = 'ouro' | 'v8';

export interface OpenOptions {
  /** For Ouro: check the hash over the whole artifact; default true. */
  verifyHash?: boolean;
}

export interface BenchEngine<Module = any, Instance = any> {
  /** Makes a module of a file as it is kept for the engine: a wasm module for V8, an artifact for Ouro. */
  open(file: string, options?: OpenOptions): Module;
  instantiate(module: Module, imports: Record<string, Record<string, any>>): Instance;
  exports(instance: Instance): Record<string, any>;
  /** A function that looks an export up, as fast as repeated look-ups can be. */
  exportGetter(module: Module, instance: Instance, name: string): () => unknown;
  /** Runs a WASI command to its end and gives its exit code. */
  start(wasi: WASI, instance: Instance): number;
}

const v8: BenchEngine<WebAssembly.Module, WebAssembly.Instance> = {
  open: (file) => new WebAssembly.Module(readFileSync(file)),
  instantiate: (module, imports) => new WebAssembly.Instance(module, imports),
  exports: (instance) => instance.exports,
  exportGetter: (_module, instance, name) => () => instance.exports[name],
  start: (wasi, instance) => wasi.start(instance) as unknown as number,
};

/** Ouro through its public interface, as a user has it. */
async function openOuro(): Promise<BenchEngine> {
  const { Engine, Instance, Module, Store } = await import('ouro-wasm');
  const engine = new Engine();
  return {
    open: (file, options) => Module.deserializeFile(engine, file, options),
    instantiate: (module, imports) =>
      new Instance(
        new Store(engine),
        module,
        module.imports().map((each: { module: string; name: string }) => imports[each.module][each.name]),
      ),
    exports: (instance) => instance.exports,
    exportGetter(module, instance, name) {
      const index = module.getExportIndex(name);
      return () => instance.getExport(instance.store, index);
    },
    start: (wasi, instance) => wasi.start({ exports: instance.exports }) as unknown as number,
  };
}

export async function benchEngine(name: string): Promise<BenchEngine> {
  if (name === 'v8') return v8;
  if (name === 'ouro') return openOuro();
  throw new Error(`unknown engine '${name}'`);
}
