/** The parallel move resolver alone: random groups of moves, done one after another, do what they do at once. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freshCore } from '../support/core.js';
import { SPILL_BASE } from './machine.js';

const test = suite('parallel moves');
const I64 = 2;
const F64 = 4;
const V128 = 6;
const SCRATCH = [11, 31];

/** Runs the resolver on `moves` (from, to, type) and compares the effect on distinct values with that of all moves at once. */
function verify(core: ReturnType<typeof freshCore>, moves: [number, number, number][], slots: number): void {
  core.call('raReset', 12, 15);
  core.call('raResetMoves');
  for (const [from, to, type] of moves) core.call('raAddMove', from, to, type);
  core.call('raOrderMoves', slots);
  const state = new Map<number, string>();
  const value = (location: number) => state.get(location) ?? `old ${location}`;
  for (let i = 0; i < core.call('raMoveCount'); i++) {
    const [from, to] = [core.call('raMove', i, 1) >>> 0, core.call('raMove', i, 2) >>> 0];
    assert.ok(from < SPILL_BASE || to < SPILL_BASE, 'from memory to memory');
    state.set(to, value(from));
  }
  const written = new Set(moves.map(([, to]) => to));
  for (const [from, to] of moves) assert.is(value(to), `old ${from}`, JSON.stringify(moves));
  for (const location of state.keys()) {
    const free = written.has(location) || SCRATCH.includes(location) || location >= SPILL_BASE + slots;
    assert.ok(free || value(location) === `old ${location}`, `${location} changed: ${JSON.stringify(moves)}`);
  }
}

test('chains, swaps, longer cycles, in registers and in memory', () => {
  const core = freshCore();
  verify(
    core,
    [
      [0, 1, I64],
      [1, 2, I64],
      [2, 3, I64],
    ],
    0,
  );
  verify(
    core,
    [
      [0, 1, I64],
      [1, 0, I64],
    ],
    0,
  );
  verify(
    core,
    [
      [0, 1, I64],
      [1, 2, I64],
      [2, 0, I64],
      [2, 5, I64],
    ],
    0,
  );
  verify(
    core,
    [
      [64, 65, I64],
      [65, 64, I64],
    ],
    2,
  );
  verify(
    core,
    [
      [64, 0, I64],
      [0, 64, I64],
      [66, 67, I64],
      [67, 66, I64],
    ],
    4,
  );
  verify(
    core,
    [
      [64, 66, V128],
      [66, 64, V128],
      [16, 17, F64],
      [17, 16, F64],
    ],
    4,
  );
});

test('the same copy twice is one copy', () => {
  const core = freshCore();
  verify(
    core,
    [
      [0, 1, I64],
      [0, 1, I64],
    ],
    0,
  );
  assert.is(core.call('raMoveCount'), 1);
});

test('random groups', () => {
  const core = freshCore();
  let state = 1;
  const next = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
  for (let round = 0; round < 3000; round++) {
    const slots = 8;
    // Integer moves use registers and slots 0 to 3, float moves slots 4 to 7.
    const ints = [0, 1, 2, 3, 6, 7, 64, 65, 66, 67];
    const floats = [16, 17, 18, 19, 68, 69, 70, 71];
    const moves: [number, number, number][] = [];
    for (const [places, type] of [
      [ints, I64],
      [floats, F64],
    ] as const) {
      const targets = [...places];
      for (let count = next(places.length + 1); count > 0; count--) {
        const to = targets.splice(next(targets.length), 1)[0];
        moves.push([places[next(places.length)], to, type]);
      }
    }
    verify(core, moves, slots);
  }
});

test.run();
