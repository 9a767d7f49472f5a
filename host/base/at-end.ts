/** at-end: what is done when the process ends. */

import { loaded } from './bundled.js';

let hasRoom = false;

/** Has `work` done when the process ends. It and what else we have done then (two at most) do not count among the listeners that Node warns of. */
export function atEnd(work: () => void): void {
  // There is one count of them, the loader's, where there is a loader.
  if (loaded.atEnd) {
    loaded.atEnd(work);
    return;
  }
  const most = process.getMaxListeners();
  if (!hasRoom && most > 0) process.setMaxListeners(most + 2);
  hasRoom = true;
  process.once('exit', work);
}
