/** bundled: where the files are that are loaded by their path, and what the bundler knows of them: it puts its values here. In unbundled code the
 *  hashes are empty, and worked out. */

import { dirname } from 'node:path';

/** The folder of compiler.wasm, the native helper, and the entries of threads and processes. */
export const filesFolder: string = dirname(import.meta.dirname);

/** Hash of the drop-in's text: install.cjs, native-code.cjs. */
export const dropInHash = '';
/** SHA-256 of compiler.wasm, as hexadecimal digits. */
export const bundledCompilerHash: string = '';
/** What the library's loader gives it: a function that is told of each use (use.ts). */
export const loaded: { readonly onUse?: (use: number) => void } = {};
