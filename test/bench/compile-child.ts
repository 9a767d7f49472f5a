/** Compilation in a fresh process: `compile-child.js HOW THREADS FILE`. Sends the times in nanoseconds of a first and a second compilation.
 *  HOW: `v8` takes V8 as its flags make it (no second time: it would find the first one's code); `wasm` is Ouro's core under V8;
 *  `native` is the core compiled by itself. THREADS: see compile.ts. */

import { readFileSync } from 'node:fs';

const [how, threads, file] = process.argv.slice(2);
const bytes = readFileSync(file);

async function compiler(): Promise<() => unknown> {
  if (how === 'v8') return () => new WebAssembly.Module(bytes);
  const { Engine } = await import('ouro-wasm');
  const engine = new Engine({ compiler: how as 'wasm' | 'native', parallelCompilation: threads !== 'one' });
  return threads === 'all' ? () => engine.precompileModuleAsync(bytes) : () => engine.precompileModule(bytes);
}

const compile = await compiler();
const times: number[] = [];
for (let i = 0; i < (how === 'v8' ? 1 : 2); i++) {
  const started = process.hrtime.bigint();
  await compile();
  times.push(Number(process.hrtime.bigint() - started));
}
process.send!({ first: times[0], second: times[1] });
process.disconnect();
