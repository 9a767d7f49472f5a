/** One module on V8 and on Ouro in several configurations: results, traps, memory and globals must agree after each call. */

import { type Config, Engine, Instance, Module, Store, Trap } from '../../host/index.js';
import { type Generated, hostSignatures, I32, I64, type NumType } from './generate.js';
import { Random } from './random.js';

export const configurations: readonly Config[] = [
  { optLevel: 'none', cpu: 'x86-64-v2', memoryPolicy: 'guard', compiler: 'wasm' },
  { optLevel: 'none', cpu: 'x86-64-v3', memoryPolicy: 'guard', compiler: 'wasm' },
  { optLevel: 'speed', cpu: 'x86-64-v2', memoryPolicy: 'guard', compiler: 'wasm' },
  { optLevel: 'speed', cpu: 'x86-64-v3', memoryPolicy: 'guard', compiler: 'wasm' },
  { optLevel: 'speed', cpu: 'x86-64-v3', memoryPolicy: 'explicit', compiler: 'wasm' },
];

const engines = new Map<Config, Engine>();
const engineOf = (config: Config): Engine => {
  let engine = engines.get(config);
  if (!engine) {
    engine = new Engine(config);
    engines.set(config, engine);
  }
  return engine;
};

type Value = number | bigint;
const CALLS = 3;

function argument(random: Random, type: NumType): Value {
  if (type === I32) return random.oneIn(2) ? random.below(100) : random.bits() | 0;
  if (type === I64) return BigInt.asIntN(64, random.oneIn(2) ? BigInt(random.below(100)) : random.bits64());
  return random.pick([0, -0, 1, -1.5, 1e9, -1e20, Number.NaN, Infinity, random.bits() / 3]);
}

/** What the host functions do depends on their arguments alone; they leave a trace. */
function hostImports(trace: string[]): Record<string, (...args: any[]) => unknown> {
  return Object.fromEntries(
    hostSignatures.map(({ results }, i) => [
      `h${i}`,
      (...args: Value[]) => {
        if (trace.length < 50) trace.push(`h${i}(${args.join()})`);
        if (results.length === 0) return undefined;
        return results[0] === I32 ? (Number(args[0]) * 3) | 0 : BigInt.asIntN(64, (args[0] as bigint) ^ (args[2] as bigint));
      },
    ]),
  );
}

/** The kinds of traps as V8 words them. */
const kinds: [RegExp, string][] = [
  [/unreachable/, 'Unreachable'],
  [/memory access out of bounds/, 'MemoryOutOfBounds'],
  [/table index is out of bounds|table access|element segment/, 'TableOutOfBounds'],
  [/divide by zero|remainder by zero/, 'IntegerDivisionByZero'],
  [/divide result unrepresentable/, 'IntegerOverflow'],
  // V8 does not say which it was.
  [/float unrepresentable/, 'Conversion'],
  [/null function or function signature|signature mismatch/, 'Signature'],
  [/Maximum call stack/, 'StackOverflow'],
];

function failure(error: unknown, unrepresentable: boolean): string {
  if (error instanceof Trap) {
    const { code } = error;
    if (code === 'IndirectCallToNull' || code === 'BadSignature') return 'trap Signature';
    return `trap ${unrepresentable && (code === 'BadConversionToInteger' || code === 'IntegerOverflow') ? 'Conversion' : code}`;
  }
  const text = String(error);
  for (const [pattern, kind] of kinds) if (pattern.test(text)) return `trap ${kind}`;
  return text;
}

interface Run {
  exports: Record<string, any>;
  trace: string[];
}

const show = (value: unknown): string => (Array.isArray(value) ? value.map(show).join() : Object.is(value, -0) ? '-0' : `${value}`);

/** Calls an export: its results, or the trap. */
function call(run: Run, name: string, args: readonly Value[], seen?: string): string {
  run.trace.length = 0;
  let outcome: string;
  try {
    outcome = show(run.exports[name](...args));
  } catch (error) {
    outcome = failure(error, seen?.includes('Conversion') ?? false);
  }
  return [outcome, ...run.trace].join(' ');
}

function stateDifference(one: Run, other: Run, globals: number): string | undefined {
  for (let g = 0; g < globals; g++) {
    const a = one.exports[`g${g}`].value;
    const b = other.exports[`g${g}`].value;
    if (!Object.is(a, b)) return `global ${g}: ${show(a)}, not ${show(b)}`;
  }
  const a = Buffer.from(one.exports.memory.buffer);
  const b = Buffer.from(other.exports.memory.buffer);
  if (a.equals(b)) return undefined;
  if (a.length !== b.length) return `memory of ${a.length} bytes, not ${b.length}`;
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return `memory at ${at}: ${a.subarray(at, at + 8).toString('hex')}, not ${b.subarray(at, at + 8).toString('hex')}`;
}

/** What differs between V8 and Ouro; undefined when nothing does. */
export function difference(module: Generated, seed: number, config: Config): string | undefined {
  const compiled = new WebAssembly.Module(module.bytes as BufferSource);
  const expected: Run = { exports: {}, trace: [] };
  expected.exports = new WebAssembly.Instance(compiled, { env: hostImports(expected.trace) }).exports;
  const actual: Run = { exports: {}, trace: [] };
  const engine = engineOf(config);
  const hosts = Object.values(hostImports(actual.trace));
  actual.exports = new Instance(new Store(engine), Module.fromBinary(engine, module.bytes), hosts).exports;
  const globals = Object.keys(expected.exports).filter((name) => name.startsWith('g')).length;
  const random = new Random(seed);
  for (let round = 0; round < CALLS; round++) {
    for (const [i, { params }] of module.functions.entries()) {
      const args = params.map((type) => argument(random, type));
      // Fuel for each call.
      expected.exports.g0.value = 500;
      actual.exports.g0.value = 500;
      const wanted = call(expected, `f${i}`, args);
      const found = call(actual, `f${i}`, args, wanted);
      const where = `f${i}(${show(args)}), call ${round}`;
      if (found !== wanted) return `${where}: ${found}, not ${wanted}`;
      const state = stateDifference(actual, expected, globals);
      if (state) return `${where}: ${state}`;
    }
  }
  return undefined;
}
