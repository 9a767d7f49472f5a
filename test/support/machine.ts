/** Hand-assembled machine code in the native helper: a mapping of functions, a VMContext, a stack, FuncRefs and host functions.
 *  The JS side of ABI.md in its plainest form; the host has a faster one. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { makingLater } from '../../host/helper/native.js';
import * as layout from '../../runtime/layout.js';
import type { Mapping, NativeHelper } from '../../runtime/helper.js';
import { root } from './shared.js';

/** Loads the addon of this system. */
export function loadHelper(): NativeHelper {
  return makingLater(createRequire(import.meta.url)(join(root, 'dist', `ouro-${process.arch}-${process.platform}.node`)));
}

/** Machine code in hex, one instruction an item, and the size of its frame. */
export interface Code {
  hex: string[];
  frame?: number;
}

const pageSize = 4096;

/** One page with the function table, then the text; functions are aligned to 16 bytes. */
export function image(functions: Code[]): { bytes: Uint8Array; offsets: number[]; textSize: number } {
  const offsets: number[] = [];
  let textSize = 0;
  const codes = functions.map((code) => Buffer.from(code.hex.join(''), 'hex'));
  for (const code of codes) {
    offsets.push(textSize);
    textSize += (code.length + 15) & ~15;
  }
  textSize = (textSize + pageSize - 1) & -pageSize;
  const bytes = new Uint8Array(pageSize + textSize);
  const table = new Uint32Array(bytes.buffer);
  codes.forEach((code, i) => {
    table.set([offsets[i], code.length, functions[i].frame ?? 0, 0], i * 8);
    bytes.set(code, pageSize + offsets[i]);
  });
  return { bytes, offsets, textSize };
}

export interface Trap {
  pc: number;
  address: number;
  kind: number;
  /** Function number and offset in it, innermost first. */
  trace: string[];
}

export class TrapError extends Error {
  constructor(readonly trap: Trap) {
    super(`trap ${trap.kind} at ${trap.trace[0] ?? 'no known function'}`);
  }
}

type HostFunction = (machine: Machine) => void;

type Entry = 'enter' | 'enter32' | 'enterInts' | 'enterInts32' | 'enterLeaf' | 'enterLeaf32' | 'enterLeafPair' | 'enterLeafPair32';

/** Words of one FuncRef, HostFunc or VMContext in an ArrayBuffer of its own. */
class Block {
  readonly view: DataView;
  readonly address: number;

  constructor(helper: NativeHelper, size: number) {
    const bytes = new Uint8Array(size);
    this.view = new DataView(bytes.buffer);
    this.address = helper.address(bytes);
  }

  set(offset: number, value: number): void {
    this.view.setBigUint64(offset, BigInt(value), true);
  }
}

export class Machine {
  readonly words: BigInt64Array;
  readonly halves: Int32Array;
  readonly doubles: Float64Array;
  readonly floats: Float32Array;
  readonly activity: number;
  readonly mapping: Mapping;
  readonly codeBase: number;
  readonly vmcontext: Block;
  readonly functions: Code[];
  readonly offsets: number[];
  /** HostFuncs by id. */
  readonly host: HostFunction[] = [];
  /** Called for a host builtin with its id; the instance id is in SLOT_EXIT_ID. */
  builtin: (id: number) => void = () => {};
  private readonly kept: Block[] = [];

  constructor(
    readonly helper: NativeHelper,
    functions: Code[],
    options: { stack?: number; memory?: number; activity?: number } = {},
  ) {
    const slots = helper.slots();
    this.words = new BigInt64Array(slots);
    this.halves = new Int32Array(slots);
    this.doubles = new Float64Array(slots);
    this.floats = new Float32Array(slots);
    this.functions = functions;
    const { bytes, offsets, textSize } = image(functions);
    this.offsets = offsets;
    this.mapping = helper.mapBytes(bytes);
    helper.registerCode(this.mapping.address, pageSize, textSize, 0, functions.length);
    this.codeBase = this.mapping.address + pageSize;
    this.activity = options.activity ?? helper.createStack(options.stack ?? 1 << 20);
    this.vmcontext = this.block(4096);
    const { trapEntry, builtins } = helper.entries();
    this.vmcontext.set(layout.VMCONTEXT_TRAP_ENTRY, trapEntry);
    this.vmcontext.set(layout.VMCONTEXT_ACTIVITY, this.activity);
    this.vmcontext.set(layout.VMCONTEXT_BUILTINS, builtins);
    this.vmcontext.set(layout.VMCONTEXT_MEMORY0_BASE, options.memory ?? 0);
    this.vmcontext.set(layout.VMCONTEXT_CODE_BASE, this.codeBase);
    this.vmcontext.view.setUint32(layout.VMCONTEXT_INSTANCE_ID, 77, true);
  }

