/** source: what modules are made from, as users give it: bytes, text, paths. */

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
  /** Hears how many functions are compiled, of how many; at the latest when all are. */
  onProgress?: (progress: CompileProgress) => void;
  /** Ends the work: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** The bytes of a binary. Throws a TypeError for what has none. */
export function toBytes(source: ModuleSource): Uint8Array {
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

/** The binary of a module in either format. */
export function toBinary(source: ModuleSource): Uint8Array {
  const text = toText(source);
  return text === undefined ? notArtifact(toBytes(source)) : parseTextSync(text);
}

/** The bytes, unless they are text. */
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

/** The bytes, unless they are an artifact, which the compiler could only call malformed. */
export function notArtifact(bytes: Uint8Array): Uint8Array {
  if (isArtifact(bytes)) {
    throw new CompileError('MODULE_MALFORMED', 'this is an artifact, not a module: Module.deserialize takes artifacts (at offset 0x0)', 0);
  }
  return bytes;
}

/** A path, or a file URL of one. */
export function toPath(path: string | URL): string {
  if (typeof path !== 'string' && !(path instanceof URL)) throw new TypeError('a file is given as a path or a file URL');
  return typeof path === 'string' ? path : fileURLToPath(path);
}

/** Reads a file; an OuroError says in plain words why it cannot be. */
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

/** The same error with the path before its message. */
export function inFile(path: string, error: unknown): unknown {
  if (error instanceof Error && !(error instanceof OuroError && error.code === 'FILE_UNREADABLE'))
    error.message = `${path}: ${error.message}`;
  return error;
}

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
