/** Modules in several threads of a process, and what becomes of their memory. */

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ArtifactError, Engine, Instance, Module, OuroError, parseText, type SharedModule, Store } from '../../host/index.js';
import { root } from '../support/shared.js';
import { engine, throws } from './support.js';

const test = suite('modules in several threads');
setFlagsFromString('--expose-gc');
const gc: () => void = vm.runInNewContext('gc');
const folder = mkdtempSync(join(tmpdir(), 'ouro-share-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const wasm = await parseText(`(module $shared
  (memory (export "memory") 4)
  (data (i32.const 0) "${'x'.repeat(100_000)}")
  (func $div (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))`);
const small = await parseText('(module (func (export "two") (result i32) (i32.const 2)))');

/** Opens a token for each message, and answers; a message without one ends what it has. */
const script = join(folder, 'worker.mjs');
writeFileSync(
  script,
  `import { parentPort } from 'node:worker_threads';
  import { Engine, Instance, Module, Store } from '${pathToFileURL(join(root, 'build/host/index.js'))}';
  let module, instance;
  parentPort.on('message', ({ token, config, done }) => {
    if (done) {
      module.dispose();
      return parentPort.postMessage('done');
    }
    try {
      const engine = new Engine(config);
      module = Module.fromShared(engine, token);
      const { start, end } = module.imageRange();
      const { div, load } = new Instance(new Store(engine), module.clone()).exports;
      const trap = (work) => { try { work(); } catch (error) { return [error.code, error.frames[0].funcName]; } };
      const text = module.text();
      const first = text[0];
      text[0] ^= 255;
      parentPort.postMessage({ start, end, quotient: div(84, 2), byte: load(5), traps: [trap(() => div(1, 0)), trap(() => load(1 << 20))],
        name: module.name, names: module.exports().map(({ name }) => name), first });
    } catch (error) {
      parentPort.postMessage({ code: error.code, message: error.message });
    }
  });`,
);

async function ask(worker: Worker, message: unknown): Promise<any> {
  worker.postMessage(message);
  const [answer] = await once(worker, 'message');
  return answer;
}

/** Whether something is mapped at an address of this process. */
function isMapped(address: bigint): boolean {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .some((line) => {
      const [from, to] = line
        .split(' ')[0]
        .split('-')
        .map((hex) => BigInt(`0x${hex || 0}`));
      return from <= address && address < to;
    });
}

/** Waits until the collector and its finalizers have done what makes `is` true. */
async function collectUntil(is: () => boolean): Promise<boolean> {
  for (let i = 0; i < 50 && !is(); i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return is();
}

const gone = (token: SharedModule) => throws(() => Module.fromShared(engine, token), OuroError, /is gone/, 'TOKEN_INVALID');

test('one mapping, no copy, and all that a module can do', async () => {
  const module = new Module(engine, wasm);
  const { start, end } = module.imageRange();
  const token = module.share();
  assert.equal(module.share(), token);
  assert.equal(structuredClone(token), token);
  const workers = [new Worker(script), new Worker(script)];
  for (const worker of workers) {
    const answer = await ask(worker, { token });
    assert.is(answer.message, undefined);
    assert.is(answer.start, start);
    assert.is(answer.end, end);
    assert.is(answer.quotient, 42);
    assert.is(answer.byte, 120);
    assert.is(answer.name, 'shared');
    assert.equal(answer.names, ['memory', 'div', 'load']);
    assert.equal(answer.traps, [
      ['IntegerDivisionByZero', 'div'],
      ['MemoryOutOfBounds', 'load'],
    ]);
  }
  const { div } = new Instance(new Store(engine), module).exports;
  assert.is(div(84, 2), 42);
  for (const worker of workers) await worker.terminate();
  assert.is(div(84, 2), 42);
});

test('it stays while some thread has it, and goes with the last', async () => {
  const worker = new Worker(script);
  const module = new Module(engine, wasm);
  const token = module.share();
  const { start } = module.imageRange();
  await ask(worker, { token });
  module.dispose();
  assert.ok(isMapped(start));
  const again = Module.fromShared(engine, token); // from the worker's
  assert.is(again.imageRange().start, start);
  assert.is(new Instance(new Store(engine), again.clone()).exports.load(3), 120);
  await worker.terminate();
  assert.ok(isMapped(start));
  assert.is(new Instance(new Store(engine), again).exports.load(3), 120);
  again.dispose();
  assert.ok(await collectUntil(() => !isMapped(start)));
  gone(token);
});

test('a thread that opens too late, or with other options', async () => {
  const worker = new Worker(script);
  const module = new Module(engine, wasm);
  const token = module.share();
  const refused = await ask(worker, { token, config: { nanCanonicalization: true } });
  assert.is(refused.code, 'ARTIFACT_WRONG_OPTIONS');
  assert.match(refused.message, /nanCanonicalization false, this engine wants true/);
  throws(() => Module.fromShared(new Engine({ memoryPolicy: 'explicit' }), token), ArtifactError, /memoryPolicy/, 'ARTIFACT_WRONG_OPTIONS');
  module.dispose();
  const late = await ask(worker, { token });
  assert.is(late.code, 'TOKEN_INVALID');
  assert.match(late.message, /is gone/);
  await worker.terminate();
});

test('in the thread that shared it: the same code', () => {
  const module = new Module(engine, small);
  const token = module.share();
  const [one, other] = [Module.fromShared(engine, token), Module.fromShared(new Engine(), token)];
  assert.is(one.imageRange().start, module.imageRange().start);
  module.dispose();
  one.dispose();
  assert.equal(
    other.exports().map(({ name }) => name),
    ['two'],
  );
  other.dispose();
  gone(token);
  const next = new Module(engine, small).share();
  assert.is.not(next.id, token.id);
});

test('a token that nothing keeps, after the collector', async () => {
  const share = () => {
    const module = new Module(engine, small);
    return [module.share(), module.imageRange().start] as const;
  };
  const [token, start] = share();
  assert.ok(await collectUntil(() => !isMapped(start)));
  gone(token);
});

test('garbage is no token', () => {
  const module = new Module(engine, small);
  const token = module.share();
  const wrong: unknown[] = [
    undefined,
    null,
    0,
    'token',
    {},
    [],
    module,
    { kind: 'ouro.module' },
    { ...token, kind: 'module' },
    { ...token, id: 1 },
    { ...token, id: -1n },
    { ...token, nonce: '5' },
    { ...token, nonce: 2n ** 64n },
  ];
  for (const each of wrong) {
    throws(() => Module.fromShared(engine, each as SharedModule), OuroError, /no token of a shared module/, 'TOKEN_INVALID');
  }
  for (const each of [
    { ...token, nonce: token.nonce ^ 1n },
    { ...token, id: token.id + 1000n },
    { ...token, id: 0n, nonce: 0n },
  ])
    gone(each);
  assert.is(Module.fromShared(engine, token).engine, engine);
});

test('an engine with a key takes signed modules alone, shared ones too', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signing = new Engine({ artifactKey: { privateKey } });
  const trusting = new Engine({ artifactKey: { publicKey } });
  const module = new Module(engine, small);
  throws(() => Module.fromShared(trusting, module.share()), ArtifactError, /not signed/, 'ARTIFACT_NOT_SIGNED');
  assert.is(Module.fromShared(engine, module.share()).name, undefined);
  const signed = new Module(signing, small);
  assert.is(Module.fromShared(trusting, signed.share()).engine, trusting);
  assert.is(Module.fromShared(engine, signed.share()).engine, engine);
});

test('dispose: at once when nothing was instantiated', () => {
  const module = new Module(engine, wasm);
  const { start } = module.imageRange();
  const clone = module.clone();
  module.dispose();
  assert.ok(isMapped(start));
  assert.is(clone.name, 'shared');
  clone[Symbol.dispose]();
  assert.not(isMapped(start));
});

test('dispose: instances live on, and the code goes with them', async () => {
  let start = 0n;
  await (async () => {
    const module = new Module(engine, wasm);
    start = module.imageRange().start;
    const store = new Store(engine);
    const { div } = new Instance(store, module).exports;
    module.dispose();
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.is(div(84, 2), 42);
    assert.ok(isMapped(start));
    throws(() => new Instance(store, module), OuroError, /disposed/, 'DISPOSED');
  })();
  assert.ok(await collectUntil(() => !isMapped(start)));
});

test('a module that is disposed of while its imports are read', () => {
  const module = new Module(engine, '(module (import "a" "f" (func $f)) (func (export "g") (call $f)))');
  let called = 0;
  const imports = [
    () => {
      called++;
    },
  ];
  const trap = new Proxy(imports, {
    get(target, key) {
      if (key === '0') module.dispose();
      return Reflect.get(target, key);
    },
  });
  const { g } = new Instance(new Store(engine), module, trap).exports;
  g();
  assert.is(called, 1);
});

test('by the collector alone', async () => {
  const start = new Module(engine, small).imageRange().start;
  assert.ok(await collectUntil(() => !isMapped(start)));
});

test.run();
