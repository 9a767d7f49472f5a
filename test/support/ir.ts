/** An interpreter of the IR's text form (compiler/ir/print.ts), and a generator of random functions: optimisation must not change what they do.
 *  Values are bits in BigInts. Float arithmetic gives the canonical NaN, so that results compare bit by bit.
 *  Memory has 64 bytes, all memories are one; a call changes memory and globals in a way that depends on its arguments. */

const WIDTH: Record<string, bigint> = { i32: 32n, i64: 64n, ref: 64n, f32: 32n, f64: 64n };
const MEMORY_BYTES = 64;

interface Instruction {
  result: number;
  op: string;
  type: string;
  values: number[];
  targets: { block: number; args: number[] }[];
  number: bigint;
  second: bigint;
  region: string;
}

interface IrBlock {
  params: { value: number; type: string }[];
  body: Instruction[];
}

/** What a run did: its result or trap, the effects in order. */
export interface Outcome {
  end: string;
  effects: string[];
}

const numbers = (text: string) => [...text.matchAll(/v(\d+)/g)].map((match) => Number(match[1]));

function parse(text: string): Map<number, IrBlock> {
  const blocks = new Map<number, IrBlock>();
  let block: IrBlock = { params: [], body: [] };
  for (const line of text.split('\n')) {
    const head = /^block(\d+)(?:\((.*)\))?(?: cold)?:$/.exec(line);
    if (head) {
      const params = [...(head[2] ?? '').matchAll(/v(\d+): (\w+)/g)].map((match) => ({ value: Number(match[1]), type: match[2] }));
      block = { params, body: [] };
      blocks.set(Number(head[1]), block);
      continue;
    }
    const match = /^ {2}(?:v(\d+) = )?(\w+)(?:\.(\w+))?(.*)$/.exec(line);
    if (!match) continue;
    const rest = match[4];
    const plain = rest.replace(/block\d+(?:\([^)]*\))?/g, '');
    const bits = /0x([0-9a-f]+)/.exec(rest);
    const number = /#(\d+)(?::(\d+))?/.exec(rest) ?? /[ +](-?\d+)/.exec(plain.replace(/v\d+,?/g, ''));
    block.body.push({
      result: Number(match[1] ?? 0),
      op: match[2],
      type: match[3] ?? 'none',
      values: numbers(plain),
      targets: [...rest.matchAll(/block(\d+)(?:\(([^)]*)\))?/g)].map((target) => ({
        block: Number(target[1]),
        args: numbers(target[2] ?? ''),
      })),
      number: bits ? BigInt(`0x${bits[1]}`) : BigInt(number?.[1] ?? 0),
      second: BigInt(number?.[2] ?? 0),
      region: /(constant|global|table|memory_length|data_segment)/.exec(rest)?.[1] ?? '',
    });
  }
  return blocks;
}

const view = new DataView(new ArrayBuffer(8));

