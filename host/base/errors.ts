/** errors: the errors that users get, each with a stable code. */

import { V8 } from './v8.js';

/** Why an artifact cannot be loaded. */
export type ArtifactErrorCode =
  /** The bytes are no artifact. */
  | 'ARTIFACT_NOT_AN_ARTIFACT'
  /** The file ends early, or has more bytes than it says. */
  | 'ARTIFACT_WRONG_SIZE'
  /** Written by another version of the format or of the ABI: compile again. */
  | 'ARTIFACT_WRONG_VERSION'
  | 'ARTIFACT_WRONG_ARCHITECTURE'
  /** The CPU lacks a feature that the code uses. */
  | 'ARTIFACT_CPU_LACKS_FEATURE'
  /** The content does not match the hash. */
  | 'ARTIFACT_HASH_MISMATCH'
  /** A table, index or offset inside the file is out of bounds. */
  | 'ARTIFACT_DAMAGED'
  /** The engine has an `artifactKey`, and the artifact has no signature. */
  | 'ARTIFACT_NOT_SIGNED'
  /** The signature is not by the engine's `artifactKey`, or not for these bytes. */
  | 'ARTIFACT_WRONG_SIGNATURE'
  /** Compiled with options that this engine's configuration rules out. */
  | 'ARTIFACT_WRONG_OPTIONS';

/** An artifact that cannot be loaded.
 *
 *  @example
 *  try {
 *    Module.deserialize(engine, wasm);
 *  } catch (error) {
 *    error.code; // => 'ARTIFACT_NOT_AN_ARTIFACT'
 *  } */
