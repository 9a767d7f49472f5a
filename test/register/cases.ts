/** The JS API by example: each case does something with a WebAssembly namespace and gives a value, or throws. The tests run them on V8's
 *  namespace and on ours; what they give must be the same, error classes and messages included. */

import { parseText } from '../../host/wasm/text.js';

export type Namespace = any;
export type Case = (W: Namespace, wasm: Record<keyof typeof texts, Uint8Array>) => unknown;

const texts = {
  empty: '(module)',
  all: `(module
    (import "env" "log" (func $log (param i32) (result i32)))
    (import "env" "table" (table $imported 2 funcref))
    (import "env" "global" (global $mutable (mut i32)))
    (import "env" "constant" (global $constant i32))
    (import "env" "memory" (memory 1 3))
    (table $own (export "own") 3 10 funcref)
    (global (export "i64") (mut i64) (i64.const -5))
    (global (export "f32") f32 (f32.const 1.5))
    (global (export "func") (mut funcref) (ref.null func))
    (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "call") (param i32) (result i32) (call $log (local.get 0)))
    (func (export "constant") (result i32) (global.get $constant))
    (func (export "increment") (global.set $mutable (i32.add (global.get $mutable) (i32.const 1))))
    (func (export "indirect") (param i32 i32) (result i32) (call_indirect $imported (param i32) (result i32) (local.get 1) (local.get 0)))
    (export "log" (func $log))
    (export "add again" (func $add))
    (export "memory" (memory 0))
    (export "table" (table $imported))
    (export "global" (global $mutable))
    (elem (table $own) (i32.const 0) func $add $log))`,
  values: `(module
    (func (export "i32") (param i32) (result i32) (local.get 0))
    (func (export "i64") (param i64) (result i64) (local.get 0))
    (func (export "f32") (param f32) (result f32) (local.get 0))
    (func (export "f64") (param f64) (result f64) (local.get 0))
    (func (export "extern") (param externref) (result externref) (local.get 0))
    (func (export "func") (param funcref) (result funcref) (local.get 0))
    (func (export "none"))
    (func (export "pair") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0)))`,
  results: `(module
    (import "env" "i32" (func $i32 (result i32)))
    (import "env" "i64" (func $i64 (result i64)))
    (import "env" "f32" (func $f32 (result f32)))
    (import "env" "pair" (func $pair (result i32 f64)))
    (import "env" "extern" (func $extern (param externref) (result externref)))
    (func (export "i32") (result i32) (call $i32))
    (func (export "i64") (result i64) (call $i64))
    (func (export "f32") (result f32) (call $f32))
    (func (export "pair") (result i32 f64) (call $pair))
    (func (export "extern") (param externref) (result externref) (call $extern (local.get 0))))`,
  traps: `(module
    (memory 1) (table 2 funcref) (elem (i32.const 0) $never)
    (type $none (func)) (type $one (func (param i32)))
    (func $never (export "unreachable") unreachable)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32) (i64.store (local.get 0) (i64.const 1)))
    (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "rem") (param i32 i32) (result i32) (i32.rem_u (local.get 0) (local.get 1)))
    (func (export "div64") (param i64 i64) (result i64) (i64.div_u (local.get 0) (local.get 1)))
    (func (export "rem64") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
    (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
    (func (export "indirect") (param i32) (call_indirect (type $none) (local.get 0)))
    (func (export "indirect1") (param i32) (call_indirect (type $one) (i32.const 1) (local.get 0)))
    (func (export "get") (param i32) (result funcref) (table.get 0 (local.get 0)))
    (func (export "set") (param i32) (table.set 0 (local.get 0) (ref.null func)))
    (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 1) (i32.const 65000)))
    (func (export "tablefill") (param i32) (table.fill 0 (local.get 0) (ref.null func) (i32.const 2)))
    (func $deep (export "deep") (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0)))))`,
  tableWriter: `(module
    (table $t (export "table") 3 funcref)
    (func $one (export "one")) (func $two (export "two"))
    (elem (table $t) (i32.const 0) func $one $two)
    (elem $passive func $two $one)
    (func (export "set") (param i32 i32) (table.set $t (local.get 0) (table.get $t (local.get 1))))
    (func (export "clear") (param i32) (table.set $t (local.get 0) (ref.null func)))
    (func (export "fill") (table.fill $t (i32.const 0) (ref.func $two) (i32.const 2)))
    (func (export "copy") (table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 1)))
    (func (export "init") (table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 2)))
    (func (export "grow") (result i32) (table.grow $t (ref.func $one) (i32.const 200))))`,
  elemTraps: `(module (import "m" "table" (table 4 funcref)) (memory 1)
    (elem (i32.const 0) $f) (elem (i32.const 10) $f)
    (data $p "\\2a\\00\\00\\00")
    (func $f (result i32) (memory.init $p (i32.const 16) (i32.const 0) (i32.const 4)) (i32.load (i32.const 16))))`,
  dataTraps: `(module (import "m" "table" (table 4 funcref)) (memory 1)
    (elem (i32.const 0) $f)
    (data (i32.const 65535) "abc")
    (data $p "\\2a\\00\\00\\00")
    (func $f (result i32) (memory.init $p (i32.const 16) (i32.const 0) (i32.const 4)) (i32.load (i32.const 16))))`,
  start: '(module (import "env" "start" (func $start)) (start $start))',
  startTrap: '(module (func $start unreachable) (start $start))',
  data: '(module (memory 1) (data (i32.const 65535) "ab"))',
  elem: '(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))',
  importFunc: '(module (import "m" "f" (func (param i32) (result i32))))',
  importMemory: '(module (import "m" "memory" (memory 2 4)))',
  importTable: '(module (import "m" "table" (table 3 5 funcref)))',
  importExternTable: '(module (import "m" "table" (table 1 externref)) (export "table" (table 0)))',
  importGlobal: '(module (import "m" "global" (global i64)))',
  importMutable: '(module (import "m" "global" (global (mut f64))))',
  importExtern: '(module (import "m" "global" (global externref)) (export "global" (global 0)))',
  importNothing: '(module (import "a" "b" (func)) (import "c" "d" (memory 1)))',
  forward: '(module (import "e" "f" (func (param i32) (result i32))) (export "f" (func 0)))',
};

