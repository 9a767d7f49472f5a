/** The drop-in in whole processes: first sight, next start, environment variables, module systems, bad surroundings. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nativeCorePath } from '../../host/selfhost/native-core.js';
import { parseText } from '../../host/wasm/text.js';
import { makeFolder } from '../support/folder.js';
import { until } from '../support/limits.js';
import { root } from '../support/shared.js';
import { App, registerUrl } from './support.js';

const wasm = await parseText(`(module $adder
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1)
  (func (export "add") (param i32 i32) (result i32)
    (call $log (local.get 0))
    (i32.add (local.get 0) (local.get 1))))`);
const simd = await parseText('(module (func (export "f") (result i32) (i32x4.extract_lane 1 (v128.const i32x4 1 2 3 4))))');
const constant = await parseText('(module (func (export "f") (result i32) (i32.const 1000000)))');

const use = `
const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { log: (value) => console.log('log', value) } });
console.log('sum', instance.exports.add(40, 2));`;
const files = {
  'adder.wasm': wasm,
  'simd.wasm': simd,
  'app.mjs': `import { readFileSync } from 'node:fs'; const bytes = readFileSync('adder.wasm'); ${use}`,
  'app.cjs': `const bytes = require('node:fs').readFileSync('adder.wasm'); ${use}`,
  'wait.mjs': `import './app.mjs'; setTimeout(() => console.log('end'), 3000);`,
  // Ends when it has native code, not before.
  'until-built.mjs': `import { readdirSync } from 'node:fs'; import './app.mjs';
    const timer = setInterval(() => {
      try {
        if (!readdirSync(process.env.OURO_CACHE + '/modules').some((name) => name.endsWith('.ouro'))) return;
      } catch { return; }
      clearInterval(timer);
      console.log('end');
    }, 50);`,
  'no-files.mjs': `import { closeSync, openSync, readFileSync } from 'node:fs';
    const bytes = readFileSync('adder.wasm'), open = [];
    try { for (;;) open.push(openSync('adder.wasm')); } catch {}
    try { new WebAssembly.Module(bytes); } catch (error) { if (error.code === 'EMFILE') console.log('interrupted'); }
    for (const each of open) closeSync(each); ${use}`,
  'end-of-stack.mjs': `import { readFileSync } from 'node:fs'; const bytes = readFileSync('adder.wasm');
    let isInterrupted = false;
    const deep = () => {
      try { return deep(); } catch {}
      try { new WebAssembly.Module(bytes); return true; } catch (error) { isInterrupted ||= error instanceof RangeError; throw error; }
    };
    try { deep(); } catch {}
    if (isInterrupted) console.log('interrupted'); ${use}`,
  'changed.mjs': `import { readFileSync } from 'node:fs'; const bytes = readFileSync('adder.wasm');
    const { WebAssembly } = globalThis; delete globalThis.WebAssembly;
    for (const name of ['getBuiltinModule', 'dlopen']) process[name] = () => { throw new Error('changed ' + name); };
    for (const name of ['platform', 'arch']) Object.defineProperty(process, name, { value: 'other' });
    process.env.OURO_REGISTER = 'bogus'; ${use}`,
  'code-gone.mjs': `import { readFileSync, rmSync } from 'node:fs'; const bytes = readFileSync('adder.wasm');
    rmSync(process.env.DIST, { recursive: true });
    console.log(new WebAssembly.Global({ value: 'i32' }, 5).value, new WebAssembly.Table({ element: 'anyfunc', initial: 1 }).length); ${use}`,
  'exit.mjs': `import './app.mjs'; process.exit(3);`,
  'chdir.mjs': `import './app.mjs'; process.chdir('below');`,
  'listeners.mjs': `import './app.mjs'; for (let i = 0; i < 10; i++) process.on('exit', () => {});`,
  'throw.mjs': `import './app.mjs'; throw new Error('mine');`,
  'simd.mjs': `import { readFileSync } from 'node:fs';
    console.log(new WebAssembly.Instance(new WebAssembly.Module(readFileSync('simd.wasm'))).exports.f());`,
  'async.mjs': `import { readFile } from 'node:fs/promises';
    const { module, instance } = await WebAssembly.instantiate(await readFile('adder.wasm'), { env: { log() {} } });
    console.log(instance.exports.add(1, 2), module instanceof WebAssembly.Module);`,
  'worker.mjs': `import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
    import { readFileSync } from 'node:fs';
    if (isMainThread) {
      const module = new WebAssembly.Module(readFileSync('adder.wasm'));
      const worker = new Worker(new URL(import.meta.url), { workerData: module });
      worker.on('message', (text) => console.log(text));
      worker.on('error', (error) => console.log('error', error.message));
      worker.on('message', (module) => console.log(WebAssembly.Module.exports(module).length));
    } else {
      const { exports } = new WebAssembly.Instance(workerData, { env: { log() {} } });
      parentPort.postMessage('worker ' + exports.add(20, 22) + (workerData instanceof WebAssembly.Module) + WebAssembly.Module.imports(workerData).length);
    }`,
  'gone.mjs': `import { Worker, isMainThread, workerData } from 'node:worker_threads';
    import { readFileSync, rmSync } from 'node:fs';
    if (isMainThread) {
      const module = new WebAssembly.Module(readFileSync('adder.wasm'));
      rmSync(process.env.OURO_CACHE, { recursive: true });
      new Worker(new URL(import.meta.url), { workerData: module });
    } else console.log(new WebAssembly.Instance(workerData, { env: { log() {} } }).exports.add(20, 22));`,
  // As glue code of esbuild does: the environment is cleared, and what is written to the descriptor of stderr goes to process.stderr.
  'hostile.mjs': `import fs from 'node:fs';
    import './app.mjs';
    for (const name in process.env) delete process.env[name];
    const { writeSync } = fs;
    fs.writeSync = function (file, bytes) { return file === 2 ? process.stderr.write(bytes) : writeSync.apply(this, arguments); };
    const other = Buffer.concat([fs.readFileSync('adder.wasm'), Buffer.from([0, 2, 1, 97])]);
    new WebAssembly.Module(other);`,
  'timers.mjs': `globalThis.setTimeout = globalThis.clearTimeout = globalThis.setImmediate = () => 1;
    await import('./async.mjs');
    await import('./app.mjs');`,
  'little.wasm': await parseText('(module (func (export "twice") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1))))'),
  'little.cjs': `const bytes = require('node:fs').readFileSync('little.wasm');
    console.log(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.twice(21));
    try { new WebAssembly.Memory({ initial: 1 }); } catch (error) { console.log(error.name); }`,
  'limited.cjs': `require('node:child_process').spawnSync('sh', ['-c', 'ulimit -v 4000000; exec "$0" "$@"', process.execPath,
    ...process.execArgv, 'little.cjs'], { stdio: 'inherit' });`,
  'homeless.cjs': `require('node:os').homedir = () => { throw new Error('no home'); };`,
  'off.cjs': `console.log(typeof WebAssembly)`,
  'large.cjs': `const [, , file] = process.argv;
    const bytes = require('node:fs').readFileSync(file);
    const run = (module) => console.log(new WebAssembly.Instance(module).exports.f());
    run(new WebAssembly.Module(bytes));
    WebAssembly.compile(bytes).then(run);`,
  'overwrite.cjs': `const bytes = new Uint8Array(require('node:fs').readFileSync('adder.wasm')); ${use} bytes.fill(0);`,
  'transfer.cjs': `const bytes = new Uint8Array(require('node:fs').readFileSync('adder.wasm')); ${use}
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });`,
  'overwrite-soon.cjs': `const bytes = new Uint8Array(require('node:fs').readFileSync('adder.wasm'));
    WebAssembly.instantiate(bytes, { env: { log: (value) => console.log('log', value) } })
      .then(({ instance }) => console.log('sum', instance.exports.add(40, 2)));
    bytes.fill(0);`,
  // Another thread turns a module in shared memory into another one, and back.
  'shared.mjs': `import { Worker, isMainThread, workerData } from 'node:worker_threads';
    const text = [0xc0, 0x84, 0x3d];
    const at = Buffer.from([...TEMPLATE]).indexOf(Buffer.from(text));
    if (isMainThread) {
      const shared = new Uint8Array(new SharedArrayBuffer(TEMPLATE.length));
      const worker = new Worker(new URL(import.meta.url), { workerData: shared });
      worker.once('message', () => {
        let wrong = 0;
        for (let i = 0; i < 40; i++) {
          const bytes = (low) => { const own = Uint8Array.from(TEMPLATE); own.set([0x80 | low, 0x80 | i, 1], at); return own; };
          shared.set(bytes(shared[at] & 1));
          new WebAssembly.Module(shared);
          for (const low of [0, 1]) {
            const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes(low))).exports;
            if (f() !== low + i * 128 + 16384) wrong++;
          }
        }
        console.log('wrong', wrong);
        worker.terminate();
      });
    } else {
      const { parentPort } = await import('node:worker_threads');
      parentPort.postMessage('');
      for (let low = 0; ; low ^= 1) Atomics.store(workerData, at, 0x80 | low);
    }`.replaceAll('TEMPLATE', JSON.stringify([...constant])),
  'give-away.cjs': `const bytes = new Uint8Array(require('node:fs').readFileSync('adder.wasm')); ${use}
    const files = require('node:fs/promises');
    const { writeFile } = files;
    files.writeFile = (...args) => {
      if (bytes.length > 0) structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return writeFile(...args);
    };
    // Ends when that is noted and what was written is gone, not before.
    const { existsSync, readdirSync } = require('node:fs');
    const folder = process.env.OURO_CACHE + '/register';
    const timer = setInterval(() => {
      const names = existsSync(folder) ? readdirSync(folder) : [];
      if (!names.some((name) => name.endsWith('.changes')) || names.some((name) => name.endsWith('.part'))) return;
      clearInterval(timer);
      console.log('end');
    }, 50);`,
  'pool.cjs': `const { buffer } = new WebAssembly.Memory({ initial: 1 });
    const adder = require('node:fs').readFileSync('adder.wasm');
    const bytes = new Uint8Array(buffer, 16, adder.length);
    bytes.set(adder); ${use} bytes.fill(0);`,
  'in-worker.mjs': `import { Worker } from 'node:worker_threads';
    new Worker(new URL('./app.mjs', import.meta.url));`,
  'parent.mjs': `import { spawnSync } from 'node:child_process';
    process.stdout.write(spawnSync(process.execPath, ['app.mjs'], { encoding: 'utf8' }).stdout);`,
};

/** A module larger than what is looked at of it at first; `value` is in the rest, far from its ends. */
async function large(value: number, body = `i32.const ${value}`): Promise<Uint8Array> {
  const filler = (name: string) => `(func (export "${name}") ${'(drop (i32.const 1000000))'.repeat(20_000)})`;
  return parseText(`(module ${filler('a')} (func (export "f") (result i32) ${body}) ${filler('b')})`);
}

