/** One run of one program in a fresh process: `run-child.js ENGINE FILE FOLDER`, where FILE is a wasm module for v8 and an artifact for ouro.
 *  Sends the times over IPC in nanoseconds; the program's own output goes to stdout and stderr. */

import { benchEngine } from './engines.js';

const [engineName, file, folder] = process.argv.slice(2);
const engine = await benchEngine(engineName);
const { WASI } = await import('node:wasi');
const wasi = new WASI({ version: 'preview1', args: ['benchmark'], env: {}, preopens: { '.': folder }, returnOnExit: true });

// Closures, for both engines alike: node:wasi's own functions crash some Nodes when an engine calls them directly.
const imports = Object.fromEntries(
  Object.entries(wasi.wasiImport as Record<string, (...args: any[]) => any>).map(([name, call]) => [
    name,
    (...args: any[]) => call(...args),
  ]),
);

let started = 0n;
let ended = 0n;
const bench = {
  start: () => {
    started = process.hrtime.bigint();
  },
  end: () => {
    ended = process.hrtime.bigint();
  },
};

const begin = process.hrtime.bigint();
const module = engine.open(file);
const loaded = process.hrtime.bigint();
const instance = engine.instantiate(module, { wasi_snapshot_preview1: imports, bench });
const instantiated = process.hrtime.bigint();
const exitCode = engine.start(wasi, instance);
if (ended === 0n) throw new Error(`the program did not call bench.end (exit code ${exitCode})`);

process.send!({
  load: Number(loaded - begin),
  instantiate: Number(instantiated - loaded),
  run: Number(ended - started),
  exitCode,
});
process.disconnect();
