/** activation: the loop that serves wasm's requests to the host, calls of host functions and builtins, until wasm returns or traps.
 *  In: a store, and the slots as wasm left them: the exit status, and the number of the host function or instance.
 *  Out: false when wasm has returned, true when it has trapped; the loop throws what a host function throws.
 *  Requires: when the loop throws, wasm is still suspended, and the caller must unwind it.
 *  Cost: the loop is one closure over the slots' views, so that V8 compiles their addresses into it. */

import * as L from '../../runtime/layout.js';
import { ACTIVATION_HIGH, ACTIVATION_LOW, EXIT_ID, type Native, native, STATUS } from '../helper/native.js';
import { nextTurn } from '../base/host-stack.js';
import type { Store } from './store.js';

/** The loop. To call after wasm has left with any other status than "returned". Gives false when wasm has returned, and true when it has trapped:
 *  then the store's `takeTrap` gives the error. When it throws, wasm is still suspended, and the caller must unwind. The loop cannot unwind itself,
 *  because the exception may be that the host's stack has no room for the loop. For the same reason callers test for a trap before they call it:
 *  wasm that has trapped leaves nothing to unwind. */
export type Drive = (store: Store) => boolean;

let drive: Drive | undefined;

/** The loop of this thread. */
export function driver(): Drive {
  drive ??= makeDrive(native());
  return drive;
}

function makeDrive({ i32, resume, trap, unwind }: Native): Drive {
  let sweepIsDue = false;

  /** Unwinds all wasm that is suspended in this thread. When a `vm` timeout ends JS that wasm has called, no `catch` or `finally` of ours runs, and
   *  that wasm would stay suspended for ever. `sweep` is a task of the event loop: no JS is below it on the stack, so whatever is suspended when it
   *  runs has been abandoned. */
  function sweep(): void {
    sweepIsDue = false;
    while (i32[ACTIVATION_LOW] !== 0 || i32[ACTIVATION_HIGH] !== 0) unwind();
  }

  /** Unwinds the wasm that is suspended inside the activation `low`, `high`, and so has been abandoned too. */
  function settle(low: number, high: number): void {
    while (i32[ACTIVATION_LOW] !== low || i32[ACTIVATION_HIGH] !== high) unwind();
  }

  /** The loop itself. It is called `runWasm` because profilers attribute the time of wasm to this function. Where the host's stack ends in the middle
   *  of `settle`, `sweep` unwinds the rest in the next turn of the event loop. */
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
          // The list is read from the store each time: a host function may have merged the store with another, which changes list and numbers.
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
