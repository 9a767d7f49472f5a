/** spawn: starts a builder (builder.ts) that outlives this process. */

import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { builtin } from '../builtin.js';
import { yieldToOthers } from './priority.js';

/** `policy`: the engine's memory policy; `keys`: of modules in the queue of the cache in `folder`. */
export function spawnBuilder(folder: string, policy: 'explicit' | 'guard', keys: readonly string[]): ChildProcess {
  // The builder is no part of the application: none of its hooks, and not the drop-in itself.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const builder = fileURLToPath(new URL('./builder.js', import.meta.url));
  const { spawn } = builtin<typeof import('node:child_process')>('child_process');
  const child = spawn(process.execPath, [builder, policy, ...keys], {
    detached: true,
    stdio: 'ignore',
    env: { ...env, OURO_REGISTER: 'off', OURO_CACHE: folder },
  });
  child.unref();
  if (child.pid !== undefined) yieldToOthers(child.pid);
  return child;
}
