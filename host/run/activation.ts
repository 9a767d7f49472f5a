/** activation: the loop that does what wasm asks of the host until it returns or traps.
 *  The loop is one closure over the slots' views, so that V8 compiles their addresses into it. */

import * as L from '../../runtime/layout.js';
import { ACTIVATION_HIGH, ACTIVATION_LOW, EXIT_ID, type Native, native, STATUS } from '../helper/native.js';
import { nextTurn } from '../base/host-stack.js';
import type { Store } from './store.js';

/** After wasm has left: does what it asks for until it returns (false) or traps (true, and the store's `takeTrap` has the error). When it throws,
 *  wasm is still suspended, and the caller must unwind: here it could not, where the host's stack has no room for this function itself. For the same
 *  reason it is not called when wasm has trapped at once: then there is nothing to unwind. */
export type Drive = (store: Store) => boolean;

let made: Drive | undefined;

/** The loop of this thread. */
export function driver(): Drive {
  made ??= makeDrive(native());
  return made;
}

function makeDrive({ i32, resume, trap, unwind }: Native): Drive {
  let sweepIsDue = false;

  /** When a `vm` timeout ends JS that wasm has called, no `catch` or `finally` of ours runs, and wasm stays suspended for ever. A task of the
   *  event loop has no JS below it, so whatever is suspended then, is abandoned. */
  function sweep(): void {
    sweepIsDue = false;
    while (i32[ACTIVATION_LOW] !== 0 || i32[ACTIVATION_HIGH] !== 0) unwind();
  }

  /** The same for what is inside this activation. */
  function settle(low: number, high: number): void {
    while (i32[ACTIVATION_LOW] !== low || i32[ACTIVATION_HIGH] !== high) unwind();
  }

  /** Profilers put the time of wasm here. Where the host's stack ends in the middle of `settle`, what is left goes with the next turn. */
  function runWasm(store: Store): boolean {
    if (!sweepIsDue) {
      nextTurn(sweep);
      sweepIsDue = true;
    }
    const low = i32[ACTIVATION_LOW];
    const high = i32[ACTIVATION_HIGH];
    for (;;) {
      const status = i32[STATUS];
      if (status === L.EXIT_HOST_FUNC) {
        try {
          // Of the store, each time: it may have been merged with another, and have other numbers.
          store.hostFuncs[i32[EXIT_ID]]();
        } catch (error) {
          settle(low, high);
          throw error;
        }
        if (i32[ACTIVATION_LOW] !== low || i32[ACTIVATION_HIGH] !== high) settle(low, high);
      } else if (status === L.EXIT_RETURNED) {
        return false;
      } else if (status === L.EXIT_TRAPPED) {
        return true;
      } else if (!store.serve(status, i32[EXIT_ID])) {
        trap();
        return true;
      }
      if (store.watched.length === 0) store.refresh();
      resume();
    }
  }

  return runWasm;
}
