/** Instances that share tables and mutable globals, by example, like `cases.ts`: each case gives a value that must be the same on V8's namespace
 *  and on ours. On Ouro, an instance that imports such objects of several instances makes one store of theirs. */

import { parseText } from '../../host/wasm/text.js';
import { attempt, type Namespace } from './cases.js';

export type Wasm = Record<'unit' | 'joiner' | 'globals' | 'third' | 'starter' | 'following', Uint8Array>;
export type SharingCase = (W: Namespace, wasm: Wasm) => unknown;

/** Has one object of each kind, and functions that need everything that an instance has: its memory, its tables, its imports. */
const unit = (module: string) => `(module $${module}
  (type $unary (func (param i32) (result i32)))
  (import "env" "host" (func $host (type $unary)))
  (import "env" "object" (func $object (param externref) (result externref)))
  (table $t (export "table") 8 20 funcref)
  (table $refs (export "refs") 4 40 externref)
  (global $g (export "global") (mut i32) (i32.const 0))
  (global $big (export "big") (mut i64) (i64.const 5))
  (global $ref (export "ref") (mut externref) (ref.null extern))
  (global $func (export "func") (mut funcref) (ref.null func))
  (memory (export "memory") 1 9)
  (func $scale (export "scale") (type $unary) (i32.mul (local.get 0) (i32.load (i32.const 0))))
  (func $viaHost (export "via host") (type $unary) (i32.add (i32.const 1) (call $host (local.get 0))))
  (func $fail (export "fail") (type $unary) (i32.div_u (i32.const 1) (i32.sub (local.get 0) (local.get 0))))
  (func $load (export "load") (type $unary) (i32.load (local.get 0)))
  (func $grow (export "grow") (type $unary) (memory.grow (local.get 0)))
  (func $growTable (export "grow table") (type $unary) (table.grow $t (ref.func $scale) (local.get 0)))
  (func (export "call") (param i32 i32) (result i32) (call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "same") (param externref) (result externref) (call $object (local.get 0)))
  (func (export "put") (param i32 externref) (table.set $refs (local.get 0) (local.get 1)))
  (func (export "work") (param externref i32) (result externref i32 i32)
    (local i32)
    (drop (call $host (local.get 1)))
    (local.set 2 (memory.grow (i32.const 1)))
    (table.set $refs (i32.const 3) (local.get 0))
    (local.set 2 (i32.add (i32.mul (local.get 2) (i32.const 1000)) (table.grow $refs (local.get 0) (i32.const 1))))
    (call $object (local.get 0))
    (local.get 2)
    (call $viaHost (i32.const 40)))
  (elem (table $t) (i32.const 0) func $scale $viaHost $fail $load $grow $growTable))`;