const answer = 'log 40\nsum 42\n';
const runsNative = /runs as native code/;
const runsOnV8 = /runs on V8/;

test('first on V8, then native', async () => {
  const app = new App('first', files);
  const first = app.run(['app.mjs']);
  assert.is(first.stdout, answer, first.stderr);
  assert.is(first.status, 0);
  assert.match(first.stderr, runsOnV8);
  assert.not.match(first.stderr, runsNative);
  await app.built();
  const second = app.run(['app.mjs']);
  assert.is(second.stdout, answer);
  assert.match(second.stderr, runsNative);
  for (const [file, imports] of [
    ['app.cjs', undefined],
    ['app.cjs', ['--require', join(root, 'dist', 'register.cjs')]],
    ['app.mjs', ['--require', join(root, 'dist', 'register.cjs'), '--import', registerUrl]],
  ] as const) {
    const { stdout, stderr } = app.run([file], {}, imports);
    assert.is(stdout, answer);
    assert.match(stderr, runsNative);
  }
  const asynchronous = app.run(['async.mjs']);
  assert.is(asynchronous.stdout, '3 true\n');
  assert.match(asynchronous.stderr, runsNative);
  const child = app.run(['parent.mjs'], { NODE_OPTIONS: `--import ${registerUrl}` }, []);
  assert.is(child.stdout, answer);
});

