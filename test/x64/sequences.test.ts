/** Operations of several instructions, run natively on edge values against a reference, with and without AVX. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CPU_X64_AVX } from '../../runtime/cpu.js';
import * as layout from '../../runtime/layout.js';
import { loadHelper, Machine, TrapError } from '../support/machine.js';
import { skip } from '../support/skip.js';
import { need } from '../support/tools.js';
import { type Body, X64 } from '../support/x64.js';

const BAD_CONVERSION = 8;
const INTEGER_OVERFLOW = 6;

const scratch = new DataView(new ArrayBuffer(8));
function bitsOf(value: number, size: number): bigint {
  if (size === 64) {
    scratch.setFloat64(0, value);
    return scratch.getBigUint64(0);
  }
  scratch.setFloat32(0, value);
  return BigInt(scratch.getUint32(0));
}
function fromBits(bits: bigint, size: number): number {
  if (size === 64) {
    scratch.setBigUint64(0, bits);
    return scratch.getFloat64(0);
  }
  scratch.setUint32(0, Number(bits));
  return scratch.getFloat32(0);
}
/** Every value with its neighbours, in the format. */
function withNeighbours(values: number[], size: number): bigint[] {
  const found = new Set<bigint>();
  for (const value of values) {
    const bits = bitsOf(value, size);
    found.add(bits);
    if (Number.isFinite(fromBits(bits, size)) && fromBits(bits, size) !== 0) {
      found.add(bits + 1n);
      found.add(bits - 1n);
    }
  }
  return [...found];
}
const magnitudes = [
  0,
  0.5,
  1,
  1.5,
  2,
  3,
  0.99999,
  2 ** 31,
  2 ** 31 - 1,
  2 ** 31 + 1,
  2 ** 31 - 0.5,
  2 ** 31 + 0.5,
  2 ** 32,
  2 ** 32 - 1,
  2 ** 32 - 0.5,
  2 ** 52,
  2 ** 53,
  2 ** 62,
  2 ** 63,
  2 ** 64,
  1e300,
  5e-324,
  1e-45,
  Number.POSITIVE_INFINITY,
];
const values = [...magnitudes, ...magnitudes.map((value) => -value)];
const quiet = (size: number) => (size === 64 ? 1n << 51n : 1n << 22n);
const canonical = (size: number) => (size === 64 ? 0x7ff8000000000000n : 0x7fc00000n);
const sign = (size: number) => 1n << BigInt(size - 1);
const nans = (size: number) => {
  const base = canonical(size) ^ quiet(size);
  return [canonical(size), canonical(size) | sign(size), base | 1n, base | sign(size) | 5n, canonical(size) | 77n];
};
const floats = (size: number) => [...withNeighbours(values, size), ...nans(size)];
const integers = [
  0n,
  1n,
  2n,
  3n,
  7n,
  10n,
  0x7fffffffn,
  0x80000000n,
  0x80000001n,
  0xffffffffn,
  0x100000000n,
  1n << 62n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 63n) + 1n,
  (1n << 64n) - 1n,
  (1n << 64n) - 2n,
];

/** Functions by name, each in a machine with its neighbours (a machine holds 128), run with bits as arguments. */
class Bench {
  private readonly places = new Map<string, { x64: X64; index: number }>();
  private readonly machines = new Map<X64, Machine>();
  private x64: X64 | undefined;
  private count = 0;

  constructor(private readonly features: number) {}

  add(name: string, body: Body): void {
    if (this.x64 === undefined || this.count === 100) {
      this.x64 = new X64(this.features);
      this.count = 0;
    }
    assert.not(this.places.has(name), name);
    this.x64.emit(body);
    this.places.set(name, { x64: this.x64, index: this.count++ });
  }

  /** Result bits, or the code of the trap as a negative number. `ints` go to integer arguments, `xmms` to float arguments. */
  run(name: string, ints: bigint[], xmms: bigint[], result: 'int' | 'float'): bigint {
    const { x64, index } = this.places.get(name)!;
    let m = this.machines.get(x64);
    if (m === undefined) this.machines.set(x64, (m = new Machine(loadHelper(), x64.link())));
    ints.forEach((value, i) => {
      m.words[i] = value;
    });
    xmms.forEach((value, i) => {
      m.words[layout.SLOT_FLOATS / 8 + 2 * i] = value;
    });
    try {
      m.run(m.funcRef(index));
    } catch (error) {
      if (!(error instanceof TrapError)) throw error;
      const entry = x64.traps().find(([offset]) => offset === error.trap.pc);
      if (!entry) throw error;
      return BigInt(-entry[1]);
    }
    return BigInt.asUintN(64, m.words[result === 'int' ? 0 : layout.SLOT_FLOATS / 8]);
  }

  close(): void {
    for (const machine of this.machines.values()) machine.close();
  }
}