/** The binaries, with a custom section in one of them. */
export async function binaries(): Promise<Record<keyof typeof texts, Uint8Array>> {
  const made: Record<string, Uint8Array> = {};
  for (const [name, text] of Object.entries(texts)) made[name] = await parseText(text);
  made.all = Buffer.concat([made.all, Buffer.from([0, 6, 2, 0x68, 0x69, 1, 2, 3])]);
  return made as Record<keyof typeof texts, Uint8Array>;
}

const imports = (W: Namespace, more: object = {}) => ({
  env: {
    log: (value: number) => value + 1,
    table: new W.Table({ element: 'anyfunc', initial: 2 }),
    global: new W.Global({ value: 'i32', mutable: true }, 7),
    constant: 42,
    memory: new W.Memory({ initial: 1, maximum: 3 }),
    ...more,
  },
});

const make = (W: Namespace, bytes: Uint8Array, object?: object) => new W.Instance(new W.Module(bytes), object).exports;

function attributes({ writable, enumerable, configurable }: PropertyDescriptor): string {
  return `${writable ? 'w' : '-'}${enumerable ? 'e' : '-'}${configurable ? 'c' : '-'}`;
}

const isSpecial = (key: PropertyKey) => key === 'arguments' || key === 'caller';

/** Every property, with its attributes, names and lengths. */
function shape(object: object, depth: number): unknown {
  const found: Record<string, unknown> = {};
  for (const key of Reflect.ownKeys(object)) {
    if (isSpecial(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(object, key)!;
    const parts = [attributes(descriptor)];
    for (const each of [descriptor.value, descriptor.get, descriptor.set]) {
      if (typeof each === 'function') parts.push(`function ${each.name}/${each.length}`);
      else if (typeof each === 'string' || typeof each === 'number') parts.push(String(each));
    }
    found[String(key)] = parts.join(' ');
    const inner = descriptor.value;
    if (depth > 0 && inner !== null && (typeof inner === 'function' || key === 'prototype'))
      found[`${String(key)} has`] = shape(inner, depth - 1);
  }
  return Object.fromEntries(Object.entries(found).sort(([one], [other]) => (one < other ? -1 : 1)));
}

const attempt = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return `${(error as Error).constructor.name} ${(error as Error).name}: ${(error as Error).message}`;
  }
};

const tableOf = (W: Namespace, initial = 2, maximum?: number) => new W.Table({ element: 'anyfunc', initial, maximum });

const bad = [undefined, null, 0, 1.5, -1, 2 ** 32, NaN, 'x', '1', {}, [], 1n, true, () => 1];
const label = (value: unknown) =>
  typeof value === 'bigint' ? `${value}n` : typeof value === 'function' ? 'function' : JSON.stringify(value);