test('the builder starts while the application runs', async () => {
  const app = new App('long', files);
  const { stdout, stderr } = app.run(['until-built.mjs']);
  assert.is(stdout, `${answer}end\n`);
  assert.match(stderr, /process \d+ makes native code/);
  await app.built();
  assert.is(app.artifacts.length, 1);
});

test('an application that ends by exit or by an error', async () => {
  for (const [file, status] of [
    ['exit.mjs', 3],
    ['throw.mjs', 1],
  ] as const) {
    const app = new App('exit', files);
    const run = app.run([file]);
    assert.is(run.status, status);
    await app.built();
    assert.is(app.artifacts.length, 1);
  }
});

test('an application that changes the bytes of its module', async () => {
  for (const file of ['overwrite.cjs', 'overwrite-soon.cjs', 'transfer.cjs']) {
    const app = new App('changes', files);
    const first = app.run([file]);
    assert.is(first.stdout, answer, first.stderr);
    assert.match(first.stderr, /has changed the bytes/);
    assert.is(app.notes('changes').length, 1);
    assert.is(app.run([file]).stdout, answer);
    await app.built();
    const third = app.run([file]);
    assert.is(third.stdout, answer, third.stderr);
    assert.match(third.stderr, runsNative);
  }
});

test('an application that gives the bytes away while they are written', async () => {
  const app = new App('given', files);
  const { stdout, stderr } = app.run(['give-away.cjs']);
  assert.is(stdout, `${answer}end\n`, stderr);
  assert.match(stderr, /has changed the bytes/);
  assert.is(app.notes('changes').length, 1);
  assert.equal(app.queue, []);
  app.run(['give-away.cjs']);
  await app.built();
  assert.match(app.run(['give-away.cjs']).stderr, runsNative);
});