function truncated(bits: bigint, size: number, signed: boolean, width: number, saturating: boolean): bigint {
  const value = fromBits(bits, size);
  const low = signed ? -(1n << BigInt(width - 1)) : 0n;
  const high = signed ? (1n << BigInt(width - 1)) - 1n : (1n << BigInt(width)) - 1n;
  if (Number.isNaN(value)) return saturating ? 0n : BigInt(-BAD_CONVERSION);
  const clamp = (found: bigint) => BigInt.asUintN(width, found);
  if (!Number.isFinite(value)) return saturating ? clamp(value > 0 ? high : low) : BigInt(-INTEGER_OVERFLOW);
  const exact = BigInt(Math.trunc(value));
  if (exact < low || exact > high) return saturating ? clamp(exact < low ? low : high) : BigInt(-INTEGER_OVERFLOW);
  return clamp(exact);
}

/** Rounded to nearest even with `precision` bits. */
function rounded(value: bigint, precision: number): number {
  const excess = value.toString(2).length - precision;
  if (excess <= 0) return Number(value);
  const unit = 1n << BigInt(excess);
  const rest = value & (unit - 1n);
  let kept = value >> BigInt(excess);
  if (rest > unit / 2n || (rest === unit / 2n && (kept & 1n) === 1n)) kept += 1n;
  return Number(kept) * Number(unit);
}

function checkMinMax(size: number, least: boolean, a: bigint, b: bigint, result: bigint): void {
  const text = `${least ? 'min' : 'max'} ${a.toString(16)} ${b.toString(16)} -> ${result.toString(16)}`;
  const [x, y] = [fromBits(a, size), fromBits(b, size)];
  if (Number.isNaN(x) || Number.isNaN(y)) {
    assert.is(result & canonical(size), canonical(size), text);
    const plain = (bits: bigint) => !Number.isNaN(fromBits(bits, size)) || (bits & ~sign(size)) === canonical(size);
    if (plain(a) && plain(b)) assert.is(result & ~sign(size), canonical(size), text);
  } else {
    assert.is(result, bitsOf(least ? Math.min(x, y) : Math.max(x, y), size), text);
  }
}

/** Registers: integers a b, floats x y. */
const sets = [
  { a: 'rax', b: 'rcx', x: 'xmm2', y: 'xmm3' },
  { a: 'r13', b: 'rbp', x: 'xmm8', y: 'xmm14' },
];