  block(size: number): Block {
    const block = new Block(this.helper, size);
    this.kept.push(block);
    return block;
  }

  /** A FuncRef for function `index`. */
  funcRef(index: number): number {
    const ref = this.block(layout.FUNCREF_SIZE);
    ref.set(layout.FUNCREF_CODE, this.codeBase + this.offsets[index]);
    ref.set(layout.FUNCREF_VMCONTEXT, this.vmcontext.address);
    return ref.address;
  }

  /** Makes `call` the import `index` of the VMContext. `leave`: the code that compiled code finds for it. */
  hostImport(
    index: number,
    call: HostFunction,
    stackArgs = 0,
    stackResults = 0,
    leave: 'leaveHostFunc' | 'leaveImport' | 'leaveImportInts' = 'leaveHostFunc',
  ): void {
    const { [leave]: code, leaveHostFunc, leaveImport } = this.helper.entries();
    const block = this.block(layout.HOSTFUNC_SIZE);
    block.set(layout.HOSTFUNC_ACTIVITY, this.activity);
    block.view.setUint32(layout.HOSTFUNC_STACK_ARGS, stackArgs, true);
    block.view.setUint32(layout.HOSTFUNC_STACK_RESULTS, stackResults, true);
    block.view.setUint32(layout.HOSTFUNC_ID, this.host.push(call) - 1, true);
    block.set(layout.HOSTFUNC_LEAVE, leaveImport);
    const ref = this.block(layout.FUNCREF_SIZE);
    ref.set(layout.FUNCREF_CODE, leaveHostFunc);
    ref.set(layout.FUNCREF_VMCONTEXT, block.address);
    ref.view.setUint32(layout.FUNCREF_INSTANCE_ID, layout.HOST_INSTANCE_ID, true);
    const at = layout.vmcontextFuncImport(index);
    this.vmcontext.set(at + layout.FUNCIMPORT_CODE, code);
    this.vmcontext.set(at + layout.FUNCIMPORT_VMCONTEXT, block.address);
    this.vmcontext.set(at + layout.FUNCIMPORT_REF, ref.address);
  }

  /** Enters a function with what stands in the slots, and serves its imports until it returns. */
  run(funcRef: number, entry: Entry = 'enter'): void {
    this.words[layout.SLOT_CALLEE / 8] = BigInt(funcRef);
    this.helper[entry]();
    for (;;) {
      const status = this.halves[layout.SLOT_STATUS / 4];
      if (status === layout.EXIT_RETURNED) return;
      if (status === layout.EXIT_TRAPPED) throw new TrapError(this.trap());
      const activation = this.words[layout.SLOT_ACTIVATION / 8];
      try {
        if (status === layout.EXIT_HOST_FUNC) this.host[this.halves[layout.SLOT_EXIT_ID / 4]](this);
        else this.builtin(status - layout.EXIT_HOST_BUILTIN);
      } catch (error) {
        this.unwindTo(activation);
        this.helper.unwind();
        throw error;
      }
      this.unwindTo(activation);
      this.helper.resume();
    }
  }

  /** Drops activations inside this one whose driver was stopped without its catch (a vm timeout). */
  private unwindTo(activation: bigint): void {
    while (this.words[layout.SLOT_ACTIVATION / 8] !== activation) this.helper.unwind();
  }

  /** Integers in, SLOT_INTS 0 as a signed 32-bit number out. */
  call(index: number, ...args: number[]): number {
    return this.callBy('enter', index, ...args);
  }

  callBy(entry: Entry, index: number, ...args: number[]): number {
    args.forEach((value, i) => {
      this.words[i] = BigInt.asIntN(64, BigInt(value >>> 0));
    });
    this.run(this.funcRef(index), entry);
    return this.halves[0];
  }

  private trap(): Trap {
    const length = this.halves[layout.SLOT_TRACE_LENGTH / 4];
    const pcs = [...this.words.subarray(layout.SLOT_STACK / 8, layout.SLOT_STACK / 8 + length)].map(Number);
    return {
      pc: Number(this.words[layout.SLOT_TRAP_PC / 8]) - this.codeBase,
      address: Number(this.words[layout.SLOT_TRAP_ADDRESS / 8]),
      kind: this.halves[layout.SLOT_TRAP_KIND / 4],
      trace: pcs.map((pc) => this.place(pc - this.codeBase)),
    };
  }

  private place(offset: number): string {
    const found = this.offsets.findLastIndex((start) => start <= offset);
    return `${found}+${offset - this.offsets[found]}`;
  }

  /** Gives mapping and stack back. */
  close(): void {
    this.helper.unmap(this.mapping.address);
    this.helper.destroyStack(this.activity);
  }
}
