/** priority: gives a process the lowest priority, so that everything else on the machine goes first. In: its id. What fails is left as it is. */

import type * as Fs from 'node:fs';
import type * as Os from 'node:os';
import { builtin } from '../base/builtin.js';

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // The process works at the priority that it has.
  }
}

/** Gives a process the lowest priority, with all its threads. */
export function yieldToOthers(pid: number): void {
  const { constants, setPriority } = builtin<typeof Os>('os');
  const { readdirSync, readFileSync, writeFileSync } = builtin<typeof Fs>('fs');
  const lowest = constants.priority.PRIORITY_LOW;
  attempt(() => setPriority(pid, lowest));
  if (process.platform !== 'linux') return;
  // On Linux each thread has a priority of its own. A thread that is made later gets the priority of the thread that makes it.
  attempt(() => {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), lowest);
  });
  // Where the kernel makes a group of each session, a priority counts only within the group (sched(7), "The autogroup feature"). A builder has a
  // session of its own, so without the next step it would get as much of the processors as the application. For a process that shares its session
  // with others nothing is changed.
  attempt(() => {
    // In this file the fields behind the name, which is in parentheses, are state, parent, process group and session.
    const [, , , session] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    if (Number(session) === pid) writeFileSync(`/proc/${pid}/autogroup`, String(lowest));
  });
}
