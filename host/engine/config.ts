/** config: how an engine compiles and runs, with wasmtime's option names where they fit.
 *  In: a plain object from the user. Out: a configuration with all defaults filled in; OuroError `CONFIG_INVALID` for what cannot be. */

import { type CacheOptions, type CacheSettings, resolveCache } from '../cache/settings.js';
import type { CacheStore } from '../cache/guarded-store.js';
import type { Compiler } from '../compile/core.js';
import type { Cpu } from '../helper/cpu.js';
import { OuroError } from '../base/errors.js';
import { ArtifactKey, type ArtifactKeyOptions } from '../artifact/sign.js';

/** The options for wasm features, with the bit of each (`Feature` in compiler/wasm/opcodes.ts). Bit 0 is the MVP, which is always on. */
const featureBits = {
  wasmMutableGlobals: 1,
  wasmSignExtension: 2,
  wasmSaturatingFloatToInt: 3,
  wasmMultiValue: 4,
  wasmBulkMemory: 5,
  wasmReferenceTypes: 6,
  wasmExtendedConst: 7,
} as const;

/** The names of the options whose bits are set. */
export function featureNames(bits: number): string[] {
  return Object.entries(featureBits).flatMap(([name, bit]) => ((bits >> bit) & 1 ? [name] : []));
}

/** Features of WebAssembly that modules may use; all are on unless they are false. `wasmReferenceTypes` needs `wasmBulkMemory`. */
export type WasmFeatures = { [Name in keyof typeof featureBits]?: boolean };

/** How an engine compiles and runs, with wasmtime's names where they fit. Everything is optional. Unknown names and impossible values are refused
 *  (OuroError `CONFIG_INVALID`).
 *
 *  @example
 *  const config = { optLevel: 'none', cpu: 'x86-64-v3', nanCanonicalization: true, maxWasmStack: 512 * 1024, wasmBulkMemory: true };
 *  new Engine(config).config.cpu; // => 'x86-64-v3'
 *  try {
 *    new Engine({ optLevel: 'fast' });
 *  } catch (error) {
 *    error.message; // => 'optLevel cannot be "fast": it is one of none, speed'
 *  } */
export interface Config extends WasmFeatures {
  /** `speed` (default) optimises; `none` compiles fast. */
  optLevel?: 'none' | 'speed';
  /** The CPU that code is made for; default `native`, this one. */
  cpu?: Cpu;
  /** The platform that code is made for; `x86_64-linux` is the only one. */
  target?: 'x86_64-linux';
  /** Bytes of a store's wasm stack; default 1 MiB. */
  maxWasmStack?: number;
  /** How accesses beyond a memory are caught: by guard pages, by explicit checks in the code, or (`auto`, default) by guard pages where
   *  memories have them. */
  memoryPolicy?: 'auto' | 'guard' | 'explicit';
  /** Make every NaN result the canonical one, so that results do not depend on the CPU; default false. */
  nanCanonicalization?: boolean;
  /** Keep the map from code to wasm offsets, for backtraces; default true. */
  generateAddressMap?: boolean;
  /** Put the wasm binary into artifacts; default false. */
  keepWasm?: boolean;
  /** What runs the compiler: its native artifact where it is in the cache (`auto`, default), or compiler.wasm under V8 (`wasm`). */
  compiler?: Compiler;
  /** Let several threads compile one large module; default true. The artifact is the same. */
  parallelCompilation?: boolean;
  /** Keep what is compiled, and find it again: `true` in the user's cache folder, a path in another, a store behind the folder. Default
   *  false. */
  cache?: boolean | string | CacheOptions | CacheStore;
  /** Artifacts are signed with this Ed25519 key, and those that it has not signed are refused. Default: neither. */
  artifactKey?: ArtifactKeyOptions;
}

type Plain = Omit<Config, keyof WasmFeatures | 'cache' | 'artifactKey'>;

/** A configuration that has been checked, with all defaults filled in. */
export type ResolvedConfig = Readonly<Required<Plain>> & {
  /** As bits. */
  readonly wasmFeatures: number;
  /** Undefined when there is no cache. */
  readonly cache: CacheSettings | undefined;
  readonly artifactKey: ArtifactKey | undefined;
};

/** Limits of `maxWasmStack`, in bytes. */
const MIN_STACK = 64 * 1024;
const MAX_STACK = 2 ** 30;

const choices = {
  optLevel: ['none', 'speed'],
  cpu: ['native', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'],
  target: ['x86_64-linux'],
  memoryPolicy: ['auto', 'guard', 'explicit'],
  compiler: ['auto', 'wasm', 'native'],
} as const;
const flags = ['nanCanonicalization', 'generateAddressMap', 'keepWasm', 'parallelCompilation', ...Object.keys(featureBits)];

function refuse(message: string): never {
  throw new OuroError('CONFIG_INVALID', message);
}

/** Checks a configuration and fills in the defaults. */
export function resolveConfig(config: Config = {}): ResolvedConfig {
  if (typeof config !== 'object' || config === null) refuse('an engine is configured by an object');
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined) continue;
    if (name in choices) {
      const allowed: readonly string[] = choices[name as keyof typeof choices];
      if (!allowed.includes(value as string)) refuse(`${name} cannot be ${JSON.stringify(value)}: it is one of ${allowed.join(', ')}`);
    } else if (flags.includes(name)) {
      if (typeof value !== 'boolean') refuse(`${name} must be true or false`);
    } else if (name === 'maxWasmStack') {
      if (!(Number.isInteger(value) && (value as number) >= MIN_STACK && (value as number) <= MAX_STACK)) {
        refuse(`maxWasmStack must be a number of bytes from ${MIN_STACK} to ${MAX_STACK}`);
      }
    } else if (name !== 'cache' && name !== 'artifactKey') refuse(`unknown option ${name}`);
  }
  let wasmFeatures = 1;
  for (const [name, bit] of Object.entries(featureBits)) {
    if (config[name as keyof WasmFeatures] !== false) wasmFeatures |= 1 << bit;
  }
  if (config.wasmReferenceTypes !== false && config.wasmBulkMemory === false) {
    refuse('wasmReferenceTypes needs wasmBulkMemory: turn both off, or both on');
  }
  return {
    optLevel: config.optLevel ?? 'speed',
    cpu: config.cpu ?? 'native',
    target: config.target ?? 'x86_64-linux',
    maxWasmStack: config.maxWasmStack ?? 2 ** 20,
    memoryPolicy: config.memoryPolicy ?? 'auto',
    nanCanonicalization: config.nanCanonicalization ?? false,
    generateAddressMap: config.generateAddressMap ?? true,
    keepWasm: config.keepWasm ?? false,
    compiler: config.compiler ?? 'auto',
    parallelCompilation: config.parallelCompilation ?? true,
    cache: config.cache === undefined || config.cache === false ? undefined : resolveCache(config.cache),
    artifactKey: config.artifactKey === undefined ? undefined : new ArtifactKey(config.artifactKey),
    wasmFeatures,
  };
}
