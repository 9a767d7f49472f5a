/** spawn: starts a builder (builder.ts) that outlives this process. Not by node:child_process, which a process takes milliseconds to load, and which
 *  copies the page tables of all its memory where nothing has to be copied. */

import { join } from 'node:path';
import { filesFolder } from '../base/bundled.js';
import { native } from '../helper/native.js';
import { partPath, queuePath } from './queue.js';

/** Gives its process id. `policy`: the engine's memory policy; `names`: of modules in the queue of the cache in `folder`. With `contents` they are not
 *  there yet: the new process puts them there. */
export function spawnBuilder(
  folder: string,
  policy: 'explicit' | 'guard',
  names: readonly string[],
  contents: readonly Uint8Array[] = [],
): number {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  if (permission && !permission.has('child')) throw new Error("Node's permission model allows no child processes");
  const builder = join(filesFolder, 'builder.js');
  // The builder is no part of the application: none of its hooks, and not the drop-in itself.
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const env = Object.entries({ ...rest, OURO_REGISTER: 'off', OURO_CACHE: folder });
  return native().startAside(
    [process.execPath, builder, policy, ...names],
    env.map(([name, value]) => `${name}=${value}`),
    contents.flatMap((_, i) => [partPath(names[i]), queuePath(names[i])]),
    contents,
  );
}
