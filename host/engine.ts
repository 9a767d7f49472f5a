/** engine: a configuration, and what is shared by everything that is compiled and run with it. */

import { compileWasm, validateWasm } from './compile.js';
import { type Config, type ResolvedConfig, resolveConfig } from './config.js';
import type { CompileOptions } from './core.js';
import { cpuFeatures } from './cpu.js';
import { memoriesAreGuarded } from './memory.js';

export class Engine {
  readonly config: ResolvedConfig;
  /** Bytes of a store's wasm stack. */
  readonly maxWasmStack: number;
  #options: CompileOptions | undefined;

  /** Throws an OuroError for a configuration that cannot be.
   *
   *     const engine = new Engine({ optLevel: 'none' }); */
  constructor(config: Config = {}) {
    this.config = resolveConfig(config);
    this.maxWasmStack = this.config.maxWasmStack;
  }

  /** Compiles a wasm binary to an artifact, for `Module.deserialize`, here or on another machine. */
  precompileModule(bytes: Uint8Array): Uint8Array {
    return compileWasm(bytes, this.compileOptions, this.config.compiler);
  }

  /** @internal */
  validate(bytes: Uint8Array): void {
    validateWasm(bytes, this.config.wasmFeatures, this.config.compiler);
  }

  /** @internal How modules are compiled. */
  get compileOptions(): CompileOptions {
    const { config } = this;
    this.#options ??= {
      optLevel: config.optLevel,
      cpuFeatures: cpuFeatures(config.cpu),
      explicitBounds: config.memoryPolicy === 'explicit' || (config.memoryPolicy === 'auto' && !memoriesAreGuarded()),
      nanCanonicalization: config.nanCanonicalization,
      generateAddressMap: config.generateAddressMap,
      keepWasm: config.keepWasm,
      wasmFeatures: config.wasmFeatures,
    };
    return this.#options;
  }
}
