/** timers: Node's own timers, even where the application's tests have put others in their places. */

import { loaded } from './bundled.js';

type Timers = Pick<typeof globalThis, 'setTimeout' | 'clearTimeout' | 'setImmediate'>;

export const { setTimeout, clearTimeout, setImmediate } = (loaded.natives ?? globalThis) as Timers;
