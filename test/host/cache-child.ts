/** A process of cache.test.ts and cache-processes.test.ts: `cache-child.js read|fill|churn FOLDER [COUNT]`; prints JSON. */

import { Folder } from '../../host/cache/folder.js';
import { Engine, Instance, parseText, Store } from '../../host/index.js';
import { cacheWarnings, isMapped, moduleReturning } from './cache-support.js';

const [part, path, count = '0'] = process.argv.slice(2);

const f = (engine: Engine, wasm: Uint8Array) => {
  const { exports } = new Instance(new Store(engine), { code: engine.load(wasm) });
  return (exports as { f(): number }).f();
};

if (part === 'read') {
  const engine = new Engine({ cache: path });
  const wasm = await moduleReturning(42);
  const hit = engine.lookup(wasm) !== undefined;
  const mapped = isMapped(path);
  const other = await moduleReturning(7);
  const results = [f(engine, wasm), f(engine, other), f(engine, other)];
  console.log(JSON.stringify({ hit, mapped, results, warnings: await cacheWarnings() }));
} else {
  // Large enough that writing it takes a while; `churn` writes it again and again.
  const body = Array.from({ length: 300 }, (_, i) => `(func (result i32) (i32.const ${i}))`).join(' ');
  const wasm = await parseText(`(module (func (export "f") (result i32) (i32.const 5)) ${body})`);
  const results: number[] = [];
  for (let i = 0; i < Number(count); i++) {
    const engine = new Engine({ cache: path, optLevel: i % 2 === 0 ? 'none' : 'speed' });
    results.push(f(engine, wasm));
    if (part === 'churn') new Folder(path, 1e9).clean({ maxBytes: 0 });
  }
  console.log(JSON.stringify({ results, warnings: await cacheWarnings() }));
}
