/** install: decides whether the drop-in can work in this process. Where it cannot, the application runs on V8 as it would without it. */

import { V8 } from '../v8.js';
import { native } from '../native.js';
import { mode } from './policy.js';
import { namespace as ours } from './namespace.js';

function choose(): typeof WebAssembly {
  if (mode === 'off') return V8;
  try {
    native();
    return ours;
  } catch (error) {
    process.emitWarning(`WebAssembly runs on V8: ${(error as Error).message}`, { code: 'OURO_REGISTER' });
    return V8;
  }
}

/** The namespace of this process: ours, or V8's own. */
export const namespace = choose();