const texts: Record<keyof Wasm, string> = {
  unit: unit('unit'),
  joiner: `(module $joiner
    (type $unary (func (param i32) (result i32)))
    (import "a" "table" (table $a 8 funcref))
    (import "b" "table" (table $b 8 funcref))
    (import "a" "refs" (table $ra 4 externref))
    (import "b" "refs" (table $rb 4 externref))
    (import "env" "host" (func $host (type $unary)))
    (func $mine (export "mine") (type $unary) (call_indirect $b (type $unary) (call $host (local.get 0)) (i32.const 1)))
    (func $through (export "through") (type $unary) (call_indirect $a (type $unary) (local.get 0) (i32.const 2)))
    (func (export "a") (param i32 i32) (result i32) (call_indirect $a (type $unary) (local.get 1) (local.get 0)))
    (func (export "b") (param i32 i32) (result i32) (call_indirect $b (type $unary) (local.get 1) (local.get 0)))
    (func (export "swap") (param i32) (local externref)
      (local.set 1 (table.get $ra (local.get 0)))
      (table.set $ra (local.get 0) (table.get $rb (local.get 0)))
      (table.set $rb (local.get 0) (local.get 1)))
    (func (export "copy functions") (table.copy $a $b (i32.const 0) (i32.const 0) (i32.const 2)))
    (func (export "copy references") (table.copy $rb $ra (i32.const 2) (i32.const 0) (i32.const 2)))
    (elem (table $a) (i32.const 6) func $mine $through)
    (elem (table $b) (i32.const 6) func $mine $through))`,
  globals: `(module $globals
    (import "a" "global" (global $a (mut i32)))
    (import "b" "global" (global $b (mut i32)))
    (import "a" "ref" (global $ra (mut externref)))
    (import "b" "ref" (global $rb (mut externref)))
    (import "b" "func" (global $f (mut funcref)))
    (table 1 1 funcref)
    (func (export "add") (param i32)
      (global.set $a (i32.add (global.get $a) (local.get 0)))
      (global.set $b (i32.sub (global.get $b) (local.get 0))))
    (func (export "swap") (local externref)
      (local.set 0 (global.get $ra))
      (global.set $ra (global.get $rb))
      (global.set $rb (local.get 0)))
    (func (export "call") (param i32) (result i32)
      (table.set 0 (i32.const 0) (global.get $f))
      (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))
    (export "same" (global $b)))`,
  third: `(module
    (import "a" "table" (table $t 8 funcref))
    (import "b" "global" (global $g (mut i32)))
    (import "c" "refs" (table $refs 4 externref))
    (func (export "call") (param i32) (result i32)
      (global.set $g (call_indirect $t (param i32) (result i32) (local.get 0) (i32.const 0)))
      (global.get $g))
    (func (export "first") (result externref) (table.get $refs (i32.const 0))))`,
  starter: `(module
    (type $unary (func (param i32) (result i32)))
    (import "a" "table" (table $t 8 funcref))
    (import "env" "host" (func $host (type $unary)))
    (func $start
      (drop (call $host (i32.const 5)))
      (table.set $t (i32.const 3) (ref.func $after))
      (drop (table.grow $t (ref.func $after) (i32.const 1))))
    (func $after (export "after") (type $unary) (call $host (local.get 0)))
    (start $start))`,
  following: `(module
    (type $unary (func (param i32) (result i32)))
    (import "a" "table" (table $t 8 funcref))
    (import "env" "host" (func $host (type $unary)))
    (func (export "follow") (type $unary)
      (call_indirect $t (type $unary) (i32.sub (call $host (local.get 0)) (i32.const 1)) (i32.const 0))))`,
};

export async function sharingBinaries(): Promise<Wasm> {
  const made = {} as Wasm;
  for (const [name, text] of Object.entries(texts)) made[name as keyof Wasm] = await parseText(text);
  return made;
}

export interface Made {
  readonly exports: any;
  readonly log: string[];
  /** What its import `host` does instead of giving ten times its argument. */
  onCall: ((value: number) => number) | undefined;
}

/** An instance of `unit`; `factor` is in its memory. */
export function make(W: Namespace, bytes: Uint8Array, name: string, factor: number): Made {
  const made: Made = { exports: undefined, log: [], onCall: undefined };
  const host = (value: number) => {
    made.log.push(`${name} ${value}`);
    return made.onCall ? made.onCall(value) : 10 * value;
  };
  const { exports } = new W.Instance(new W.Module(bytes), { env: { host, object: (value: unknown) => value } });
  new Int32Array(exports.memory.buffer)[0] = factor;
  return Object.assign(made, { exports });
}

export function join(W: Namespace, bytes: Uint8Array, a: Made, b: Made, log: string[] = []): any {
  const host = (value: number) => {
    log.push(`joiner ${value}`);
    return value + 1;
  };
  return new W.Instance(new W.Module(bytes), { a: a.exports, b: b.exports, env: { host } }).exports;
}

const pair = (W: Namespace, { unit }: Wasm) => [make(W, unit, 'a', 3), make(W, unit, 'b', 5)] as const;

/** The wasm frames of an error's stack: module, function and offset. (V8 names functions in another way, and adds to the module's name.) */
function framesOf(error: any): string[] {
  return [...String(error.stack).matchAll(/wasm:\/\/wasm\/(\w+?)(?:-[0-9a-f]{8})?:(wasm-function\[\d+\]:0x[0-9a-f]+)/g)].map(
    ([, module, where]) => `${module} ${where}`,
  );
}

export function trap(work: () => unknown): unknown {
  try {
    return work();
  } catch (error: any) {
    return [`${error.constructor.name} ${error.name}: ${error.message}`, ...framesOf(error)];
  }
}

