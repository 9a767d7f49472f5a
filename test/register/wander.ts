/** Instances that share objects at random: what `sharing.ts` has one by one, in any order, inside imports of each other too. The same seed does the
 *  same on every namespace, and gives the list of all that was seen. */

import type { Namespace } from './cases.js';
import { join, type Made, make, pass, trap, type Wasm } from './sharing.js';

const STEPS = 120;
const MAX_UNITS = 7;
const MAX_DEPTH = 3;
const MAX_CALLS = 400;
/** Slots that no function calls by itself: what is put there cannot lead back to it. */
const FREE_SLOTS = [0, 3, 4];
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

export async function wander(W: Namespace, wasm: Wasm, seed: number): Promise<unknown[]> {
  let state = seed * 2654435761 + 1;
  const below = (count: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];

  const units: Made[] = [];
  const joined: any[] = [];
  const functions: any[] = [];
  const objects: unknown[] = [null, undefined, 0, -0, 'text'];
  const seen: unknown[] = [];
  let depth = 0;
  let calls = 0;

  const label = (value: unknown): unknown => {
    if (typeof value === 'function') return `function ${functions.indexOf(value)}`;
    const at = objects.findIndex((each) => Object.is(each, value));
    return at < 0 ? value : `object ${at}`;
  };
  const object = () => {
    if (below(3) === 0) objects.push({});
    return pick(objects);
  };

  function addUnit(): void {
    const unit = make(W, wasm.unit, `unit ${units.length}`, units.length + 2);
    unit.onCall = (value) => {
      if (depth < MAX_DEPTH && below(3) === 0) {
        depth++;
        for (let i = below(4); i >= 0; i--) step();
        depth--;
      }
      return value + units.length;
    };
    units.push(unit);
    functions.push(...['scale', 'via host', 'fail', 'load', 'grow'].map((name) => unit.exports[name]));
  }

  function addJoined(): void {
    const exports = join(W, wasm.joiner, pick(units), pick(units), seen as string[]);
    joined.push(exports);
    functions.push(exports.mine, exports.through);
  }

  const steps: (() => unknown)[] = [
    () => units.length < MAX_UNITS && addUnit(),
    addJoined,
    () => pick(units).exports.table.set(pick(FREE_SLOTS), pick(functions)),
    () => label(pick(units).exports.table.get(below(8))),
    () => pick(units).exports.call(below(9), below(70000)),
    () => pick(joined)[pick(['a', 'b'])](below(9), below(9)),
    () => pick(joined)[pick(['mine', 'through'])](below(9)),
    () => pick(joined).swap(below(5)),
    () => pick(joined)[pick(['copy functions', 'copy references'])](),
    () => pick(functions)(below(3)),
    () => pick(units).exports.refs.set(below(4), object()),
    () => pick(units).exports.put(below(4), object()),
    () => label(pick(units).exports.refs.get(below(5))),
    () => (pick(units).exports.ref.value = object()) === 1,
    () => label(pick(units).exports.ref.value),
    () => (pick(units).exports.func.value = pick(functions)) === 1,
    () => label(pick(units).exports.func.value),
    () => label(pick(units).exports.same(object())),
    () => pick(units).exports.work(object(), below(9)).map(label),
    () => pick(units).exports.memory.grow(1),
    () => pick(units).exports.table.grow(1),
    () => pass(pick(units).exports.same, pick([10, 2000])),
    () => {
      const { add, swap } = new W.Instance(new W.Module(wasm.globals), { a: pick(units).exports, b: pick(units).exports }).exports;
      functions.push(add);
      return [add(below(9)), swap()];
    },
  ];

  function step(): void {
    if (++calls > MAX_CALLS) return;
    const result: any = trap(pick(steps));
    // Wasm frames that wait for JS are missing on ours. So of a trap the innermost frame counts (a function that another store has taken in is
    // called through JS), of an error of JS none.
    const [error] = /^\w+Error /.exec(result?.[0]) ?? [];
    seen.push(error ? result.slice(0, error === 'RuntimeError ' ? 2 : 1) : result);
  }

  addUnit();
  addUnit();
  addJoined();
  for (let i = 0; i < STEPS; i++) {
    step();
    if (i % 16 === 15) await nextTurn();
  }
  return [seen, units.map((each) => each.log), units.map(({ exports }) => [exports.memory.buffer.byteLength, exports.global.value])];
}