test('an application that has as many listeners as Node allows without a warning', async () => {
  const app = new App('listeners', files);
  for (let i = 0; i < 2; i++) {
    const { stdout, stderr } = app.run(['listeners.mjs'], { OURO_LOG: '' });
    assert.is(stdout, answer);
    assert.is(stderr, '');
    await app.built();
  }
});

test('a module in shared memory that another thread changes', () => {
  const { stdout, stderr, status } = new App('shared', files).run(['shared.mjs'], { OURO_REGISTER: 'eager', OURO_LOG: '' });
  assert.is(stdout, 'wrong 0\n', stderr);
  assert.is(status, 0);
});

test('a module in a wasm memory', async () => {
  const app = new App('pool', files);
  assert.is(app.run(['pool.cjs']).stdout, answer);
  await app.built();
  const { stdout, stderr } = app.run(['pool.cjs']);
  assert.is(stdout, answer);
  assert.match(stderr, runsNative);
});

test('a module of a thread that ends', async () => {
  const app = new App('thread', files);
  assert.is(app.run(['in-worker.mjs']).stdout, answer);
  await app.built();
  assert.match(app.run(['in-worker.mjs']).stderr, runsNative);
});

test('modules that look the same at first', async () => {
  const twins = {
    'one.wasm': await large(1),
    'two.wasm': await large(2),
    'simd.wasm': await large(0, 'i32x4.extract_lane 1 (v128.const i32x4 3 3 3 3)'),
  };
  assert.is(twins['one.wasm'].length, twins['two.wasm'].length);
  const app = new App('twins', { ...files, ...twins });
  for (const seen of [runsOnV8, runsNative]) {
    const { stdout, stderr } = app.run(['large.cjs', 'one.wasm']);
    assert.is(stdout, '1\n1\n');
    assert.match(stderr, seen);
    await app.built();
  }
  for (const seen of [runsOnV8, runsNative]) {
    const { stdout, stderr } = app.run(['large.cjs', 'two.wasm']);
    assert.is(stdout, '2\n2\n');
    assert.match(stderr, seen);
    await until(() => app.artifacts.length === 2, 'both have native code');
    await app.built();
  }
  // And they share their notes.
  assert.is(app.notes('ouro').length, 1);
  const [note] = app.notes('ouro');
  writeFileSync(join(app.cache, 'register', note.replace(/ouro$/, 'v8')), 'no reason');
  for (const [file, value] of [
    ['one.wasm', 1],
    ['two.wasm', 2],
  ]) {
    const { stdout, stderr } = app.run(['large.cjs', String(file)]);
    assert.is(stdout, `${value}\n${value}\n`);
    assert.match(stderr, /runs on V8: no reason/);
  }
});

test('a module that only forwards a function has no native code', async () => {
  const forwarder = await parseText('(module (import "e" "f" (func (param i32) (result i32))) (export "f" (func 0)))');
  const caller = await parseText(`(module (type $t (func (param i32) (result i32))) (table (export "t") 1 funcref)
    (func (export "call") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))`);
  const app = new App('forwarder', {
    'caller.wasm': caller,
    'forwarder.wasm': forwarder,
    'forward.mjs': `import { readFileSync } from 'node:fs';
      const make = (name, imports) => new WebAssembly.Instance(new WebAssembly.Module(readFileSync(name)), imports).exports;
      const { t, call } = make('caller.wasm');
      const { instance } = await WebAssembly.instantiate(readFileSync('forwarder.wasm'), { e: { f: (n) => n + 1 } });
      t.set(0, make('forwarder.wasm', { e: { f: instance.exports.f } }).f);
      console.log(call(41));`,
  });
  const { stdout, stderr } = app.run(['forward.mjs'], { OURO_REGISTER: 'eager' });
  assert.is(stdout, '42\n');
  assert.is(stderr.match(/is compiled now/g)?.length, 1, stderr);
  assert.is(app.artifacts.length, 1);
});

test('notes without native code, and native code without notes', async () => {
  const app = new App('notes', files);
  const next = async (seen: RegExp) => {
    const { stdout, stderr } = app.run(['app.mjs']);
    assert.is(stdout, answer);
    assert.match(stderr, seen);
    await app.built();
  };
  await next(runsOnV8);
  await next(runsNative);
  rmSync(join(app.cache, 'register'), { recursive: true });
  await next(runsOnV8);
  await next(runsNative);
  rmSync(join(app.cache, 'modules'), { recursive: true });
  await next(runsOnV8);
  await until(() => app.artifacts.length > 0, 'there is native code');
  await next(runsNative);
});

