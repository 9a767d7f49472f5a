/** guard: whether accesses beyond the end of a memory fault, as compiled code without explicit checks relies on. */

import { V8 } from '../base/v8.js';
import { native } from './native.js';

/** How far compiled code may reach from a memory's base, in bytes. */
const MEMORY_REACH = 2 ** 33;

let guarded: boolean | undefined;

/** Whether V8's memories with 32-bit indices have guard pages in this process: all have them, or none, because code of V8's own for any such memory
 *  relies on them, from its first compilation on. Where there is no address space for the guard, V8 refuses to make the memory. (Tried with limited
 *  and with exhausted address space on Node 20, 22, 24 and 26.)
 *  `bytes`: of such a memory, where the caller has one; else one is made. */
export function memoriesAreGuarded(bytes?: Uint8Array): boolean {
  if (guarded === undefined) {
    const sample = bytes ?? sampleBytes();
    if (!sample) return true; // no module with a memory can run now; one without it can
    guarded = hasGuard(sample);
  }
  return guarded;
}

function sampleBytes(): Uint8Array | undefined {
  try {
    return new Uint8Array(new V8.Memory({ initial: 1 }).buffer);
  } catch {
    return undefined;
  }
}

/** The same for the memory that these are all bytes of. */
export function hasGuard(bytes: Uint8Array): boolean {
  return native().probeGuard(native().address(bytes), bytes.length, MEMORY_REACH);
}
