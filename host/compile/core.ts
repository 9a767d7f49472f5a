/** core: one instance of the compiler core, whatever runs it: V8 (compiler.wasm) or Ouro itself (its native artifact).
 *  The core has no imports; bytes go in and out through its memory. */

import { Trap } from '../run/trap.js';
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
  /** Frees everything for the next use. */
  reset(): void;
}

/** What changes the artifact. */
export interface CompileOptions {
  readonly optLevel: 'none' | 'speed';
  /** Bits of runtime/cpu.ts. */
  readonly cpuFeatures: number;
  readonly explicitBounds: boolean;
  readonly nanCanonicalization: boolean;
  readonly generateAddressMap: boolean;
  readonly keepWasm: boolean;
  /** Bits of the opcode table's Feature: what modules may use. */
  readonly wasmFeatures: number;
}

const FLAG_EXPLICIT_BOUNDS = 1;
const FLAG_NAN_CANONICALIZATION = 2;
const FLAG_NO_ADDRESS_MAP = 4;
const FLAG_KEEP_WASM = 8;

/** An instance whose memory has grown beyond this is not used again. */
const MAX_IDLE_BYTES = 128 * 2 ** 20;

const errorCodes: Readonly<Record<number, CompileErrorCode>> = {
  1: 'MODULE_MALFORMED',
  2: 'MODULE_INVALID',
  3: 'MODULE_UNSUPPORTED',
  4: 'MODULE_TOO_LARGE',
};
const OPTION_ERROR = 5;

const utf8 = new TextDecoder();

export class Core {
  /** Whether it may be used again. */
  usable = true;
  readonly #exports: CoreExports;

  constructor(exports: CoreExports) {
    this.#exports = exports;
  }

  /** Throws CompileError when the module is malformed or invalid, or uses what `features` leaves out. */
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

  /** Takes a module in, for the four methods below. Throws as `validate` does. `end` must follow in any case. */
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

  /** Bytes of the bodies of the functions defined in the module. */
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

  /** The artifact. `parts`, in index order, cover all functions; without them `compileNext` has compiled all. */
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

  /** Frees everything for the next module. */
  end(): void {
    if (!this.usable) return;
    this.#guard(() => this.#exports.reset());
    this.usable = this.#exports.memory.buffer.byteLength <= MAX_IDLE_BYTES;
  }

  #put(bytes: Uint8Array): number {
    const { memory, allocateInput } = this.#exports;
    const pointer = allocateInput(bytes.length) >>> 0;
    new Uint8Array(memory.buffer).set(bytes, pointer);
    return pointer;
  }

  #output(): Uint8Array {
    const { memory, outputPointer, outputLength } = this.#exports;
    return new Uint8Array(memory.buffer, outputPointer() >>> 0, outputLength() >>> 0).slice();
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof CompileError || error instanceof OuroError) throw error;
      this.usable = false;
      throw bug(error);
    }
  }

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

/** A trap of the core: a bug of ours, or no memory left. */
function bug(cause: unknown): CompilerBug {
  const where = cause instanceof Trap ? cause.frames[0]?.funcName : /at (?:(\S+) \()?wasm:\/\//.exec((cause as Error)?.stack ?? '')?.[1];
  const what = cause instanceof Error ? cause.message : String(cause);
  return new CompilerBug(`the compiler failed${where ? ` in ${where}` : ''}: ${what}; this is a bug of ouro`, { cause });
}
