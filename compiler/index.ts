/** index: the core's exports for a host: a flat C-like interface without imports.
 *
 *  pointer = allocateInput(length); write the binary there; compile(…) or validate(…); then either the output or the error.
 *  The same step by step: begin(…); compileNext(…) until all functions are compiled; link().
 *  Several instances compile one module together so: each of them begin(…); compilePart(…), which gives a part as the output, for runs of
 *  functions that cover the module; one of them joins: for each part in index order allocatePart(length), write it there, addPart(); link().
 *  Output and error stay until the next call. A trap is a bug of the compiler: make a new instance. */

import { Buffer } from './base/buffer';
import { errorCode as code, errorOffset as offset, message } from './base/error';
import { allocate, mostMemoryInUse, release } from './base/memory';
import { TARGET_X64 } from '../runtime/artifact';
import { OptLevel, setOptions } from './options';
import { part } from './link/part';
import * as pipeline from './pipeline';
import { setFeatures } from './wasm/features';
import { bodyLength, funcCount, importedFuncCount } from './wasm/module';

/** Bits of `compile`'s flags. */
const enum CompileFlag {
  ExplicitBounds = 1,
  NanCanonicalization = 2,
  NoAddressMap = 4,
  KeepWasm = 8,
}

let input: usize = 0;
let output: Buffer = pipeline.artifact;
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
  return pipeline.validateBinary(pointer, length) ? 1 : 0;
}

/** 1 when the binary was compiled: the artifact is the output. `cpuLow`, `cpuHigh`: bits of runtime/cpu.ts. */
export function compile(pointer: usize, length: u32, level: u32, cpuLow: u32, cpuHigh: u32, flags: u32): u32 {
  configure(level, cpuLow, cpuHigh, flags);
  output = pipeline.artifact;
  return pipeline.compileBinary(pointer, length) ? 1 : 0;
}

function configure(level: u32, cpuLow: u32, cpuHigh: u32, flags: u32): void {
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
}

/** 1 when the binary is valid with the given features, and its functions may be compiled. Other parameters as for `compile`. */
export function begin(pointer: usize, length: u32, features: u32, level: u32, cpuLow: u32, cpuHigh: u32, flags: u32): u32 {
  wasmFeatures = features;
  configure(level, cpuLow, cpuHigh, flags);
  return pipeline.beginModule(pointer, length) ? 1 : 0;
}

/** Functions defined in the module that was begun. */
export function functionCount(): u32 {
  return funcCount - importedFuncCount;
}

/** Bytes of the body of a function, counted from the first that is defined. */
export function bodySize(index: u32): u32 {
  return bodyLength(importedFuncCount + index);
}

/** Compiles the next `count` functions, from the first that has neither been compiled nor added on. */
export function compileNext(count: u32): void {
  pipeline.compileNext(count);
}

/** Compiles `count` functions from `first` on; the output is a part. Not together with the other ways before `link`. */
export function compilePart(first: u32, count: u32): void {
  pipeline.compilePart(first, count);
  output = part;
}

/** Address of room for a part of `length` bytes. */
export function allocatePart(length: u32): usize {
  part.clear();
  part.reserve(length);
  return part.data;
}

/** Adds the part. */
export function addPart(): void {
  pipeline.addPart();
}

/** 1 when the artifact is the output. Every function has been compiled or added. */
export function link(): u32 {
  output = pipeline.artifact;
  return pipeline.linkModule() ? 1 : 0;
}

export function outputPointer(): usize {
  return output.data;
}

export function outputLength(): u32 {
  return output.length;
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

/** Bytes of memory, from address 0 on, that were in use at the worst moment since the instance was made: static data, tables, input, output. */
export function peakMemory(): u32 {
  return mostMemoryInUse();
}
