/** fingerprint: tells most binaries apart without reading all of them. It names a module's notes, which say whether more work is worth while.
 *  In: a binary. Out: SHA-256 of a sample of it and its length, in hexadecimal digits; of the whole binary where that is small.
 *  Requires: nothing runs native code because of a fingerprint. Which native code belongs to a binary, the hash of the whole binary decides
 *  (cache/key.ts).
 *  Cost: that of hashing 64 KiB, however large the binary is. */

import { sha256 } from '../helper/hash.js';

const BLOCK = 256;
const COUNT = 256;

/** The fingerprint of a binary. */
export function fingerprint(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length <= BLOCK * COUNT) return sha256(bytes);
  const sample = new Uint8Array(BLOCK * COUNT + 8);
  // The sample has the first and the last block of the binary, and others at equal distances between them.
  for (let i = 0; i < COUNT; i++) {
    const at = Math.floor(((length - BLOCK) * i) / (COUNT - 1));
    sample.set(bytes.subarray(at, at + BLOCK), i * BLOCK);
  }
  new DataView(sample.buffer).setFloat64(BLOCK * COUNT, length);
  return sha256(sample);
}
