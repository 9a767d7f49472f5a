/** Ends what hangs, on a machine of any speed and load: by the processor time that a process and its descendants have used, which a busy machine does
 *  not lengthen, and by how long nothing at all has been heard of them. */

import { readdirSync, readFileSync } from 'node:fs';

/** Of the times in /proc; the same on every Linux that Node knows. */
const TICKS_A_SECOND = 100;

interface Entry {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of processor time, those of children that have ended and were waited for included. */
  readonly seconds: number;
}

function entryOf(pid: number): Entry | undefined {
  try {
    // Behind the name, in parentheses: state, parent, and from the 12th on user and system time, its own and of its children.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
    return { pid, parent: fields[1], seconds: ticks / TICKS_A_SECOND };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

/** A process and all that it has started and that has not become somebody else's child; empty where the system has no /proc. */
export function family(root: number): Entry[] {
  let entries: Entry[];
  try {
    entries = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (entryOf(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
  const found = entries.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...entries.filter(({ parent }) => parent === pid));
  return found;
}

export interface Limits {
  /** Seconds of processor time for all of it. */
  readonly processor: number;
  /** Seconds of the clock since it was last heard of. */
  readonly silence: number;
  /** How often to look, in milliseconds. */
  readonly interval?: number;
}

export interface Watch {
  /** It has been heard of. */
  heard(): void;
  stop(): void;
}

/** Ends a process and its descendants when a limit is reached, and tells which one that was. */
export function watch(pid: number, { processor, silence, interval = 2000 }: Limits, onEnd: (reason: string) => void): Watch {
  let last = performance.now();
  const timer = setInterval(() => {
    const all = family(pid);
    const used = all.reduce((sum, { seconds }) => sum + seconds, 0);
    let reason = '';
    if (used > processor) reason = `no end within ${processor} s of processor time`;
    else if (performance.now() - last > silence * 1000) reason = `nothing was heard of it for ${silence} s`;
    if (!reason) return;
    clearInterval(timer);
    for (const each of all.length > 0 ? all.map((entry) => entry.pid) : [pid]) {
      try {
        process.kill(each, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    onEnd(reason);
  }, interval);
  return { heard: () => (last = performance.now()), stop: () => clearInterval(timer) };
}
