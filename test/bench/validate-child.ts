/** Validation in a fresh process: `validate-child.js HOW FILE`. Sends the shortest time of several validations, in nanoseconds.
 *  HOW: `v8` is WebAssembly.validate; `wasm` is Ouro's core under V8; `native` is the core compiled by itself. */

import { readFileSync } from 'node:fs';

const TIMES = 30;

const [how, file] = process.argv.slice(2);
const bytes = readFileSync(file);

async function validator(): Promise<() => void> {
  if (how === 'v8') return () => WebAssembly.validate(bytes);
  const { Engine, Module } = await import('ouro-wasm');
  const engine = new Engine({ compiler: how as 'wasm' | 'native' });
  return () => Module.validate(engine, bytes);
}

const validate = await validator();
let shortest = Number.POSITIVE_INFINITY;
for (let i = 0; i < TIMES; i++) {
  const started = process.hrtime.bigint();
  validate();
  shortest = Math.min(shortest, Number(process.hrtime.bigint() - started));
}
process.send!(shortest);
process.disconnect();
