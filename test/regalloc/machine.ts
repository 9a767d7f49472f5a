/** Machine functions for the tests of register allocation: built in the core's tables, allocated, checked, and read back. */

import type { Core } from '../support/core.js';

export const enum Use {
  Any = 0,
  Register = 1,
  Fixed = 2,
  Reuse = 3,
}

export const DEF = 1;
export const LATE = 2;
export const EARLY = 4;

export const SPILL_BASE = 64;
export const TYPES = ['none', 'i32', 'i64', 'f32', 'f64', 'ref', 'v128'];
export const FAULTS = 'none constraint conflict overwritten clobbered undefined move shared callee-saved order'.split(' ');
const INTS = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');

export interface Operand {
  vreg: number;
  flags: number;
  constraint: Use;
  detail: number;
}

export interface Inst {
  name: string;
  op: number;
  call: boolean;
  operands: Operand[];
}

export interface Block {
  name: string;
  depth: number;
  cold: boolean;
  params: number[];
  insts: Inst[];
  successors: Block[];
  args: number[];
}

/** A function: blocks in layout order and the types of the virtual registers, from 1. */
export interface Machine {
  blocks: Block[];
  types: number[];
}

/** Name of a location: a register, or a spill slot as `[n]`. */
export function locationName(location: number): string {
  if (location >= SPILL_BASE) return `[${location - SPILL_BASE}]`;
  return location < 16 ? INTS[location] : `xmm${location - 16}`;
}

export function registerNumber(name: string): number {
  if (name.startsWith('xmm')) return 16 + Number(name.slice(3));
  const index = INTS.indexOf(name);
  if (index < 0) throw new Error(`no register ${name}`);
  return index;
}

/** Puts the function into the core's tables; `ints` and `floats` registers of x86-64 are allocatable. */
export function build(core: Core, machine: Machine, ints = 12, floats = 15): void {
  core.call('raReset', ints, floats);
  for (const type of machine.types.slice(1)) core.call('raVReg', type);
  const numbers = new Map(machine.blocks.map((block, index) => [block, index + 1]));
  for (const block of machine.blocks) {
    const number = core.call('raBlock', block.depth, block.cold ? 1 : 0);
    for (const inst of block.insts) {
      core.call('raInst', number, inst.op, inst.call ? 1 : 0);
      for (const { vreg, flags, constraint, detail } of inst.operands) core.call('raOperand', vreg, flags, constraint, detail);
    }
    for (const successor of block.successors) core.call('raSuccessor', number, numbers.get(successor)!);
    for (const param of block.params) core.call('raParam', number, param);
    for (const arg of block.args) core.call('raJumpArg', number, arg);
  }
}

/** '' or what the checker finds wrong. */
export function check(core: Core): string {
  const fault = core.call('raCheck');
  if (fault === 0) return '';
  const location = locationName(core.call('raFaultLocation') >>> 0);
  return `${FAULTS[fault]} at ${core.call('raFaultPosition')}: v${core.call('raFaultVReg')} in ${location}`;
}

/** The allocated function as text. */
export function print(core: Core, machine: Machine): string {
  const lines: string[] = [];
  const moves: string[][] = [];
  for (let i = 0; i < core.call('raMoveCount'); i++) {
    const [position, from, to, type] = [0, 1, 2, 3].map((field) => core.call('raMove', i, field) >>> 0);
    (moves[position] ??= []).push(`    ${locationName(to)} <- ${locationName(from)} ${TYPES[type]}`);
  }
  let position = 1;
  for (const block of machine.blocks) {
    lines.push(`${block.name}:`);
    for (const inst of block.insts) {
      lines.push(...(moves[position] ?? []));
      const operands = inst.operands.map((operand, index) => {
        const location = core.call('raLocation', position, index) >>> 0;
        return `${operand.flags & DEF ? '=' : ''}v${operand.vreg}:${locationName(location)}`;
      });
      lines.push(`  ${[inst.name, ...operands].join(' ')}`);
      position++;
    }
  }
  const saved = core.call('raCalleeSaved') as bigint;
  const names = [...Array(32).keys()].filter((r) => (saved >> BigInt(r)) & 1n).map(locationName);
  lines.push(`slots ${core.call('raSpillSlots')}${names.length ? `, saves ${names.join(' ')}` : ''}`);
  return lines.join('\n');
}

/** A function from its text form:
 *
 *      loop(v1:i32 v2:i64) depth=1 cold:     a block with parameters
 *        call v1@rdi =v3:i64@rax             a fixed use, a fixed def; an instruction whose name begins with `call` clobbers
 *        add =v4:i64=1 v3 v2?                a def that reuses operand 1, a register use, a use anywhere
 *        x =v5:i32! v4!                      an early def, a held use
 *        jmp -> loop(v4 v5)                  the last instruction names the successors
 *
 *  `mov` and `movf` are copies. */
export function parse(text: string): Machine {
  const types: number[] = [0];
  const blocks: Block[] = [];
  const targets: { block: Block; text: string }[] = [];
  const typed = (name: string, type: string) => {
    types[Number(name.slice(1))] = TYPES.indexOf(type);
    return Number(name.slice(1));
  };
  for (const line of text.split('\n').map((item) => item.replace(/;.*/, '').trimEnd())) {
    if (line === '') continue;
    const head = /^(\w+)(?:\((.*?)\))?( .*)?:$/.exec(line);
    if (head) {
      const params = (head[2] ?? '').split(' ').filter(Boolean);
      blocks.push({
        name: head[1],
        depth: Number(/depth=(\d+)/.exec(head[3] ?? '')?.[1] ?? 0),
        cold: / cold/.test(head[3] ?? ''),
        params: params.map((param) => typed(param.split(':')[0], param.split(':')[1])),
        insts: [],
        successors: [],
        args: [],
      });
      continue;
    }
    const block = blocks[blocks.length - 1];
    const [body, to] = line.split(' -> ');
    const [name, ...operands] = body.trim().split(' ');
    if (to) targets.push({ block, text: to });
    block.insts.push({
      name,
      op: name === 'mov' ? 1 : name === 'movf' ? 2 : 10,
      call: name.startsWith('call'),
      operands: operands.map((operand) => {
        const match = /^(=?)(v\d+)(?::(\w+))?(?:@(\w+)|=(\d+)|(\?))?(!?)$/.exec(operand);
        if (!match) throw new Error(`bad operand ${operand}`);
        const [, def, vreg, type, fixed, reused, any, mark] = match;
        if (type) typed(vreg, type);
        const flags = (def ? DEF : 0) | (mark ? (def ? EARLY : LATE) : 0);
        const constraint = fixed ? Use.Fixed : reused ? Use.Reuse : any ? Use.Any : Use.Register;
        return { vreg: Number(vreg.slice(1)), flags, constraint, detail: fixed ? registerNumber(fixed) : Number(reused ?? 0) };
      }),
    });
  }
  for (const { block, text } of targets) {
    for (const [, name, args] of text.matchAll(/(\w+)(?:\((.*?)\))?/g)) {
      const found = blocks.find((item) => item.name === name);
      if (!found) throw new Error(`no block ${name}`);
      block.successors.push(found);
      if (args) block.args = args.split(' ').map((arg) => Number(arg.slice(1)));
    }
  }
  return { blocks, types };
}