function toFloat(type: string, bits: bigint): number {
  if (type === 'f32') {
    view.setUint32(0, Number(bits));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function fromFloat(type: string, value: number): bigint {
  if (Number.isNaN(value)) return type === 'f32' ? 0x7fc00000n : 0x7ff8000000000000n;
  if (type === 'f32') {
    view.setFloat32(0, value);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** An integer rounded once, to f32 or f64. */
function intToFloat(type: string, value: bigint): bigint {
  if (type === 'f64') return fromFloat(type, Number(value));
  const size = value < 0n ? -value : value;
  if (size < 1n << 53n) return fromFloat(type, Math.fround(Number(value)));
  const sticky = (size >> 12n) | (size & 0xfffn ? 1n : 0n);
  return fromFloat(type, Math.fround(Number(sticky) * 4096) * (value < 0n ? -1 : 1));
}

function nearest(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const low = Math.floor(x);
  const rounded = x - low < 0.5 || (x - low === 0.5 && low % 2 === 0) ? low : low + 1;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}

class Trap extends Error {}

function toInt(width: bigint, signed: boolean, x: number, saturate: boolean): bigint {
  const low = signed ? -(1n << (width - 1n)) : 0n;
  const high = signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
  if (Number.isNaN(x)) {
    if (!saturate) throw new Trap('8');
    return 0n;
  }
  const whole = Number.isFinite(x) ? BigInt(Math.trunc(x)) : x > 0 ? high + 1n : low - 1n;
  if (whole >= low && whole <= high) return BigInt.asUintN(Number(width), whole);
  if (!saturate) throw new Trap('6');
  return BigInt.asUintN(Number(width), whole < low ? low : high);
}

const FLOAT_BINARY: Record<string, (x: number, y: number) => number> = {
  fadd: (x, y) => x + y,
  fsub: (x, y) => x - y,
  fmul: (x, y) => x * y,
  fdiv: (x, y) => x / y,
  fmin: Math.min,
  fmax: Math.max,
};
const FLOAT_UNARY: Record<string, (x: number) => number> = {
  fceil: Math.ceil,
  ffloor: Math.floor,
  ftrunc: Math.trunc,
  fnearest: nearest,
  fsqrt: Math.sqrt,
};
const FLOAT_COMPARE: Record<string, (x: number, y: number) => boolean> = {
  feq: (x, y) => x === y,
  fne: (x, y) => x !== y,
  flt: (x, y) => x < y,
  fgt: (x, y) => x > y,
  fle: (x, y) => x <= y,
  fge: (x, y) => x >= y,
};
const SIGNED_COMPARE: Record<string, (x: bigint, y: bigint) => boolean> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  ge: (x, y) => x >= y,
  gt: (x, y) => x > y,
  le: (x, y) => x <= y,
};

/** An operation without state on bits; `from` is the first operand's type. */
function compute(op: string, type: string, from: string, x: bigint, y: bigint): bigint {
  const width = WIDTH[type];
  const size = Number(width);
  const wrap = (value: bigint) => BigInt.asUintN(size, value);
  const signed = (value: bigint) => BigInt.asIntN(Number(WIDTH[from]), value);
  const fround = (value: number) => (type === 'f32' ? Math.fround(value) : value);
  if (op in FLOAT_BINARY) return fromFloat(type, fround(FLOAT_BINARY[op](toFloat(type, x), toFloat(type, y))));
  if (op in FLOAT_UNARY) return fromFloat(type, fround(FLOAT_UNARY[op](toFloat(type, x))));
  if (op in FLOAT_COMPARE) return BigInt(FLOAT_COMPARE[op](toFloat(from, x), toFloat(from, y)));
  const compare = /^(eq|ne|lt|ge|gt|le)(_[su])?$/.exec(op);
  if (compare) return BigInt(compare[2] === '_s' ? SIGNED_COMPARE[compare[1]](signed(x), signed(y)) : SIGNED_COMPARE[compare[1]](x, y));
  const signBit = 1n << (width - 1n);
  const count = y % width;
  switch (op) {
    case 'add':
      return wrap(x + y);
    case 'sub':
      return wrap(x - y);
    case 'mul':
      return wrap(x * y);
    case 'mul_high':
      return (x * y) >> 64n;
    case 'and':
      return x & y;
    case 'or':
      return x | y;
    case 'xor':
      return x ^ y;
    case 'shl':
      return wrap(x << count);
    case 'shr_s':
      return wrap(signed(x) >> count);
    case 'shr_u':
      return x >> count;
    case 'rotl':
      return wrap((x << count) | (x >> (width - count)));
    case 'rotr':
      return wrap((x >> count) | (x << (width - count)));
    case 'clz':
      return BigInt(x === 0n ? size : size - x.toString(2).length);
    case 'ctz':
      return BigInt(x === 0n ? size : /0*$/.exec(x.toString(2))![0].length);
    case 'popcnt':
      return BigInt(x.toString(2).replaceAll('0', '').length);
    case 'sdiv':
      return wrap(signed(x) / signed(y));
    case 'udiv':
      return x / y;
    case 'srem':
      return wrap(signed(x) % signed(y));
    case 'urem':
      return x % y;
    case 'sext8':
      return wrap(BigInt.asIntN(8, x));
    case 'sext16':
      return wrap(BigInt.asIntN(16, x));
    case 'sext32':
    case 'extend_s':
      return wrap(BigInt.asIntN(32, x));
    case 'extend_u':
    case 'bitcast':
      return x;
    case 'wrap':
      return wrap(x);
    case 'fabs':
      return x & (signBit - 1n);
    case 'fneg':
      return x ^ signBit;
    case 'fcopysign':
      return (x & (signBit - 1n)) | (y & signBit);
    case 'promote':
    case 'demote':
      return fromFloat(type, fround(toFloat(from, x)));
    case 'int_to_float_s':
      return intToFloat(type, signed(x));
    case 'int_to_float_u':
      return intToFloat(type, x);
    case 'float_to_int_s':
    case 'float_to_int_u':
      return toInt(width, op.endsWith('_s'), toFloat(from, x), false);
    case 'float_to_int_sat_s':
    case 'float_to_int_sat_u':
      return toInt(width, op.endsWith('_s'), toFloat(from, x), true);
    default:
      throw new Error(`no such operation: ${op}`);
  }
}

const BYTES: Record<string, number> = { '8': 1, '16': 2, '32': 4 };

/** Runs the function in `text`; at most `fuel` instructions. */
export function interpret(text: string, args: readonly bigint[], fuel = 20000): Outcome {
  const blocks = parse(text);
  const memory = new DataView(new ArrayBuffer(MEMORY_BYTES + 8));
  const context = new DataView(new ArrayBuffer(256));
  for (let i = 0; i < MEMORY_BYTES; i++) memory.setUint8(i, i * 37);
  for (let i = 0; i < 256; i++) context.setUint8(i, i * 11);
  const values = new Map<number, bigint>();
  const types = new Map<number, string>();
  const effects: string[] = [];
  const access = (buffer: DataView, at: number, bytes: number) => {
    let bits = 0n;
    for (let i = bytes - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(buffer.getUint8(at + i));
    return bits;
  };
  const put = (buffer: DataView, at: number, bytes: number, bits: bigint) => {
    for (let i = 0; i < bytes; i++) buffer.setUint8(at + i, Number((bits >> BigInt(8 * i)) & 0xffn));
  };
  const checked = (address: bigint, offset: bigint, bytes: number) => {
    const at = address + offset;
    if (at + BigInt(bytes) > BigInt(MEMORY_BYTES)) throw new Trap('2');
    return Number(at);
  };
  let block = blocks.get(1)!;
  const enter = (params: IrBlock['params'], incoming: readonly bigint[]) => {
    params.forEach((param, i) => {
      values.set(param.value, incoming[i]);
      types.set(param.value, param.type);
    });
  };
  enter(block.params, args);
  const get = (number: number) => {
    const value = values.get(number);
    if (value === undefined) throw new Error(`v${number} is not defined`);
    return value;
  };
  try {
    for (;;) {
      let next: IrBlock | undefined;
      for (const { result, op, type, values: operands, targets, number, second, region } of block.body) {
        if (--fuel < 0) return { end: 'out of fuel', effects };
        const xs = operands.map(get);
        const from = types.get(operands[0]) ?? '';
        let taken = -1;
        let value: bigint | undefined;
        const memoryOp = /^(load|store)(8|16|32)?(?:_([us]))?$/.exec(op);
        if (memoryOp) {
          const full = memoryOp[1] === 'load' ? type : types.get(operands[1])!;
          const bytes = memoryOp[2] ? BYTES[memoryOp[2]] : Number(WIDTH[full]) / 8;
          const at = checked(xs[0], number, bytes);
          if (memoryOp[1] === 'load') {
            const bits = access(memory, at, bytes);
            value = memoryOp[3] === 's' ? BigInt.asUintN(Number(WIDTH[type]), BigInt.asIntN(bytes * 8, bits)) : bits;
          } else {
            put(memory, at, bytes, xs[1]);
            effects.push(`${at}/${bytes}=${xs[1] & ((1n << BigInt(8 * bytes)) - 1n)}`);
          }
        } else if (op === 'iconst' || op === 'fconst') value = BigInt.asUintN(Number(WIDTH[type]), number);
        else if (op === 'ctx_load') value = access(context, Number(number) + (region === 'constant' ? 128 : 0), Number(WIDTH[type]) / 8);
        else if (op === 'ctx_store') {
          put(context, Number(number), Number(WIDTH[types.get(operands[0])!]) / 8, xs[0]);
          effects.push(`context ${number}=${xs[0]}`);
        } else if (op === 'select') value = xs[0] !== 0n ? xs[1] : xs[2];
        else if (op === 'trap_if') {
          if (xs[0] !== 0n) throw new Trap(String(number));
        } else if (op === 'trap') throw new Trap(String(number));
        else if (op === 'call_builtin') {
          effects.push(`call ${number}:${second} (${xs.join(', ')})`);
          const hash = xs.reduce((sum, x) => sum * 31n + x, number) + BigInt(effects.length);
          put(memory, Number(BigInt.asUintN(3, hash)) * 8, 8, hash);
          put(context, Number(BigInt.asUintN(2, hash >> 3n)) * 8, 8, hash);
          if (type !== 'none') value = BigInt.asUintN(Number(WIDTH[type]), hash);
        } else if (op === 'return') return { end: `return (${xs.join(', ')})`, effects };
        else if (op === 'jump') taken = 0;
        else if (op === 'br_if') taken = xs[0] !== 0n ? 0 : 1;
        else if (op === 'br_table') taken = Number(xs[0] < BigInt(targets.length - 1) ? xs[0] : BigInt(targets.length - 1));
        else value = compute(op, type, from, xs[0], xs[1] ?? 0n);
        if (value !== undefined) {
          values.set(result, value);
          types.set(result, type);
        }
        if (taken >= 0) {
          next = blocks.get(targets[taken].block)!;
          enter(next.params, targets[taken].args.map(get));
        }
      }
      if (!next) throw new Error('a block without a terminator');
      block = next;
    }
  } catch (problem) {
    if (problem instanceof Trap) return { end: `trap ${problem.message}`, effects };
    throw problem;
  }
}

/** Pseudo-random numbers from a seed: the same on every machine. */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export const INTERESTING: Record<string, readonly bigint[]> = {
  i32: [
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    8n,
    10n,
    16n,
    24n,
    31n,
    32n,
    100n,
    255n,
    641n,
    65535n,
    0x7fffffffn,
    0x80000000n,
    0x80000001n,
    0xfffffff9n,
    0xfffffffen,
    0xffffffffn,
  ],
  i64: [
    0n,
    1n,
    2n,
    3n,
    8n,
    16n,
    32n,
    48n,
    56n,
    63n,
    64n,
    255n,
    0xffffn,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    1n << 32n,
    (1n << 63n) - 1n,
    1n << 63n,
    (1n << 64n) - 8n,
    (1n << 64n) - 1n,
  ],
  f32: [
    0n,
    0x80000000n,
    0x3f800000n,
    0xbf800000n,
    0x40000000n,
    0x3fc00000n,
    0x7f800000n,
    0xff800000n,
    0x7fc00000n,
    0x7fa00000n,
    1n,
    0x4f000000n,
    0x4f7fffffn,
    0x7f000000n,
    0x00800000n,
  ],
  f64: [
    0n,
    1n << 63n,
    0x3ff0000000000000n,
    0xbff0000000000000n,
    0x4000000000000000n,
    0x3ff8000000000000n,
    0x7ff0000000000000n,
    0xfff0000000000000n,
    0x7ff8000000000000n,
    0x7ff4000000000000n,
    1n,
    0x41e0000000000000n,
    0xc1e0000000200000n,
    0x43e0000000000000n,
    0x7fe0000000000000n,
    0x0010000000000000n,
  ],
};

export const TYPES = ['i32', 'i64', 'f32', 'f64'] as const;

/** A value of the type: often an edge case. */
export function randomBits(random: (below: number) => number, type: string): bigint {
  const known = INTERESTING[type];
  if (random(4) !== 0) return known[random(known.length)];
  const low = BigInt(random(2 ** 32));
  return type === 'i32' || type === 'f32' ? low : (low << 32n) | BigInt(random(2 ** 32));
}

export const INT_BINARY = ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr'];
export const INT_COMPARE = ['eq', 'ne', 'lt_s', 'ge_s', 'lt_u', 'ge_u', 'gt_s', 'le_s', 'gt_u', 'le_u'];
export const INT_UNARY: Record<string, string[]> = {
  i32: ['clz', 'ctz', 'popcnt', 'sext8', 'sext16'],
  i64: ['clz', 'ctz', 'popcnt', 'sext8', 'sext16', 'sext32'],
};

/** A random function with branches, loops that end, memory accesses, checks and calls. */
export function randomFunction(seed: number, length: number): string {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]) => list[random(list.length)];
  const lines: string[] = [];
  let valueNumber = 0;
  let blockNumber = 1;
  type Env = { value: number; type: string }[];
  let env: Env = [];
  const fresh = (type: string) => {
    env.push({ value: ++valueNumber, type });
    return valueNumber;
  };
  const emit = (type: string, text: string) => {
    const value = ++valueNumber;
    lines.push(`  v${value} = ${text}`);
    env.push({ value, type });
    return value;
  };
  const constant = (type: string) => {
    const bits = randomBits(random, type);
    if (type.startsWith('f')) return emit(type, `fconst.${type} 0x${bits.toString(16)}`);
    return emit(type, `iconst.${type} ${BigInt.asIntN(Number(WIDTH[type]), bits)}`);
  };
  const any = (type: string): number => {
    const found = env.filter((item) => item.type === type);
    if (found.length === 0 || random(4) === 0) return constant(type);
    // Recent values more often, so that operations nest.
    return found[random(2) === 0 ? Math.max(0, found.length - 1 - random(4)) : random(found.length)].value;
  };
  const address = () => {
    const mask = emit('i32', 'iconst.i32 31');
    return random(30) === 0 ? any('i32') : emit('i32', `and.i32 v${any('i32')}, v${mask}`);
  };
  let lastAddress = 0;
  const someAddress = () => {
    if (lastAddress === 0 || !env.some((item) => item.value === lastAddress) || random(3) === 0) lastAddress = address();
    return lastAddress;
  };
  const checkedDivision = (type: string) => {
    const a = any(type);
    const b = random(4) === 0 ? any(type) : emit(type, `iconst.${type} ${pick([1, 2, 3, 7, 8, 10, 100, 641, -1, -2, -7, 65537])}`);
    const op = pick(['sdiv', 'udiv', 'srem', 'urem']);
    const zero = emit(type, `iconst.${type} 0`);
    lines.push(`  trap_if v${emit('i32', `eq.i32 v${b}, v${zero}`)} #7`);
    if (op === 'sdiv') {
      const lowest = emit(type, `iconst.${type} ${type === 'i32' ? '-2147483648' : '-9223372036854775808'}`);
      const minusOne = emit(type, `iconst.${type} -1`);
      const overflow = emit('i32', `and.i32 v${emit('i32', `eq.i32 v${a}, v${lowest}`)}, v${emit('i32', `eq.i32 v${b}, v${minusOne}`)}`);
      lines.push(`  trap_if v${overflow} #6`);
    }
    emit(type, `${op}.${type} v${a}, v${b}`);
  };
  const conversion = () => {
    switch (random(9)) {
      case 0:
        return emit('i64', `extend_s.i64 v${any('i32')}`);
      case 1:
        return emit('i64', `extend_u.i64 v${any('i32')}`);
      case 2:
        return emit('i32', `wrap.i32 v${any('i64')}`);
      case 3:
        return emit('f64', `promote.f64 v${any('f32')}`);
      case 4:
        return emit('f32', `demote.f32 v${any('f64')}`);
      case 5:
        return emit('f32', `bitcast.f32 v${any('i32')}`);
      case 6:
        return emit('i64', `bitcast.i64 v${any('f64')}`);
      case 7: {
        const type = pick(['f32', 'f64']);
        return emit(type, `int_to_float_${pick(['s', 'u'])}.${type} v${any(pick(['i32', 'i64']))}`);
      }
      default: {
        const type = pick(['i32', 'i64']);
        return emit(type, `float_to_int_${random(8) === 0 ? '' : 'sat_'}${pick(['s', 'u'])}.${type} v${any(pick(['f32', 'f64']))}`);
      }
    }
  };
  const operation = () => {
    const type = pick(['i32', 'i32', 'i64']);
    const float = pick(['f32', 'f64']);
    switch (random(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return emit(type, `${pick(INT_BINARY)}.${type} v${any(type)}, v${any(type)}`);
      case 4:
      case 5:
        return emit('i32', `${pick(INT_COMPARE)}.i32 v${any(type)}, v${any(type)}`);
      case 6:
        return emit(type, `${pick(INT_UNARY[type])}.${type} v${any(type)}`);
      case 7:
        return emit(
          float,
          `${pick(['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fcopysign'])}.${float} v${any(float)}, v${any(float)}`,
        );
      case 8:
        return emit(float, `${pick(['fabs', 'fneg', 'fceil', 'ffloor', 'ftrunc', 'fnearest', 'fsqrt'])}.${float} v${any(float)}`);
      case 9:
        return random(2) === 0
          ? conversion()
          : emit('i32', `${pick(['feq', 'fne', 'flt', 'fgt', 'fle', 'fge'])}.i32 v${any(float)}, v${any(float)}`);
      case 10:
        return emit(type, `select.${type} v${any('i32')}, v${any(type)}, v${any(type)}`);
      case 11: {
        const at = someAddress();
        const kind = pick(TYPES);
        return emit(kind, `load.${kind} v${at} +${random(4) * 4}`);
      }
      case 12: {
        const op = pick(type === 'i32' ? ['load8_u', 'load8_s', 'load16_u', 'load16_s'] : ['load8_u', 'load16_s', 'load32_u', 'load32_s']);
        return emit(type, `${op}.${type} v${someAddress()} +${random(8)}`);
      }
      case 13: {
        const at = someAddress();
        const kind = pick(TYPES);
        const value = any(kind);
        const narrow = kind === 'i32' ? pick(['', '', '8', '16']) : kind === 'i64' ? pick(['', '8', '16', '32']) : '';
        return lines.push(`  store${narrow} v${at}, v${value} +${random(4) * 4}`);
      }
      case 14:
        switch (random(5)) {
          case 0:
            return checkedDivision(type);
          case 1:
            return random(4) === 0 && lines.push(`  trap_if v${any('i32')} #${1 + random(3)}`);
          case 2:
            return emit('i32', `call_builtin.i32 #${random(4)}:0 (v${any('i32')}, v${any('i64')})`);
          default:
            return checkedDivision(type);
        }
      default:
        if (random(2) === 0) return lines.push(`  ctx_store v${any(type)} +${random(4) * 8} global`);
        return emit(type, `ctx_load.${type} +${random(4) * 8} ${pick(['global', 'global', 'constant'])}`);
    }
  };
  const openBlock = (number: number, params: string[]) => {
    const list = params.map((type) => `v${fresh(type)}: ${type}`);
    lines.push(`block${number}${list.length ? `(${list.join(', ')})` : ''}:`);
  };
  const args = (types: string[]) => (types.length ? `(${types.map((type) => `v${any(type)}`).join(', ')})` : '');
  const randomTypes = () => Array.from({ length: random(3) }, () => pick(TYPES) as string);
  const body = (budget: number, depth: number) => {
    for (let i = 0; i < budget; i++) {
      if (depth > 0 && random(12) === 0) {
        if (random(2) === 0) conditional(budget >> 1, depth - 1);
        else loop(budget >> 1, depth - 1);
      } else operation();
    }
  };
  const conditional = (budget: number, depth: number) => {
    const types = randomTypes();
    const [thenBlock, elseBlock, join] = [++blockNumber, ++blockNumber, ++blockNumber];
    const condition = any('i32');
    const before = [...env];
    const direct = random(3) === 0;
    if (direct) {
      const list = args(types);
      lines.push(`  br_if v${condition}, block${thenBlock}, block${join}${list}`);
    } else lines.push(`  br_if v${condition}, block${thenBlock}, block${elseBlock}`);
    for (const block of direct ? [thenBlock] : [thenBlock, elseBlock]) {
      env = [...before];
      openBlock(block, []);
      if (random(3) !== 0) body(budget, depth);
      lines.push(`  jump block${join}${args(types)}`);
    }
    env = [...before];
    openBlock(join, types);
  };
  const loop = (budget: number, depth: number) => {
    const types = randomTypes();
    const [header, exit] = [++blockNumber, ++blockNumber];
    const trips = emit('i32', `iconst.i32 ${1 + random(5)}`);
    lines.push(`  jump block${header}${args(['i32', ...types]).replace(/^\(v\d+/, `(v${trips}`)}`);
    openBlock(header, ['i32', ...types]);
    const counter = env[env.length - types.length - 1].value;
    body(budget, depth);
    const minusOne = emit('i32', 'iconst.i32 -1');
    const next = emit('i32', `add.i32 v${counter}, v${minusOne}`);
    const list = args(['i32', ...types]).replace(/^\(v\d+/, `(v${next}`);
    lines.push(`  br_if v${next}, block${header}${list}, block${exit}`);
    openBlock(exit, []);
  };
  openBlock(1, [...TYPES, 'i32']);
  body(length, 3);
  lines.push(
    `  return (${TYPES.flatMap((type) => [any(type), any(type)])
      .map((value) => `v${value}`)
      .join(', ')})`,
  );
  return `function 1 {\n${lines.join('\n')}\n}\n`;
}
