/** timers: Node's own, whatever tests of the application put in their places later. */

export const { setTimeout, clearTimeout, setImmediate } = globalThis;
