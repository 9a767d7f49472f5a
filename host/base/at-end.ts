/** at-end: what is done when the process ends. */

let hasRoom = false;

/** Has `work` done when the process ends. It and what else we have done then (two at most) do not count among the listeners that Node warns of. */
export function atEnd(work: () => void): void {
  const most = process.getMaxListeners();
  if (!hasRoom && most > 0) process.setMaxListeners(most + 2);
  hasRoom = true;
  process.once('exit', work);
}