const each = (work: (value: any) => unknown) => bad.map((value) => `${label(value)} -> ${describe(attempt(() => work(value)))}`);

/** A value as text that tells values apart. */
export function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name}/${value.length}`;
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (value instanceof ArrayBuffer) return `bytes ${[...new Uint8Array(value)]}`;
  if (value !== null && typeof value === 'object') {
    const tag = Object.prototype.toString.call(value);
    if (tag !== '[object Object]') return tag;
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${describe(inner)}`)
      .join(', ')}}`;
  }
  return String(value);
}

export const cases: Record<string, Case> = {
  // Shape.
  'the namespace': (W) => shape(W, 0),
  'the classes': (W) => ['Module', 'Instance', 'Memory', 'Table', 'Global'].map((name) => shape(W[name], 1)),
  'the errors': (W) => ['CompileError', 'LinkError', 'RuntimeError'].map((name) => shape(W[name], 1)),
  tags: (W) => [W, new W.Memory({ initial: 0 }), tableOf(W), new W.Global({ value: 'i32' })].map(describe),
  'tags of modules and instances': (W, { empty }) => [new W.Module(empty), new W.Instance(new W.Module(empty))].map(describe),
  'methods are no constructors': (W) =>
    [W.compile, W.validate, W.Table.prototype.get, W.Table.prototype.set, W.Module.exports, W.Global.prototype.valueOf].map(
      (method) => String(attempt(() => new method())).split(':')[0],
    ),
  'classes need new': (W) =>
    ['Module', 'Instance', 'Memory', 'Table', 'Global'].map((name) => (attempt(() => W[name]()) as string).split(':')[0]),
  'instanceof and constructor': (W, { all }) => {
    const module = new W.Module(all);
    const instance = new W.Instance(module, imports(W));
    const { exports } = instance;
    return [
      module instanceof W.Module,
      module.constructor.name,
      instance instanceof W.Instance,
      instance.constructor === W.Instance,
      exports.own instanceof W.Table,
      exports.table instanceof W.Table,
      exports.i64 instanceof W.Global,
      exports.memory instanceof W.Memory,
      exports.add instanceof Function,
    ];
  },
  subclasses: (W, { empty }) => {
    class MyTable extends W.Table {}
    class MyModule extends W.Module {}
    class MyInstance extends W.Instance {}
    class MyGlobal extends W.Global {}
    const made = [
      new (MyTable as any)({ element: 'anyfunc', initial: 1 }),
      new (MyModule as any)(empty),
      new (MyInstance as any)(new W.Module(empty)),
      new (MyGlobal as any)({ value: 'i32' }, 3),
    ];
    return made.map((object) => [
      object.constructor.name,
      object instanceof W.Table,
      object instanceof W.Module,
      object instanceof W.Instance,
    ]);
  },

  // Modules.
  'bytes of all kinds': (W, { empty }) => {
    const buffer = empty.buffer.slice(empty.byteOffset, empty.byteOffset + empty.length) as ArrayBuffer;
    const shared = new Uint8Array(new SharedArrayBuffer(empty.length));
    shared.set(empty);
    return [buffer, new DataView(buffer), new Uint16Array(buffer), shared].map((source) => attempt(() => describe(new W.Module(source))));
  },
  'no bytes': (W) => each((value) => new W.Module(value)),
  'bad bytes': (W, { all }) => [
    attempt(() => new W.Module(new Uint8Array(0))),
    attempt(() => new W.Module(new Uint8Array([1, 2, 3, 4]))),
    attempt(() => new W.Module(all.subarray(0, 60))),
  ],
  validate: (W, { all }) => [
    W.validate(all),
    W.validate(all.subarray(0, 60)),
    attempt(() => W.validate()),
    ...each((value) => W.validate(value)),
  ],
  'Module.imports': (W, { all, empty }) => [W.Module.imports(new W.Module(all)), W.Module.imports(new W.Module(empty))],
  'Module.exports': (W, { all }) => W.Module.exports(new W.Module(all)),
  'Module.customSections': (W, { all }) => {
    const module = new W.Module(all);
    return [
      W.Module.customSections(module, 'hi'),
      W.Module.customSections(module, 'ouro.artifact'),
      W.Module.customSections(module, { toString: () => 'hi' }),
      attempt(() => W.Module.customSections(module)),
      attempt(() => W.Module.customSections(module, undefined)),
      attempt(() => W.Module.customSections(module, Symbol('hi'))),
    ];
  },
  'functions of no module': (W) => [
    ...each((value) => W.Module.imports(value)),
    ...each((value) => W.Module.exports(value)),
    ...each((value) => W.Module.customSections(value, 'x')),
    attempt(() => W.Module.exports()),
  ],

  // Instances.
  'arguments of Instance': (W, { empty, all }) => {
    const module = new W.Module(empty);
    return [
      ...each((value) => new W.Instance(value)),
      ...each((value) => describe(new W.Instance(module, value))),
      ...each((value) => new W.Instance(new W.Module(all), value)),
      attempt(() => new W.Instance()),
    ];
  },
  'exports object': (W, { all }) => {
    const exports = make(W, all, imports(W));
    return [
      Object.getPrototypeOf(exports),
      Object.isFrozen(exports),
      Object.keys(exports),
      Object.values(Object.getOwnPropertyDescriptors(exports)).map((each) => attributes(each as PropertyDescriptor)),
      attempt(() => {
        exports.add = 1;
      }),
      String(Object.getOwnPropertySymbols(exports)),
    ];
  },
  'exports on the prototype': (W) => {
    const { get } = Object.getOwnPropertyDescriptor(W.Instance.prototype, 'exports')!;
    return (attempt(() => get!.call({})) as string).split(':')[0];
  },
  'the same exports each time': (W, { all }) => {
    const instance = new W.Instance(new W.Module(all), imports(W));
    const { exports } = instance;
    return [exports === instance.exports, instance.exports.add === instance.exports['add again']];
  },
  'exported functions': (W, { all }) => {
    const { add, call, log } = make(W, all, imports(W));
    return [add, call, log].map((func) => [
      func.name,
      func.length,
      Object.getOwnPropertyNames(func).filter((name) => !isSpecial(name)),
      'prototype' in func,
      Object.getPrototypeOf(func) === Function.prototype,
      (attempt(() => new func()) as string).split(':')[0],
      func(1, 2),
    ]);
  },
  'order of getters': (W, { all }) => {
    const order: string[] = [];
    const { env } = imports(W);
    const proxy = new Proxy(env, {
      get: (target: any, key) => {
        order.push(String(key));
        return target[key];
      },
    });
    make(W, all, {
      get env() {
        order.push('env');
        return proxy;
      },
    });
    return order;
  },
  'what a getter throws': (W, { importFunc }) =>
    attempt(() =>
      make(W, importFunc, {
        get m() {
          throw new SyntaxError('mine');
        },
      }),
    ),
  'link errors': (W, { importFunc, importMemory, importTable, importGlobal, importMutable, importNothing }) => {
    const link = (bytes: Uint8Array, name: string, value: unknown) => attempt(() => describe(make(W, bytes, { m: { [name]: value } })));
    const small = new W.Memory({ initial: 1, maximum: 4 });
    const endless = new W.Memory({ initial: 2 });
    const large = new W.Memory({ initial: 2, maximum: 5 });
    const fitting = new W.Memory({ initial: 3, maximum: 4 });
    return [
      ...bad.map((value) => link(importFunc, 'f', value)),
      ...[...bad, small, endless, large, fitting, tableOf(W)].map((value) => link(importMemory, 'memory', value)),
      ...[...bad, tableOf(W), tableOf(W, 3), tableOf(W, 3, 6), tableOf(W, 3, 5), tableOf(W, 4, 4), small].map((value) =>
        link(importTable, 'table', value),
      ),
      link(importTable, 'table', new W.Table({ element: 'externref', initial: 3, maximum: 5 })),
      ...[
        ...bad,
        new W.Global({ value: 'i64' }, 1n),
        new W.Global({ value: 'i32' }, 1),
        new W.Global({ value: 'i64', mutable: true }, 1n),
      ].map((value) => link(importGlobal, 'global', value)),
      ...[...bad, new W.Global({ value: 'f64' }, 1), new W.Global({ value: 'f64', mutable: true }, 1)].map((value) =>
        link(importMutable, 'global', value),
      ),
      attempt(() => make(W, importNothing, {})),
      attempt(() => make(W, importNothing, { a: null })),
      attempt(() => make(W, importNothing, { a: { b() {} } })),
      attempt(() => make(W, importNothing, { a: { b() {} }, c: { d: {} } })),
      attempt(() => make(W, importNothing)),
    ];
  },
  'functions of the wrong type': (W, { values, importFunc }) => {
    const { i64, i32 } = make(W, values);
    return [attempt(() => make(W, importFunc, { m: { f: i64 } })), describe(attempt(() => make(W, importFunc, { m: { f: i32 } })))];
  },
  'segments beyond the end': (W, { data, elem }) =>
    [data, elem].map((bytes) => (attempt(() => make(W, bytes)) as string).replace(/\(\): .*/, '')),
  'start functions': (W, { start, startTrap }) => {
    const calls: unknown[] = [];
    const thrown = new Error('mine');
    make(W, start, { env: { start: (...args: unknown[]) => calls.push(args.length) } });
    const caught = attempt(() => {
      try {
        make(W, start, {
          env: {
            start() {
              throw thrown;
            },
          },
        });
      } catch (error) {
        return error === thrown;
      }
      return undefined;
    });
    return [calls, caught, attempt(() => make(W, startTrap))];
  },

  // Values.
  'to i32': (W, { values }) => each(make(W, values).i32),
  'to i64': (W, { values }) => [...each(make(W, values).i64), make(W, values).i64(2n ** 64n + 5n), make(W, values).i64(2n ** 63n)],
  'to f32': (W, { values }) => [...each(make(W, values).f32), make(W, values).f32(0.1), make(W, values).f32(-0)],
  'to f64': (W, { values }) => [...each(make(W, values).f64), make(W, values).f64(-0)],
  'to externref': (W, { values }) => {
    const { extern } = make(W, values);
    const object = {};
    return [...each(extern), extern(object) === object, Object.is(extern(-0), -0), Object.is(extern(NaN), NaN), extern() === undefined];
  },
  'to funcref': (W, { values }) => {
    const { func, i32 } = make(W, values);
    return [...each(func).map((text) => text.replace(/: .*/, '')), func(i32) === i32, func(func) === func, func(null)];
  },
  results: (W, { values }) => {
    const { pair, none } = make(W, values);
    return [none(), none(1, 2), pair(1, 2n), Array.isArray(pair(1, 2n)), attempt(() => pair(1)), attempt(() => pair(1n, 1n))];
  },
  'results of imports': (W, { results }) => {
    const run = (name: string, value: unknown) => {
      const env: Record<string, () => unknown> = { i32: () => 0, i64: () => 0n, f32: () => 0, pair: () => [], extern: () => null };
      env[name] = () => value;
      return describe(attempt(() => make(W, results, { env })[name](value))).replace(/(TypeError TypeError): .*/, '$1');
    };
    return [
      ...['i32', 'i64', 'f32', 'pair', 'extern'].flatMap((name) => bad.map((value) => `${name} ${label(value)} -> ${run(name, value)}`)),
      run('pair', [1, 2]),
      run('pair', [1, 2, 3]),
      run('pair', new Set([1, 2.5])),
    ];
  },
  'the receiver of imports': (W, { start }) => {
    const seen: unknown[] = [];
    make(W, start, {
      env: {
        start(this: unknown) {
          seen.push(this);
        },
      },
    });
    return seen;
  },
  'exceptions pass through': (W, { all }) => {
    const thrown = { any: 'object' };
    const { call } = make(
      W,
      all,
      imports(W, {
        log() {
          throw thrown;
        },
      }),
    );
    try {
      call(1);
    } catch (error) {
      return error === thrown;
    }
    return false;
  },
  'wasm, JS, wasm, JS': (W, { all }) => {
    let depth = 0;
    const exports = make(W, all, imports(W, { log: (value: number) => (depth++ < 50 ? exports.call(value + 1) : value) }));
    return exports.call(0);
  },

  // Traps.
  traps: (W, { traps }) => {
    const t = make(W, traps);
    return [
      () => t.unreachable(),
      () => t.load(65533),
      () => t.load(-1),
      () => t.store(65530),
      () => t.div(1, 0),
      () => t.div(-(2 ** 31), -1),
      () => t.rem(1, 0),
      () => t.div64(1n, 0n),
      () => t.rem64(1n, 0n),
      () => t.trunc(1e10),
      () => t.trunc(NaN),
      () => t.indirect(1),
      () => t.indirect(2),
      () => t.indirect1(0),
      () => t.get(2),
      () => t.set(9),
      () => t.fill(1000),
      () => t.tablefill(1),
    ].map((work) => attempt(work));
  },
  'traps are errors of the namespace': (W, { traps }) => {
    try {
      make(W, traps).unreachable();
    } catch (error) {
      return [error instanceof W.RuntimeError, error instanceof Error, Object.prototype.toString.call(error), Object.keys(error as object)];
    }
    return undefined;
  },
  'runaway recursion': (W, { traps, all }) => {
    const exports = make(W, all, imports(W, { log: (value: number) => exports.call(value + 1) }));
    const { deep, div } = make(W, traps);
    return [attempt(() => deep(1)), attempt(() => exports.call(1)), attempt(() => deep(2)), div(6, 3), exports.add(1, 2)];
  },

  // Tables.
  'table descriptors': (W) => [
    attempt(() => new W.Table()),
    ...each((value) => describe(new W.Table(value))),
    ...each((value) => describe(new W.Table({ element: value, initial: 1 }))),
    ...each((value) => new W.Table({ element: 'anyfunc', initial: value }).length),
    ...each((value) => new W.Table({ element: 'anyfunc', initial: 1, maximum: value }).length),
    ...each((value) => new W.Table({ element: 'anyfunc', initial: 1 }, value).get(0)),
    ...each((value) => new W.Table({ element: 'externref', initial: 1 }, value).get(0)),
    new W.Table({ element: 'externref', initial: 1 }).get(0),
    attempt(() => new W.Table({ element: 'anyfunc', initial: 1e8 })),
  ],
  'order of reading a table descriptor': (W) => {
    const order: string[] = [];
    const target: Record<string, unknown> = {
      element: 'anyfunc',
      initial: { valueOf: () => Number(order.push('valueOf') > 0) },
      maximum: 3,
    };
    const table = new W.Table(
      new Proxy(target, {
        get: (_, key) => {
          order.push(String(key));
          return target[key as string];
        },
      }),
    );
    return [order.filter((name) => name !== 'minimum' && name !== 'address' && name !== 'index' && name !== 'shared'), table.length];
  },
  'table indices': (W) => {
    const table = tableOf(W, 2, 4);
    return [
      ...each((value) => table.get(value)),
      ...each((value) => table.set(value, null)),
      ...each((value) => tableOf(W, 2, 4).grow(value)),
      attempt(() => table.get()),
      attempt(() => table.set()),
      attempt(() => table.grow()),
      attempt(() => table.get(5)),
      attempt(() => table.set(5, null)),
      attempt(() => table.grow(3)),
    ];
  },
  'indices of an instance’s table': (W, { all }) => {
    const { own: table } = make(W, all, imports(W));
    return [
      ...each((value) => table.get(value)),
      ...each((value) => table.set(value, null)),
      ...each((value) => make(W, all, imports(W)).own.grow(value)),
      attempt(() => table.get()),
      attempt(() => table.set()),
      attempt(() => table.grow()),
      attempt(() => table.get(5)),
      attempt(() => table.set(5, null)),
      attempt(() => table.grow(30)),
      table.grow(2),
      table.length,
    ];
  },
  'table elements': (W) => {
    const table = tableOf(W);
    return [...each((value) => table.set(0, value)), attempt(() => table.grow(1, 5)), table.set(0), table.get(0)];
  },
  'elements of an instance’s table': (W, { all }) => {
    const { own: table, add, log } = make(W, all, imports(W));
    return [
      ...each((value) => table.set(2, value)),
      attempt(() => table.grow(1, 5)),
      table.get(0) === add,
      table.get(1) === log,
      table.get(2),
      table.set(2, add),
      table.get(2) === add,
      table.set(2),
      table.get(2),
      table.grow(2, add),
      table.get(4) === add,
    ];
  },
  'table receivers': (W) =>
    Object.getOwnPropertyNames(W.Table.prototype).flatMap((name) => {
      const { value, get } = Object.getOwnPropertyDescriptor(W.Table.prototype, name)!;
      return name === 'constructor' ? [] : [attempt(() => (value ?? get).call({}, 0)), attempt(() => (value ?? get).call(undefined, 0))];
    }),
  'a table that JS fills, used by wasm': (W, { all, values }) => {
    const { i32 } = make(W, values);
    const table = tableOf(W);
    table.set(1, i32);
    const exports = make(W, all, imports(W, { table }));
    const before = exports.indirect(1, 33);
    table.set(0, exports.call);
    return [before, exports.indirect(0, 33), table.get(0) === exports.call, table.get(1) === i32, exports.table === table];
  },
  'elements that were read before they change': (W, { tableWriter }) => {
    const { table, one, two, ...wasm } = make(W, tableWriter);
    const name = (value: unknown) => (value === one ? 'one' : value === two ? 'two' : describe(value));
    const read = () => [0, 1, 2, 102].map((i) => attempt(() => name(table.get(i))));
    const steps = [
      () => wasm.set(2, 1),
      () => wasm.clear(0),
      () => wasm.init(),
      () => table.set(2, one),
      () => wasm.copy(),
      () => table.set(1, null),
      () => wasm.fill(),
      () => wasm.grow(),
      () => wasm.set(102, 1),
      () => table.grow(70_000, two),
      () => wasm.clear(102),
      () => table.set(0, one),
    ];
    const seen = [read()];
    for (const step of steps) {
      step();
      seen.push(read(), read());
    }
    return [seen, name(table.get(70_000)), name(table.get(70_000)), each((value) => name(table.get(value)))];
  },
  'functions of an instance that could not be made': (W, { elemTraps, dataTraps }) =>
    [elemTraps, dataTraps].map((bytes) => {
      const table = tableOf(W, 4);
      return [attempt(() => make(W, bytes, { m: { table } })), attempt(() => table.get(0)())];
    }),
  'tables of externref': (W, { importExternTable }) => {
    const object = {};
    const table = new W.Table({ element: 'externref', initial: 3 }, object);
    table.set(1, 5);
    table.set(2);
    const { table: same } = make(W, importExternTable, { m: { table } });
    table.grow(1, 'x');
    table.grow(1);
    return [same === table, same.get(0) === object, same.get(1), same.get(2), same.get(3), same.get(4), same.length];
  },

  // Globals.
  'global descriptors': (W) => [
    attempt(() => new W.Global()),
    ...each((value) => describe(new W.Global(value))),
    ...each((value) => describe(new W.Global({ value }))),
    ...['i32', 'i64', 'f32', 'f64', 'externref', 'anyfunc'].flatMap((type) => [
      attempt(() => new W.Global({ value: type }).value),
      ...each((value) => new W.Global({ value: type }, value).value),
      ...each((value) => {
        const global = new W.Global({ value: type, mutable: true });
        global.value = value;
        return global.value;
      }),
    ]),
    ...each((mutable) => {
      const global = new W.Global({ value: 'i32', mutable }, 1);
      global.value = 2;
      return global.value;
    }),
  ],
  'order of reading a global descriptor': (W) => {
    const order: string[] = [];
    const target: Record<string, unknown> = { value: { toString: () => (order.push('toString') ? 'i64' : '') }, mutable: 1 };
    const descriptor = new Proxy(target, {
      get: (_, key) => {
        order.push(String(key));
        return target[key as string];
      },
    });
    return [new W.Global(descriptor, 5n).value, order];
  },
  'globals of an instance': (W, { all }) => {
    const global = new W.Global({ value: 'i32', mutable: true }, 7);
    const exports = make(W, all, imports(W, { global }));
    exports.increment();
    global.value = global.value * 10;
    exports.increment();
    exports.i64.value = 9n;
    return [
      global.value,
      exports.global === global,
      exports.i64.value,
      exports.f32.value,
      exports.f32.valueOf(),
      attempt(() => {
        exports.f32.value = 1;
      }),
      ...each((value) => {
        exports.i64.value = value;
        return exports.i64.value;
      }),
      ...each((value) => {
        exports.func.value = value;
        return exports.func.value;
      }),
      exports.constant(),
    ];
  },
  'global functions': (W, { all }) => {
    const { func, add } = make(W, all, imports(W));
    func.value = add;
    return [func.value === add, func.valueOf() === add];
  },
  'global receivers': (W) => {
    const { get, set } = Object.getOwnPropertyDescriptor(W.Global.prototype, 'value')!;
    const global = new W.Global({ value: 'i32', mutable: true });
    return [
      attempt(() => get!.call({})),
      attempt(() => set!.call({}, 1)),
      attempt(() => W.Global.prototype.valueOf.call(null)),
      attempt(() => (set as any).call(global)),
    ];
  },
  'constants from JS': (W, { importExtern, importGlobal }) => {
    const object = {};
    const { global } = make(W, importExtern, { m: { global: object } });
    return [
      global.value === object,
      make(W, importExtern, { m: { global: undefined } }).global.value,
      describe(attempt(() => make(W, importGlobal, { m: { global: 5n } }))),
    ];
  },

  // Identity.
  'functions keep their identity': (W, { all, values, forward }) => {
    const { i32 } = make(W, values);
    const one = make(W, all, imports(W, { log: i32 }));
    const two = make(W, forward, { e: { f: one.log } });
    const three = make(W, forward, { e: { f: two.f } });
    const table = tableOf(W);
    table.set(0, three.f);
    return [one.log === i32, two.f === i32, three.f === i32, table.get(0) === i32, one.own.get(1) === i32];
  },
  'JS functions get a type by a module': (W, { forward, all }) => {
    const { f } = make(W, forward, { e: { f: (value: number) => value * 1.5 } });
    const table = tableOf(W);
    table.set(0, f);
    const exports = make(W, all, imports(W, { table }));
    return [f.name, f.length, f(5), f('7'), exports.indirect(0, 5), exports.table.get(0) === f, attempt(() => f(1n))];
  },
  'memories keep their identity': (W, { all }) => {
    const memory = new W.Memory({ initial: 1, maximum: 3 });
    const exports = make(W, all, imports(W, { memory }));
    memory.grow(1);
    return [exports.memory === memory, exports.memory.buffer === memory.buffer, memory.buffer.byteLength];
  },

  // Promises.
  'compile and instantiate': async (W, { all, empty }) => {
    const module = await W.compile(all);
    const instance = await W.instantiate(module, imports(W));
    const both = await W.instantiate(all, imports(W));
    const copied = new Uint8Array(all);
    const pending = W.compile(copied);
    copied.fill(0);
    return [
      module instanceof W.Module,
      instance instanceof W.Instance,
      Object.keys(both),
      both.module instanceof W.Module,
      both.instance.exports.add(1, 2),
      describe(await pending),
      describe(await W.instantiate(empty)),
    ];
  },
  'promises that are rejected': async (W, { all, empty, startTrap, importFunc, data }) => {
    const settle = (work: () => unknown) => {
      try {
        const promise = work() as Promise<unknown>;
        return promise.then(
          describe,
          (error) => `${error.constructor.name} ${error.name}: ${error.message.replace(/segment.*/, 'segment')}`,
        );
      } catch (error) {
        return `thrown: ${error}`;
      }
    };
    const module = new W.Module(empty);
    const results: unknown[] = [];
    for (const value of bad) {
      results.push(await settle(() => W.compile(value)));
      results.push(await settle(() => W.instantiate(value)));
      results.push(await settle(() => W.instantiate(module, value)));
      results.push(await settle(() => W.instantiate(empty, value)));
      results.push(await settle(() => W.instantiate(all, { env: value })));
    }
    results.push(await settle(() => W.compile()));
    results.push(await settle(() => W.instantiate()));
    results.push(await settle(() => W.compile(all.subarray(0, 60))));
    results.push(await settle(() => W.instantiate(all.subarray(0, 60))));
    results.push(await settle(() => W.instantiate(startTrap)));
    results.push(await settle(() => W.instantiate(data)));
    results.push(await settle(() => W.instantiate(importFunc, { m: { f: 5 } })));
    results.push(await settle(() => W.instantiate(new W.Module(importFunc), { m: { f: 5 } })));
    return results;
  },
  streaming: async (W, { all, importFunc }) => {
    const response = (bytes: Uint8Array, status = 200, type = 'application/wasm') =>
      new Response(bytes as BufferSource, { status, headers: { 'content-type': type } });
    const settle = (promise: Promise<unknown>) =>
      promise.then(describe, (error) => `${error.constructor.name} ${error.name} ${error.code}: ${error.message}`);
    const used = response(all);
    await used.arrayBuffer();
    return [
      await settle(W.compileStreaming(response(all))),
      await settle(W.compileStreaming(Promise.resolve(response(all)))),
      await settle(W.instantiateStreaming(response(all), imports(W)).then((both: any) => both.instance.exports.add(2, 3))),
      await settle(W.compileStreaming(response(all, 404))),
      await settle(W.compileStreaming(response(all, 200, 'text/html'))),
      await settle(W.compileStreaming(response(all.subarray(0, 60)))),
      await settle(W.compileStreaming(used)),
      await settle(W.instantiateStreaming(response(importFunc), { m: {} })),
      await settle(W.instantiateStreaming(response(importFunc), 5)),
      await settle(W.compileStreaming(Promise.reject(new Error('mine')))),
      await settle(W.compileStreaming(5)),
      await settle(W.compileStreaming()),
    ];
  },
};

export { attempt };
