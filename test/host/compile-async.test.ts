/** Compiling on other threads: the same bytes, a free event loop, progress, abort, and threads that die. */
// time limit: 300 s

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompileProgress, compileWasm, compileWasmAsync, validateWasmAsync } from '../../host/compile/compile.js';
import { compilerWasm } from '../../host/compile/cores.js';
import { CompileError, Engine, OuroError } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { root } from '../support/shared.js';

const test = suite('compile on other threads');
const folder = mkdtempSync(join(tmpdir(), 'ouro-async-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const { compileOptions } = new Engine();
const large = compilerWasm();
const wanted = compileWasm(large, compileOptions, 'wasm');
const small = await parseText('(module (func (export "f") (result i32) (i32.const 7)))');
const invalid = await parseText('(module (func $first) (func $broken (result i32) (i64.const 7)))');

const same = (artifact: Uint8Array, expected = wanted) => assert.is(Buffer.compare(artifact, expected), 0);

async function failure(work: Promise<unknown>): Promise<any> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

test('the same bytes, by one thread and by several, again and again', async () => {
  for (const parallel of [true, false, true]) same(await compileWasmAsync(large, compileOptions, 'wasm', { parallel }));
});

test('the event loop turns meanwhile', async () => {
  let turns = 0;
  let longest = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    turns++;
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
  }, 1);
  const started = performance.now();
  same(await compileWasmAsync(large, compileOptions, 'wasm'));
  clearInterval(timer);
  assert.ok(turns > 10, `${turns} turns`);
  assert.ok(longest < (performance.now() - started) / 2, `one turn took ${longest} ms`);
});

test('progress counts functions, upwards, to the end', async () => {
  for (const parallel of [true, false]) {
    const seen: CompileProgress[] = [];
    await compileWasmAsync(large, compileOptions, 'wasm', { parallel, onProgress: (progress) => seen.push(progress) });
    const { total } = seen[0];
    assert.ok(total > 100);
    assert.equal(seen[0], { done: 0, total });
    assert.equal(seen.at(-1), { done: total, total });
    for (let i = 1; i < seen.length; i++) assert.ok(seen[i].done > seen[i - 1].done && seen[i].total === total);
  }
});

test('progress of a module without functions', async () => {
  const seen: CompileProgress[] = [];
  await compileWasmAsync(await parseText('(module)'), compileOptions, 'wasm', { onProgress: (progress) => seen.push(progress) });
  assert.equal(seen, [{ done: 0, total: 0 }]);
});

test('what onProgress throws ends the work', async () => {
  const thrown = new Error('enough');
  const onProgress = ({ done }: CompileProgress) => {
    if (done > 0) throw thrown;
  };
  assert.is(await failure(compileWasmAsync(large, compileOptions, 'wasm', { onProgress })), thrown);
  same(await compileWasmAsync(large, compileOptions, 'wasm'));
});

test('the bytes may change as soon as the call is made', async () => {
  const bytes = Uint8Array.from(large);
  const work = compileWasmAsync(bytes, compileOptions, 'wasm');
  bytes.fill(0);
  same(await work);
});

test('an aborted signal', async () => {
  const reason = new Error('never mind');
  assert.is(await failure(compileWasmAsync(large, compileOptions, 'wasm', { signal: AbortSignal.abort(reason) })), reason);
  assert.is(await failure(validateWasmAsync(large, compileOptions.wasmFeatures, 'wasm', { signal: AbortSignal.abort(reason) })), reason);
});

test('abort in the middle: at once, and the threads go on with other work', async () => {
  for (const parallel of [true, false]) {
    const reason = new Error('never mind');
    const controller = new AbortController();
    let afterwards = 0;
    const onProgress = ({ done, total }: CompileProgress) => {
      if (controller.signal.aborted) afterwards++;
      else if (done > total / 10) controller.abort(reason);
    };
    assert.is(await failure(compileWasmAsync(large, compileOptions, 'wasm', { parallel, signal: controller.signal, onProgress })), reason);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.is(afterwards, 0);
    same(await compileWasmAsync(large, compileOptions, 'wasm', { parallel }));
  }
});

