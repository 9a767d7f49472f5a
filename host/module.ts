/** module: a compiled module. Its code is an artifact that is mapped into the process; instances share it. */

import { readFileSync } from 'node:fs';
import { Code } from './code.js';
import type { LoadOptions } from './config.js';
import type { Engine } from './engine.js';
import { OuroError, unreadable } from './errors.js';
import { parseText } from './text.js';
import { parseTextSync } from './text-sync.js';
import type { ExportType, ExternType, ImportType } from './types.js';

/** A wasm binary, or a module in text format. */
export type ModuleSource = Uint8Array | ArrayBuffer | string;

export class Module {
  readonly engine: Engine;
  /** @internal */
  readonly code: Code;

  /** Validates and compiles a module; binary, or text as a string or as bytes (which needs @bytecodealliance/jco).
   *  Throws CompileError, with the offset, for what is not a valid module.
   *
   *     const module = new Module(engine, readFileSync('add.wasm')); */
  constructor(engine: Engine, source: ModuleSource);
  /** @internal */
  constructor(engine: Engine, code: Code);
  constructor(engine: Engine, source: ModuleSource | Code) {
    this.engine = engine;
    this.code = source instanceof Code ? source : compile(engine, toBinary(source));
  }

  /** The same without blocking on the parser of the text format. */
  static async compile(engine: Engine, source: ModuleSource): Promise<Module> {
    const text = toText(source);
    return Module.fromBinary(engine, text === undefined ? toBytes(source) : await parseText(text));
  }

  /** From a .wasm or .wat file. The path stands in errors. */
  static fromFile(engine: Engine, path: string): Module {
    const bytes = readFile(path);
    try {
      return new Module(engine, bytes);
    } catch (error) {
      throw inFile(path, error);
    }
  }

  /** From a binary alone: text is refused. */
  static fromBinary(engine: Engine, bytes: Uint8Array | ArrayBuffer): Module {
    return new Module(engine, compile(engine, toBytes(bytes)));
  }

  /** Throws CompileError when the binary is not a valid module, or uses features that the engine leaves out. */
  static validate(engine: Engine, bytes: Uint8Array | ArrayBuffer): void {
    engine.validate(toBytes(bytes));
  }

  /** From an artifact: the bytes that `serialize` or `engine.precompileModule` gave. Throws ArtifactError for any other. */
  static deserialize(engine: Engine, bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Module {
    return new Module(engine, Code.fromBytes(toBytes(bytes), options));
  }

  /** From an artifact file, which is mapped, not read: it must not change while the module is in use. */
  static deserializeFile(engine: Engine, path: string, options?: LoadOptions): Module {
    try {
      return new Module(engine, Code.fromFile(path, options));
    } catch (error) {
      throw inFile(path, error);
    }
  }

  /** The artifact: the same bytes for the same module and options, on every machine. A copy. */
  serialize(): Uint8Array {
    return this.code.artifact.bytes.slice();
  }

  /** The module's own name, from its name section. */
  get name(): string | undefined {
    return this.code.artifact.name;
  }

  /** Module order. */
  imports(): ImportType[] {
    return this.code.plan.imports.map(({ module, name, type }) => ({ module, name, type }));
  }

  /** Module order. */
  exports(): ExportType[] {
    const { plan } = this.code;
    return plan.exports.map((each) => ({ name: each.name, type: plan.exportType(each) }));
  }

  /** The type of an export; undefined when there is none of this name. */
  getExport(name: string): ExternType | undefined {
    const { plan } = this.code;
    const found = plan.export(name);
    return found && plan.exportType(found);
  }
}

function compile(engine: Engine, bytes: Uint8Array): Code {
  // The compiler has just made these bytes: their hash need not be checked.
  return Code.fromBytes(engine.precompileModule(bytes), { verifyHash: false });
}

function toBytes(source: ModuleSource): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    const view: ArrayBufferView = source;
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
  throw new TypeError('a module is given as a Uint8Array or an ArrayBuffer');
}

/** The text of a module in text format; undefined for a binary. Text starts with a parenthesis or a comment, a binary with a 0 byte. */
export function toText(source: ModuleSource): string | undefined {
  if (typeof source === 'string') return source;
  const bytes = toBytes(source);
  for (const byte of bytes) {
    if (byte === 0x28 || byte === 0x3b) return new TextDecoder().decode(bytes);
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return undefined;
  }
  return undefined;
}

function toBinary(source: ModuleSource): Uint8Array {
  const text = toText(source);
  return text === undefined ? toBytes(source) : parseTextSync(text);
}

/** Reads a file; an OuroError says in plain words why it cannot be. */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The same error with the path before its message. */
export function inFile(path: string, error: unknown): unknown {
  if (error instanceof Error && !(error instanceof OuroError && error.code === 'FILE_UNREADABLE'))
    error.message = `${path}: ${error.message}`;
  return error;
}
