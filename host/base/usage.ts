/** usage: tells the loader (start/loader.ts) what this process does with Ouro. Which functions V8 compiles depends on that. */

import { loaded } from './bundled.js';

export const USE_INSTANCE = 1;
export const USE_HOST_FUNCTION = 2;
export const USE_COMPILE = 4;
/** The drop-in has found native code. */
export const USE_DROP_IN = 8;

/** Tells the loader of a use: one of USE_… */
export function noteUse(use: number): void {
  loaded.onUse?.(use);
}
