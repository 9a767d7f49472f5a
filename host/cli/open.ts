/** Opens what a user names on the command line: an artifact, a wasm binary, or a module in text format. */

import type { CompileProgress } from '../compile/progress.js';
import { isArtifact } from '../artifact/detect.js';
import type { Cpu } from '../helper/cpu.js';
import { Engine } from '../engine/engine.js';
import { Module } from '../engine/module.js';
import { inFile, readFile, toText } from '../engine/source.js';
import { parseText } from '../wasm/text.js';
import { withProgress } from './progress.js';

export interface CompileFlags {
  optLevel?: 'none' | 'speed';
  cpu?: Cpu;
  /** Find what was compiled before, and keep what is compiled now. */
  cache?: boolean;
}

export function openEngine({ optLevel, cpu, cache }: CompileFlags): Engine {
  return new Engine({ optLevel, cpu, cache });
}

/** The wasm binary of a .wasm or .wat file. */
export async function readWasm(path: string): Promise<Uint8Array> {
  const bytes = readFile(path);
  const text = toText(bytes);
  if (text === undefined) return bytes;
  try {
    return await parseText(text);
  } catch (error) {
    throw inFile(path, error);
  }
}

/** The module of a file; compiled unless it is an artifact. */
export async function openModule(engine: Engine, path: string): Promise<Module> {
  if (isArtifact(readFile(path))) return Module.deserializeFile(engine, path);
  const wasm = await readWasm(path);
  return compiled(
    path,
    wasm,
    () => Module.fromBinary(engine, wasm),
    (onProgress) => Module.compile(engine, wasm, { onProgress }),
  );
}

/** The artifact for a file. */
export async function compileFile(engine: Engine, path: string): Promise<Uint8Array> {
  const wasm = await readWasm(path);
  return compiled(
    path,
    wasm,
    () => engine.precompileModule(wasm),
    (onProgress) => engine.precompileModuleAsync(wasm, { onProgress }),
  );
}

async function compiled<T>(
  path: string,
  wasm: Uint8Array,
  now: () => T,
  onThreads: (onProgress: (progress: CompileProgress) => void) => Promise<T>,
): Promise<T> {
  try {
    return await withProgress(`compiling ${path}`, wasm.length, now, onThreads);
  } catch (error) {
    throw inFile(path, error);
  }
}
