/** at-end: has work done when the process ends. */

let hasRoom = false;

/** Calls `work` when the process ends. Node warns when an event has too many listeners. Ours are two at most, and the limit is raised by two, so
 *  that they do not count. */
export function atEnd(work: () => void): void {
  const most = process.getMaxListeners();
  if (!hasRoom && most > 0) process.setMaxListeners(most + 2);
  hasRoom = true;
  process.once('exit', work);
}
