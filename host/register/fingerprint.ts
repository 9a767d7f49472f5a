/** fingerprint: tells binaries apart at a glance. Which native code belongs to a binary the hash of all of it decides (cache/key.ts); a fingerprint
 *  says no more than what is worth asking, and under which name to keep what is known.
 *  In: a binary. Out: SHA-256 of a sample of it and its length, in hexadecimal digits; of all of it where it is small.
 *  Cost: that of hashing 64 KiB, however large the binary is. */

import { sha256 } from '../helper/hash.js';

const BLOCK = 256;
const COUNT = 256;

export function fingerprint(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length <= BLOCK * COUNT) return sha256(bytes);
  const sample = new Uint8Array(BLOCK * COUNT + 8);
  // The first block and the last, and the others at equal distances.
  for (let i = 0; i < COUNT; i++) {
    const at = Math.floor(((length - BLOCK) * i) / (COUNT - 1));
    sample.set(bytes.subarray(at, at + BLOCK), i * BLOCK);
  }
  new DataView(sample.buffer).setFloat64(BLOCK * COUNT, length);
  return sha256(sample);
}
