/** core: one instance of the compiler core, which V8 runs (compiler.wasm) or Ouro itself (the core's native artifact).
 *  In: a module's bytes, and options. Out: an artifact or parts of one; a CompileError, or a CompilerBug when the core traps.
 *  Requires: `end` is called after each use. The core has no imports: bytes go in and out through its memory.
 *  Cost: beyond compiling, a copy of each input and output. */

import { CompileError, type CompileErrorCode, CompilerBug, OuroError } from '../base/errors.js';
import { withPlace } from '../wasm/locate.js';

/** The exports of compiler/index.ts. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  allocateInput(length: number): number;
  validate(pointer: number, length: number, features: number): number;
  begin(pointer: number, length: number, features: number, optLevel: number, cpuLow: number, cpuHigh: number, flags: number): number;
  functionCount(): number;
  bodySize(index: number): number;
  compileNext(count: number): void;
  compilePart(first: number, count: number): void;
  allocatePart(length: number): number;
  addPart(): void;
  link(): number;
  outputPointer(): number;
  outputLength(): number;
  errorCode(): number;
  errorOffset(): number;
  errorPointer(): number;
  errorLength(): number;
  /** Frees all memory of the present use. */
  reset(): void;
}

/** What runs the compiler core: V8 (`wasm`), Ouro (`native`), or Ouro where the cache has the native core, else V8 (`auto`). */
export type Compiler = 'auto' | 'wasm' | 'native';

/** The options that change the artifact. */
export interface CompileOptions {
  readonly optLevel: 'none' | 'speed';
  /** The CPU features that code may use, as bits of runtime/cpu.ts. */
  readonly cpuFeatures: number;
  readonly explicitBounds: boolean;
  readonly nanCanonicalization: boolean;
  readonly generateAddressMap: boolean;
  readonly keepWasm: boolean;
  /** The wasm features that modules may use, as bits of the opcode table's Feature. */
  readonly wasmFeatures: number;
}

const FLAG_EXPLICIT_BOUNDS = 1;
const FLAG_NAN_CANONICALIZATION = 2;
const FLAG_NO_ADDRESS_MAP = 4;
const FLAG_KEEP_WASM = 8;

/** A core whose memory has grown beyond this, in bytes, is not used again. */
const MAX_IDLE_BYTES = 128 * 2 ** 20;

const errorCodes: Readonly<Record<number, CompileErrorCode>> = {
  1: 'MODULE_MALFORMED',
  2: 'MODULE_INVALID',
  3: 'MODULE_UNSUPPORTED',
  4: 'MODULE_TOO_LARGE',
};
const OPTION_ERROR = 5;

const utf8 = new TextDecoder();

/** One instance of the compiler core. */
export class Core {
  /** Whether the core may be used again: not after a trap, nor when its memory has grown large. */
  usable = true;
  readonly #exports: CoreExports;

  constructor(exports: CoreExports) {
    this.#exports = exports;
  }

