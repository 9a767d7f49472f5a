/** timers: Node's own, whatever tests of the application put in their places later. */

export const { setTimeout, clearTimeout, setImmediate } = globalThis;

/** As arguments these take 16 KiB of stack, several times what Node needs to queue an immediate. */
const room = new Array<undefined>(2048).fill(undefined);

function nothing(): void {}

/** Runs `task` once in the next turn of the event loop, which need not wait for it. For callers that may be where the host's stack ends: Node counts an
 *  immediate before it queues it, and one that a RangeError ends in between keeps the loop turning for ever. Here it is thrown before. About 3 us. */
export function nextTurn(task: () => void): void {
  Reflect.apply(nothing, undefined, room);
  setImmediate(task).unref();
}
