/** use: tells the loader (load.ts) what this process does with the library. Which functions V8 compiles depends on that. */

import { loaded } from './bundled.js';

export const USE_INSTANCE = 1;
export const USE_HOST_FUNCTION = 2;
export const USE_COMPILE = 4;

export function noteUse(use: number): void {
  loaded.onUse?.(use);
}
