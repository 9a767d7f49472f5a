/** Stores: their end, by `dispose` and by the collector; many of them; what a terminated call leaves on the wasm stack they share. */

import { spawnSync } from 'node:child_process';
import vm from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Func,
  FuncType,
  Global,
  globalType,
  Instance,
  Memory,
  memoryType,
  Module,
  OuroError,
  parseText,
  Store,
  Table,
  tableType,
} from '../../host/index.js';
import { engine, throws } from './support.js';

const module = new Module(
  engine,
  await parseText(`(module
    (import "m" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1)
    (table (export "table") 2 funcref)
    (global (export "global") (mut externref) (ref.null extern))
    (elem (i32.const 0) $g $f)
    (func $g (export "g") (param i32) (result i32) (call $f (local.get 0)))
    (func (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call 2 (i32.sub (local.get 0) (i32.const 1)))))
        (else (call $f (i32.const 7)))))
    (export "f" (func $f)))`),
);

test('a store that is disposed of refuses every use', () => {
  const store = new Store(engine);
  const instance = new Instance(store, module, [(value: number) => value + 1]);
  const { g, memory, table, global, exports } = { ...instance.exports, exports: instance.exports } as any;
  const func = instance.getFunc(store, 'g');
  const data = instance.getMemory(store, 'memory');
  const own = { table: instance.getTable(store, 'table'), global: instance.getGlobal(store, 'global') };
  const element = table.get(0);
  assert.is(g(1), 2);
  assert.is(store.disposed, false);
  store.dispose();
  store[Symbol.dispose]();
  assert.is(store.disposed, true);
  const uses: (() => unknown)[] = [
    () => g(1),
    () => element(1),
    () => exports.f(1),
    () => func.call(store, 1),
    () => func.callRaw([1n]),
    () => table.get(1),
    () => table.set(0, null),
    () => own.table.get(store, 0),
    () => own.table.grow(store, 1),
    () => global.value,
    () => own.global.set(store, {}),
    () => data.data(store),
    () => data.grow(store, 1),
    () => instance.getExport(store, 'g'),
    () => new Instance(store, module, [() => 1]),
    () => new Func(store, new FuncType([], []), () => {}),
    () => new Global(store, globalType('externref', true), {}),
    () => new Memory(store, memoryType(1)),
    () => new Table(store, tableType('funcref', 1)),
  ];
  for (const use of uses) throws(use, OuroError, /disposed of/, 'STORE_DISPOSED');
  memory.grow(1);
  assert.is(new Uint8Array(memory.buffer).length, 2 * 65536, 'the memory stays for JS');
});

test('a host function may dispose of the store that called it', () => {
  const [one, other] = [new Store(engine), new Store(engine)];
  const inner = new Instance(one, module, [
    (value: number) => {
      if (value === 13) one.dispose();
      return value;
    },
  ]);
  const outer = new Instance(other, module, [
    (value: number) => {
      try {
        return inner.exports.g(value);
      } catch (error) {
        assert.is((error as OuroError).code, 'STORE_DISPOSED');
        return -1;
      }
    },
  ]);
  assert.is(outer.exports.g(5), 5);
  assert.is(outer.exports.g(13), -1);
  assert.is(outer.exports.g(5), -1);
  assert.is(outer.exports.deep(3), 2);
});

test('20,000 instances, each dropped', () => {
  const text = '(module (memory (export "m") 1) (func (export "f") (result i32) (i32.load8_u (i32.const 2))) (data (i32.const 0) "abc"))';
  const host = new URL('../../host/index.js', import.meta.url).href;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { Engine, Instance, Module, parseText, Store } from '${host}';
      const engine = new Engine();
      const module = new Module(engine, await parseText('${text}'));
      let sum = 0;
      for (let i = 0; i < 20000; i++) sum += new Instance(new Store(engine), module).exports.f();
      console.log(sum);`,
    ],
    { encoding: 'utf8' },
  );
  assert.is(stderr, '');
  assert.is(status, 0);
  assert.is(stdout, `${20000 * 'c'.charCodeAt(0)}\n`);
});

test('what timeouts leave on the wasm stack goes with the next turn of the event loop', async () => {
  const endless = new vm.Script('for (;;);');
  const { deep } = new Instance(new Store(engine), module, [() => endless.runInThisContext()]).exports;
  const call = new vm.Script('call()');
  const context = vm.createContext({ call: () => deep(9000) });
  // Each leaves more than a quarter of the stack behind.
  for (let i = 0; i < 12; i++) {
    assert.throws(
      () => call.runInContext(context, { timeout: 5 }),
      (error: any) => /timed out/.test(error.message),
    );
    await new Promise(setImmediate);
  }
  const { deep: shallow } = new Instance(new Store(engine), module, [(value: number) => value]).exports;
  assert.is(shallow(9000), 9007);
});

test.run();
