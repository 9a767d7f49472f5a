/** Limits that end what hangs. No verdict depends on them: whatever goes on, at any load, is done long before. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds for one step of a test: a process that is run, something that is waited for. */
export const HANG = 20 * 60_000;

/** Milliseconds for a test file to say nothing at all; more than for a step, so that the step is named. */
export const SILENCE = 30 * 60_000;

/** Waits until it is so, however long that takes. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + HANG; !isSo(); await sleep(25)) {
    if (Date.now() > end) throw new Error(`it is not so after ${HANG / 60_000} minutes: ${what}`);
  }
}
