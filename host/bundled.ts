/** bundled: what the bundler knows of the files beside the bundles; it puts the values here. Elsewhere they are empty, and worked out. */

/** Hash of the drop-in's text: install.cjs, native-code.cjs. */
export const dropInHash = '';
/** SHA-256 of compiler.wasm, as hexadecimal digits. */
export const bundledCompilerHash: string = '';
/** What the library's loader gives it: a function that is told of each use (use.ts). */
export const loaded: { readonly onUse?: (use: number) => void } = {};
