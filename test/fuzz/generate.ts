/** Random valid modules that end in bounded time and have one right result each.
 *
 *  A module has functions that call each other, a memory, globals, tables. Calls and rounds of loops burn a global's fuel, and
 *  functions return when it is used up. NaN bits are not defined, so NaNs become one NaN where their bits would show: in stores,
 *  reinterpretations, and the sign that copysign takes. */

import { type Bytes, fixed, header, section, signed, sized, text, unsigned, vector } from './binary.js';
import { Random } from './random.js';

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
const FUNCREF = 0x70;
export type NumType = typeof I32 | typeof I64 | typeof F32 | typeof F64;
const numTypes: readonly NumType[] = [I32, I64, F32, F64];

export interface Signature {
  params: NumType[];
  results: NumType[];
}

export interface Generated {
  bytes: Uint8Array;
  /** Exported as f0, f1, … */
  functions: Signature[];
}

/** Imported as `env` `hK`. They take and give numbers only, and give no NaN. */
export const hostSignatures: readonly Signature[] = [
  { params: [I32], results: [I32] },
  { params: [I64, I32, I64], results: [I64] },
  { params: [], results: [] },
];

const FUEL = 0;
const MAX_DEPTH = 6;
const GLOBALS: readonly NumType[] = [I32, I32, I64, F32, F64, I64];

interface Label {
  /** What a branch to it takes. */
  types: NumType[];
}

const END = 0x0b;
const SELECT = 0x1b;
const edges32 = [
  0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 63, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7fffffff, -0x80000000, -1, -2, -128,
];
const edges64 = [...edges32.map(BigInt), 0xffffffffn, 0x80000000n, 0x100000000n, -0x80000001n, 0x7fffffffffffffffn, -0x8000000000000000n];
const edgesFloat = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, 1e10, -1e10, 2147483647, 2147483648, -2147483648, -2147483649, 4294967295, 4294967296,
];
const edgesFloat2 = [2 ** 63, -(2 ** 63), 2 ** 64, 1e-310, 1e38, 1e308, Infinity, -Infinity, NaN, 0.1];

/** Opcodes from one operand type to another: [opcode, operands, result]. */
const numericRows: [number, NumType[], NumType][] = [];
const row = (first: number, last: number, operands: NumType[], result: NumType) => {
  for (let opcode = first; opcode <= last; opcode++) numericRows.push([opcode, operands, result]);
};
row(0x45, 0x45, [I32], I32);
row(0x46, 0x4f, [I32, I32], I32);
row(0x50, 0x50, [I64], I32);
row(0x51, 0x5a, [I64, I64], I32);
row(0x5b, 0x60, [F32, F32], I32);
row(0x61, 0x66, [F64, F64], I32);
row(0x67, 0x69, [I32], I32);
row(0x6a, 0x78, [I32, I32], I32);
row(0x79, 0x7b, [I64], I64);
row(0x7c, 0x8a, [I64, I64], I64);
row(0x8b, 0x91, [F32], F32);
row(0x92, 0x98, [F32, F32], F32);
row(0x99, 0x9f, [F64], F64);
row(0xa0, 0xa6, [F64, F64], F64);
row(0xa7, 0xa7, [I64], I32);
row(0xac, 0xad, [I32], I64);
row(0xb2, 0xb3, [I32], F32);
row(0xb4, 0xb5, [I64], F32);
row(0xb6, 0xb6, [F64], F32);
row(0xb7, 0xb8, [I32], F64);
row(0xb9, 0xba, [I64], F64);
row(0xbb, 0xbb, [F32], F64);
row(0xbe, 0xbe, [I32], F32);
row(0xbf, 0xbf, [I64], F64);
row(0xc0, 0xc1, [I32], I32);
row(0xc2, 0xc4, [I64], I64);
/** Trapping truncations (mostly trap: rare) and saturating ones. */
const truncations: [number, NumType, NumType][] = [
  [0, F32, I32],
  [1, F32, I32],
  [2, F64, I32],
  [3, F64, I32],
  [4, F32, I64],
  [5, F32, I64],
  [6, F64, I64],
  [7, F64, I64],
];
const trappingTruncations = [0xa8, 0xa9, 0xaa, 0xab, 0xae, 0xaf, 0xb0, 0xb1];
const loads: [number, NumType][] = [
  [0x28, I32],
  [0x29, I64],
  [0x2a, F32],
  [0x2b, F64],
  [0x2c, I32],
  [0x2d, I32],
  [0x2e, I32],
  [0x2f, I32],
  [0x30, I64],
  [0x31, I64],
  [0x32, I64],
  [0x33, I64],
  [0x34, I64],
  [0x35, I64],
];
const stores: [number, NumType][] = [
  [0x36, I32],
  [0x37, I64],
  [0x38, F32],
  [0x39, F64],
  [0x3a, I32],
  [0x3b, I32],
  [0x3c, I64],
  [0x3d, I64],
  [0x3e, I64],
];
const copysigns = [0x98, 0xa6];
const byResult = new Map(numTypes.map((type) => [type, numericRows.filter(([, , result]) => result === type)]));
const divisions = (opcode: number) => (opcode >= 0x6d && opcode <= 0x70) || (opcode >= 0x7f && opcode <= 0x82);

