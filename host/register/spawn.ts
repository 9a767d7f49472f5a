/** spawn: starts a builder (builder.ts), a process that outlives this one.
 *  It does not use node:child_process: loading that takes milliseconds, and it copies the page tables of all memory of this process, though nothing
 *  would have to be copied. */

import { childEntry, childEnvironment } from '../base/children.js';
import { native } from '../helper/native.js';
import { partPath, queuePath } from './queue.js';

/** Starts a builder, and gives its process id. `folder`: the cache folder. `policy`: the engine's memory policy. `names`: the names of the modules
 *  in the queue that it shall build. With `binaries` they are not in the queue yet, and the new process puts them there. */
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
