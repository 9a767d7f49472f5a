/** load: brings the drop-in's code into this process.
 *  In: install.cjs, beside the file that this is bundled into. Out: what install.ts exports. */

import { join } from 'node:path';
import { dropInHash } from '../bundled.js';
import { compile } from '../code-cache.js';
import type { install } from './install.js';

/** Loads the code, and puts the drop-in in its place. */
export function load(folder: string): void {
  const { run, keep } = compile(folder, 'install.cjs', 'exports, require, module, __filename, __dirname', dropInHash);
  const module = { exports: {} as { install: typeof install } };
  // It requires nothing but modules of Node's.
  run(module.exports, process.getBuiltinModule, module, join(folder, 'install.cjs'), folder);
  module.exports.install(keep);
}
