/** Random functions through allocation, each proved by the checker; and the checker itself: broken allocations are noticed. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freshCore } from '../support/core.js';
import { build, check, DEF, type Machine, parse, SPILL_BASE } from './machine.js';
import { randomMachine } from './random.js';

const test = suite('register allocation of random functions');

function allocated(core: ReturnType<typeof freshCore>, machine: Machine, ints: number, floats: number): string {
  build(core, machine, ints, floats);
  core.call('raAllocate');
  return check(core);
}

test('small functions with many and few registers', () => {
  const core = freshCore();
  for (let seed = 1; seed <= 600; seed++) {
    const ints = [12, 12, 8, 6][seed % 4];
    const machine = randomMachine({ seed, size: 5 + ((seed * 7) % 120), pressure: 3 + (seed % 40), ints, calls: seed % 20 });
    assert.is(allocated(core, machine, ints, [15, 8, 4, 5][seed % 4]), '', `seed ${seed}`);
  }
});

test('large functions', () => {
  const core = freshCore();
  for (let seed = 1; seed <= 6; seed++) {
    const machine = randomMachine({ seed, size: 1200, pressure: 10 * seed, calls: 2 * seed });
    assert.is(allocated(core, machine, 12, 15), '', `seed ${seed}`);
  }
});

test('the same function gives the same allocation, whatever was allocated before', () => {
  const results = [0, 7].map((before) => {
    const core = freshCore();
    if (before) allocated(core, randomMachine({ seed: before, size: 300, pressure: 20 }), 6, 5);
    assert.is(allocated(core, randomMachine({ seed: 42, size: 200, pressure: 30 }), 12, 15), '');
    const moves = [...Array(core.call('raMoveCount')).keys()];
    return moves.map((move) => [0, 1, 2, 3].map((field) => core.call('raMove', move, field)).join());
  });
  assert.equal(results[0], results[1]);
});

test('a wrong operand is noticed', () => {
  const core = freshCore();
  let tried = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const machine = randomMachine({ seed, size: 40, pressure: 12 });
    assert.is(allocated(core, machine, 12, 15), '');
    let position = 1;
    for (const block of machine.blocks) {
      for (const inst of block.insts) {
        inst.operands.forEach((operand, index) => {
          if ((position + index) % 7 !== 0 || operand.flags & DEF) return;
          const right = core.call('raLocation', position, index);
          const wrong = right >= SPILL_BASE ? right + 1 : right >= 16 ? 16 + ((right - 15) % 15) : (right + 1) % 3;
          if (wrong === right) return;
          core.call('raSetLocation', position, index, wrong);
          // The same value may happen to be there too; then nothing is wrong with an operand that may be anywhere.
          if (check(core) !== '') tried++;
          else assert.ok(operand.constraint < 2, `seed ${seed}, operand ${index} at ${position}`);
          core.call('raSetLocation', position, index, right);
        });
        position++;
      }
    }
    assert.is(check(core), '');
  }
  assert.ok(tried > 200, `${tried}`);
});

test('a missing, misplaced or wrong move is noticed', () => {
  const core = freshCore();
  const machine = parse(`
entry:
  args =v1:i64@rdi =v2:i64@rsi
  jmp -> loop(v1 v2)
loop(v3:i64 v4:i64) depth=1:
  call v3@rdi =v5:i64@rax
  add =v6:i64=1 v5 v4
  br -> again out
again depth=1:
  jmp -> loop(v4 v6)
out:
  ret v6@rax`);
  assert.is(allocated(core, machine, 12, 15), '');
  const count = core.call('raMoveCount');
  assert.ok(count > 2);
  for (let move = 0; move < count; move++) {
    for (const [field, change] of [
      [1, 8],
      [2, 9],
      [3, 1],
      [0, 1000],
    ]) {
      const right = core.call('raMove', move, field);
      core.call('raSetMove', move, field, change);
      assert.is.not(check(core), '', `move ${move}, field ${field}`);
      core.call('raSetMove', move, field, right);
    }
  }
  assert.is(check(core), '');
});

test('a table jump with one target keeps its operands', () => {
  const core = freshCore();
  const machine = parse(`
entry:
  args =v1:i64@rdi =v2:i64@rsi
  call v1@rdi
  table v2 =v3:i64! =v4:i64! -> next next
next:
  call
  add =v5:i64=1 v2 v1
  ret v5@rax`);
  assert.is(allocated(core, machine, 12, 15), '');
});

test('a value undefined on one path is noticed', () => {
  const core = freshCore();
  const machine = parse(`
entry:
  br -> left right
left:
  const =v1:i64
  jmp -> join
right:
  jmp -> join
join:
  ret v1@rax`);
  build(core, machine);
  core.call('raAllocate');
  assert.match(check(core), /undefined|conflict|overwritten/);
});

test.run();