/** The body of one function. */
class Body {
  readonly #random: Random;
  readonly #module: Shape;
  readonly #locals: NumType[];
  readonly #labels: Label[] = [];
  readonly #results: NumType[];
  #budget: number;
  code: Bytes = [];

  constructor(random: Random, module: Shape, signature: Signature) {
    this.#random = random;
    this.#module = module;
    this.#locals = [...signature.params];
    this.#results = signature.results;
    this.#budget = 20 + random.below(180);
    this.#labels.push({ types: signature.results });
    const extra = random.below(8);
    for (let i = 0; i < extra; i++) this.#locals.push(random.pick(numTypes));
    this.#burn();
    this.#statements(3 + random.below(8), 0);
    for (const type of signature.results) this.#value(type, 0);
    this.code.push(END);
    const declared = this.#locals.slice(signature.params.length);
    this.code = sized([...vector(declared.map((type) => [1, type])), ...this.code]);
  }

  #emit(...bytes: (number | Bytes)[]): void {
    for (const item of bytes) {
      if (typeof item === 'number') this.code.push(item);
      else this.code.push(...item);
    }
  }

  #burn(): void {
    this.#emit(0x23, FUEL, 0x41, 1, 0x6b, 0x24, FUEL, 0x23, FUEL, 0x41, 0, 0x48, 0x04, 0x40);
    for (const type of this.#results) this.#constant(type);
    this.#emit(0x0f, END);
  }

  #local(type: NumType): number {
    const found = this.#locals.flatMap((each, i) => (each === type ? [i] : []));
    if (found.length > 0 && !(found.length < 4 && this.#random.oneIn(4))) return this.#random.pick(found);
    this.#locals.push(type);
    return this.#locals.length - 1;
  }

  #constant(type: NumType): void {
    const random = this.#random;
    if (type === I32) this.#emit(0x41, signed(random.oneIn(3) ? random.bits() | 0 : random.pick(edges32)));
    else if (type === I64) this.#emit(0x42, signed(random.oneIn(3) ? BigInt.asIntN(64, random.bits64()) : random.pick(edges64)));
    else {
      const value = random.oneIn(4)
        ? (random.bits() - 2 ** 31) / random.pick([1, 1000, 1e9])
        : random.pick(random.oneIn(2) ? edgesFloat : edgesFloat2);
      const view = new DataView(new ArrayBuffer(8));
      if (type === F32) view.setFloat32(0, value, true);
      else view.setFloat64(0, value, true);
      this.#emit(type === F32 ? 0x43 : 0x44, [...new Uint8Array(view.buffer, 0, type === F32 ? 4 : 8)]);
    }
  }

  /** A value whose bits may be seen: a NaN becomes the canonical one. */
  #plain(type: NumType, depth: number): void {
    this.#value(type, depth);
    if (type === I32 || type === I64) return;
    const local = unsigned(this.#local(type));
    const nan = type === F32 ? [0x43, ...fixed(0x7fc00000n, 4)] : [0x44, ...fixed(0x7ff8000000000000n, 8)];
    this.#emit(0x22, local, nan, 0x20, local, 0x20, local, type === F32 ? 0x5b : 0x61, SELECT);
  }

  #address(depth: number): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 2) this.#emit(0x41, signed(65536 - random.below(12)));
    else if (kind === 2) this.#value(I32, depth);
    else if (kind < 25) this.#emit(0x41, signed(random.below(64000)));
    else {
      this.#value(I32, depth);
      this.#emit(0x41, signed(random.pick([0xff, 0xfff, 0xfff8, 0xfff0, 0x3ffc])), 0x71);
      if (random.oneIn(3)) this.#emit(0x41, signed(random.below(64)), 0x6a);
    }
  }

  #memArg(): Bytes {
    const random = this.#random;
    const kind = random.below(16);
    const offset =
      kind < 8 ? random.below(16) : kind < 15 ? random.below(1024) : random.pick([65528, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff]);
    return [0, ...unsigned(random.oneIn(8) || offset < 65528 ? offset : 8)];
  }

  #load(type: NumType, depth: number): void {
    this.#address(depth);
    this.#emit(this.#random.pick(loads.filter(([, result]) => result === type))[0], this.#memArg());
  }

  /** Pushes one value. */
  #value(type: NumType, depth: number): void {
    const random = this.#random;
    if (depth > MAX_DEPTH || this.#budget-- < 0) {
      if (random.oneIn(2)) this.#constant(type);
      else this.#emit(0x20, unsigned(this.#local(type)));
      return;
    }
    const next = depth + 1;
    switch (random.below(24)) {
      case 0:
      case 1:
        this.#constant(type);
        break;
      case 2:
      case 3:
      case 4:
      case 5:
        this.#emit(0x20, unsigned(this.#local(type)));
        break;
      case 6:
      case 7:
        this.#load(type, next);
        break;
      case 8:
        this.#value(type, next);
        this.#value(type, next);
        this.#value(I32, next);
        this.#emit(SELECT);
        break;
      case 9: {
        const globals = GLOBALS.flatMap((each, i) => (each === type && i !== FUEL ? [i] : []));
        this.#emit(0x23, unsigned(random.pick(globals)));
        break;
      }
      case 10:
        this.#value(type, next);
        this.#emit(0x22, unsigned(this.#local(type)));
        break;
      case 11:
        this.#typedIf(type, next);
        break;
      case 12:
        this.#typedBlock(type, next);
        break;
      case 13:
        this.#callFor(type, next);
        break;
      case 14:
        if (type === I32 || type === I64) this.#conversion(type, next);
        else this.#numeric(type, next);
        break;
      case 15:
        if (type === I32) this.#emit(0x3f, 0);
        else if (type === I64) {
          // Address arithmetic as compilers write it.
          this.#value(I32, next);
          this.#emit(0xad, 0x42, signed(random.below(4)), 0x86);
          this.#value(I64, next);
          this.#emit(0x7c);
        } else this.#numeric(type, next);
        break;
      default:
        this.#numeric(type, next);
    }
  }

  #numeric(type: NumType, depth: number): void {
    const random = this.#random;
    const [opcode, operands] = random.pick(byResult.get(type)!);
    if (divisions(opcode) && !random.oneIn(20)) {
      this.#value(type, depth);
      // Mostly a divisor that is not 0.
      if (random.oneIn(2)) {
        if (type === I32)
          this.#emit(0x41, signed(random.pick([1, 2, 3, 5, 7, 8, 10, 100, 641, 65536, 0x7fffffff, -1, -2, -7, -0x80000000])));
        else this.#emit(0x42, signed(random.pick([1n, 2n, 3n, 7n, 10n, 1000000007n, 1n << 40n, -1n, -3n, -(1n << 63n)])));
      } else {
        this.#value(type, depth);
        this.#emit(type === I32 ? [0x41, 1, 0x72] : [0x42, 1, 0x84]);
      }
      this.#emit(opcode);
      return;
    }
    if (random.oneIn(12) && operands.length === 2 && !copysigns.includes(opcode)) {
      // The same operand twice.
      this.#value(operands[0], depth);
      const local = unsigned(this.#local(operands[0]));
      this.#emit(0x22, local, 0x20, local, opcode);
      return;
    }
    operands.forEach((operand, i) => {
      if (copysigns.includes(opcode) && i === 1) this.#plain(operand, depth);
      else this.#value(operand, depth);
    });
    this.#emit(opcode);
  }

  /** From a float: truncation or bits. */
  #conversion(type: NumType, depth: number): void {
    const random = this.#random;
    if (random.oneIn(3)) {
      this.#plain(type === I32 ? F32 : F64, depth);
      this.#emit(type === I32 ? 0xbc : 0xbd);
      return;
    }
    const [number, from] = random.pick(truncations.filter(([, , to]) => to === type));
    if (random.oneIn(3)) {
      // Small enough not to trap, most of the time.
      this.#value(I32, depth);
      this.#emit(from === F32 ? (number & 1 ? 0xb3 : 0xb2) : number & 1 ? 0xb8 : 0xb7, trappingTruncations[number]);
    } else {
      this.#value(from, depth);
      this.#emit(random.oneIn(8) ? trappingTruncations[number] : [0xfc, number]);
    }
  }

  #typedIf(type: NumType, depth: number): void {
    this.#value(I32, depth);
    this.#emit(0x04, type);
    this.#labels.push({ types: [type] });
    this.#statements(this.#random.below(2), depth);
    this.#value(type, depth);
    this.#emit(0x05);
    this.#statements(this.#random.below(2), depth);
    this.#value(type, depth);
    this.#labels.pop();
    this.#emit(END);
  }

  #typedBlock(type: NumType, depth: number): void {
    this.#emit(0x02, type);
    this.#labels.push({ types: [type] });
    this.#statements(this.#random.below(3), depth);
    if (this.#random.oneIn(2)) {
      this.#value(type, depth);
      this.#value(I32, depth);
      this.#emit(0x0d, 0, 0x1a);
    }
    this.#value(type, depth);
    this.#labels.pop();
    this.#emit(END);
  }

  #arguments(types: readonly NumType[], depth: number): void {
    for (const type of types) this.#value(type, depth);
  }

  /** Takes the values of these types off the stack. */
  #take(types: readonly NumType[]): void {
    for (const type of [...types].reverse()) this.#emit(this.#random.oneIn(4) ? 0x1a : [0x21, ...unsigned(this.#local(type))]);
  }

  /** Calls a function that gives this type first, when there is one, and drops the rest. */
  #callFor(type: NumType, depth: number): void {
    const index = this.#module.all.findIndex(({ results }) => results[0] === type);
    if (index < 0) {
      this.#numeric(type, depth);
      return;
    }
    const found = this.#module.all.flatMap(({ results }, i) => (results[0] === type ? [i] : []));
    const func = this.#random.pick(found);
    this.#call(func, depth);
    for (let k = 1; k < this.#module.all[func].results.length; k++) this.#emit(0x1a);
  }

  #call(func: number, depth: number): void {
    const random = this.#random;
    const { params } = this.#module.all[func];
    this.#arguments(params, depth);
    if (random.oneIn(2)) {
      this.#emit(0x10, unsigned(func));
      return;
    }
    const table = random.below(2);
    const slots = this.#module.tables[table].flatMap((each, i) => (each === func ? [i] : []));
    if (slots.length === 0) this.#emit(0x10, unsigned(func));
    else {
      if (random.oneIn(24)) this.#value(I32, depth);
      else this.#emit(0x41, signed(random.pick(slots)));
      this.#emit(0x11, unsigned(this.#module.typeOf(func)), table);
    }
  }

  #statements(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.#statement(depth + 1);
  }

  #statement(depth: number): void {
    const random = this.#random;
    if (depth > MAX_DEPTH || this.#budget-- < 0) return;
    switch (random.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const type = random.pick(numTypes);
        this.#value(type, depth);
        this.#emit(0x21, unsigned(this.#local(type)));
        break;
      }
      case 4:
      case 5:
      case 6: {
        const [opcode, type] = random.pick(stores);
        this.#address(depth);
        this.#plain(type, depth);
        this.#emit(opcode, this.#memArg());
        break;
      }
      case 7:
      case 8:
        this.#ifStatement(depth);
        break;
      case 9:
      case 10:
        this.#loop(depth);
        break;
      case 11: {
        const global = 1 + random.below(GLOBALS.length - 1);
        this.#value(GLOBALS[global], depth);
        this.#emit(0x24, unsigned(global));
        break;
      }
      case 12:
        this.#switch(depth);
        break;
      case 13: {
        const func = random.below(this.#module.all.length);
        this.#call(func, depth);
        this.#take(this.#module.all[func].results);
        break;
      }
      case 14:
        this.#branch(depth);
        break;
      case 15:
        this.#multiBlock(depth);
        break;
      case 16:
        this.#bulk(depth);
        break;
      case 17:
        this.#emit(0x02, 0x40);
        this.#labels.push({ types: [] });
        this.#statements(1 + random.below(3), depth);
        this.#labels.pop();
        this.#emit(END);
        break;
      case 18:
        this.#tableStatement(depth);
        break;
      default:
        this.#value(random.pick(numTypes), depth);
        this.#emit(0x1a);
    }
  }

  #ifStatement(depth: number): void {
    this.#value(I32, depth);
    this.#emit(0x04, 0x40);
    this.#labels.push({ types: [] });
    this.#statements(1 + this.#random.below(3), depth);
    if (this.#random.oneIn(2)) {
      this.#emit(0x05);
      this.#statements(1 + this.#random.below(3), depth);
    }
    this.#labels.pop();
    this.#emit(END);
  }

  #loop(depth: number): void {
    const random = this.#random;
    const counter = unsigned(this.#locals.push(I32) - 1);
    this.#emit(0x41, signed(random.below(12)), 0x21, counter);
    this.#emit(0x03, 0x40);
    this.#labels.push({ types: [] });
    this.#burn();
    this.#statements(1 + random.below(4), depth);
    this.#emit(0x20, counter, 0x41, signed(random.oneIn(8) ? 1 : -1), 0x6a, 0x22, counter);
    if (random.oneIn(2)) this.#emit(0x41, signed(random.below(12)), random.pick([0x47, 0x48, 0x49, 0x4a, 0x4c, 0x4f]));
    this.#emit(0x0d, 0);
    this.#labels.pop();
    this.#emit(END);
  }

  #switch(depth: number): void {
    const random = this.#random;
    const arms = 1 + random.below(5);
    for (let i = 0; i <= arms; i++) {
      this.#emit(0x02, 0x40);
      this.#labels.push({ types: [] });
    }
    this.#value(I32, depth);
    if (random.oneIn(2)) this.#emit(0x41, 7, 0x71);
    const targets = Array.from({ length: random.below(9) }, () => unsigned(random.below(arms + 1)));
    this.#emit(0x0e, vector(targets), unsigned(random.below(arms + 1)));
    for (let i = 0; i <= arms; i++) {
      this.#labels.pop();
      this.#emit(END);
      if (i < arms) {
        this.#statements(1 + random.below(2), depth);
        if (random.oneIn(2)) this.#emit(0x0c, unsigned(arms - 1 - i));
      }
    }
  }

  #branch(depth: number): void {
    const random = this.#random;
    const label = random.below(this.#labels.length);
    const { types } = this.#labels[this.#labels.length - 1 - label];
    switch (random.below(4)) {
      case 0:
        // Inside of an if, so that what follows is reached.
        this.#value(I32, depth);
        this.#emit(0x04, 0x40);
        this.#labels.push({ types: [] });
        this.#arguments(types, depth);
        this.#emit(0x0c, unsigned(label + 1));
        if (random.oneIn(3)) this.#statements(1, depth);
        this.#labels.pop();
        this.#emit(END);
        break;
      case 1:
        this.#value(I32, depth);
        this.#emit(0x04, 0x40);
        this.#labels.push({ types: [] });
        if (random.oneIn(8)) this.#emit(0x00);
        else {
          this.#arguments(this.#results, depth);
          this.#emit(0x0f);
        }
        this.#labels.pop();
        this.#emit(END);
        break;
      case 2: {
        // A table of labels of one type.
        const same = this.#labels.flatMap((each, i) => (String(each.types) === String(types) ? [this.#labels.length - 1 - i] : []));
        this.#emit(0x02, 0x40);
        this.#labels.push({ types: [] });
        this.#arguments(types, depth);
        this.#value(I32, depth);
        if (random.oneIn(2)) this.#emit(0x41, 3, 0x71);
        const targets = Array.from({ length: random.below(5) }, () => unsigned(random.pick(same) + 1));
        this.#emit(0x0e, vector(targets), unsigned(random.pick(same) + 1));
        this.#labels.pop();
        this.#emit(END);
        break;
      }
      default:
        this.#arguments(types, depth);
        this.#value(I32, depth);
        this.#emit(0x0d, unsigned(label));
        this.#take(types);
    }
  }

  /** A block, loop or if with parameters and results. */
  #multiBlock(depth: number): void {
    const random = this.#random;
    const type = random.below(this.#module.types.length);
    const { params, results } = this.#module.types[type];
    this.#arguments(params, depth);
    const kind = random.below(3);
    if (kind === 2) this.#value(I32, depth);
    this.#emit(0x02 + kind, signed(type));
    this.#labels.push({ types: kind === 1 ? params : results });
    if (kind === 1) this.#burn();
    this.#take(params);
    this.#statements(random.below(3), depth);
    if (kind === 1 && random.oneIn(2)) {
      this.#arguments(params, depth);
      this.#value(I32, depth);
      this.#emit(0x0d, 0);
      this.#take(params);
    }
    this.#arguments(results, depth);
    if (kind === 2) {
      this.#emit(0x05);
      this.#take(params);
      this.#statements(random.below(2), depth);
      this.#arguments(results, depth);
    }
    this.#labels.pop();
    this.#emit(END);
    this.#take(results);
  }

  #bulk(depth: number): void {
    const random = this.#random;
    this.#address(depth);
    const kind = random.below(4);
    if (kind === 0) this.#address(depth);
    else if (kind === 1) this.#value(I32, depth);
    else if (kind === 2) this.#emit(0x41, signed(random.below(20)));
    else {
      this.#emit(0x1a, 0x41, signed(random.pick([0, 0, 1, 2])), 0x40, 0, 0x1a);
      return;
    }
    this.#value(I32, depth);
    this.#emit(0x41, signed(random.pick([0x1f, 0xff])), 0x71);
    if (kind === 0) this.#emit(0xfc, 10, 0, 0);
    else if (kind === 1) this.#emit(0xfc, 11, 0);
    else this.#emit(0xfc, 8, 0, 0);
  }

  /** On table 1, the one that changes. */
  #tableStatement(depth: number): void {
    const random = this.#random;
    const length = this.#module.tables[1].length;
    const slot = () => {
      this.#value(I32, depth);
      this.#emit(0x41, signed(length), 0x70);
    };
    switch (random.below(4)) {
      case 0:
        slot();
        this.#emit(0xd2, unsigned(random.below(this.#module.all.length)), 0x26, 1);
        break;
      case 1:
        slot();
        slot();
        this.#emit(0x25, 1, 0x26, 1);
        break;
      case 2:
        slot();
        this.#emit(0x25, random.below(2), 0xd1, 0x21, unsigned(this.#local(I32)));
        break;
      default:
        slot();
        slot();
        this.#emit(0x41, signed(random.below(3)), 0xfc, random.oneIn(2) ? [14, 1, 0] : [12, 0, 1]);
    }
  }
}

