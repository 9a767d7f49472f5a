/** shared-module: the token that `module.share()` gives, for other threads. It is plain data, so any way of copying it will do.
 *  Requires: everything in a token is checked when it comes back. The helper knows each shared mapping by both numbers. */

import { OuroError } from '../base/errors.js';

/** A module of this process on its way to another thread: structured-cloneable, for `Module.fromShared`. */
export interface SharedModule {
  readonly kind: 'ouro.module';
  /** Counts the modules that this process has shared. */
  readonly id: bigint;
  /** Random: a token cannot be guessed. */
  readonly nonce: bigint;
}

/** @internal */
export function makeToken([id, nonce]: readonly [bigint, bigint]): SharedModule {
  return { kind: 'ouro.module', id, nonce };
}

/** @internal The numbers in a token. Throws OuroError `TOKEN_INVALID` when `token` is none. */
export function readToken(token: unknown): { id: bigint; nonce: bigint } {
  if (typeof token === 'object' && token !== null) {
    const { kind, id, nonce } = token as Partial<SharedModule>;
    if (kind === 'ouro.module' && isU64(id) && isU64(nonce)) return { id, nonce };
  }
  throw new OuroError('TOKEN_INVALID', 'this is no token of a shared module: module.share() gives one');
}

function isU64(value: unknown): value is bigint {
  return typeof value === 'bigint' && BigInt.asUintN(64, value) === value;
}
