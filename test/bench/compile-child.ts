/** One compilation in a fresh process: `compile-child.js HOW FILE`. Sends the time in nanoseconds.
 *  HOW: `v8` takes V8 as its flags make it. */

import { readFileSync } from 'node:fs';

const [how, file] = process.argv.slice(2);
const bytes = readFileSync(file);

const compilers: Record<string, () => void> = {
  v8: () => {
    new WebAssembly.Module(bytes);
  },
};

const started = process.hrtime.bigint();
compilers[how]();
process.send!({ time: Number(process.hrtime.bigint() - started) });
process.disconnect();
