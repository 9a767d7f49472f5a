/** index: the core's exports for a host: a flat C-like interface without imports.
 *
 *  pointer = allocateInput(length); write the binary there; compile(…) or validate(…); then either the output or the error.
 *  Output and error stay until the next call. A trap is a bug of the compiler: make a new instance. */

import { errorCode as code, errorOffset as offset, message } from './base/error';
import { allocate, release } from './base/memory';
import { TARGET_X64 } from '../runtime/artifact';
import { OptLevel, setOptions } from './options';
import { artifact, compileBinary, validateBinary } from './pipeline';
import { setFeatures } from './wasm/features';

/** Bits of `compile`'s flags. */
const enum CompileFlag {
  ExplicitBounds = 1,
  NanCanonicalization = 2,
  NoAddressMap = 4,
  KeepWasm = 8,
}

let input: usize = 0;
let wasmFeatures: u32 = 0xffffffff;

/** Address of room for a binary of `length` bytes; the input before is gone. */
export function allocateInput(length: u32): usize {
  reset();
  input = allocate(length);
  return input;
}

/** Gives the input's room back. */
export function reset(): void {
  release(input);
  input = 0;
}

/** 1 when the binary is valid with the given wasm features (bits of Feature). They hold for later compiles too. */
export function validate(pointer: usize, length: u32, features: u32): u32 {
  wasmFeatures = features;
  setFeatures(features);
  return validateBinary(pointer, length) ? 1 : 0;
}

/** 1 when the binary was compiled: the artifact is the output. `cpuLow`, `cpuHigh`: bits of runtime/cpu.ts. */
export function compile(pointer: usize, length: u32, level: u32, cpuLow: u32, cpuHigh: u32, flags: u32): u32 {
  setFeatures(wasmFeatures);
  setOptions(
    level == 0 ? OptLevel.None : OptLevel.Speed,
    ((cpuHigh as u64) << 32) | cpuLow,
    (flags & CompileFlag.ExplicitBounds) != 0,
    (flags & CompileFlag.NanCanonicalization) != 0,
    (flags & CompileFlag.NoAddressMap) == 0,
    (flags & CompileFlag.KeepWasm) != 0,
    TARGET_X64,
  );
  return compileBinary(pointer, length) ? 1 : 0;
}

export function outputPointer(): usize {
  return artifact.data;
}

export function outputLength(): u32 {
  return artifact.length;
}

/** ErrorCode of the last failure, 0 when there was none. */
export function errorCode(): u32 {
  return code();
}

/** Byte offset in the binary. */
export function errorOffset(): u32 {
  return offset();
}

/** The message, without the offset. */
export function errorPointer(): usize {
  return message.data;
}

export function errorLength(): u32 {
  return message.length;
}
