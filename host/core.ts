/** core: one instance of the compiler core, whatever runs it: V8 (compiler.wasm) or Ouro itself (its native artifact).
 *  The core has no imports; bytes go in and out through its memory. */

import { Trap } from './trap.js';
import { CompileError, type CompileErrorCode, CompilerBug, OuroError } from './errors.js';
import { withPlace } from './locate.js';

/** The exports of compiler/index.ts. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  allocateInput(length: number): number;
  validate(pointer: number, length: number, features: number): number;
  compile(pointer: number, length: number, optLevel: number, cpuLow: number, cpuHigh: number, flags: number): number;
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
    this.#use(bytes, (pointer) => {
      if (!this.#exports.validate(pointer, bytes.length, features)) throw this.#error();
    });
  }

  /** Validates and compiles; gives the artifact. */
  compile(bytes: Uint8Array, options: CompileOptions): Uint8Array {
    const flags =
      (options.explicitBounds ? FLAG_EXPLICIT_BOUNDS : 0) |
      (options.nanCanonicalization ? FLAG_NAN_CANONICALIZATION : 0) |
      (options.generateAddressMap ? 0 : FLAG_NO_ADDRESS_MAP) |
      (options.keepWasm ? FLAG_KEEP_WASM : 0);
    return this.#use(bytes, (pointer) => {
      const { validate, compile, memory, outputPointer, outputLength } = this.#exports;
      if (!validate(pointer, bytes.length, options.wasmFeatures)) throw this.#error();
      const level = options.optLevel === 'none' ? 0 : 1;
      if (!compile(pointer, bytes.length, level, options.cpuFeatures, 0, flags)) throw this.#error();
      return new Uint8Array(memory.buffer, outputPointer() >>> 0, outputLength() >>> 0).slice();
    });
  }

  #use<T>(bytes: Uint8Array, work: (pointer: number) => T): T {
    const { memory, allocateInput, reset } = this.#exports;
    try {
      const pointer = allocateInput(bytes.length) >>> 0;
      new Uint8Array(memory.buffer).set(bytes, pointer);
      return work(pointer);
    } catch (error) {
      if (error instanceof CompileError || error instanceof OuroError) throw withPlace(error, bytes);
      this.usable = false;
      throw bug(error);
    } finally {
      if (this.usable) {
        reset();
        this.usable = memory.buffer.byteLength <= MAX_IDLE_BYTES;
      }
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
