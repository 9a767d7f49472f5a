/** memory.fill of large ranges, where pages that nobody has touched are left alone: what is read afterwards must be the same. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, Instance, Module, parseText, Store } from '../../host/index.js';

const PAGE = 65536;
const PAGES = 128;
const SIZE = PAGES * PAGE;

// Its data is a copy-on-write image of a file, which must not shine through again.
const image = `\\${'ab'.repeat(40_000).match(/../g)!.join('\\')}`;
const text = (pages: number) => `(module
  (memory (export "memory") ${pages})
  (data (i32.const 0) "${image}")
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2))))`;

test('large fills give what small ones would', async () => {
  const engine = new Engine();
  const module = new Module(engine, await parseText(text(PAGES)));
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 12; round++) {
    const { fill, memory } = new Instance(new Store(engine), module, []).exports;
    const bytes = new Uint8Array(memory.buffer);
    const expected = new Uint8Array(SIZE).fill(0xab, 0, 40_000);
    for (let step = 0; step < 12; step++) {
      for (let i = random(40); i > 0; i--) {
        const at = random(SIZE);
        bytes[at] = expected[at] = random(256);
      }
      // Reading a page gives it the system's page of zeros.
      for (let i = random(300), at = random(SIZE); i > 0; i--) assert.is(bytes[(at + 4096 * i) % SIZE], expected[(at + 4096 * i) % SIZE]);
      const start = random(3) === 0 ? 0 : random(SIZE);
      const count = random(2) === 0 ? SIZE - start : random(SIZE - start);
      const value = random(3) === 0 ? 256 + random(2) : 0;
      fill(start, value, count);
      expected.fill(value, start, start + count);
      // Comparing reads every page, too.
      if (step % 4 === 3) assert.is(Buffer.compare(bytes, expected), 0);
    }
  }
});

test('clearing what nobody has touched takes no memory', async () => {
  const engine = new Engine();
  const { fill } = new Instance(new Store(engine), new Module(engine, await parseText(text(4096))), []).exports;
  const before = process.memoryUsage.rss();
  fill(0, 0, 4096 * PAGE);
  assert.ok(process.memoryUsage.rss() - before < 64 * 2 ** 20);
});

test.run();