function suiteFor(label: string, features: number): void {
  const test = suite(`x64 sequences, ${label}`);
  const bench = new Bench(features);
  const checks: [string, (name: string) => void][] = [];
  const define = (name: string, body: Body, check: (name: string) => void) => {
    bench.add(name, body);
    checks.push([name, check]);
  };

  for (const [number, { a, b, x, y }] of sets.entries()) {
    const saved = [a, b].filter((name) => ['rbx', 'rbp', 'r12', 'r13'].includes(name));
    // Keeps callee-saved registers by hand, so that the functions need no frame.
    const keep = saved.map((name, i) => `MovIntToFloat.64 xmm${10 + i} ${name}`);
    const restore = saved.map((name, i) => `MovFloatToInt.64 ${name} xmm${10 + i}`);
    const body = (...lines: string[]): Body => ({ entry: [...keep, ...lines, ...restore, 'Ret'] });

    for (const size of [32, 64]) {
      const low = (bits: bigint) => BigInt.asUintN(size, bits);
      for (const [op, signed, saturating] of [
        ['TruncS', true, false],
        ['TruncU', false, false],
        ['TruncSatS', true, true],
        ['TruncSatU', false, true],
      ] as const) {
        for (const width of [32, 64]) {
          const line = `${op}.${size}${width === 64 ? '.wide' : ''} ${a} ${y} ${x}`;
          define(`${line} #${number}`, body(`MovF.${size} ${x} xmm0`, line, `Mov.64 rax ${a}`), (name) => {
            for (const bits of floats(size)) {
              const expected = truncated(bits, size, signed, width, saturating);
              assert.is(bench.run(name, [], [bits], 'int'), expected, `${name} of ${fromBits(bits, size)}`);
            }
          });
        }
      }

      for (const least of [true, false]) {
        const line = `${least ? 'Minf' : 'Maxf'}.${size} ${x} ${x} ${y}`;
        define(`${line} #${number}`, body(`MovF.${size} ${x} xmm0`, `MovF.${size} ${y} xmm1`, line, `MovF.${size} xmm0 ${x}`), (name) => {
          const operands = [
            ...[0, -0, 1, -1, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45].map((value) => bitsOf(value, size)),
            ...nans(size),
          ];
          for (const left of operands) {
            for (const right of operands) checkMinMax(size, least, left, right, low(bench.run(name, [], [left, right], 'float')));
          }
        });
        const same = `${least ? 'Minf' : 'Maxf'}.${size} ${x} ${x} ${x}`;
        define(`${same} #${number}`, body(`MovF.${size} ${x} xmm0`, same, `MovF.${size} xmm0 ${x}`), (name) => {
          for (const bits of [bitsOf(-0, size), bitsOf(7, size), ...nans(size)]) {
            checkMinMax(size, least, bits, bits, low(bench.run(name, [], [bits], 'float')));
          }
        });
      }

      const convert = `CvtUint64ToFloat.${size} ${x} ${a} ${b}`;
      define(`${convert} #${number}`, body(`Mov.64 ${b} rdi`, convert, `MovF.64 xmm0 ${x}`), (name) => {
        const halfway = [
          (1n << 63n) + (1n << 10n),
          (1n << 63n) + (3n << 10n),
          (1n << 63n) + (1n << 39n),
          (1n << 63n) + (3n << 39n),
          (1n << 40n) + (1n << 15n),
          0x8000008000000001n,
          0x8000000000000401n,
          0xfffffffffffffc00n,
          0xffffff8000000000n,
        ];
        for (const value of [...integers, ...halfway, ...halfway.map((item) => item - 1n), ...halfway.map((item) => item + 1n)]) {
          assert.is(low(bench.run(name, [value], [], 'float')), bitsOf(rounded(value, size === 64 ? 53 : 24), size), `${name} of ${value}`);
        }
      });

      // Float conditions: set, select and branch agree with the relation.
      for (const [cond, holds] of [
        ['eandnp', (p: number, q: number) => p === q],
        ['neorp', (p: number, q: number) => p !== q],
        ['a', (p: number, q: number) => p > q],
        ['ae', (p: number, q: number) => p >= q],
      ] as const) {
        const compare = [`MovF.${size} ${x} xmm0`, `MovF.${size} ${y} xmm1`, `Ucomi.${size} ${x} ${y}`];
        const each = (check: (left: bigint, right: bigint, holding: boolean) => void) => {
          const operands = [...[0, -0, 1, 2].map((value) => bitsOf(value, size)), canonical(size)];
          for (const left of operands) {
            for (const right of operands) check(left, right, holds(fromBits(left, size), fromBits(right, size)));
          }
        };
        define(`Setcc.${cond} ${a} ${size} #${number}`, body(...compare, `Setcc.${cond} ${a}`, `Mov.64 rax ${a}`), (name) =>
          each((left, right, holding) => assert.is(bench.run(name, [], [left, right], 'int'), holding ? 1n : 0n, name)),
        );
        define(
          `CmovF.${cond} ${size} #${number}`,
          body(...compare, `CmovF.${size}.${cond} ${x} ${x} ${y}`, `MovF.${size} xmm0 ${x}`),
          (name) =>
            each((left, right, holding) => assert.is(low(bench.run(name, [], [left, right], 'float')), holding ? right : left, name)),
        );
        for (const first of ['yes', 'no', 'far']) {
          const other: Body = { yes: ['MovImm.32 rax #1', 'Ret'], no: ['MovImm.32 rax #0', 'Ret'] };
          const order: Body = first === 'yes' ? other : { no: other.no, yes: other.yes };
          const between: Body = first === 'far' ? { between: ['Ret'] } : {};
          const lines: Body = { entry: [...compare, `Jcc.${cond} -> yes no`], ...between, ...order };
          define(`Jcc.${cond} ${first} ${size} #${number}`, lines, (name) =>
            each((left, right, holding) => assert.is(bench.run(name, [], [left, right], 'int'), holding ? 1n : 0n, name)),
          );
        }
        define(`TrapIf.${cond} ${size} #${number}`, { entry: [...compare, `TrapIf.${cond} #5`, 'MovImm.32 rax #1', 'Ret'] }, (name) =>
          each((left, right, holding) => assert.is(bench.run(name, [], [left, right], 'int'), holding ? -5n : 1n, name)),
        );
      }

      // Integers.
      const signed = (value: bigint) => BigInt.asIntN(size, value);
      for (const [op, reference] of [
        ['ClzBsr', (value: bigint) => BigInt(size - (value === 0n ? 0 : value.toString(2).length))],
        ['CtzBsf', (value: bigint) => (value === 0n ? BigInt(size) : BigInt((value & -value).toString(2).length - 1))],
      ] as const) {
        const line = `${op}.${size} ${a} ${b}`;
        define(`${line} #${number}`, body(`Mov.${size} ${b} rdi`, line, `Mov.64 rax ${a}`), (name) => {
          for (const value of integers) assert.is(bench.run(name, [low(value)], [], 'int'), reference(low(value)), `${name} of ${value}`);
        });
      }
      define(
        `IremSafe.${size} ${b} #${number}`,
        body(`Mov.${size} rax rdi`, `Mov.${size} ${b} rsi`, `IremSafe.${size} rdx rax rax ${b}`, 'Mov.64 rax rdx'),
        (name) => {
          for (const left of integers) {
            for (const right of integers) {
              if (low(right) === 0n) continue;
              const expected = BigInt.asUintN(size, signed(left) % signed(right));
              assert.is(low(bench.run(name, [low(left), low(right)], [], 'int')), expected, `${signed(left)} % ${signed(right)}`);
            }
          }
        },
      );
    }
  }

  for (const [name, check] of checks) test(name, () => check(name));
  test.after(() => bench.close());
  test.run();
}

if (need('linux', 'x64 sequences')) {
  suiteFor('SSE', 0);
  if ((loadHelper().cpuFeatures() & CPU_X64_AVX) !== 0) suiteFor('AVX', CPU_X64_AVX);
  else skip('x64 sequences with AVX', 'this CPU has no AVX');
}