/** Many objects through a function: more than the handles that are kept without asking. */
export function pass(same: (value: unknown) => unknown, count = 3000): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const object = { i };
    if (same(object) === object) kept++;
  }
  return kept;
}

/** Each index of the tables by everybody who can call it. */
function callAll(a: Made, b: Made, joined: any): unknown[] {
  const callers = [a.exports.call, b.exports.call, joined.a, joined.b];
  return callers.map((call) => [0, 1, 3, 6, 7].map((index) => trap(() => call(index, 4))));
}

export const sharing: Record<string, SharingCase> = {
  'tables of two instances': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const log: string[] = [];
    const before = [a.exports.table.get(0), b.exports.table.get(1), a.exports.scale(2), b.exports.scale(2)];
    const joined = join(W, wasm.joiner, a, b, log);
    return [
      callAll(a, b, joined),
      [a.log, b.log, log],
      [a.exports.table.get(0) === before[0], b.exports.table.get(1) === before[1], a.exports.scale === before[0]],
      [a.exports.table.get(6) === joined.mine, b.exports.table.get(6) === joined.mine, b.exports.table.get(7) === joined.through],
      [a.exports.table.get(0) === b.exports.table.get(0), a.exports.table.get(2).name, joined.mine(4), joined.through.length],
    ];
  },
  'functions copied between tables of two instances': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const joined = join(W, wasm.joiner, a, b);
    joined['copy functions']();
    a.exports.table.set(3, b.exports.table.get(7));
    b.exports.table.set(3, a.exports.scale);
    return [
      a.exports.table.get(0) === b.exports.scale,
      a.exports.table.get(3) === joined.through,
      b.exports.table.get(3) === a.exports.scale,
      callAll(a, b, joined),
      [a.log, b.log],
    ];
  },
  'functions taken from each other before': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    a.exports.table.set(3, b.exports['via host']);
    b.exports.table.set(3, a.exports['via host']);
    a.exports.func.value = b.exports.scale;
    const joined = join(W, wasm.joiner, a, b);
    b.exports.func.value = b.exports.scale;
    return [
      a.exports.table.get(3) === b.exports['via host'],
      b.exports.table.get(3) === a.exports['via host'],
      a.exports.func.value === b.exports.func.value,
      b.exports.table.get(1) === a.exports.table.get(3),
      callAll(a, b, joined),
      [a.log, b.log],
    ];
  },
  'mutable globals of two instances': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const object = { object: 1 };
    a.exports.ref.value = object;
    b.exports.ref.value = 'text';
    b.exports.func.value = a.exports.scale;
    const joined = new W.Instance(new W.Module(wasm.globals), { a: a.exports, b: b.exports }).exports;
    joined.add(7);
    joined.swap();
    const called = [joined.call(5), a.exports.table.set(0, b.exports.scale), a.exports.call(0, 5)];
    b.exports.func.value = joined.add;
    return [
      [a.exports.global.value, b.exports.global.value, a.exports.big.value, b.exports.big.value],
      [a.exports.ref.value, b.exports.ref.value === object, joined.same === b.exports.global],
      called,
      trap(() => joined.call(1)),
    ];
  },
  'a table of one and a global of another, and a table of a third': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const c = make(W, wasm.unit, 'c', 7);
    const object = () => 1;
    c.exports.put(0, object);
    const joined = new W.Instance(new W.Module(wasm.third), { a: a.exports, b: b.exports, c: c.exports }).exports;
    return [joined.call(6), b.exports.global.value, joined.first() === object, c.exports.refs.get(0) === object];
  },
  'groups of instances that were joined before': (W, wasm) => {
    const units = [2, 3, 5, 7, 11, 13].map((factor) => make(W, wasm.unit, String(factor), factor));
    units.forEach((each, i) => {
      each.exports.refs.set(0, `reference ${i}`);
      each.exports.table.set(3, units[(i + 1) % units.length].exports['via host']);
    });
    const log: string[] = [];
    const joined = [
      join(W, wasm.joiner, units[0], units[1], log),
      join(W, wasm.joiner, units[2], units[3], log),
      join(W, wasm.joiner, units[1], units[2], log),
      join(W, wasm.joiner, units[4], units[4], log),
      join(W, wasm.joiner, units[5], units[0], log),
      join(W, wasm.joiner, units[4], units[3], log),
      join(W, wasm.joiner, units[3], units[0], log),
    ];
    for (const each of joined) each.swap(0);
    return [
      units.map((each) => each.exports.refs.get(0)),
      units.map((each) => [0, 1, 2, 3, 6, 7].map((index) => trap(() => each.exports.call(index, 4)))),
      joined.map((each) => [trap(() => each.a(6, 1)), trap(() => each.b(7, 2)), each.mine(3)]),
      units.map((each) => each.log),
      log,
      units.map((each) => pass(each.exports.same, 500)),
    ];
  },
  'references in tables and globals of two instances': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const objects = [0, 1, 2, 3].map((n) => ({ n }));
    const both = { both: true };
    a.exports.put(0, objects[0]);
    a.exports.refs.set(1, both);
    b.exports.put(0, objects[1]);
    b.exports.put(1, both);
    a.exports.ref.value = objects[2];
    b.exports.ref.value = objects[3];
    const joined = join(W, wasm.joiner, a, b);
    const globals = new W.Instance(new W.Module(wasm.globals), { a: a.exports, b: b.exports }).exports;
    joined.swap(0);
    joined.swap(1);
    joined['copy references']();
    globals.swap();
    const passed = [pass(a.exports.same), pass(b.exports.same)];
    const find = (value: unknown) => [...objects, both].indexOf(value as any);
    return [
      passed,
      [0, 1, 2, 3].map((index) => find(a.exports.refs.get(index))),
      [0, 1, 2, 3].map((index) => find(b.exports.refs.get(index))),
      [find(a.exports.ref.value), find(b.exports.ref.value)],
      [null, undefined, 0, -0, Number.NaN, 1n, 'x'].map((value) => Object.is(b.exports.same(value), value)),
    ];
  },
  'traps across instances': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const joined = join(W, wasm.joiner, a, b);
    a.exports.table.set(0, joined.through);
    return [
      trap(() => joined.through(1)),
      trap(() => b.exports.call(7, 1)),
      trap(() => a.exports.call(0, 1)),
      trap(() => joined.b(3, 65536)),
      trap(() => joined.a(5, 100)),
      trap(() => b.exports.call(9, 0)),
      trap(() => joined.swap(4)),
      framesOf(new Error()),
    ];
  },
  'exceptions of imports across instances': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const joined = join(W, wasm.joiner, a, b);
    const thrown = new SyntaxError('mine');
    b.onCall = () => {
      throw thrown;
    };
    const caught: unknown[] = [];
    for (const work of [() => joined.mine(1), () => a.exports.call(6, 1), () => joined.b(1, 1)]) {
      try {
        caught.push(work());
      } catch (error) {
        caught.push(error === thrown);
      }
    }
    b.onCall = undefined;
    return [caught, joined.mine(1), a.exports.call(6, 1), a.log, b.log];
  },
  'imports that are called often': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const sum = (call: (value: number) => number) => Array.from({ length: 12 }, (_, n) => call(n)).reduce((one, two) => one + two);
    const before = [sum(a.exports['via host']), b.exports['via host'](1)];
    const log: string[] = [];
    const joined = join(W, wasm.joiner, a, b, log);
    return [before, sum(b.exports['via host']), sum(joined.mine), sum(a.exports['via host']), a.log, b.log, log];
  },
  'memories and tables that grow': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const joined = join(W, wasm.joiner, a, b);
    const steps: unknown[] = [joined.b(4, 1), joined.a(4, 2), b.exports.memory.grow(1), joined.b(4, 0), joined.a(4, 0)];
    new Int32Array(b.exports.memory.buffer)[0] = 50;
    new Int32Array(b.exports.memory.buffer)[2 * 16384] = 99;
    steps.push(
      joined.b(0, 2),
      a.exports.scale(2),
      joined.b(3, 2 * 65536),
      trap(() => joined.a(3, 3 * 65536)),
    );
    steps.push(joined.a(5, 3), a.exports.table.grow(2, b.exports.scale), b.exports['grow table'](1));
    steps.push(a.exports.table.length, b.exports.table.length, joined.a(12, 2), joined.b(8, 2), joined.a(9, 2));
    // While wasm of another one is suspended.
    a.onCall = () => {
      const pages = b.exports.memory.grow(1);
      new Int32Array(b.exports.memory.buffer)[pages * 16384] = 7 * pages;
      return pages * 65536;
    };
    a.exports.table.set(0, b.exports.load);
    const { follow } = new W.Instance(new W.Module(wasm.following), { a: a.exports, env: { host: a.exports['via host'] } }).exports;
    steps.push(
      follow(0),
      follow(0),
      trap(() => a.exports.call(0, 9 * 65536)),
    );
    return steps;
  },
  'joined inside an import of one': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const object = { mine: 1 };
    const log: string[] = [];
    let joined: any;
    a.onCall = (value) => {
      if (value !== 1) return value;
      joined = join(W, wasm.joiner, a, b, log);
      return joined.mine(2) + a.exports.call(6, 3) + pass(b.exports.same);
    };
    return [
      b.exports.same('before'),
      a.exports.work(object, 1).map((each: unknown) => each === object || each),
      a.exports.refs.get(3) === object,
      a.exports.refs.get(4) === object,
      b.exports.work(object, 2).map((each: unknown) => each === object || each),
      callAll(a, b, joined),
      [a.log, b.log, log],
      [a.exports.memory, b.exports.memory].map(({ buffer }) => buffer.byteLength),
    ];
  },
  'joined inside imports of both': (W, wasm) => {
    const run = (outer: Made, inner: Made) => {
      const objects = [{}, {}];
      const label = (value: any) => (objects.includes(value) ? `object ${objects.indexOf(value)}` : value);
      const log: string[] = [];
      const seen: unknown[] = [];
      let joined: any;
      outer.onCall = (value) => {
        if (value === 1) seen.push(inner.exports.work(objects[1], 1).map(label));
        return 2 * value;
      };
      inner.onCall = (value) => {
        if (value === 1) {
          joined = join(W, wasm.joiner, outer, inner, log);
          seen.push(joined.a(0, 3), joined.b(0, 3), joined.mine(6), pass(outer.exports.same), pass(inner.exports.same));
          outer.exports.refs.set(1, objects[1]);
          joined.swap(1);
        }
        return 3 * value;
      };
      seen.push(outer.exports.work(objects[0], 1).map(label));
      for (const each of [outer, inner]) seen.push([0, 1, 2, 3, 4].map((index) => label(each.exports.refs.get(index))));
      return [seen, callAll(outer, inner, joined), outer.log, inner.log, log];
    };
    const [a, b] = pair(W, wasm);
    // The one that has more takes over the other.
    const large = make(W, wasm.unit, 'large', 17);
    join(W, wasm.joiner, large, make(W, wasm.unit, 'c', 19));
    return [run(a, b), run(make(W, wasm.unit, 'd', 2), large), run(large, make(W, wasm.unit, 'e', 4))];
  },
  'joined while another instance starts': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const log: string[] = [];
    let joined: any;
    const host = (value: number) => {
      log.push(`starter ${value}`);
      joined ??= join(W, wasm.joiner, a, b, log);
      return joined.mine(value);
    };
    const { after } = new W.Instance(new W.Module(wasm.starter), { a: a.exports, env: { host } }).exports;
    return [after === a.exports.table.get(3), a.exports.table.get(8) === after, after(2), callAll(a, b, joined), a.log, b.log, log];
  },
  'joined, and then it does not fit': (W, wasm) => {
    const [a, b] = pair(W, wasm);
    const imports = { a: a.exports, b: { ...b.exports, refs: a.exports.ref }, env: { host: () => 1 } };
    const failed = attempt(() => new W.Instance(new W.Module(wasm.joiner), imports));
    const late = attempt(() => new W.Instance(new W.Module(wasm.joiner), { ...imports, b: b.exports, env: {} }));
    return [failed, late, a.exports.call(0, 4), b.exports.call(1, 4), callAll(a, b, join(W, wasm.joiner, a, b))];
  },
};