test('what waits for a builder and is something else by then', async () => {
  const app = new App('queue', { ...files, 'large.wasm': await large(1) });
  const builder = join(root, 'dist', 'builder.js');
  assert.is(app.run(['large.cjs', 'large.wasm']).stdout, '1\n1\n');
  await app.built();
  const [name] = app.notes('ouro').map((note) => note.replace('.ouro', ''));
  rmSync(join(app.cache, 'modules'), { recursive: true });
  const bytes = await large(1);
  for (const damage of [
    () => bytes.subarray(0, -1),
    () => Buffer.alloc(bytes.length),
    () => Buffer.from('something else'),
    // The same at first sight, and no module.
    () => bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 16),
  ]) {
    rmSync(join(app.cache, 'register', `${name}.ouro`), { force: true });
    writeFileSync(join(app.cache, 'register', `${name}.wasm`), damage());
    app.run([builder, 'guard', name], { OURO_REGISTER: 'off' }, []);
    assert.equal(app.queue, []);
    assert.equal([...app.notes('ouro'), ...app.notes('v8')], []);
    assert.equal(app.artifacts, []);
  }
});

test('a module whose builders have died', async () => {
  const app = new App('died', files);
  app.run(['app.mjs']);
  await app.built();
  const [name] = app.notes('ouro').map((note) => note.replace('.ouro', ''));
  const path = (ending: string) => join(app.cache, 'register', `${name}.${ending}`);
  rmSync(path('ouro'));
  writeFileSync(path('wasm'), wasm);
  writeFileSync(path('lock'), `${spawnSync(process.execPath, ['-e', '']).pid} 3`);
  app.run([join(root, 'dist', 'builder.js'), 'guard', name], { OURO_REGISTER: 'off' }, []);
  assert.equal([app.notes('died').length, app.notes('ouro').length, app.queue.length], [1, 0, 0]);
  assert.match(app.run(['app.mjs']).stderr, /runs on V8: 3 processes have failed to compile it/);
  assert.equal(app.queue, []);
  const yesterday = new Date(Date.now() - 25 * 3600_000);
  utimesSync(path('died'), yesterday, yesterday);
  app.run(['app.mjs']);
  await app.built();
  assert.match(app.run(['app.mjs']).stderr, runsNative);
});

test('one of many builders makes the native compiler', () => {
  const app = new App('core', files);
  const queue = join(app.cache, 'register');
  mkdirSync(queue, { recursive: true });
  writeFileSync(join(queue, `${basename(nativeCorePath(), '.ouro')}.lock`), `${process.pid} 1`);
  const builder = join(root, 'dist', 'builder.js');
  const { status, stderr } = app.run([builder, 'guard'], { OURO_REGISTER: 'off', OURO_NATIVE_CORE: undefined }, []);
  assert.is(status, 0, stderr);
  assert.equal(readdirSync(app.cache), ['register']);
});

test('no room for what a builder needs', async () => {
  const app = new App('room', { ...files, 'large.wasm': await large(1) });
  // In blocks of 512 bytes.
  const limit = `require('node:child_process').spawnSync('sh', ['-c', 'ulimit -f 10; exec "$0" "$@"', process.execPath,
    ...process.execArgv, 'large.cjs', 'large.wasm'], { stdio: 'inherit' });`;
  writeFileSync(join(app.folder, 'room.cjs'), limit);
  for (let i = 0; i < 4; i++) {
    const { stdout, stderr } = app.run(['room.cjs']);
    assert.is(stdout, '1\n1\n');
    assert.match(stderr, runsOnV8);
    // The builder, where there is one.
    const pid = /process (\d+) makes native code/.exec(stderr)?.[1];
    if (pid) await until(() => !existsSync(`/proc/${pid}`), 'the builder has ended');
    assert.equal(app.queue, []);
  }
  // Nothing is held against the module.
  app.run(['large.cjs', 'large.wasm']);
  await app.built();
  assert.match(app.run(['large.cjs', 'large.wasm']).stderr, runsNative);
});

test('eager, off, and the size floor', () => {
  const app = new App('modes', files);
  const off = app.run(['app.mjs'], { OURO_REGISTER: 'off' });
  assert.is(off.stdout, answer);
  assert.is(off.stderr, '');
  const floor = app.run(['app.mjs'], { OURO_REGISTER_MIN_SIZE: '1k' });
  assert.is(floor.stdout, answer);
  assert.is(floor.stderr, '');
  const eager = app.run(['app.mjs'], { OURO_REGISTER: 'eager' });
  assert.is(eager.stdout, answer);
  assert.match(eager.stderr, /is compiled now/);
  assert.is(app.artifacts.length, 1);
  assert.match(app.run(['app.mjs']).stderr, runsNative);
  assert.match(app.run(['app.mjs'], { OURO_REGISTER: 'sometimes' }).stderr, /OURO_REGISTER is eager, background or off/);
});

