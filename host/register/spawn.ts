/** spawn: starts a builder (builder.ts) that outlives this process. Not by node:child_process, which a process takes milliseconds to load, and which
 *  copies the page tables of all its memory where nothing has to be copied. */

import { childEntry, childEnvironment } from '../base/children.js';
import { native } from '../helper/native.js';
import { partPath, queuePath } from './queue.js';

/** Gives its process id. `policy`: the engine's memory policy; `names`: of modules in the queue of the cache in `folder`. With `binaries` they are not
 *  there yet: the new process puts them there. */
export function spawnBuilder(
  folder: string,
  policy: 'explicit' | 'guard',
  names: readonly string[],
  binaries: readonly Uint8Array[] = [],
): number {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  if (permission && !permission.has('child')) throw new Error("Node's permission model allows no child processes");
  const env = Object.entries(childEnvironment({ OURO_CACHE: folder }));
  return native().startAside(
    [process.execPath, childEntry('builder'), policy, ...names],
    env.map(([name, value]) => `${name}=${value}`),
    binaries.flatMap((_, i) => [partPath(names[i]), queuePath(names[i])]),
    binaries,
  );
}
