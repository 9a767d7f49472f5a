/** trap: the error that a wasm trap becomes. It has a code, and a backtrace of wasm frames.
 *  In: a code, and the program counters of the frames, which trap-report.ts reads. Out: an error for users.
 *  Cost: names and places of the frames are looked up only when somebody asks for them. */

import { TrapCode } from '../../runtime/traps.js';
import type { Code } from '../artifact/code.js';
import { V8 } from '../base/v8.js';

/** Why wasm trapped. */
export type TrapCodeName =
  | 'Unreachable'
  | 'MemoryOutOfBounds'
  | 'TableOutOfBounds'
  | 'IndirectCallToNull'
  | 'BadSignature'
  | 'IntegerOverflow'
  | 'IntegerDivisionByZero'
  | 'BadConversionToInteger'
  | 'StackOverflow'
  | 'NullReference'
  | 'HeapMisaligned'
  | 'Interrupt';

interface TrapRow {
  /** The number that stands for the trap in an artifact's trap table. */
  readonly code: TrapCode;
  /** Our message. */
  readonly text: string;
  /** V8's message, which applications know. */
  readonly v8Text: string;
}

const traps: Readonly<Record<TrapCodeName, TrapRow>> = {
  Unreachable: { code: TrapCode.Unreachable, text: 'wasm `unreachable` instruction executed', v8Text: 'unreachable' },
  MemoryOutOfBounds: { code: TrapCode.MemoryOutOfBounds, text: 'out of bounds memory access', v8Text: 'memory access out of bounds' },
  TableOutOfBounds: {
    code: TrapCode.TableOutOfBounds,
    text: 'undefined element: out of bounds table access',
    v8Text: 'table index is out of bounds',
  },
  IndirectCallToNull: {
    code: TrapCode.IndirectCallToNull,
    text: 'uninitialized element',
    v8Text: 'null function or function signature mismatch',
  },
  BadSignature: {
    code: TrapCode.BadSignature,
    text: 'indirect call type mismatch',
    v8Text: 'null function or function signature mismatch',
  },
  IntegerOverflow: { code: TrapCode.IntegerOverflow, text: 'integer overflow', v8Text: 'divide result unrepresentable' },
  IntegerDivisionByZero: { code: TrapCode.IntegerDivisionByZero, text: 'integer divide by zero', v8Text: 'divide by zero' },
  BadConversionToInteger: {
    code: TrapCode.BadConversionToInteger,
    text: 'invalid conversion to integer',
    v8Text: 'float unrepresentable in integer range',
  },
  StackOverflow: { code: TrapCode.StackOverflow, text: 'call stack exhausted', v8Text: 'Maximum call stack size exceeded' },
  NullReference: { code: TrapCode.NullReference, text: 'null reference', v8Text: 'dereferencing a null pointer' },
  HeapMisaligned: { code: TrapCode.HeapMisaligned, text: 'unaligned atomic', v8Text: 'operation does not support unaligned accesses' },
  Interrupt: { code: TrapCode.Interrupt, text: 'interrupt', v8Text: 'interrupted' },
};

/** @internal V8's message for a trap. */
export const v8TrapText = (name: TrapCodeName): string => traps[name].v8Text;

/** @internal The name of a code from a trap table. */
export function trapName(code: TrapCode): TrapCodeName {
  return (Object.keys(traps) as TrapCodeName[]).find((name) => traps[name].code === code)!;
}

/** One wasm frame of a backtrace. */
export interface TrapFrame {
  /** The module's name, from its name section. */
  readonly module: string | undefined;
  /** The function's index in the module; imported functions come first. */
  readonly funcIndex: number;
  /** The name from the name section, else that of an export, else `wasm[index]`. */
  readonly funcName: string;
  /** Offset in the wasm binary; undefined when the artifact has no address map. */
  readonly wasmOffset: number | undefined;
}

/** @internal A program counter of a backtrace, as an offset in the text of the code that it lies in. `returnAddress`: it is the address behind a
 *  call, and not that of the instruction itself. */
export interface RawFrame {
  readonly code: Code;
  readonly offset: number;
  readonly returnAddress: boolean;
}

/** Wasm code trapped. Also a WebAssembly.RuntimeError; wasm state stays as it was when it trapped. Source: WebAssembly core specification, "Traps".
 *
 *  @example
 *  const program = new Module(engine, '(module $m (func $f (export "f") (drop (i32.div_u (i32.const 1) (i32.const 0)))))');
 *  try {
 *    new Instance(store, program).exports.f();
 *  } catch (trap) {
 *    trap.code; // => 'IntegerDivisionByZero'
 *    trap.frames.map(({ module, funcName, funcIndex }) => [module, funcName, funcIndex]); // => [['m', 'f', 0]]
 *    trap instanceof WebAssembly.RuntimeError; // => true
 *  } */
export class Trap extends V8.RuntimeError {
  override name = 'Trap';
  /** Why it trapped. */
  readonly code: TrapCodeName;
  readonly #raw: readonly RawFrame[];
  #frames: readonly TrapFrame[] | undefined;

  /** @internal */
  constructor(code: TrapCodeName, raw: readonly RawFrame[] = [], detail = '') {
    super(`wasm trap: ${traps[code].text}${detail}`);
    this.code = code;
    this.#raw = raw;
    if (raw.length > 0) {
      const own = this.stack ?? '';
      Object.defineProperty(this, 'stack', {
        configurable: true,
        get: () => this.#withFrames(own),
        set: (value) => Object.defineProperty(this, 'stack', { value, writable: true, configurable: true }),
      });
    }
  }

  /** The wasm frames, innermost first. */
  get frames(): readonly TrapFrame[] {
    this.#frames ??= this.#raw.map(({ code, offset, returnAddress }) => {
      const at = returnAddress ? offset - 1 : offset;
      const func = code.artifact.functionAt(at);
      return {
        module: code.artifact.name,
        funcIndex: func?.index ?? -1,
        funcName: func?.name ?? '?',
        wasmOffset: code.artifact.wasmOffsetAt(at),
      };
    });
    return this.#frames;
  }

  /** @internal The opcode of the instruction that trapped, where the artifact holds the wasm. */
  get opcode(): number | undefined {
    const at = this.frames[0]?.wasmOffset;
    return at === undefined ? undefined : this.#raw[0].code.artifact.wasm?.[at];
  }

  /** The frames as text, one a line. */
  get backtrace(): string {
    return this.frames.map(frameText).join('\n');
  }

  /** The stack text `own` with the wasm frames put before its JS frames, since the wasm frames are the inner ones. */
  #withFrames(own: string): string {
    const at = own.indexOf('\n    at ');
    const head = at < 0 ? own : own.slice(0, at);
    return `${head}\n${this.backtrace}${at < 0 ? '' : own.slice(at)}`;
  }
}

function frameText({ module, funcName, wasmOffset }: TrapFrame): string {
  const where = wasmOffset === undefined ? '' : `:0x${wasmOffset.toString(16)}`;
  return `    at ${funcName} (wasm${module === undefined ? '' : ` ${module}`}${where})`;
}