test('an error comes as it does without threads', async () => {
  for (const work of [
    () => compileWasmAsync(invalid, compileOptions, 'wasm'),
    () => validateWasmAsync(invalid, compileOptions.wasmFeatures, 'wasm'),
    () => compileWasmAsync(large.subarray(0, 5000), compileOptions, 'wasm'),
  ]) {
    assert.instance(await failure(work()), CompileError);
  }
  const error = await failure(compileWasmAsync(invalid, compileOptions, 'wasm'));
  assert.instance(error, WebAssembly.CompileError);
  let expected: any;
  try {
    compileWasm(invalid, compileOptions, 'wasm');
  } catch (thrown) {
    expected = thrown;
  }
  for (const name of ['name', 'code', 'message', 'offset', 'funcIndex', 'funcName']) assert.is(error[name], expected[name]);
  await validateWasmAsync(large, compileOptions.wasmFeatures, 'wasm');
});

test('many at once', async () => {
  const expected = compileWasm(small, compileOptions, 'wasm');
  const controller = new AbortController();
  const work = Array.from({ length: 30 }, (_, i) => {
    if (i % 10 === 3) return compileWasmAsync(large, compileOptions, 'wasm').then((artifact) => same(artifact));
    if (i % 10 === 5) return failure(compileWasmAsync(large, compileOptions, 'wasm', { signal: controller.signal }));
    if (i % 10 === 7) return failure(compileWasmAsync(invalid, compileOptions, 'wasm'));
    return compileWasmAsync(small, compileOptions, 'wasm').then((artifact) => same(artifact, expected));
  });
  setTimeout(() => controller.abort(), 20);
  await Promise.all(work);
});

/** A module so large that a blocked thread asks for help. */
const huge = await parseText(`(module (memory 1)
  ${Array.from({ length: 1200 }, (_, f) => {
    const sums = Array.from({ length: 60 }, (_, i) => `(local.set 0 (i32.add (i32.load offset=${i * f} (local.get 0)) (i32.const ${i})))`);
    return `(func $f${f} (param i32) (result i32) ${sums.join(' ')} (call $f${(f * 7) % 1200} (local.get 0)))`;
  }).join('\n  ')})`);

test('a blocked thread is helped by others, with the same result', async () => {
  assert.ok(huge.length > 600_000, `${huge.length}`);
  const alone = compileWasm(huge, compileOptions, 'wasm');
  for (let i = 0; i < 3; i++) {
    same(compileWasm(huge, compileOptions, 'wasm', true), alone);
    if (i === 1) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  same(await compileWasmAsync(huge, compileOptions, 'wasm'), alone);
  const cut = huge.subarray(0, huge.length - 1000);
  assert.throws(
    () => compileWasm(cut, compileOptions, 'wasm', true),
    (error: unknown) => error instanceof CompileError,
  );
  same(new Engine({ compiler: 'wasm' }).precompileModule(huge), alone);
  same(new Engine({ compiler: 'wasm', parallelCompilation: false }).precompileModule(huge), alone);
});

test('a helper that dies while its lead is blocked', async () => {
  const alone = compileWasm(huge, compileOptions, 'wasm');
  await withWorkers(async (workers) => {
    await compileWasmAsync(huge, compileOptions, 'wasm');
    // They end in the middle of what they are asked next.
    for (const worker of workers) void worker.terminate();
    same(compileWasm(huge, compileOptions, 'wasm', true), alone);
  });
});

/** Does `work` while the pool's workers are in reach. */
async function withWorkers(work: (workers: Set<Worker>) => Promise<void>): Promise<void> {
  const workers = new Set<Worker>();
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...args: any[]) {
    workers.add(this);
    return postMessage.apply(this, args as [any]);
  };
  try {
    await work(workers);
  } finally {
    Worker.prototype.postMessage = postMessage;
  }
}

test('all threads die: an error by a code, and new threads for the next', async () => {
  await withWorkers(async (workers) => {
    const onProgress = ({ done, total }: CompileProgress) => {
      if (done > total / 10) for (const worker of workers) void worker.terminate();
    };
    const error = await failure(compileWasmAsync(large, compileOptions, 'wasm', { onProgress }));
    assert.instance(error, OuroError);
    assert.is(error.code, 'THREAD_DIED');
  });
  same(await compileWasmAsync(large, compileOptions, 'wasm'));
});

