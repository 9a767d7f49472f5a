/** hooks: the linker for tests: a real module with hand-made code. Exported by compiler/test.ts only. */

import { Buffer } from '../base/buffer';
import { TrapCode } from '../../runtime/traps';
import * as output from '../emit/output';
import { OptLevel, setOptions } from '../options';
import { prepareContext } from '../wasm/context';
import { decodeModule } from '../wasm/decode';
import { linkArtifact } from './artifact';
import { writeHash } from './hash';

const file: Buffer = Buffer.create();

/** Decodes a module and starts an empty output; false when the module is wrong. */
export function linkBegin(wasm: usize, length: u32, keepWasm: bool, target: u32): bool {
  setOptions(OptLevel.Speed, 5, false, false, true, keepWasm, target);
  if (!decodeModule(wasm, length)) return false;
  prepareContext();
  output.resetOutput();
  return true;
}

/** Appends the code of the next function; returns its offset. */
export function linkFunction(code: usize, length: u32, frameSize: u32, savedRegisters: u32, flags: u32): u32 {
  output.code.align(16);
  const offset = output.code.length;
  output.code.bytes(code, length);
  output.addFunction(offset, length, frameSize, savedRegisters, flags);
  return offset;
}

export function linkRodata(bytes: usize, length: u32): u32 {
  output.rodata.align(16);
  const offset = output.rodata.length;
  output.rodata.bytes(bytes, length);
  return offset;
}

export function linkRelocation(kind: output.RelocationKind, offset: u32, target: u32, addend: u32): void {
  output.addRelocation(kind, offset, target, addend);
}

export function linkJumpTableEntry(tableStart: u32, codeOffset: u32): void {
  output.addJumpTableEntry(tableStart, codeOffset);
}

export function linkFunctionTableEntry(tableStart: u32, func: u32): void {
  output.addFunctionTableEntry(tableStart, func);
}

export function linkTrap(codeOffset: u32, trap: TrapCode): void {
  output.addTrap(codeOffset, trap);
}

export function linkAddress(codeOffset: u32, wasmOffset: u32): void {
  output.addAddress(codeOffset, wasmOffset);
}

/** Links; the file's address. */
export function linkFinish(): usize {
  linkArtifact(file);
  return file.data;
}

export function linkSize(): u32 {
  return file.length;
}

/** SHA-256 of bytes whose first 32 count as zeros; the address of the digest. */
export function linkHash(bytes: usize, length: u32): usize {
  file.clear();
  file.bytes(bytes, length);
  writeHash(file, 0);
  return file.data;
}
