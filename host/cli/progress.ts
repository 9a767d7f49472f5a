/** progress: a line on a terminal that says how much of a long work is done. */

import type { CompileProgress } from '../compile/progress.js';
import { Bar } from './bar.js';

/** Smaller modules are compiled long before a line would show. */
const MIN_SIZE = 100_000;
/** Milliseconds before the line shows. */
const DELAY = 500;

/** Does the work: `now`, or for a large module and a terminal to show it on, `onThreads`. */
export async function withProgress<T>(
  text: string,
  size: number,
  now: () => T,
  onThreads: (onProgress: (progress: CompileProgress) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY || size < MIN_SIZE) return now();
  const bar = new Bar();
  const started = performance.now();
  try {
    return await onThreads(({ done, total }) => {
      if (performance.now() - started > DELAY) bar.show(done / total, text);
    });
  } finally {
    // The line must be gone before something else is written.
    bar.clear();
  }
}
