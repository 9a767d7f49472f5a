/** Memories without guard pages, in little address space: V8 then reserves less than the maximum, and moves the memory when that is full. */

import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const host = JSON.stringify(new URL('../../host/index.js', import.meta.url).href);
const script = `
  import { Engine, Instance, Memory, Module, OuroError, parseText, Store } from ${host};
  const engine = new Engine({ memoryPolicy: 'explicit', parallelCompilation: false });
  const module = new Module(engine, await parseText(\`(module
    (import "m" "f" (func $f))
    (memory (export "memory") 16)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "store") (param i32) (i32.store (i32.const 4) (local.get 0)))
    (func (export "call") (result i32) (call $f) (i32.load (i32.const 4))))\`));
  const outcomes = { grown: 0, full: 0, moved: 0 };
  const wasmGrows = () => {
    const { grow, store, call, memory } = new Instance(new Store(engine), module, [() => {}]).exports;
    for (const delta of [4000, 16000, 30000, 60000]) {
      store(delta);
      outcomes[grow(delta) < 0 ? 'full' : 'grown']++;
      if (call() !== delta || new Int32Array(memory.buffer)[1] !== delta) throw new Error('wasm and JS see different memories');
    }
  };
  // The memory grows below a call that is under way, which then must not go on where the memory was.
  const jsGrows = () => {
    let memory;
    const { call, store, ...rest } = new Instance(new Store(engine), module, [() => { try { memory.grow(40000); } catch {} }]).exports;
    memory = rest.memory;
    store(5);
    for (let round = 0; round < 2; round++) {
      try {
        if (call() !== 5) throw new Error('wasm reads where the memory was');
        outcomes.grown++;
      } catch (error) {
        if (error instanceof OuroError && error.code === (round === 0 ? 'MEMORY_MOVED' : 'STORE_DISPOSED')) outcomes.moved++;
        else throw error;
      }
    }
  };
  for (let i = 0; i < 1; i++) for (const work of [wasmGrows, jsGrows]) {
    try { work(); } catch (error) { if (!(error instanceof RangeError) && error.code !== 'MEMORY_MOVED') throw error; }
  }
  console.log(JSON.stringify(outcomes));`;

test('a memory that V8 moves is not used where it was', () => {
  for (const limit of ['unlimited', '12000000']) {
    const child = spawnSync('sh', [
      '-c',
      `ulimit -v ${limit}; exec "$0" "$@"`,
      process.execPath,
      '--disable-wasm-trap-handler',
      '--input-type=module',
      '-e',
      script,
    ]);
    assert.is(child.status, 0, `${limit} KiB: ${child.stderr}`);
    const { grown } = JSON.parse(String(child.stdout));
    if (limit === 'unlimited') assert.ok(grown > 0);
  }
});

test.run();
