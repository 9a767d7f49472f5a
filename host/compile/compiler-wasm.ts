/** compiler-wasm: the compiler's own binary, and its hash, which tells compilers apart. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledCompilerHash, filesFolder } from '../base/bundled.js';
import { OuroError } from '../base/errors.js';
import { sha256 } from '../helper/hash.js';

let wasmBytes: Uint8Array | undefined;

/** The bytes of compiler.wasm. Throws OuroError `FILE_UNREADABLE` when the file is missing. */
export function compilerWasm(): Uint8Array {
  if (!wasmBytes) {
    const path = join(filesFolder, 'compiler.wasm');
    try {
      wasmBytes = readFileSync(path);
    } catch (cause) {
      throw new OuroError('FILE_UNREADABLE', `the compiler is not there: cannot read ${path}; build it with 'npm run build'`, { cause });
    }
  }
  return wasmBytes;
}

let hash = bundledCompilerHash;

/** SHA-256 of the compiler, as hexadecimal digits. */
export function compilerHash(): string {
  if (hash === '') hash = sha256(compilerWasm());
  return hash;
}
