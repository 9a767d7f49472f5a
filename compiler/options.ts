/** options: how the present module is compiled. A leaf: every stage may read it; index.ts and wasi.ts set it.
 *  Everything that changes the artifact is here (but the wasm features, which are in wasm/features.ts) and is recorded in it. */

import { TARGET_X64 } from '../runtime/artifact';

export const enum OptLevel {
  None = 0,
  Speed = 1,
}

export let optLevel: OptLevel = OptLevel.Speed;
/** Bits of runtime/cpu.ts: what the code may use. */
export let cpuFeatures: u64 = 0;
/** Memory accesses are checked by code instead of guard pages. */
export let memoryExplicit: bool = false;
export let nanCanonicalization: bool = false;
/** Write the map from code to wasm offsets. */
export let addressMap: bool = true;
/** Put the wasm binary into the artifact. */
export let keepWasm: bool = false;
/** TARGET_… of runtime/artifact.ts. */
export let target: u32 = TARGET_X64;

export function setOptions(level: OptLevel, features: u64, explicit: bool, canonical: bool, map: bool, keep: bool, machine: u32): void {
  optLevel = level;
  cpuFeatures = features;
  memoryExplicit = explicit;
  nanCanonicalization = canonical;
  addressMap = map;
  keepWasm = keep;
  target = machine;
}
