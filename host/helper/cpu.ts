/** cpu: names of CPU features and of the levels that code can be compiled for. */

import * as C from '../../runtime/cpu.js';
import { OuroError } from '../base/errors.js';
import { native } from './native.js';

/** By bit number of runtime/cpu.ts. */
export function cpuFeatureNames(): readonly string[] {
  return Object.entries(C)
    .filter(([name, bits]) => name.startsWith('CPU_X64_') && Number.isInteger(Math.log2(bits)))
    .sort(([, one], [, other]) => one - other)
    .map(([name]) => name.slice('CPU_X64_'.length).toLowerCase());
}

export type Cpu = 'native' | 'x86-64-v2' | 'x86-64-v3' | 'x86-64-v4';

const levels: Readonly<Record<string, number>> = { 'x86-64-v2': C.CPU_X64_V2, 'x86-64-v3': C.CPU_X64_V3, 'x86-64-v4': C.CPU_X64_V4 };

/** The feature bits that `cpu` allows code to use. */
export function cpuFeatures(cpu: Cpu): number {
  if (cpu === 'native') return native().cpuFeatures() & C.CPU_X64_V4;
  const found = levels[cpu.replace(/^v/, 'x86-64-v')];
  if (found === undefined) throw new OuroError('CONFIG_INVALID', `unknown cpu '${cpu}': native, ${Object.keys(levels).join(', ')}`);
  return found;
}

/** The lowest level that has all of these features. */
export function cpuLevel(features: bigint): string {
  const found = Object.entries(levels).find(([, bits]) => (features & ~BigInt(bits)) === 0n);
  return found ? found[0] : 'native';
}
