/** Optimisation against the interpreter of support/ir.ts: random functions do the same before and after, on random arguments. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freshCore } from '../support/core.js';
import { generator, INT_BINARY, INT_COMPARE, INT_UNARY, INTERESTING, interpret, randomBits, randomFunction, TYPES } from '../support/ir.js';

const core = freshCore();
const RUNS = Number(process.env.OURO_RUNS ?? 60);
const FIRST = Number(process.env.OURO_SEED ?? 1);

const text = () => core.readText(core.call('test_irText'), core.call('test_irTextLength'));

function load(input: string): void {
  const { pointer, length } = core.writeText(input);
  assert.ok(core.call('test_irParse', pointer, length), `${text()}\n${input}`);
  assert.ok(core.call('test_irVerify', false), `${text()}\n${input}`);
}

function compare(seed: number, input: string, hook: string, split: boolean, ...args: number[]): void {
  load(input);
  core.call(hook, ...args);
  const good = core.call('test_irVerify', split);
  const problem = good ? '' : text();
  core.call('test_irPrint');
  const output = text();
  assert.ok(good, `seed ${seed}: ${problem}\n${input}\n${output}`);
  const random = generator(seed ^ 0x5bd1e995);
  for (let i = 0; i < 6; i++) {
    const values = [...TYPES, 'i32'].map((type) => randomBits(random, type));
    const expected = interpret(input, values);
    if (expected.end === 'out of fuel') continue;
    const actual = interpret(output, values);
    assert.equal(actual, expected, `seed ${seed}, arguments ${values.join(', ')}\n${input}\n${output}`);
  }
}

const passes: [string, string, boolean, ...number[]][] = [
  ['simplify', 'test_irSimplify', false],
  ['gvn', 'test_irGvn', false],
  ['licm', 'test_irLicm', false],
  ['ifconv', 'test_irIfconv', false],
  ['dce', 'test_irDce', false],
  ['split', 'test_irSplit', true],
  ['everything, level none', 'test_irOptimise', true, 0],
  ['everything, level speed', 'test_irOptimise', true, 1],
];

const test = suite('optimise');

for (const [name, hook, split, ...args] of passes) {
  test(name, () => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) compare(seed, randomFunction(seed, 10 + (seed % 40)), hook, split, ...args);
  });
}

const constantOf = (type: string, bits: bigint) =>
  type.startsWith('f') ? `fconst.${type} 0x${bits.toString(16)}` : `iconst.${type} ${BigInt.asIntN(type === 'i32' ? 32 : 64, bits)}`;

/** Simplifies a function of one parameter and compares it for all interesting arguments and some others. */
function compareAll(type: string, input: string, skipped: (x: bigint) => boolean = () => false): void {
  load(input);
  core.call('test_irSimplify');
  core.call('test_irPrint');
  const output = text();
  const random = generator(input.length);
  const others = Array.from({ length: 8 }, () => randomBits(random, type));
  for (const x of [...INTERESTING[type], ...others]) {
    if (!skipped(x)) assert.equal(interpret(output, [x]), interpret(input, [x]), `argument ${x}\n${input}\n${output}`);
  }
}

