/** install: decides whether the drop-in can work in this process. Where it cannot, the application runs on V8 as it would without it. */

import { native } from '../helper/native.js';
import { ORIGINAL, V8 } from '../base/v8.js';
import { afterFirstUse } from './artifacts.js';
import { namespace as ours } from './namespace.js';
import { mode } from './policy.js';

/** Whether this or another copy of the drop-in is in place. */
export function isInstalled(): boolean {
  return ORIGINAL in globalThis;
}

function choose(): typeof WebAssembly {
  if (isInstalled()) return globalThis.WebAssembly;
  if (mode === 'off') return V8;
  try {
    if (Object.isFrozen(V8)) throw new Error('nothing can be put into the place of frozen intrinsics');
    native();
    return ours;
  } catch (error) {
    process.emitWarning(`WebAssembly runs on V8: ${(error as Error).message}`, { code: 'OURO_REGISTER' });
    return V8;
  }
}

/** The namespace of this process: ours, or V8's own. */
export const namespace = choose();

function replace(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { ...Object.getOwnPropertyDescriptor(object, name)!, value });
}

/** Puts the namespace into its place. `keep` is called when there is something to keep of how V8 has compiled this code: load.ts. */
export function install(keep?: () => void): void {
  if (isInstalled() || namespace === V8) return;
  if (keep) afterFirstUse(keep);
  Object.defineProperty(globalThis, ORIGINAL, { value: V8 });
  replace(globalThis, 'WebAssembly', namespace);
  replace(V8.Module.prototype, 'constructor', namespace.Module);
}
