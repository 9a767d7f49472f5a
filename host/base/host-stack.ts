/** host-stack: the end of the host's stack, for code that must not stop half-way there. Any call may find no room and throw a RangeError, a call
 *  of one of JS's own functions too. Stores to properties and to typed arrays cannot. */

import { loaded } from './bundled.js';
import { setImmediate } from './timers.js';

/** Arguments for a call, which take so many KiB of the stack. */
const argumentsOf = (kib: number) => new Array<undefined>(kib * 128).fill(undefined);

/** In KiB. This is several times what a few calls need of functions that V8 has compiled. V8 needs up to 40 KiB for the first call of a function. */
const FEW_CALLS = 16;
const fewCalls = argumentsOf(FEW_CALLS);

function nothing(): void {}

/** Throws a RangeError, as the end of the stack does, unless so many KiB of the stack are left. It takes about 0.2 us for each KiB. */
export function requireHostStack(kib = FEW_CALLS): void {
  Reflect.apply(nothing, undefined, kib === FEW_CALLS ? fewCalls : argumentsOf(kib));
}

/** Throws `error` again if it is a RangeError. To call first in a `catch` that takes any error for an answer: the end of the stack is none. */
export function passRangeError(error: unknown): void {
  if (error instanceof RangeError) throw error;
}

const then = (loaded.natives?.promiseThen as Promise<void>['then'] | undefined) ?? Promise.prototype.then;
/** A promise of V8's own, whatever the application has put into the place of the class. */
const settled = (async () => {})();

/** Runs `task` once in the next turn of the event loop; the task does not keep the process alive. It is for callers that may be where the host's
 *  stack ends. Node counts an immediate before it queues it: if a RangeError came between the two, the loop would turn for ever. So a microtask
 *  queues the immediate: no JS is below a microtask on the stack, and V8 queues it wholly or not at all. */
export function nextTurn(task: () => void): void {
  Reflect.apply(then, settled, [() => void setImmediate(task).unref()]);
}