/** What bodies need to know of the module. */
class Shape {
  readonly types: Signature[] = [];
  /** Of each function, imports first. */
  readonly all: Signature[] = [];
  readonly #typeOf: number[] = [];
  /** Function index or -1 of each entry. Table 0 never changes, table 1 does. */
  readonly tables: number[][] = [];

  constructor(random: Random) {
    for (const signature of hostSignatures) this.#add(signature);
    const own = 3 + random.below(4);
    for (let i = 0; i < own; i++) {
      const many = random.oneIn(4);
      this.#add({
        params: Array.from({ length: random.below(many ? 20 : 5) }, () => random.pick(numTypes)),
        results: Array.from({ length: random.below(random.oneIn(4) ? 8 : 3) }, () => random.pick(numTypes)),
      });
    }
    for (let table = 0; table < 2; table++) {
      const full = random.oneIn(3);
      const imports = table === 1 || random.oneIn(3);
      this.tables.push(
        Array.from({ length: 4 + random.below(20) }, () => {
          if (!full && random.oneIn(5)) return -1;
          return imports ? random.below(this.all.length) : hostSignatures.length + random.below(own);
        }),
      );
    }
  }

  #add(signature: Signature): void {
    this.all.push(signature);
    this.#typeOf.push(this.types.push(signature) - 1);
  }

  typeOf(func: number): number {
    return this.#typeOf[func];
  }
}

