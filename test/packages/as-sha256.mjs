/** @chainsafe/as-sha256 (AssemblyScript, SIMD where the engine has it): hashes of many sizes, checked against node:crypto. */

import { createHash } from 'node:crypto';
import { batchHash4UintArray64s, digest, digest64, SHA256 } from '@chainsafe/as-sha256';

const bytes = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 255);
const reference = (data) => createHash('sha256').update(data).digest();

export default async function load() {
  return () => {
    const all = createHash('sha256');
    for (const length of [0, 1, 55, 56, 64, 200, 5000]) {
      const data = bytes(length, 1);
      for (const hash of [digest(data), new SHA256().init().update(data).final()]) {
        if (!reference(data).equals(hash)) throw new Error(`wrong at ${length} bytes`);
        all.update(hash);
      }
    }
    const inputs = [1, 2, 3, 4].map((seed) => bytes(64, seed));
    all.update(digest64(inputs[0]));
    for (const hash of batchHash4UintArray64s(inputs)) all.update(hash);
    return all.digest('hex');
  };
}