  /** Throws CompileError when the module is malformed or invalid, or uses features that are not among `features`. */
  validate(bytes: Uint8Array, features: number): void {
    try {
      this.#guard(() => {
        if (!this.#exports.validate(this.#put(bytes), bytes.length, features)) throw withPlace(this.#error(), bytes);
      });
    } finally {
      this.end();
    }
  }

  /** Validates and compiles; gives the artifact. */
  compile(bytes: Uint8Array, options: CompileOptions): Uint8Array {
    try {
      this.begin(bytes, options);
      this.compileNext(this.#exports.functionCount());
      return this.link();
    } finally {
      this.end();
    }
  }

  /** Takes a module in, for `bodySizes`, `compileNext`, `compilePart` and `link`. Throws as `validate` does. `end` must follow in any case. */
  begin(bytes: Uint8Array, options: CompileOptions): void {
    const flags =
      (options.explicitBounds ? FLAG_EXPLICIT_BOUNDS : 0) |
      (options.nanCanonicalization ? FLAG_NAN_CANONICALIZATION : 0) |
      (options.generateAddressMap ? 0 : FLAG_NO_ADDRESS_MAP) |
      (options.keepWasm ? FLAG_KEEP_WASM : 0);
    const level = options.optLevel === 'none' ? 0 : 1;
    this.#guard(() => {
      const pointer = this.#put(bytes);
      if (!this.#exports.begin(pointer, bytes.length, options.wasmFeatures, level, options.cpuFeatures, 0, flags)) {
        throw withPlace(this.#error(), bytes);
      }
    });
  }

  /** The sizes of the bodies of all functions that the module defines, in bytes. */
  bodySizes(): Uint32Array {
    const { functionCount, bodySize } = this.#exports;
    return Uint32Array.from({ length: functionCount() >>> 0 }, (_, i) => bodySize(i));
  }

  /** Compiles the next `count` functions. */
  compileNext(count: number): void {
    this.#guard(() => this.#exports.compileNext(count));
  }

  /** Compiles `count` functions from `first` on, for another core (or this one) to `link`. */
  compilePart(first: number, count: number): Uint8Array {
    return this.#guard(() => {
      this.#exports.compilePart(first, count);
      return this.#output();
    });
  }

  /** Links, and gives the artifact. `parts`, in index order, have all functions; without them `compileNext` must have compiled all. */
  link(parts: readonly Uint8Array[] = []): Uint8Array {
    const { allocatePart, addPart, link, memory } = this.#exports;
    return this.#guard(() => {
      for (const part of parts) {
        const pointer = allocatePart(part.length) >>> 0;
        new Uint8Array(memory.buffer).set(part, pointer);
        addPart();
      }
      if (!link()) throw this.#error();
      return this.#output();
    });
  }

  /** Frees all memory of the present module, so that the core can take the next. */
  end(): void {
    if (!this.usable) return;
    this.#guard(() => this.#exports.reset());
    this.usable = this.#exports.memory.buffer.byteLength <= MAX_IDLE_BYTES;
  }

  /** Copies bytes into the core's memory, and gives their address there. */
  #put(bytes: Uint8Array): number {
    const { memory, allocateInput } = this.#exports;
    const pointer = allocateInput(bytes.length) >>> 0;
    new Uint8Array(memory.buffer).set(bytes, pointer);
    return pointer;
  }

  /** A copy of the core's output. */
  #output(): Uint8Array {
    const { memory, outputPointer, outputLength } = this.#exports;
    return new Uint8Array(memory.buffer, outputPointer() >>> 0, outputLength() >>> 0).slice();
  }

  /** Runs `work`. An exception that is none of our errors is a trap of the core: the core is not used again. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof CompileError || error instanceof OuroError) throw error;
      this.usable = false;
      throw bug(error);
    }
  }

  /** The error that the core reports. */
  #error(): Error {
    const { memory, errorCode, errorOffset, errorPointer, errorLength } = this.#exports;
    const text = utf8.decode(new Uint8Array(memory.buffer, errorPointer() >>> 0, errorLength() >>> 0));
    const number = errorCode();
    if (number === OPTION_ERROR) return new OuroError('CONFIG_INVALID', text);
    const code = errorCodes[number];
    if (code === undefined) return new CompilerBug(`the compiler failed with the unknown error ${number}: ${text}`);
    const offset = errorOffset() >>> 0;
    return new CompileError(code, `${text} (at offset 0x${offset.toString(16)})`, offset);
  }
}

/** The error for a trap of the core: it is a bug of ours, or no memory was left. */
function bug(cause: unknown): CompilerBug {
  const { frames, stack = '' } = (cause ?? {}) as Partial<Error & { frames: readonly { funcName: string }[] }>;
  // The trap of a native core has frames. That of a core under V8 has a stack text.
  const where = frames ? frames[0]?.funcName : /at (?:(\S+) \()?wasm:\/\//.exec(stack)?.[1];
  const what = cause instanceof Error ? cause.message : String(cause);
  return new CompilerBug(`the compiler failed${where ? ` in ${where}` : ''}: ${what}; this is a bug of ouro`, { cause });
}
