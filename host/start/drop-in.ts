/** load: brings the drop-in's code into this process.
 *  In: install.cjs, beside the file that this is bundled into, and native-code.cjs, which it asks for when there is native code to run. Out: what
 *  install.ts exports. */

import { join } from 'node:path';
import { dropInHash } from '../base/bundled.js';
import { ALL_USES, compile } from './code-cache.js';
import type { install } from '../register/install.js';

/** Loads the code, and puts the drop-in in its place. */
export function load(folder: string): void {
  const loaded = new Map<string, object>();
  const keeps: (() => void)[] = [];
  /** They require each other, and Node's modules. */
  const require = (name: string): object => {
    if (!name.startsWith('./')) return process.getBuiltinModule(name)!;
    const known = loaded.get(name);
    if (known) return known;
    const file = name.slice(2);
    const { run, uses, keep } = compile(folder, file, 'exports, require, module, __filename, __dirname', `${dropInHash}-${file}`);
    const module = { exports: {} };
    loaded.set(name, module.exports);
    if (uses === 0) keeps.push(() => keep(ALL_USES));
    run(module.exports, require, module, join(folder, file), folder);
    return module.exports;
  };
  const dropIn = require('./install.cjs') as { install: typeof install };
  dropIn.install(() => {
    for (const keep of keeps.splice(0)) keep();
  });
}
