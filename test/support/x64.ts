/** Machine IR by hand: functions of x86-64 machine instructions with their registers, emitted by the test build of the core.
 *
 *  An instruction is a line: `Op.part.part… operand…`. The parts, in any order: `8 16 32 64` the size, `from8`… the source's size, `wide`,
 *  a condition (`e`, `np`, `eandnp`, …). The operands, in the order of compiler/isa/x64/inst.ts:
 *  registers (`rax`, `r9`, `xmm3`), spill slots (`s0`), an immediate (`#-1`), and at most one memory operand: `[rbx+rcx*4+8]`, `linear[rcx+8]`,
 *  `linear[8]`, `context[8]`, `outgoing[8]`, `incoming[8]`, `rodata[16]`. A line may end in `@` and its wasm offset. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Core, freshCore } from './core.js';
import type { Code } from './machine.js';
import { root } from './shared.js';

const SPILL_BASE = 64;
const source = readFileSync(join(root, 'compiler', 'isa', 'x64', 'inst.ts'), 'utf8');
const registers = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const conditions = 'o no b ae e ne be a s ns p np l ge le g eandnp neorp'.split(' ');
const sizes = ['8', '16', '32', '64'];
const types = ['none', 'i32', 'i64', 'f32', 'f64', 'ref'];

/** Names and values of an enum of inst.ts: members without a value count on. */
function enumOf(name: string): Map<string, number> {
  const body = new RegExp(`enum ${name} {\\n(.*?)\\n}`, 's').exec(source)![1].replace(/\/\*.*?\*\//gs, '');
  const values = new Map<string, number>();
  let next = 0;
  for (const [, member, value] of body.matchAll(/^ {2}(\w+)(?: = (\d+))?,/gm)) {
    next = value === undefined ? next : Number(value);
    values.set(member, next++);
  }
  return values;
}

const opcodes = enumOf('X64');
const forms = enumOf('Form');
const addresses = enumOf('Address');
const shiftOf = (name: string) => Number(new RegExp(`const ${name}_SHIFT: u32 = (\\d+)`).exec(source)![1]);
const shifts = {
  size: shiftOf('SIZE'),
  form: shiftOf('FORM'),
  address: shiftOf('ADDRESS'),
  scale: shiftOf('SCALE'),
  cond: shiftOf('COND'),
  from: shiftOf('FROM'),
  wide: shiftOf('WIDE'),
};

export function locationOf(text: string): number {
  const integer = registers.indexOf(text);
  if (integer >= 0) return integer;
  const match = /^(xmm|s)(\d+)$/.exec(text);
  if (!match) throw new Error(`no location: ${text}`);
  return Number(match[2]) + (match[1] === 's' ? SPILL_BASE : 16);
}

interface Memory {
  kind: string;
  registers: number[];
  scale: number;
  displacement: number;
}

function parseMemory(text: string): Memory {
  const [, prefix, inner] = /^(\w*)\[(.*)\]$/.exec(text)!;
  const found: Memory = { kind: '', registers: [], scale: 0, displacement: 0 };
  let scaled = false;
  for (const term of inner.replace(/-/g, '+-').split('+').filter(Boolean)) {
    const [name, factor] = term.split('*');
    if (/^-?\d/.test(term)) found.displacement = Number(term);
    else found.registers.push(locationOf(name));
    if (factor) {
      scaled = true;
      found.scale = Math.log2(Number(factor));
    }
  }
  if (prefix) found.kind = prefix[0].toUpperCase() + prefix.slice(1) + (prefix === 'linear' && found.registers.length === 0 ? 'Const' : '');
  else found.kind = found.registers.length === 2 ? 'BaseIndex' : scaled ? 'Index' : 'Base';
  return found;
}

export interface FunctionShape {
  slots?: number;
  /** Callee-saved registers by name. */
  saved?: string[];
  outgoing?: number;
}

/** Blocks of lines. A block's name may carry attributes: `name depth=1 cold`. A terminator's targets are `-> name name`.
 *  A line `move TO FROM TYPE` is a move of the allocator. */
export type Body = Record<string, string[]>;

export interface Emitted {
  offset: number;
  bytes: Uint8Array;
  hex: string;
  frame: number;
}

export class X64 {
  readonly core: Core = freshCore();

  constructor(features = 0) {
    this.core.call('x64Begin', features);
  }

  instruction(line: string): void {
    const [text, location = '0'] = line.split(' @');
    const [head, ...operands] = text.trim().split(/\s+/);
    const [name, ...parts] = head.split('.');
    const opcode = opcodes.get(name);
    if (opcode === undefined) throw new Error(`no operation: ${name}`);
    let flags = 0;
    for (const part of parts) {
      if (sizes.includes(part)) flags |= sizes.indexOf(part) << shifts.size;
      else if (part === 'wide') flags |= 1 << shifts.wide;
      else if (part.startsWith('from')) flags |= sizes.indexOf(part.slice(4)) << shifts.from;
      else if (conditions.includes(part)) flags |= conditions.indexOf(part) << shifts.cond;
      else throw new Error(`no such part: ${part}`);
    }
    let immediate = 0n;
    let displacement = 0;
    const locations: number[] = [];
    for (const operand of operands) {
      if (operand.startsWith('#')) {
        immediate = operand.startsWith('#-') ? -BigInt(operand.slice(2)) : BigInt(operand.slice(1));
        flags |= forms.get('Imm')! << shifts.form;
      } else if (operand.endsWith(']')) {
        const memory = parseMemory(operand);
        displacement = memory.displacement;
        locations.push(...memory.registers);
        flags |= (forms.get('Mem')! << shifts.form) | (addresses.get(memory.kind)! << shifts.address) | (memory.scale << shifts.scale);
      } else {
        locations.push(locationOf(operand));
      }
    }
    this.core.call('x64Inst', opcode, flags, BigInt.asIntN(64, immediate), displacement, Number(location));
    for (const item of locations) this.core.call('x64Operand', item);
  }

  /** Emits a function. */
  emit(body: Body, shape: FunctionShape = {}): Emitted {
    const saved = (shape.saved ?? []).reduce((mask, name) => mask | (1 << locationOf(name)), 0);
    this.core.call('x64Function', shape.outgoing ?? 0);
    const names = Object.keys(body).map((key) => key.split(' ')[0]);
    for (const [key, lines] of Object.entries(body)) {
      const attributes = key.split(' ').slice(1);
      const depth = attributes.find((text) => text.startsWith('depth='));
      this.core.call('x64Block', Number(depth?.slice(6) ?? 0), attributes.includes('cold'));
      for (const line of lines) {
        const [text, targets] = line.split(' -> ');
        if (text.startsWith('move ')) {
          const [, to, from, type] = text.split(' ');
          this.core.call('x64Move', locationOf(to), locationOf(from), types.indexOf(type));
        } else {
          this.instruction(text);
        }
        for (const target of targets?.split(' ') ?? []) {
          if (!names.includes(target)) throw new Error(`no such block: ${target}`);
          this.core.call('x64Successor', names.indexOf(target) + 1);
        }
      }
    }
    const index = this.core.call('x64Emit', shape.slots ?? 0, saved);
    const offset = this.core.call('x64CodeOffset', index);
    const bytes = this.core.read(this.core.call('x64Code') + offset, this.core.call('x64CodeSize', index));
    return { offset, bytes, hex: Buffer.from(bytes).toString('hex'), frame: this.core.call('x64FrameSize', index) };
  }

  /** Entries of an output table, from index 1: see x64Table of the core's hooks. */
  table(first: number, columns: number): number[][] {
    return Array.from({ length: this.core.call('x64TableLength', first) }, (_, row) =>
      Array.from({ length: columns }, (_, column) => this.core.call('x64Table', first + column, row + 1) >>> 0),
    );
  }

  /** Trap entries: code offset, trap code. */
  traps(): number[][] {
    return this.table(0, 2);
  }

  /** Address entries: code offset, wasm offset. */
  addresses(): number[][] {
    return this.table(2, 2);
  }

  /** All functions so far, relocated as if rodata stood behind them: for machine.ts. Function k is its number k. */
  link(): Code[] {
    const count = this.core.call('x64FunctionCount');
    const length = this.core.call('x64CodeLength');
    const rodata = (length + 15) & ~15;
    const rodataLength = this.core.call('x64RodataLength');
    const image = Buffer.alloc(rodata + rodataLength);
    image.set(this.core.read(this.core.call('x64Code'), length));
    image.set(this.core.read(this.core.call('x64Rodata'), rodataLength), rodata);
    const offsets = Array.from({ length: count }, (_, i) => this.core.call('x64CodeOffset', i + 1) as number);
    for (const [kind, offset, target, addend] of this.relocations()) {
      if (kind === 1) image.writeInt32LE(offsets[target] - (offset + 4), offset);
      else if (kind === 2) image.writeInt32LE(rodata + target - (offset + 4 + addend), offset);
      else if (kind === 3) image.writeInt32LE(target - (rodata + addend), rodata + offset);
      else image.writeInt32LE(offsets[target] - (rodata + addend), rodata + offset);
    }
    const codes = offsets.map((offset, i) => ({
      hex: [image.toString('hex', offset, offset + this.core.call('x64CodeSize', i + 1))],
      frame: this.core.call('x64FrameSize', i + 1),
    }));
    return [...codes, { hex: [image.toString('hex', rodata)] }];
  }

  /** Relocations: kind, offset, target, addend. */
  relocations(): number[][] {
    return this.table(4, 4);
  }
}