const one = (type: string, lines: string[]) => `function 1 {\nblock1(v1: ${type}):\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;

test('every integer operation with every interesting constant, on either side', () => {
  for (const type of ['i32', 'i64']) {
    const lowest = type === 'i32' ? 1n << 31n : 1n << 63n;
    const minusOne = lowest * 2n - 1n;
    for (const op of [...INT_BINARY, ...INT_COMPARE, 'sdiv', 'udiv', 'srem', 'urem']) {
      const result = INT_COMPARE.includes(op) ? 'i32' : type;
      const cannot = (x: bigint, y: bigint) => /div|rem/.test(op) && (y === 0n || (op === 'sdiv' && x === lowest && y === minusOne));
      for (const c of INTERESTING[type]) {
        const constant = `v2 = ${constantOf(type, c)}`;
        compareAll(type, one(type, [constant, `v3 = ${op}.${result} v1, v2`, 'return (v3)']), (x) => cannot(x, c));
        compareAll(type, one(type, [constant, `v3 = ${op}.${result} v2, v1`, 'return (v3)']), (x) => cannot(c, x));
      }
      compareAll(type, one(type, [`v3 = ${op}.${result} v1, v1`, 'return (v3)']), (x) => cannot(x, x));
    }
  }
});

test('every float operation with every interesting constant', () => {
  for (const type of ['f32', 'f64']) {
    for (const c of INTERESTING[type]) {
      for (const op of ['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fcopysign', 'feq', 'fne', 'flt', 'fgt', 'fle', 'fge']) {
        const result = /^f(eq|ne|lt|gt|le|ge)$/.test(op) ? 'i32' : type;
        const constant = `v2 = ${constantOf(type, c)}`;
        compareAll(type, one(type, [constant, `v3 = ${op}.${result} v1, v2`, `v4 = ${op}.${result} v2, v1`, 'return (v3, v4)']));
        compareAll(type, one(type, [constant, `v3 = ${op}.${result} v2, v2`, 'return (v3)']));
      }
      for (const op of ['fabs', 'fneg', 'fceil', 'ffloor', 'ftrunc', 'fnearest', 'fsqrt']) {
        compareAll(type, one(type, [`v2 = ${constantOf(type, c)}`, `v3 = ${op}.${type} v2`, 'return (v3)']));
      }
      for (const op of ['float_to_int_s', 'float_to_int_u', 'float_to_int_sat_s', 'float_to_int_sat_u']) {
        for (const to of ['i32', 'i64']) compareAll(type, one(type, [`v2 = ${constantOf(type, c)}`, `v3 = ${op}.${to} v2`, 'return (v3)']));
      }
    }
  }
});

test('division by random constants', () => {
  const random = generator(11);
  for (let i = 0; i < 600; i++) {
    const type = random(2) === 0 ? 'i64' : 'i32';
    const op = ['sdiv', 'udiv', 'srem', 'urem'][random(4)];
    const high = type === 'i64' && random(2) === 0 ? BigInt(random(2 ** (1 + random(32)))) << 32n : 0n;
    const c = high | BigInt(random(2 ** (1 + random(32)))) || 3n;
    const signed = BigInt.asUintN(type === 'i32' ? 32 : 64, random(2) === 0 ? c : -c);
    const limit = (type === 'i32' ? 1n << 32n : 1n << 64n) - 1n;
    if (signed === limit || signed === 0n) continue;
    const lines = [`v2 = ${constantOf(type, signed)}`, `v3 = ${op}.${type} v1, v2`];
    // Next to multiples of the divisor is where a reciprocal goes wrong first.
    const edges = [0n, 1n, 2n, 1000n, limit / signed].flatMap((k) => [k * signed - 1n, k * signed, k * signed + 1n]);
    const input = one(type, [...lines, 'return (v3)']);
    compareAll(type, input);
    load(input);
    core.call('test_irSimplify');
    core.call('test_irPrint');
    for (const x of edges.map((edge) => BigInt.asUintN(type === 'i32' ? 32 : 64, edge))) {
      assert.equal(interpret(text(), [x]), interpret(input, [x]), `argument ${x}\n${input}`);
    }
  }
});

test('nests of integer operations with constants', () => {
  const random = generator(12);
  const pick = <T>(list: readonly T[]) => list[random(list.length)];
  for (let i = 0; i < 2500; i++) {
    const type = pick(['i32', 'i64']);
    const lines: string[] = [];
    let value = 1;
    let last = 1;
    let now = type;
    for (let depth = 0; depth < 2 + random(3); depth++) {
      const kind = random(8);
      const operandValue = last;
      if (kind === 0) lines.push(`v${++value} = ${pick(INT_UNARY[now])}.${now} v${operandValue}`);
      else if (kind === 1) {
        if (now === 'i32') lines.push(`v${++value} = ${pick(['extend_s', 'extend_u'])}.i64 v${operandValue}`);
        else lines.push(`v${++value} = wrap.i32 v${operandValue}`);
        now = now === 'i32' ? 'i64' : 'i32';
      } else {
        lines.push(`v${++value} = ${constantOf(now, pick(INTERESTING[now]))}`);
        const compares = kind === 2;
        const op = compares ? pick(INT_COMPARE) : pick(INT_BINARY);
        const operands = random(4) === 0 ? [value, operandValue] : [operandValue, value];
        if (compares) now = 'i32';
        lines.push(`v${++value} = ${op}.${now} v${operands[0]}, v${operands[1]}`);
      }
      last = value;
    }
    compareAll(type, one(type, [...lines, `return (v${last})`]));
  }
});

test('the same text every time', () => {
  const input = randomFunction(7, 60);
  const once = () => {
    load(input);
    core.call('test_irOptimise', 1);
    core.call('test_irPrint');
    return text();
  };
  assert.is(once(), once());
});

test.run();
