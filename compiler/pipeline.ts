/** pipeline: from a wasm binary to an artifact, one stage a line.
 *  In: the binary's address and length, options.  Out: `artifact`.
 *  One instance compiles a module by itself, or several share the work: each begins the module, compiles runs of neighbouring functions
 *  and hands them on as parts; one of them joins all parts in index order and links. The artifact is the same.
 *  A user's error stops after decoding or validation, with `failed()`. Beyond validation nothing fails. */

import { Buffer } from './base/buffer';
import { clearError, failed } from './base/error';
import { keepTables } from './base/memory';
import { code, functionCount, resetOutput } from './emit/output';
import { packTables, resetPacked } from './emit/packed';
import { trimFunc } from './ir/func';
import { trimMach } from './isa/mach';
import { emitFunction } from './isa/x64/emit';
import { resetRodata } from './isa/x64/rodata';
import { selectFunction } from './isa/x64/select/select';
import { useX64 } from './isa/x64/target';
import { linkArtifact } from './link/artifact';
import { readPart, writePart } from './link/part';
import { optimise, trimAnalyses } from './opt/passes';
import { optLevel } from './options';
import { allocate as allocateRegisters } from './regalloc/allocate';
import { trimMoves } from './regalloc/moves';
import { resetCalls } from './translate/call';
import { translateFunction } from './translate/translate';
import { prepareContext } from './wasm/context';
import { decodeModule } from './wasm/decode';
import { bodyLength, funcCount, importedFuncCount } from './wasm/module';
import { validateModule } from './wasm/validate';

/** The finished artifact. */
export const artifact: Buffer = Buffer.create();

/** Decodes and validates; false with an error. */
export function validateBinary(start: usize, length: u32): bool {
  clearError();
  return decodeModule(start, length) && validateModule();
}

/** Compiles the binary; false with an error. */
export function compileBinary(start: usize, length: u32): bool {
  if (!beginModule(start, length)) return false;
  compileNext(funcCount - importedFuncCount);
  return linkModule();
}

/** Decodes, validates and makes ready; false with an error. Validation also finds which tables change and which functions escape. */
export function beginModule(start: usize, length: u32): bool {
  keepTables(length);
  if (!validateBinary(start, length)) return false;
  // From here on the module is valid, and its tables stay as they are.
  useX64();
  prepareContext();
  resetParts();
  return true;
}

/** Nothing is compiled yet, or what is has been handed on. */
function resetParts(): void {
  resetOutput();
  resetPacked();
  resetRodata();
  resetCalls();
}

/** Compiles the next `count` functions, from the first that has no code on. */
export function compileNext(count: u32): void {
  if (functionCount == 0) reserveCode();
  compileFunctions(functionCount, count);
}

/** Compiles `count` functions defined in the module, from `first` on, and hands them on as `part`. */
export function compilePart(first: u32, count: u32): void {
  compileFunctions(first, count);
  writePart();
  resetParts();
}

function compileFunctions(first: u32, count: u32): void {
  const end = importedFuncCount + first + count;
  for (let func = importedFuncCount + first; func < end; func++) compileFunction(func);
}

/** Adds what is in `part`. Parts come in index order. */
export function addPart(): void {
  if (functionCount == 0) reserveCode();
  readPart();
  packTables();
}

/** Makes the artifact. */
export function linkModule(): bool {
  // Every function has its code; only distances between sections are open.
  assert(functionCount == funcCount - importedFuncCount);
  artifact.clear();
  linkArtifact(artifact);
  return !failed();
}

/** The code lasts to the end: it gets its room before any table of a function. Few programs' code is larger than that. */
function reserveCode(): void {
  let bytes: u32 = 0;
  for (let func = importedFuncCount; func < funcCount; func++) bytes += bodyLength(func);
  code.reserve(bytes + (bytes >> 1) + (bytes >> 2));
}

function compileFunction(func: u32): void {
  translateFunction(func);
  // SSA; some blocks are unreachable, some parameters redundant.
  optimise(optLevel);
  // Critical edges are split, blocks have their final order; nothing changes the graph from here on.
  selectFunction();
  trimFunc();
  trimAnalyses();
  // Machine instructions over virtual registers, each with one definition.
  allocateRegisters();
  // Every operand has its place.
  emitFunction();
  trimMoves();
  trimMach();
  packTables();
}
