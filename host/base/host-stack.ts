/** host-stack: the end of the host's stack, for what must not end half-way there. Any call may be the one that finds no room, of one of JS's own functions
 *  too; stores to properties and typed arrays are not. */

import { loaded } from './bundled.js';
import { setImmediate } from './timers.js';

/** Arguments that take so many KiB of the stack. */
const argumentsOf = (kib: number) => new Array<undefined>(kib * 128).fill(undefined);

/** Several times what a few calls need that V8 has compiled; the first call of a function takes it up to 40. */
const FEW_CALLS = 16;
const fewCalls = argumentsOf(FEW_CALLS);

function nothing(): void {}

/** Throws a RangeError, as the end of the stack does, where so many KiB of it are not left. About 0.2 us a KiB. */
export function requireHostStack(kib = FEW_CALLS): void {
  Reflect.apply(nothing, undefined, kib === FEW_CALLS ? fewCalls : argumentsOf(kib));
}

/** For a `catch` to which any other error is an answer. */
export function passRangeError(error: unknown): void {
  if (error instanceof RangeError) throw error;
}

const then = (loaded.natives?.promiseThen as Promise<void>['then'] | undefined) ?? Promise.prototype.then;
const settled = Promise.resolve();

/** Runs `task` once in the next turn of the event loop, which need not wait for it. For callers that may be where the host's stack ends: Node counts an
 *  immediate before it queues it, and one that a RangeError ends in between keeps the loop turning for ever. So it is queued by a microtask, below
 *  which there is no JS; V8 queues that whole or not at all. */
export function nextTurn(task: () => void): void {
  Reflect.apply(then, settled, [() => void setImmediate(task).unref()]);
}