test('a helper dies: the lead does its work', async () => {
  await withWorkers(async (workers) => {
    let killed = false;
    const onProgress = ({ done }: CompileProgress) => {
      if (killed || done === 0 || workers.size < 2) return;
      killed = true;
      // The helpers are asked first, the lead last.
      void [...workers][0].terminate();
    };
    same(await compileWasmAsync(large, compileOptions, 'wasm', { onProgress }));
  });
});

const library = JSON.stringify(pathToFileURL(join(root, 'build', 'host', 'index.js')).href);
const setUp = `
  import { readFileSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  const { Engine, Module } = await import(${library});
  const wasm = readFileSync(${JSON.stringify(join(root, 'build', 'host', 'compiler.wasm'))});
  const engine = new Engine({ compiler: 'wasm' });`;

/** Runs a program in a process of its own; gives what it printed. */
function run(program: string, flags: string[] = [], env: Record<string, string> = {}): string {
  const path = join(folder, 'program.mjs');
  writeFileSync(path, setUp + program);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, path], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 100_000,
  });
  assert.is(status, 0, `exit ${status} ${signal}: ${stderr}`);
  return stdout;
}

test('in a worker thread', () => {
  const output = run(`
    import { Worker } from 'node:worker_threads';
    if (isMainThread) {
      const worker = new Worker(new URL(import.meta.url));
      worker.on('message', (size) => console.log(size > 1000));
    } else {
      const module = await Module.compile(engine, wasm);
      (await import('node:worker_threads')).parentPort.postMessage(module.serialize().length);
    }`);
  assert.is(output, 'true\n');
});

test('idle threads do not keep a process alive', () => {
  const output = run(`
    await Module.compile(engine, wasm);
    const started = performance.now();
    process.on('exit', () => console.log(performance.now() - started < 3000));`);
  assert.is(output, 'true\n');
});

test('threads that work for somebody do', () => {
  assert.is(run(`void Module.compile(engine, wasm).then(() => console.log('done'));`), 'done\n');
});

test('process.exit in between', () => {
  const output = run(`
    void Module.compile(engine, wasm, { onProgress: ({ done }) => { if (done > 0) process.exit(0); } }).then(() => console.log('late'));
    process.on('exit', () => console.log('exit'));`);
  assert.is(output, 'exit\n');
});

test("threads take none of the application's hooks and flags", () => {
  const hook = join(folder, 'hook.mjs');
  writeFileSync(hook, `import { isMainThread } from 'node:worker_threads'; console.log('hook', isMainThread);`);
  const required = join(folder, 'hook.cjs');
  writeFileSync(required, `console.log('required', require('node:worker_threads').isMainThread);`);
  const flags = ['--import', hook, '--require', required, '--stack-trace-limit=7', '--title=ouro-test', '--max-old-space-size=900'];
  const program = `await Module.compile(engine, wasm); console.log('compiled');`;
  assert.is(run(program, flags), 'required true\nhook true\ncompiled\n');
  assert.is(run(program, [], { NODE_OPTIONS: `--import=${pathToFileURL(hook).href} --title=ouro-test` }), 'hook true\ncompiled\n');
});

test('without the right to start threads', () => {
  const major = Number(process.versions.node.split('.')[0]);
  const flag = major >= 22 ? '--permission' : '--experimental-permission';
  const output = run(
    `
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    let last;
    const module = await Module.compile(engine, wasm, { onProgress: (progress) => (last = progress) });
    clearInterval(timer);
    const artifact = Buffer.from(engine.precompileModule(wasm));
    console.log(artifact.equals(module.serialize()), turns > 3, last.done === last.total, process.permission.has('worker'));
    const controller = new AbortController();
    const work = Module.compile(engine, wasm, { signal: controller.signal, onProgress: ({ done }) => { if (done > 0) controller.abort('enough'); } });
    console.log(await work.catch((reason) => reason));
    console.log(await Module.compile(engine, wasm.subarray(0, 5000)).catch(({ name }) => name));`,
    [flag, '--allow-addons', '--allow-fs-read=*', '--no-warnings'],
  );
  assert.is(output, 'true true true false\nenough\nCompileError\n');
});

test.run();
