/** What the benchmark needs of an engine, so that each measurement is written once. */

import { readFileSync } from 'node:fs';
import type { WASI } from 'node:wasi';

export type EngineName = 'ouro' | 'v8';

export interface BenchEngine<Module = any, Instance = any> {
  /** Makes a module of a file as it is kept for the engine: a wasm module for V8, an artifact for Ouro. */
  open(file: string): Module;
  instantiate(module: Module, imports: Record<string, Record<string, any>>): Instance;
  exports(instance: Instance): Record<string, any>;
  /** Runs a WASI command to its end and gives its exit code. */
  start(wasi: WASI, instance: Instance): number;
}

const v8: BenchEngine<WebAssembly.Module, WebAssembly.Instance> = {
  open: (file) => new WebAssembly.Module(readFileSync(file)),
  instantiate: (module, imports) => new WebAssembly.Instance(module, imports),
  exports: (instance) => instance.exports,
  start: (wasi, instance) => wasi.start(instance) as unknown as number,
};

export async function benchEngine(name: string): Promise<BenchEngine> {
  if (name === 'v8') return v8;
  throw new Error(`unknown engine '${name}'`);
}
