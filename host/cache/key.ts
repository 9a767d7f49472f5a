/** key: under which name an artifact is kept: whatever can change its bytes or whether it can run is part of it. */

import { FORMAT_VERSION } from '../../runtime/artifact.js';
import { ABI_VERSION } from '../../runtime/layout.js';
import type { CompileOptions } from '../compile/core.js';
import { native } from '../helper/native.js';

/** SHA-256 as hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  const hash = Buffer.alloc(32);
  native().sha256(bytes, 0, 0, hash);
  return hash.toString('hex');
}

/** Stands for the form of the artifact, the platform, the CPU features and the options: two engines for which it is the same can load each
 *  other's artifacts. `signer` is the public key that must have signed them. */
export function compatibilityHash(target: string, options: CompileOptions, signer: string | undefined): string {
  const names = Object.keys(options).sort() as (keyof CompileOptions)[];
  const text = JSON.stringify([FORMAT_VERSION, ABI_VERSION, target, names.map((name) => [name, options[name]]), signer ?? '']);
  return sha256(Buffer.from(text));
}

/** The name of an artifact: SHA-256 of the wasm binary, and 128 bits of a hash over all else that the artifact depends on.
 *  Cost: the hash of the binary, below 1 us a KiB.
 *
 *  A binary that is found by its hash has been validated when it was compiled, for the same features, which are part of the name: a hit is
 *  valid, and validation is left out. */
export function cacheKey(wasm: Uint8Array, compatibility: string, compiler: string): string {
  return keyOfHash(sha256(wasm), compatibility, compiler);
}

/** The same by the hash of the binary. */
export function keyOfHash(hash: string, compatibility: string, compiler: string): string {
  return `${hash}-${sha256(Buffer.from(`${compatibility} ${compiler}`)).slice(0, 32)}`;
}

/** What `cacheKey` gives, and nothing else. */
export const KEY_LENGTH = 97;
export const KEY_PATTERN = /^[0-9a-f]{64}-[0-9a-f]{32}$/;

/** What a signature says it is for. */
export function subjectOf(key: string): Uint8Array {
  return Buffer.from(sha256(Buffer.from(key)), 'hex');
}
