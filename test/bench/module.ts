/** Costs of a Module's operations: validating, opening, looking up exports, instantiating with a data image, sharing. In one process, the
 *  minimum of many. Run by main, or by itself: `node build/test/bench/module.js ROUNDS`. */

import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { nativeCorePath } from '../../host/selfhost/native-core.js';
import { Engine, Instance, Module, parseText, Store } from '../../host/index.js';
import { shared } from '../support/shared.js';
import { table, time } from './stats.js';

/** Nanoseconds of the fastest of `rounds`; each does `work` `count` times. */
function best(rounds: number, count: number, work: () => unknown): number {
  let found = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let i = 0; i < count; i++) work();
    found = Math.min(found, performance.now() - started);
  }
  return (found * 1e6) / count;
}

/** A module of many functions with exports, whose artifact is about 10 MB. */
function largeModule(): string {
  const body = '(i64.store (local.get 0) (i64.add (i64.load offset=8 (local.get 0)) (i64.mul (local.get 1) (i64.const 77777777777))))';
  const functions = Array.from({ length: 30_000 }, (_, i) => `(func (export "f${i}") (param i32 i64) ${body.repeat(10)})`);
  return `(module (memory 1) ${functions.join('\n')})`;
}

const inWorker = `
  import { parentPort } from 'node:worker_threads';
  import { Engine, Module } from 'ouro-wasm';
  const engine = new Engine();
  parentPort.on('message', (token) => {
    let found = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 200; i++) {
      const started = performance.now();
      const module = Module.fromShared(engine, token);
      found = Math.min(found, performance.now() - started);
      module.dispose();
    }
    parentPort.postMessage(found * 1e6);
  });`;

/** Opening in a worker, in nanoseconds. The last `dispose` gives the worker's part back, so that each opening is a first one. */
async function openInWorker(folder: string, module: Module): Promise<number> {
  const script = join(folder, 'open.mjs');
  writeFileSync(
    script,
    inWorker.replace("'ouro-wasm'", `'${pathToFileURL(fileURLToPath(new URL('../../host/index.js', import.meta.url)))}'`),
  );
  const worker = new Worker(script);
  worker.postMessage(module.share());
  const [nanoseconds] = await once(worker, 'message');
  await worker.terminate();
  return nanoseconds;
}

/** Measures and prints. `folder` is for files. */
async function moduleCosts(folder: string, rounds: number): Promise<void> {
  const engine = new Engine();
  const rows: [string, string][] = [];
  const path = shared('bench', 'sqlite3', 'sqlite3.wasm');
  const sqlite = path && readFileSync(path);
  if (sqlite) {
    const speed = (nanoseconds: number) => `${((sqlite.length / nanoseconds) * 1e3).toFixed(0)} MB/s`;
    const core = existsSync(nativeCorePath()) ? 'natively' : 'under V8';
    rows.push([`validate sqlite3, ${core}`, speed(best(rounds * 4, 1, () => Module.validate(engine, sqlite)))]);
    rows.push(["the same by V8's own validator", speed(best(rounds * 4, 1, () => WebAssembly.validate(sqlite)))]);
  }
  const file = join(folder, 'large.ouro');
  writeFileSync(file, engine.precompileModule(await parseText(largeModule())));
  const megabytes = (readFileSync(file).length / 1e6).toFixed(1);
  const open = (verifyHash: boolean) => () => Module.deserializeFile(engine, file, { verifyHash }).dispose();
  rows.push([`open and dispose, ${megabytes} MB`, time(best(rounds * 100, 1, open(false)))]);
  rows.push(['the same with the hash check', time(best(rounds * 4, 1, open(true)))]);

  const large = Module.deserializeFile(engine, file);
  let next = 0;
  rows.push(['getExport, one of 30,000 names', time(best(rounds * 4, 10_000, () => large.getExport('f777')))]);
  const names = large.exports().map(({ name }) => name);
  rows.push(['getExport, all in turn', time(best(rounds * 4, 10_000, () => large.getExport(names[next++ % 30_000])))]);

  const data = 'x'.repeat(2 ** 20);
  const image = new Module(engine, await parseText(`(module (memory (export "memory") 20) (data (i32.const 0) "${data}"))`));
  const store = new Store(engine);
  rows.push(['instantiate with 1 MiB of data, same store', time(best(rounds * 20, 1, () => new Instance(store, image)))]);
  rows.push(['instantiate with 1 MiB of data, own store', time(best(rounds * 20, 1, () => new Instance(new Store(engine), image)))]);
  rows.push(['share', time(best(rounds * 4, 1000, () => large.share()))]);
  rows.push(['open what is shared, in a worker', time(await openInWorker(folder, large))]);
  console.log(`${table([['Module', 'cost'], ...rows])}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'ouro-bench-'));
try {
  await moduleCosts(folder, Number(process.argv[2] ?? 5));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
