/** source: turns what users make modules from (bytes, text, paths) into bytes of a wasm binary, or refuses it with an error that says what it is. */

import { promises, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isArtifact } from '../artifact/detect.js';
import { CompileError, OuroError, unreadable } from '../base/errors.js';
import type { CompileProgress } from '../compile/progress.js';
import { parseTextSync } from '../wasm/text-thread.js';

/** A wasm binary, or a module in text format. */
export type ModuleSource = Uint8Array | ArrayBuffer | string;

/** How `Module.compile` compiles. */
export interface ModuleCompileOptions {
  /** Is told how many functions have been compiled, of how many: at least once, when all have been. */
  onProgress?: (progress: CompileProgress) => void;
  /** Ends the work: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** The bytes of `source`, as a view. Throws a TypeError when it is no buffer or view of one. */
export function toBytes(source: ModuleSource): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    const view: ArrayBufferView = source;
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
  throw new TypeError('a module is given as a Uint8Array or an ArrayBuffer');
}

/** The text of a module in text format; undefined for a binary. A text starts with a parenthesis or a comment, behind white space; a binary starts
 *  with a 0 byte. */
export function toText(source: ModuleSource): string | undefined {
  if (typeof source === 'string') return source;
  const bytes = toBytes(source);
  for (const byte of bytes) {
    if (byte === 0x28 || byte === 0x3b) return new TextDecoder().decode(bytes);
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return undefined;
  }
  return undefined;
}

/** The binary of a module in either format. A text is parsed, which blocks this thread. */
export function toBinary(source: ModuleSource): Uint8Array {
  const text = toText(source);
  return text === undefined ? notArtifact(toBytes(source)) : parseTextSync(text);
}

/** The bytes of a binary. Throws a CompileError when they are text or an artifact. */
export function onlyBinary(source: Uint8Array | ArrayBuffer): Uint8Array {
  if (toText(source) !== undefined) {
    throw new CompileError(
      'MODULE_MALFORMED',
      'this is a module in text format, where a binary is wanted: new Module, Module.compile and Module.fromFile take text (at offset 0x0)',
      0,
    );
  }
  return notArtifact(toBytes(source));
}

/** The bytes. Throws a CompileError when they are an artifact; the compiler could only call that malformed. */
export function notArtifact(bytes: Uint8Array): Uint8Array {
  if (isArtifact(bytes)) {
    throw new CompileError('MODULE_MALFORMED', 'this is an artifact, not a module: Module.deserialize takes artifacts (at offset 0x0)', 0);
  }
  return bytes;
}

/** The path that a string or a file URL stands for. */
export function toPath(path: string | URL): string {
  if (typeof path !== 'string' && !(path instanceof URL)) throw new TypeError('a file is given as a path or a file URL');
  return typeof path === 'string' ? path : fileURLToPath(path);
}

/** The content of a file. Throws OuroError `FILE_UNREADABLE`, which says in plain words why the file cannot be read. */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

export async function readFileAsync(path: string): Promise<Uint8Array> {
  try {
    return await promises.readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The same error, with the path put before its message unless the message has it already. */
export function inFile(path: string, error: unknown): unknown {
  if (error instanceof Error && !(error instanceof OuroError && error.code === 'FILE_UNREADABLE'))
    error.message = `${path}: ${error.message}`;
  return error;
}

/** Runs `work`; puts the path before the message of what it throws. */
export function inPath<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw inFile(path, error);
  }
}

export async function inPathAsync<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inFile(path, error);
  }
}