test('include and exclude lists', () => {
  const app = new App('lists', files);
  const eager = (env: Record<string, string>) => app.run(['app.mjs'], { OURO_REGISTER: 'eager', ...env });
  eager({});
  const [name] = app.artifacts;
  for (const pattern of ['app.mjs', 'adder', name.slice(0, 12)]) {
    assert.match(eager({ OURO_REGISTER_EXCLUDE: `other, ${pattern}` }).stderr, /runs on V8: OURO_REGISTER_EXCLUDE has/);
    assert.match(eager({ OURO_REGISTER_INCLUDE: pattern }).stderr, runsNative);
  }
  assert.match(eager({ OURO_REGISTER_INCLUDE: 'other' }).stderr, /not in OURO_REGISTER_INCLUDE/);
});

test('a module that Ouro cannot compile', async () => {
  for (const mode of ['eager', 'background']) {
    const app = new App('simd', files);
    assert.is(app.run(['simd.mjs'], { OURO_REGISTER: mode }).stdout, '2\n');
    await app.built();
    const next = app.run(['simd.mjs'], { OURO_REGISTER: mode });
    assert.is(next.stdout, '2\n');
    assert.match(next.stderr, /runs on V8: .*SIMD/);
    assert.not.match(next.stderr, /makes native code/);
  }
});

test('modules go to worker threads', () => {
  const app = new App('worker', files);
  const first = app.run(['worker.mjs']);
  assert.match(first.stdout, /^worker 42true1\n/);
  const native = app.run(['worker.mjs'], { OURO_REGISTER: 'eager' });
  assert.match(native.stdout, /^worker 42true1\n/);
  const again = app.run(['worker.mjs']);
  assert.match(again.stdout, /^worker 42true1\n/);
  assert.match(again.stderr, runsNative);
});

test('a module reaches a thread though the cache is gone', () => {
  const app = new App('gone', files);
  const { stdout, stderr } = app.run(['gone.mjs'], { OURO_REGISTER: 'eager' });
  assert.is(stdout, '42\n', stderr);
});

test('an application that clears its environment and replaces functions of fs', async () => {
  const app = new App('hostile', files);
  const { stdout, stderr } = app.run(['hostile.mjs']);
  assert.is(stdout, answer);
  assert.match(stderr, /makes native code for 2 modules/);
  await app.built(2);
  assert.is(app.artifacts.length, 2);
});

test('an application that replaces timers', async () => {
  const app = new App('timers', files);
  const run = (mode: string) => {
    const { stdout, stderr, status } = app.run(['timers.mjs'], { OURO_REGISTER: mode });
    assert.is(stdout, `3 true\n${answer}`, stderr);
    assert.is(status, 0);
    return stderr;
  };
  assert.match(run('background'), runsOnV8);
  await app.built(1);
  assert.match(run('background'), runsNative);
  rmSync(app.cache, { recursive: true });
  run('eager');
});

test('processes where nothing can be put into the place of WebAssembly, or it is missing', () => {
  const app = new App('without', files);
  for (const flag of ['--jitless', '--frozen-intrinsics']) {
    const plain = app.run([flag, 'off.cjs'], {}, []);
    const { stdout, stderr, status } = app.run([flag, 'off.cjs']);
    assert.is(status, 0, stderr);
    assert.is(stdout, plain.stdout);
  }
  const { stdout, stderr } = app.run(['--frozen-intrinsics', 'app.cjs']);
  assert.is(stdout, answer, stderr);
  assert.is(stderr.match(/WebAssembly runs on V8: .*frozen/g)?.length, 1, stderr);
});

test('the library where WebAssembly is missing', () => {
  const library = JSON.stringify(new URL('index.js', registerUrl).href);
  const app = new App('jitless', {
    'app.mjs': `import ${library};`,
    'app.cjs': `import(${library}).catch((error) => console.log(error.code));`,
  });
  assert.match(app.run(['--jitless', 'app.mjs'], {}, []).stderr, /OuroError.*: Ouro needs WebAssembly/);
  assert.is(app.run(['--jitless', 'app.cjs'], {}, []).stdout, 'WEBASSEMBLY_MISSING\n');
});

test('a corrupt cache', async () => {
  const app = new App('corrupt', files);
  app.run(['app.mjs'], { OURO_REGISTER: 'eager' });
  const path = join(app.cache, 'modules', app.artifacts[0]);
  for (const damage of [
    () => truncateSync(path, 100),
    () => writeFileSync(path, readFileSync(path).fill(0, 64, 200)),
    () => writeFileSync(path, ''),
    () => writeFileSync(path, 'something else'),
  ]) {
    chmodSync(path, 0o644);
    damage();
    const { stdout, status } = app.run(['app.mjs'], { OURO_REGISTER: 'eager' });
    assert.is(stdout, answer);
    assert.is(status, 0);
    assert.match(app.run(['app.mjs']).stderr, runsNative);
  }
});

