/** builder: the process that makes native code in the background, and the compiler's own, with which that takes half the time.
 *  Arguments: the memory policy, then keys of modules in the queue. */

import { readFileSync, statSync } from 'node:fs';
import { config, leaveToV8 } from './artifacts.js';
import { Engine } from '../engine.js';
import { CompileError, CompilerBug } from '../errors.js';
import { ensureNativeCore } from '../native-core.js';
import { yieldToOthers } from './priority.js';
import { lock, MAX_ATTEMPTS, queuePath, sweep, unlock } from './queue.js';

const [policy, ...keys] = process.argv.slice(2);
const engine = new Engine({ ...config, memoryPolicy: policy === 'explicit' ? 'explicit' : 'guard' });

// Whoever has started it has done so already, as a rule.
yieldToOthers(process.pid);

const size = (key: string) => statSync(queuePath(key), { throwIfNoEntry: false })?.size ?? 0;
ensureNativeCore(keys.reduce((sum, key) => sum + size(key), 0));

for (const key of keys) {
  const attempt = lock(key);
  if (attempt === undefined) continue;
  if (attempt > MAX_ATTEMPTS) leaveToV8(key, `${MAX_ATTEMPTS} processes have failed to compile it`);
  else {
    try {
      const bytes = readFileSync(queuePath(key));
      // Of another Ouro than this one, or damaged: no verdict on the module.
      if (engine.keyOf(bytes) === key) engine.load(bytes);
    } catch (error) {
      // A full disk, say: the lock stays, and counts.
      if (!(error instanceof CompileError || error instanceof CompilerBug)) continue;
      leaveToV8(key, error.message);
    }
  }
  unlock(key);
}

if (keys.length > 0) sweep();
ensureNativeCore();
