/** The core's allocator: blocks never overlap, contents stay, and everything that is given back can be used again. And how much memory
 *  compiling takes. */

import { readFileSync, statSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core as HostCore, type CoreExports } from '../../host/compile/core.js';
import { compilerWasm } from '../../host/compile/cores.js';
import { Engine } from '../../host/index.js';
import { codeSize } from '../bench/compile.js';
import { programs } from '../bench/programs.js';
import { type Core, freshCore } from '../support/core.js';
import { skip } from '../support/skip.js';

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

/** A module with one function (i32) -> i32 whose body has about `size` bytes. */
function oneFunction(size: number): Uint8Array {
  const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
  const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content];
  const steps = Array.from({ length: Math.floor(size / 6) }, () => [0x20, 0, 0x6c, 0x20, 0, 0x77]).flat(); // times itself, rotated by itself
  const body = [0, 0x20, 0, ...steps, 0x0b];
  const code = section(10, [1, ...leb(body.length), ...body]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]), ...section(3, [1, 0]), ...code]);
}

const coreModule = new WebAssembly.Module(compilerWasm() as BufferSource);
const { compileOptions } = new Engine({ compiler: 'wasm' });

/** The most memory that the core has in use while it compiles. */
function mostMemory(wasm: Uint8Array): number {
  const exports = new WebAssembly.Instance(coreModule, {}).exports as unknown as CoreExports & { peakMemory(): number };
  const { length } = new HostCore(exports).compile(wasm, compileOptions);
  assert.ok(length > 0);
  assert.ok(exports.peakMemory() <= exports.memory.buffer.byteLength);
  return exports.peakMemory();
}

test('a small module is compiled within two thirds of a wasm page, a large body of nothing but arithmetic within 72 times its size', () => {
  const most = (size: number) => mostMemory(oneFunction(size));
  assert.ok(most(0) < 30_000, `${most(0)} bytes for an empty function`);
  assert.ok(most(400) < 43_000, `${most(400)} bytes for 400`);
  assert.ok(most(60_000) < 72 * 60_000, `${most(60_000)} bytes for 60,000`);
});

// Larger modules are far below the bound.
const small = programs().filter(({ path }) => statSync(path).size < 300_000);
if (small.length === 0) skip('memory for real programs', 'the shared bench folder is not there');

for (const { name, path } of small) {
  test(`${name} is compiled within 60 times its largest body and 6 times the module`, () => {
    const wasm = readFileSync(path);
    const most = mostMemory(wasm);
    const bound = 60 * codeSize(wasm).largest + 6 * wasm.length;
    assert.ok(most < bound, `${most} bytes, ${bound} allowed`);
  });
}

test.run();