test('a cache that cannot be written', () => {
  const app = new App('read-only', { ...files, cache: 'a file' });
  for (const mode of ['eager', 'background']) {
    // In /proc the system answers to every new name that the folder above is missing.
    for (const cache of [app.cache, '/proc/self/cache']) {
      const { stdout, status } = app.run(['app.mjs'], { OURO_REGISTER: mode, OURO_CACHE: cache });
      assert.is(stdout, answer);
      assert.is(status, 0);
    }
  }
});

test('a cache folder that another user can write to: nothing is made that would not be used', async () => {
  const app = new App('foreign', files);
  for (const open of ['.', 'modules']) {
    mkdirSync(join(app.cache, open), { recursive: true });
    chmodSync(join(app.cache, open), 0o777);
    for (const file of ['app.mjs', 'wait.mjs']) {
      const { stdout, stderr, status } = app.run([file]);
      assert.match(stdout, answer);
      assert.is(status, 0);
      assert.match(stderr, /native code for the next start cannot be made: another user can write to /);
      assert.not.match(stderr, /makes native code/);
    }
    chmodSync(app.cache, 0o700);
  }
});

test('a cache folder that is named from where the application starts, and leaves', async () => {
  const app = new App('chdir', files);
  mkdirSync(join(app.folder, 'below'));
  for (const seen of [runsOnV8, runsNative]) {
    const { stdout, stderr } = app.run(['chdir.mjs'], { OURO_CACHE: 'cache' });
    assert.is(stdout, answer, stderr);
    assert.match(stderr, seen);
    assert.equal(readdirSync(join(app.folder, 'below')), []);
    await app.built();
  }
  // A folder that is gone has no names below it.
  const gone = `mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"`;
  const args = [process.execPath, '--require', join(root, 'dist', 'register.cjs'), '-p', '42'];
  const { stdout, stderr } = spawnSync('sh', ['-c', gone, ...args], {
    cwd: app.folder,
    encoding: 'utf8',
    env: { ...process.env, OURO_CACHE: 'cache' },
  });
  assert.is(stdout, '42\n', stderr);
});

test('a user without a home', () => {
  const app = new App('homeless', files);
  const env = { OURO_CACHE: undefined, XDG_CACHE_HOME: undefined, TMPDIR: app.folder, OURO_REGISTER: 'eager' };
  for (const seen of [/is compiled now/, runsNative]) {
    const { stdout, stderr } = app.run(['app.mjs'], env, ['--require', './homeless.cjs', '--import', registerUrl]);
    assert.is(stdout, answer, stderr);
    assert.match(stderr, seen);
  }
});

test('too little address space for any memory', () => {
  const app = new App('limited', files);
  const plain = app.run(['limited.cjs'], {}, []).stdout;
  assert.match(plain, /^42\n/); // and then that there is none, as far as Node 22
  for (const mode of ['background', 'eager']) assert.is(app.run(['limited.cjs'], { OURO_REGISTER: mode }).stdout, plain);
  app.run(['little.cjs'], { OURO_REGISTER: 'eager' });
  const { stdout, stderr } = app.run(['limited.cjs']);
  assert.is(stdout, plain, stderr);
  assert.match(stderr, runsNative);
});

