/** timers: Node's own, whatever tests of the application put in their places. */

import { loaded } from './bundled.js';

type Timers = Pick<typeof globalThis, 'setTimeout' | 'clearTimeout' | 'setImmediate'>;

export const { setTimeout, clearTimeout, setImmediate } = (loaded.natives ?? globalThis) as Timers;
