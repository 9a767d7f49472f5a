/** ns for each way between JS and compiled code, with hand-assembled code behind wrappers as the host generates them:
 *  `node build/test/bench/native-calls.js [rounds]`. The best of some rounds; V8's own calls in the same run for comparison. */

import * as layout from '../../runtime/layout.js';
import { add, importLoop, load, recurseToImport, trapIfZero } from '../support/codes.js';
import { loadHelper, Machine } from '../support/machine.js';

const rounds = Number(process.argv[2] ?? 60);
const helper = loadHelper();
const codes = [add, importLoop, recurseToImport, trapIfZero, load];
const machine = new Machine(helper, codes, { memory: helper.address(new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer)) });

/** Best ns for one of `count` repetitions inside `run`. */
function measure(name: string, count: number, run: () => void): void {
  run();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  console.log(`${name.padEnd(44)} ${best.toFixed(1).padStart(9)} ns`);
}

const halves = machine.halves;
const { enterInts, enterLeafPair, resume } = helper;
const sum = (a: number, b: number) => a + b;
const imported = [sum, sum];

/** The driver loop behind an entry that did not simply return. */
function outcome(): void {
  for (;;) {
    const status = halves[layout.SLOT_STATUS / 4];
    if (status === layout.EXIT_RETURNED) return;
    if (status !== layout.EXIT_HOST_FUNC) throw new Error('trap');
    const result = imported[halves[layout.SLOT_EXIT_ID / 4]](halves[0], halves[2]) | 0;
    halves[0] = result;
    halves[1] = 0;
    resume();
  }
}

machine.hostImport(0, () => {}, 0, 0, 'leaveImportInts');
const pointerBits = (pointer: number) => new Float64Array(new BigInt64Array([BigInt(pointer)]).buffer)[0];

/** (i32, i32) -> i32 as the host's wrapper does it; made anew for each, so that V8 knows what `enter` is. The callee is one store: a pointer's
 *  bits as a (tiny) number. */
function call(index: number, enter = enterInts): (a: number, b: number) => number {
  const text = `return (a, b) => {
    a = a | 0; b = b | 0;
    halves[0] = a; halves[1] = 0; halves[2] = b; halves[3] = 0;
    doubles[${layout.SLOT_CALLEE / 8}] = callee;
    enter();
    if (halves[${layout.SLOT_STATUS / 4}] !== 0) outcome();
    return halves[0];
  };`;
  const make = new Function('halves', 'doubles', 'enter', 'outcome', 'callee', text);
  return make(halves, machine.doubles, enter, outcome, pointerBits(machine.funcRef(index)));
}

const count = 50_000;

/** A loop compiled for this call alone: with one loop for all, V8 would see many callees and inline none. */
function loop(name: string, call: (a: number, b: number) => number, times = count): void {
  const run = new Function('call', 'times', 'let sum = 0; for (let i = 0; i < times; i++) sum = (sum + call(i, 1)) | 0; return sum;');
  measure(name, times, () => run(call, times));
}

const v8 = new WebAssembly.Instance(
  new WebAssembly.Module(
    Buffer.from(
      '0061736d01000000' + // magic, version
        '010b0260027f7f017f60017f00' + // (i32, i32) -> i32; (i32) -> ()
        '020701016501690000' + // import e.i
        '0303020001' + // two functions
        '070e02036164640001046c6f6f700002' + // exports add, loop
        '0a1f020700200020016a0b150003402000410310001a200041016b22000d000b0b', // a + b; calls the import n times
      'hex',
    ),
  ),
  { e: { i: imported[0] } },
).exports as { add(a: number, b: number): number; loop(n: number): void };

loop('JS -> wasm, V8', v8.add);
loop('JS -> wasm, Ouro', call(0));
loop('JS -> wasm, Ouro, leaf', call(0, enterLeafPair));
measure('wasm -> JS, V8', count, () => v8.loop(count));
const importing = call(1);
measure('wasm -> JS, Ouro, in one function', count, () => importing(count, 0));
// This one calls the import.
machine.hostImport(0, () => {});
const deep = call(2);
for (const depth of [0, 1, 5, 20]) loop(`JS -> wasm, ${depth} calls deep, -> JS`, () => deep(depth, 0));
const trapping = call(3);
const explicit = () => {
  try {
    trapping(0, 0);
  } catch {}
  return 0;
};
loop('explicit trap with throw and catch', explicit, 1_000);
const loading = call(4);
const fault = () => {
  try {
    loading(-1, 0);
  } catch {}
  return 0;
};
loop('memory fault with throw and catch', fault, 1_000);
