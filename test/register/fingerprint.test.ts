/** What a glance at a binary tells. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../host/helper/hash.js';
import { fingerprint } from '../../host/register/fingerprint.js';

const SMALL = 2 ** 16;
const filled = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const changed = (bytes: Uint8Array, at: number) => {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
};

test('every byte of a small binary counts', () => {
  for (const length of [0, 1, 8, 1000, SMALL]) {
    const bytes = filled(length);
    assert.is(fingerprint(bytes), sha256(bytes));
  }
});

test('of a large one the ends, samples and the length', () => {
  for (const length of [SMALL + 1, SMALL + 255, 100_000, 1_000_003, 20_000_000]) {
    const bytes = filled(length);
    const expected = fingerprint(bytes);
    assert.match(expected, /^[0-9a-f]{64}$/);
    assert.is(fingerprint(bytes.slice()), expected);
    const half = (length - 256) / 255;
    for (const at of [0, 255, Math.floor(half), Math.floor(half * 128) + 100, length - 256, length - 1]) {
      assert.is.not(fingerprint(changed(bytes, at)), expected, `byte ${at} of ${length}`);
    }
    assert.is.not(fingerprint(bytes.subarray(0, -1)), expected);
    // As large as the sample, and of the same length again.
    assert.is.not(fingerprint(bytes.subarray(0, SMALL)), expected);
  }
  const bytes = new Uint8Array(10_000_000);
  assert.is.not(fingerprint(bytes.subarray(1)), fingerprint(bytes));
});

test('and not all of it', () => {
  const bytes = filled(1_000_000);
  assert.is(fingerprint(changed(bytes, 1000)), fingerprint(bytes));
});

test.run();
