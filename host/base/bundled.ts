/** bundled: where the files are that are loaded by their path, and what the bundler knows of them: it puts its values here. In unbundled code the
 *  hash is empty, and worked out. */

import { dirname } from 'node:path';

/** The folder of compiler.wasm, the native helper, and the entries of threads and processes. */
export const filesFolder: string = dirname(import.meta.dirname);

/** SHA-256 of compiler.wasm, as hexadecimal digits. */
export const bundledCompilerHash: string = '';

/** A file of code. */
export interface LoadedCode {
  /** What the processes did (usage.ts) that have made what V8 was given with it; everything where nothing will be kept. */
  readonly uses: number;
}

/** What there is once in a thread, and what was there before the application came, which may put other things into their places. The loader
 *  (start/loader.ts) fills it in; all of it is optional, for unbundled code has none. */
export interface Loaded {
  /** The code that has been loaded. */
  compiled?: LoadedCode[];
  /** Keeps what V8 has made of it, for these uses. */
  keep?: (code: LoadedCode, uses: number) => void;
  /** webassembly/shell.ts. */
  shell?: object;
  /** The native helper, where it could be loaded. */
  helper?: object;
  /** Environment variables, as they were. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** The cache folder that they named, absolute. */
  cacheFolder?: string;
  /** Functions of the global object, of Promise.prototype, and of node:fs, as they were. */
  natives?: Readonly<Record<string, unknown>>;
}

export const loaded: Loaded = {};