export class ArtifactError extends Error {
  override name = 'ArtifactError';
  /** `code` says what is wrong, `message` is one plain sentence about it. */
  constructor(
    readonly code: ArtifactErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Throws the error for an artifact in which something is not what it must be. `what`: the thing that is wrong. */
export function damaged(what: string): never {
  throw new ArtifactError('ARTIFACT_DAMAGED', `the artifact is damaged: ${what}`);
}

/** What has gone wrong. */
export type OuroErrorCode =
  /** This process has no WebAssembly at all. */
  | 'WEBASSEMBLY_MISSING'
  /** The native helper is missing, does not fit, or may not be loaded. */
  | 'NATIVE_UNAVAILABLE'
  /** A configuration that cannot be. */
  | 'CONFIG_INVALID'
  /** A file that cannot be read. */
  | 'FILE_UNREADABLE'
  /** An object was used with a store that it does not belong to. */
  | 'WRONG_STORE'
  /** The store has been disposed of. */
  | 'STORE_DISPOSED'
  /** V8 had to move a memory to make it grow, which compiled code cannot follow: the store has been disposed of. */
  | 'MEMORY_MOVED'
  /** The module has no export of this name, or it is something else. */
  | 'EXPORT_MISSING'
  /** The system has no memory for the code of another module, or for a wasm stack; or there are no numbers left for external references. */
  | 'OUT_OF_MEMORY'
  /** The object was disposed of. */
  | 'DISPOSED'
  /** What was given is no token of a shared module, or the module is gone. */
  | 'TOKEN_INVALID'
  /** The parser of the text format, an optional package, is not installed. */
  | 'TEXT_PARSER_MISSING'
  /** A thread that compiled ended before it was done: most often, no memory was left. */
  | 'THREAD_DIED'
  /** The engine's `artifactKey` cannot sign: it has no private key. */
  | 'SIGNING_KEY_MISSING'
  /** The compiler itself failed: a bug of Ouro. */
  | 'COMPILER_BUG';

/** Whatever else goes wrong, by code.
 *
 *  @example
 *  try {
 *    Module.fromFile(engine, 'nothing.wasm');
 *  } catch (error) {
 *    error.code; // => 'FILE_UNREADABLE'
 *    error.message; // => 'cannot read nothing.wasm: there is no such file'
 *  } */
export class OuroError extends Error {
  override name = 'OuroError';
  /** `code` says what is wrong, `message` is one plain sentence about it. */
  constructor(
    readonly code: OuroErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

// This check comes before the first class of ours that extends one of V8's.
if (V8 === undefined) {
  throw new OuroError(
    'WEBASSEMBLY_MISSING',
    'Ouro needs WebAssembly, for its compiler and for memories, and this process has none: start Node without --jitless',
  );
}

/** Why a module cannot be compiled. */
export type CompileErrorCode =
  /** The bytes are not a wasm binary, or a section is malformed. */
  | 'MODULE_MALFORMED'
  /** Well-formed, but it does not validate. */
  | 'MODULE_INVALID'
  /** The module uses a feature that is off or not supported; the message names it. */
  | 'MODULE_UNSUPPORTED'
  /** An implementation limit; the message names it. */
  | 'MODULE_TOO_LARGE';

/** A module that cannot be compiled. Also a WebAssembly.CompileError.
 *
 *  @example
 *  try {
 *    new Module(engine, '(module (func $f (result i32) (f64.const 1)))');
 *  } catch (error) {
 *    [error.code, error.offset, error.funcIndex, error.funcName]; // => ['MODULE_INVALID', 33, 0, 'f']
 *    error instanceof WebAssembly.CompileError; // => true
 *  } */
export class CompileError extends V8.CompileError {
  override name = 'CompileError';
  /** `code` says what is wrong, `message` is one plain sentence about it. */
  constructor(
    readonly code: CompileErrorCode,
    message: string,
    /** Byte offset in the wasm binary. */
    readonly offset: number,
    /** The function in whose body the offset lies, if it lies in one. */
    readonly funcIndex?: number,
    /** The function's name, from the name section, else from an export; undefined when it has none. */
    readonly funcName?: string,
  ) {
    super(message);
  }
}

/** Why a module cannot be instantiated. */
export type LinkErrorCode =
  /** Nothing was given for an import. */
  | 'IMPORT_MISSING'
  /** What was given for an import has another type. */
  | 'IMPORT_WRONG_TYPE'
  /** A linker has a definition of this name already. */
  | 'IMPORT_DEFINED_TWICE'
  /** A memory has no guard pages, which the module's code relies on. */
  | 'MEMORY_WITHOUT_GUARD';

/** A module that cannot be instantiated with what it was given. Also a WebAssembly.LinkError.
 *
 *  @example
 *  try {
 *    new Instance(store, module, [new Memory(store, memoryType(1))]);
 *  } catch (error) {
 *    error.code; // => 'IMPORT_WRONG_TYPE'
 *    error instanceof WebAssembly.LinkError; // => true
 *  } */
export class LinkError extends V8.LinkError {
  override name = 'LinkError';
  /** `code` says what is wrong, `message` is one plain sentence about it. */
  constructor(
    readonly code: LinkErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** The compiler itself failed on a module: a bug of Ouro, worth a report with the module.
 *
 *  @example
 *  const bug = new CompilerBug('the compiler failed: unreachable; this is a bug of ouro');
 *  bug.code; // => 'COMPILER_BUG'
 *  bug instanceof OuroError; // => true */
export class CompilerBug extends OuroError {
  override name = 'CompilerBug';
  /** `message` is one plain sentence. */
  constructor(message: string, options?: ErrorOptions) {
    super('COMPILER_BUG', message, options);
  }
}

/** The error for a file that cannot be read or written, with the reason in plain words. */
function fileError(doing: 'read' | 'write', path: string, cause: unknown): OuroError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'it is no directory',
    EINVAL: 'it is no regular file',
    EBADF: `it is not open for ${doing === 'read' ? 'reading' : 'writing'}`,
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
  };
  return new OuroError('FILE_UNREADABLE', `cannot ${doing} ${path}: ${reasons[code ?? ''] ?? message}`, { cause });
}

/** The error for a file or folder that cannot be read. */
export const unreadable = (path: string, cause: unknown) => fileError('read', path, cause);

/** The error for a file or folder that cannot be written. */
export const unwritable = (path: string, cause: unknown) => fileError('write', path, cause);

/** The error for the system having no memory left for `wanted`, or no place for one mapping more; undefined when `cause` is something else. */
export function outOfMemory(wanted: string, cause: unknown): OuroError | undefined {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOMEM') return undefined;
  const message = `there is no memory for ${wanted}; dispose() gives that of modules that are no longer needed back at once`;
  return new OuroError('OUT_OF_MEMORY', message, { cause });
}
