/** Random machine functions in SSA: branches, loops, calls, fixed and reusing operands, permuted parameters, cold blocks at the end. */

import { type Block, DEF, EARLY, type Inst, LATE, type Machine, type Operand, Use, registerNumber } from './machine.js';

export interface Shape {
  seed: number;
  /** Statements in all. */
  size: number;
  /** Live values that a block tries to have. */
  pressure: number;
  ints?: number;
  /** Chance of calls, in percent. */
  calls?: number;
}

const I32 = 1;
const I64 = 2;
const F64 = 4;
const V128 = 6;
const [rax, rcx, rdx] = ['rax', 'rcx', 'rdx'].map(registerNumber);
const argumentRegisters = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'].map(registerNumber);

export function randomMachine({ seed, size, pressure, ints = 12, calls = 8 }: Shape): Machine {
  let state = seed * 2654435761 + 12345;
  const next = (limit: number) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % limit;
  };
  const chance = (percent: number) => next(100) < percent;
  const types: number[] = [0];
  const hot: Block[] = [];
  const cold: Block[] = [];
  let left = size;

  const vreg = (type: number) => types.push(type) - 1;
  const anyType = () => [I32, I32, I64, I64, F64, V128][next(6)];
  const block = (depth: number, isCold: boolean): Block => {
    const made: Block = { name: '', depth, cold: isCold, params: [], insts: [], successors: [], args: [] };
    (isCold ? cold : hot).push(made);
    return made;
  };
  const op = (name: string, operands: Operand[], options: Partial<Inst> = {}): Inst => ({
    name,
    op: 10,
    call: false,
    operands,
    ...options,
  });
  const def = (v: number, constraint = Use.Register, detail = 0, flags = 0): Operand => ({
    vreg: v,
    flags: DEF | flags,
    constraint,
    detail,
  });
  const use = (v: number, constraint = Use.Register, detail = 0, flags = 0): Operand => ({ vreg: v, flags, constraint, detail });
  const isFloat = (v: number) => types[v] === F64 || types[v] === V128;
  /** A value at hand, newer ones more often; a fresh constant when there is none. */
  const pick = (env: number[], at: Block, wanted: (v: number) => boolean, make: number): number => {
    const fit = env.filter(wanted);
    if (fit.length > 0 && !chance(5)) return fit[chance(50) ? next(fit.length) : Math.max(0, fit.length - 1 - next(4))];
    const v = vreg(make);
    at.insts.push(op('const', [def(v)]));
    env.push(v);
    return v;
  };
  const int = (env: number[], at: Block) => pick(env, at, (v) => !isFloat(v), I64);
  const ofType = (env: number[], at: Block, type: number) => pick(env, at, (v) => types[v] === type, type);

  function statement(env: number[], at: Block): void {
    const define = (type: number) => {
      const v = vreg(type);
      if (!chance(10)) env.push(v);
      return v;
    };
    const anyOr = () => (chance(50) ? Use.Any : Use.Register);
    if (chance(calls)) {
      const operands: Operand[] = [];
      if (chance(20) && ints > 7) operands.push(use(int(env, at)));
      const count = next(5);
      for (let i = 0; i < count; i++) operands.push(use(int(env, at), Use.Fixed, argumentRegisters[i]));
      for (let i = next(3); i > 0; i--) operands.push(use(ofType(env, at, F64), Use.Fixed, 15 + i));
      if (chance(60)) operands.push(def(define(I64), Use.Fixed, rax));
      if (chance(20)) operands.push(def(define(I32), Use.Fixed, rdx));
      if (chance(20)) operands.push(def(define(F64), Use.Fixed, 16));
      at.insts.push(op('call', operands, { call: true }));
      return;
    }
    const few = ints < 8;
    switch (next(14)) {
      case 0:
      case 1: {
        const type = anyType();
        at.insts.push(op('const', [def(define(type), chance(10) ? Use.Any : Use.Register)]));
        return;
      }
      case 2:
      case 3:
      case 4:
      case 5: {
        const type = anyType();
        const [a, b] = [ofType(env, at, type), ofType(env, at, type)];
        at.insts.push(op('add', [def(define(type), Use.Reuse, 1), use(a), use(chance(20) ? a : b, anyOr())]));
        return;
      }
      case 6: {
        const [a, b] = [int(env, at), int(env, at)];
        at.insts.push(op('shl', [def(define(types[a]), Use.Reuse, 1), use(a), use(chance(10) ? a : b, Use.Fixed, rcx)]));
        return;
      }
      case 7: {
        const [a, b, c] = [int(env, at), int(env, at), int(env, at)];
        const uses = [use(a, Use.Fixed, rax), use(b, Use.Fixed, rdx), use(chance(20) ? a : c, Use.Any)];
        at.insts.push(op('div', [def(define(I64), Use.Fixed, rax), def(define(I64), Use.Fixed, rdx), ...uses]));
        return;
      }
      case 8: {
        const a = int(env, at);
        const late = use(int(env, at), Use.Register, 0, LATE);
        at.insts.push(op('rem', [def(define(I32), Use.Fixed, rdx), def(vreg(I32), Use.Fixed, rax), use(a, Use.Fixed, rax), late]));
        return;
      }
      case 9: {
        const type = chance(70) ? I64 : F64;
        const a = ofType(env, at, type);
        at.insts.push(op(type === I64 ? 'mov' : 'movf', [def(define(type)), use(a, Use.Any)], { op: type === I64 ? 1 : 2 }));
        return;
      }
      case 10: {
        const a = ofType(env, at, F64);
        at.insts.push(op('trunc', [def(define(I64), Use.Register, 0, EARLY), def(vreg(F64), Use.Register, 0, EARLY), use(a)]));
        return;
      }
      case 11: {
        const operands = [use(int(env, at)), use(int(env, at), anyOr())];
        if (!few) operands.push(use(int(env, at)));
        at.insts.push(op('store', operands));
        return;
      }
      case 12: {
        const a = int(env, at);
        at.insts.push(
          op('mulhi', [def(define(I64), Use.Fixed, rdx), def(vreg(I64), Use.Fixed, rax), use(a, Use.Fixed, rax), use(a, Use.Any)]),
        );
        return;
      }
      default: {
        const type = anyType();
        const a = int(env, at);
        at.insts.push(op('load', [def(define(type)), use(a)]));
      }
    }
  }

  const jump = (from: Block, to: Block, args: number[]) => {
    from.insts.push(op('jmp', []));
    from.successors = [to];
    from.args = args;
  };
  const branch = (env: number[], from: Block, to: Block[]) => {
    if (chance(60)) from.insts.push(op('cmp', [use(int(env, from)), use(int(env, from), Use.Any)]));
    const temps = to.length > 2 ? [def(vreg(I64), Use.Register, 0, EARLY), def(vreg(I64), Use.Register, 0, EARLY)] : [];
    from.insts.push(op('br', to.length > 2 ? [use(int(env, from)), ...temps] : []));
    from.successors = to;
  };
  /** Arguments for parameters of the given types; the same value may come several times. */
  const argumentsFor = (params: number[], env: number[], at: Block) => params.map((param) => ofType(env, at, types[param]));

  /** Statements from `at` on; the block where they end. `env` has the values that are defined on all paths so far. */
  function region(env: number[], at: Block, depth: number, isCold: boolean, budget: number): Block {
    let stop = left - budget;
    if (stop < 0) stop = 0;
    let here = at;
    while (left > stop) {
      left--;
      const kind = next(100);
      if (kind < 80 || depth > 4) {
        if (env.length > pressure) env.splice(next(env.length), 1);
        statement(env, here);
      } else if (kind < 90) {
        // Arms, some of them cold, and a join.
        const arms = chance(80) ? 2 : 3 + next(3);
        const heads = Array.from({ length: arms }, () => block(depth, isCold || chance(25)));
        const params = Array.from({ length: next(4) }, () => vreg(anyType()));
        branch(env, here, heads);
        const ends = heads.map((head) => {
          const inner = [...env];
          return { inner, end: chance(15) ? head : region(inner, head, depth, head.cold, next(Math.max(1, left >> 2))) };
        });
        const join = block(depth, isCold);
        join.params = params;
        for (const { inner, end } of ends) jump(end, join, argumentsFor(params, inner, end));
        env.push(...params);
        here = join;
      } else {
        // A loop, with exit at the bottom or at the top.
        const params = Array.from({ length: next(6) }, () => vreg(anyType()));
        const initial = argumentsFor(params, env, here);
        const header = block(isCold ? depth : depth + 1, isCold);
        header.params = params;
        jump(here, header, initial);
        const inner = [...env, ...params];
        const last = region(inner, header, isCold ? depth : depth + 1, isCold, 1 + next(Math.max(1, left >> 1)));
        const latch = block(isCold ? depth : depth + 1, isCold);
        const exit = block(depth, isCold);
        branch(inner, last, [latch, exit]);
        const swapped = [...params];
        if (chance(60)) {
          // Permute parameters of one type: swap cycles.
          for (let i = swapped.length - 1; i > 0; i--) {
            const j = next(i + 1);
            if (types[swapped[i]] === types[swapped[j]]) [swapped[i], swapped[j]] = [swapped[j], swapped[i]];
          }
        }
        jump(latch, header, chance(60) ? swapped : argumentsFor(params, [...inner], latch));
        here = exit;
        env.push(...inner.filter((v) => !env.includes(v) && chance(50)));
      }
    }
    return here;
  }

  const entry = block(0, false);
  const env: number[] = [];
  const incoming = argumentRegisters.slice(0, next(5)).map((register) => {
    env.push(vreg(chance(50) ? I32 : I64));
    return def(env[env.length - 1], Use.Fixed, register);
  });
  entry.insts.push(op('args', incoming));
  const end = region(env, entry, 0, false, size);
  end.insts.push(op('ret', [use(int(env, end), Use.Fixed, rax)]));
  const blocks = [...hot, ...cold];
  blocks.forEach((item, index) => {
    item.name = `b${index + 1}`;
  });
  return { blocks, types };
}
