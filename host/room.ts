/** room: the end of the host's stack, for what must not end half-way there. */

import { setImmediate } from './timers.js';

/** Arguments that take so much of the stack. */
export function roomOf(kib: number): readonly undefined[] {
  return new Array<undefined>(kib * 128).fill(undefined);
}

function nothing(): void {}

/** Throws a RangeError, as the end of the stack does, where it has no room for these arguments. About 0.2 us a KiB. */
export function needRoom(room: readonly undefined[]): void {
  Reflect.apply(nothing, undefined, room);
}

/** Several times what Node needs to queue an immediate. */
const roomToQueue = roomOf(16);

/** Runs `task` once in the next turn of the event loop, which need not wait for it. For callers that may be where the host's stack ends: Node counts an
 *  immediate before it queues it, and one that a RangeError ends in between keeps the loop turning for ever. Here it is thrown before. About 3 us. */
export function nextTurn(task: () => void): void {
  needRoom(roomToQueue);
  setImmediate(task).unref();
}
