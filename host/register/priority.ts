/** priority: lets everything else on the machine go before a process. */

import type * as Fs from 'node:fs';
import type * as Os from 'node:os';
import { builtin } from '../base/builtin.js';

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // The work is done at the priority that there is.
  }
}

/** Gives a process the lowest priority, with all its threads. */
export function yieldToOthers(pid: number): void {
  const { constants, setPriority } = builtin<typeof Os>('os');
  const { readdirSync, readFileSync, writeFileSync } = builtin<typeof Fs>('fs');
  const lowest = constants.priority.PRIORITY_LOW;
  attempt(() => setPriority(pid, lowest));
  if (process.platform !== 'linux') return;
  // There a priority is a thread's; those that are made later have that of the thread that makes them.
  attempt(() => {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), lowest);
  });
  // And where the kernel makes a group of each session it counts within that alone (sched(7), "The autogroup feature"). A builder's session is
  // its own: without this it would get as much of the processors as the application. A process that shares its session leaves that alone.
  attempt(() => {
    // Behind the name, in parentheses: state, parent, process group, session.
    const [, , , session] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    if (Number(session) === pid) writeFileSync(`/proc/${pid}/autogroup`, String(lowest));
  });
}
