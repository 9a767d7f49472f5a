/** error: what a user did wrong, as a code, the wasm offset and a message; one definition for every host.
 *  A pass that finds an error calls `fail…`, returns at once, and its callers return while `failed()`.
 *  The first error stays. A broken invariant of the compiler itself is a trap, never an error. */

import { Buffer } from './buffer';

export const enum ErrorCode {
  None = 0,
  /** The bytes are not a wasm binary, or a section is malformed. */
  Malformed = 1,
  /** The module is well-formed but does not validate. */
  Invalid = 2,
  /** The module uses a feature that is off or not there yet; the message names it. */
  Unsupported = 3,
  /** An implementation limit; the message names it. */
  Limit = 4,
  /** A compile option is wrong. */
  Option = 5,
}

/** The error message, without the offset. Text is appended after `fail`. */
export const message: Buffer = Buffer.create();
let code: ErrorCode = ErrorCode.None;
let offset: u32 = 0;

export function clearError(): void {
  code = ErrorCode.None;
  offset = 0;
  message.clear();
}

export function failed(): bool {
  return code != ErrorCode.None;
}

export function errorCode(): ErrorCode {
  return code;
}

/** Byte offset in the wasm binary. */
export function errorOffset(): u32 {
  return offset;
}

/** Records an error and its message; true when it is the first, so that more text may be appended to `message`. */
export function fail(errorCode: ErrorCode, errorOffset: u32, text: string): bool {
  if (code != ErrorCode.None) return false;
  code = errorCode;
  offset = errorOffset;
  message.clear();
  message.text(text);
  return true;
}