export function generate(seed: number): Generated {
  const random = new Random(seed);
  const shape = new Shape(random);
  const imports = hostSignatures.length;
  const functions = shape.all.slice(imports);
  const limits = (min: number) => [0, ...unsigned(min)];
  const initial = (type: NumType, i: number): Bytes => {
    if (type === I32) return [0x41, ...signed(i === FUEL ? 500 : i)];
    if (type === I64) return [0x42, ...signed(-i)];
    return type === F32 ? [0x43, 0, 0, 0x20, 0x41] : [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f];
  };
  const reference = (func: number): Bytes => (func < 0 ? [0xd0, FUNCREF, END] : [0xd2, ...unsigned(func), END]);
  const element = (table: number): Bytes => [
    ...(table === 0 ? [4, 0x41, 0, END] : [6, 1, 0x41, 0, END, FUNCREF]),
    ...vector(shape.tables[table].map(reference)),
  ];
  const passive: Bytes = [5, FUNCREF, ...vector(Array.from({ length: 6 }, () => reference(random.below(shape.all.length))))];
  // Every function may be taken as a reference.
  const declared: Bytes = [3, 0, ...vector(shape.all.map((_, i) => unsigned(i)))];
  const data = Array.from({ length: 64 }, () => random.below(256));
  const bytes = [
    ...header,
    ...section(
      1,
      shape.types.map(({ params, results }) => [0x60, ...vector(params.map((type) => [type])), ...vector(results.map((type) => [type]))]),
    ),
    ...section(
      2,
      hostSignatures.map((_, i) => [...text('env'), ...text(`h${i}`), 0, ...unsigned(shape.typeOf(i))]),
    ),
    ...section(
      3,
      functions.map((_, i) => unsigned(shape.typeOf(imports + i))),
    ),
    ...section(
      4,
      shape.tables.map((table) => [FUNCREF, ...limits(table.length)]),
    ),
    ...section(5, [[1, 1, 3]]),
    ...section(
      6,
      GLOBALS.map((type, i) => [type, 1, ...initial(type, i), END]),
    ),
    ...section(7, [
      ...functions.map((_, i) => [...text(`f${i}`), 0, ...unsigned(imports + i)]),
      [...text('memory'), 2, 0],
      ...GLOBALS.map((_, i) => [...text(`g${i}`), 3, ...unsigned(i)]),
    ]),
    ...section(9, [passive, element(0), element(1), declared]),
    ...[12, 1, 2],
    ...section(
      10,
      functions.map((signature) => new Body(random, shape, signature).code),
    ),
    ...section(11, [
      [1, ...sized(data)],
      [0, 0x41, ...signed(256), END, ...sized(data)],
    ]),
  ];
  return { bytes: new Uint8Array(bytes), functions };
}
