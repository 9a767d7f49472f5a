/** One loop of calls in a fresh process: `cold-child.js ENGINE FILE SHAPE`. Sends nanoseconds. Each shape has a loop of its own, as a program would
 *  write it, so that V8 knows of it what it would know there. */

import type { ColdShape } from './cold.js';
import { benchEngine } from './engines.js';

const [engineName, file, shape] = process.argv.slice(2);
const count = 200_000;
const engine = await benchEngine(engineName);
const instance = engine.instantiate(engine.open(file), {
  host: {
    add: (a: number, b: number) => (a + b) | 0,
  },
});
const exports = engine.exports(instance);
const { add, addByCall, loop } = exports;

function one(call: (a: number, b: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = call(sum, i);
  return sum;
}

function property(): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = exports.add(sum, i);
  return sum;
}

function turns(): number {
  const calls = [add, addByCall];
  let sum = 0;
  for (let i = 0; i < count; i++) sum = calls[i & 1](sum, i);
  return sum;
}

const shapes: Record<ColdShape, () => number> = {
  add: () => one(add),
  addByCall: () => one(addByCall),
  property,
  turns,
  toJs: () => loop(count),
};

const run = shapes[shape as ColdShape];
const started = process.hrtime.bigint();
const sum = run();
const elapsed = Number(process.hrtime.bigint() - started);
process.send!({ elapsed, sum });
process.disconnect();