test('without the native helper', () => {
  const app = new App('helper', files);
  const dist = join(makeFolder('dist'), 'dist');
  cpSync(join(root, 'dist'), dist, { recursive: true });
  writeFileSync(join(dist, 'package.json'), '{"type": "module"}');
  for (const broken of [
    () => rmSync(join(dist, 'ouro-x64-linux.node'), { force: true }),
    () => writeFileSync(join(dist, 'ouro-x64-linux.node'), 'x'),
  ]) {
    broken();
    const { stdout, stderr, status } = app.run(['app.mjs'], {}, ['--import', pathToFileURL(join(dist, 'register.js')).href]);
    assert.is(stdout, answer);
    assert.is(status, 0);
    assert.is(stderr.match(/WebAssembly runs on V8: cannot load ouro's native helper/g)?.length, 1);
  }
});

/** A copy of dist/ in which a file ends the process that loads it. */
function distWithout(file: string): readonly string[] {
  const dist = join(makeFolder('dist'), 'dist');
  cpSync(join(root, 'dist'), dist, { recursive: true });
  writeFileSync(join(dist, 'package.json'), '{"type": "module"}');
  writeFileSync(join(dist, file), 'process.exit(1)');
  return ['--import', pathToFileURL(join(dist, 'register.js')).href];
}

test('what makes native code is loaded by a process that makes some, and no other', async () => {
  const imports = distWithout('compile.cjs');
  for (const file of ['app.mjs', 'async.mjs', 'in-worker.mjs', 'little.cjs', 'off.cjs']) {
    const app = new App('parts', files);
    const plain = app.run([file], {}, []).stdout;
    assert.is(app.run([file], {}, imports).stdout, plain);
    if (file === 'off.cjs') continue;
    assert.is(app.run([file], { OURO_REGISTER: 'eager' }).stdout, plain);
    const { stdout, stderr, status } = app.run([file], {}, imports);
    assert.is(stdout, plain);
    assert.is(status, 0, stderr);
    const other = new App('parts', files);
    if (file !== 'in-worker.mjs') assert.is(other.run([file], { OURO_REGISTER: 'eager' }, imports).status, 1);
  }
});

test('a process that uses no WebAssembly loads nothing', () => {
  for (const part of ['drop-in.cjs', 'runtime.cjs']) {
    const app = new App('nothing', files);
    const imports = distWithout(part);
    assert.is(app.run(['off.cjs'], {}, imports).status, 0);
    assert.is(app.run(['app.mjs'], {}, imports).status, 1);
  }
});

test('the first use is interrupted, and the next one works', () => {
  const app = new App('interrupted', files);
  for (const file of ['no-files.mjs', 'end-of-stack.mjs']) {
    const { stdout, stderr } = app.run([file]);
    assert.is(stdout, 'interrupted\nlog 40\nsum 42\n', stderr);
  }
});

test('what the application changes before the first use', () => {
  const app = new App('changed', files);
  for (const OURO_REGISTER of ['background', 'eager']) {
    const { stdout, stderr } = app.run(['changed.mjs'], { OURO_REGISTER });
    assert.is(stdout, answer, stderr);
    assert.not.match(stderr, /Warning/);
  }
});

test('the code goes after the start', () => {
  const app = new App('gone', files);
  const dist = join(makeFolder('dist'), 'dist');
  cpSync(join(root, 'dist'), dist, { recursive: true });
  writeFileSync(join(dist, 'package.json'), '{"type": "module"}');
  const imports = ['--import', pathToFileURL(join(dist, 'register.js')).href];
  const { stdout, stderr, status } = app.run(['code-gone.mjs'], { DIST: dist }, imports);
  assert.is(stdout, `5 1\n${answer}`, stderr);
  assert.is(status, 0);
  assert.is(stderr.match(/WebAssembly runs on V8: cannot load the code of ouro/g)?.length, 1, stderr);
});

test('an error that nobody catches prints little', () => {
  const app = new App('uncaught', { 'bad.mjs': 'new WebAssembly.Module(new Uint8Array(8));' });
  const { stderr, status } = app.run(['bad.mjs'], { OURO_REGISTER: 'eager', OURO_LOG: undefined });
  assert.is(status, 1);
  assert.match(stderr, /CompileError/);
  assert.ok(stderr.length < 3000, stderr);
});

test('the library says nothing of the variables of the drop-in', () => {
  const app = new App('bogus', {
    'adder.wasm': wasm,
    'library.mjs': `import { readFileSync } from 'node:fs';
    import { Engine, Module } from '${pathToFileURL(join(root, 'dist', 'index.js')).href}';
    console.log(new Module(new Engine(), readFileSync('adder.wasm')).exports().length);`,
  });
  const { stdout, stderr } = app.run(['library.mjs'], { OURO_REGISTER: 'bogus', OURO_REGISTER_MIN_SIZE: 'x', OURO_LOG: undefined }, []);
  assert.is(stdout, '2\n', stderr);
  assert.is(stderr, '');
});

test("Node's permission model without addons", () => {
  const app = new App('permission', files);
  const flag = Number(process.versions.node.split('.')[0]) >= 22 ? '--permission' : '--experimental-permission';
  const { stdout, stderr, status } = app.run([flag, '--allow-fs-read=*', 'app.mjs']);
  assert.is(stdout, answer);
  assert.is(status, 0);
  assert.match(stderr, /WebAssembly runs on V8: .*--allow-addons/);
});

test("Node's permission model without child processes", () => {
  const app = new App('children', files);
  const flag = Number(process.versions.node.split('.')[0]) >= 22 ? '--permission' : '--experimental-permission';
  const { stdout, stderr, status } = app.run([flag, '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*', 'app.mjs']);
  assert.is(stdout, answer);
  assert.is(status, 0);
  assert.match(stderr, /native code for the next start cannot be made: .*no child processes/);
  assert.equal(app.queue, []);
});

test.run();
