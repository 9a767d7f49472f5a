/** v8-errors: makes the errors that applications get from the drop-in. They have V8's classes and V8's words, since applications look at both.
 *  In: a Trap of Ouro, or an error of V8. Out: an error of the JS API. Cost: for a trap, that of its backtrace. */

import { type Trap, v8TrapText } from '../run/trap.js';
import { filesFolder } from '../base/bundled.js';
import { V8 } from '../base/v8.js';

/** The call that the message of an error names as its origin. */
export type Context =
  | 'WebAssembly.Module()'
  | 'WebAssembly.Instance()'
  | 'WebAssembly.compile()'
  | 'WebAssembly.instantiate()'
  | 'WebAssembly.compileStreaming()'
  | 'WebAssembly.instantiateStreaming()';

/** Opcodes of i32.div_s and i64.div_s, which share a trap with conversions of floats. */
const DIVISIONS = [0x6d, 0x7f];
/** Opcodes of i32.rem_s, i32.rem_u, i64.rem_s, i64.rem_u, for which V8 has words of its own. */
const REMAINDERS = [0x6f, 0x70, 0x81, 0x82];

/** The folder of Ouro's files, whose frames are left out of the application's stack traces. */
const own = `${filesFolder}/`;

function ownFrame(line: string): boolean {
  return line.includes(own) || line.includes('(eval at generate');
}

function trapText(trap: Trap): string {
  const { code } = trap;
  if (code === 'IntegerDivisionByZero' && REMAINDERS.includes(trap.opcode ?? 0)) return 'remainder by zero';
  if (code === 'IntegerOverflow' && !DIVISIONS.includes(trap.opcode ?? DIVISIONS[0])) return v8TrapText('BadConversionToInteger');
  return v8TrapText(code);
}

/** The error that the application gets for a trap: a RuntimeError, or a RangeError for runaway recursion. */
export function toError(trap: Trap): Error {
  const frames = trap.frames;
  const text = trapText(trap);
  const error = trap.code === 'StackOverflow' ? new RangeError(text) : new V8.RuntimeError(text);
  const outer = (error.stack ?? '')
    .split('\n')
    .slice(1)
    .filter((line) => !ownFrame(line));
  const inner = frames.map(({ module, funcName, funcIndex, wasmOffset = 0 }) => {
    return `    at ${funcName} (wasm://wasm/${module ?? 'ouro'}:wasm-function[${funcIndex}]:0x${wasmOffset.toString(16)})`;
  });
  Object.defineProperty(error, 'stack', {
    value: [`${error.name}: ${text}`, ...inner, ...outer].join('\n'),
    writable: true,
    configurable: true,
  });
  return error;
}

/** The error with another origin in its message. V8 names `made`, the call that we have made to V8; the application has made the call `context`. */
export function inContext(error: unknown, made: Context, context: Context): unknown {
  if (!(error instanceof Error) || made === context || !error.message.startsWith(made)) return error;
  const before = error.message;
  error.message = context + before.slice(made.length);
  error.stack = error.stack?.replace(before, () => error.message);
  return error;
}
