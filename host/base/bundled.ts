/** bundled: what the bundler and the loader tell the rest of the code. The bundler replaces the two constants by its values; in unbundled code the
 *  hash is empty, and is computed when it is needed. The loader fills in `loaded`. */

import { dirname } from 'node:path';

/** The folder of the files that are loaded by their path: compiler.wasm, the native helper, and the entries of threads and processes. */
export const filesFolder: string = dirname(import.meta.dirname);

/** SHA-256 of compiler.wasm, as hexadecimal digits. */
export const bundledCompilerHash: string = '';

/** A file of code. */
export interface LoadedCode {
  /** What the processes did (usage.ts) that have made what V8 was given with it; everything where nothing will be kept. */
  readonly uses: number;
}

/** Two kinds of values: those that there must be only once in a thread, and those that were there before the application came, which may have
 *  replaced them since. The loader (start/loader.ts) fills this in. All of it is optional, because unbundled code has no loader. */
export interface Loaded {
  /** The code that has been loaded. */
  compiled?: LoadedCode[];
  /** Keeps what V8 has made of it, for these uses. */
  keep?: (code: LoadedCode, uses: number) => void;
  /** The thread's one shell of the JS API (webassembly/shell.ts). */
  shell?: object;
  /** The native helper, where it could be loaded. */
  helper?: object;
  /** The environment variables, as they were. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** The path of the cache folder that the environment variables named, absolute. */
  cacheFolder?: string;
  /** Functions of the global object, of Promise.prototype, and of node:fs, as they were. */
  natives?: Readonly<Record<string, unknown>>;
}

/** What the loader has filled in; empty in unbundled code. */
export const loaded: Loaded = {};
