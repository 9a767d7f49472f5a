/** The core's allocator: blocks never overlap, contents stay, and everything that is given back can be used again. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Core, freshCore } from '../support/core.js';

const test = suite('memory');

interface Piece {
  address: number;
  size: number;
  mark: number;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const bytesOf = (core: Core, piece: Piece) => new Uint8Array(core.memory.buffer, piece.address, piece.size);

function check(core: Core, pieces: Piece[]): void {
  const sorted = [...pieces].sort((a, b) => a.address - b.address);
  sorted.forEach((piece, i) => {
    assert.is(piece.address % 8, 0, 'aligned');
    if (i > 0) assert.ok(sorted[i - 1].address + sorted[i - 1].size <= piece.address, 'blocks do not overlap');
    assert.ok(
      bytesOf(core, piece).every((byte) => byte === piece.mark),
      'contents stay',
    );
  });
}

for (let seed = 1; seed <= 8; seed++) {
  test(`random use ${seed}`, () => {
    const core = freshCore();
    const next = random(seed);
    const end = core.call('memoryEnd') >>> 0;
    const pieces: Piece[] = [];
    const size = () => Math.floor(2 ** (next() * 14));
    for (let step = 0; step < 1500; step++) {
      const choice = next();
      const index = Math.floor(next() * pieces.length);
      const piece = pieces[index];
      if (choice < 0.4 || piece === undefined) {
        const made = { address: 0, size: size(), mark: step & 0xff };
        made.address = core.call('memoryAllocate', made.size) >>> 0;
        bytesOf(core, made).fill(made.mark);
        pieces.push(made);
      } else if (choice < 0.7) {
        core.call('memoryRelease', piece.address);
        pieces[index] = pieces[pieces.length - 1];
        pieces.pop();
      } else {
        const kept = Math.min(piece.size, size());
        const grown = choice < 0.9 ? kept + size() : kept;
        const name = grown === kept ? 'memoryCompacted' : 'memoryReallocate';
        const before = piece.address;
        piece.address = (grown === kept ? core.call(name, before, kept) : core.call(name, before, grown, kept)) >>> 0;
        if (grown === kept) assert.ok(piece.address <= before, 'compacted downwards');
        piece.size = kept;
        assert.ok(
          bytesOf(core, piece).every((byte) => byte === piece.mark),
          'kept bytes',
        );
        piece.size = grown;
        bytesOf(core, piece).fill(piece.mark);
      }
      if (step % 100 === 0) check(core, pieces);
    }
    check(core, pieces);
    for (const { address } of pieces) core.call('memoryRelease', address);
    assert.is(core.call('memoryEnd') >>> 0, end, 'free neighbours have become one, and the last is given back');
  });
}

test('a table at the end grows in place', () => {
  const core = freshCore();
  const address = core.call('memoryAllocate', 100000) >>> 0;
  assert.is(core.call('memoryReallocate', address, 400000, 100000) >>> 0, address);
});

test.run();
