/** builder: the process that makes native code in the background. Arguments: the memory policy, then keys of modules in the queue. */

import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { config, leaveToV8 } from './artifacts.js';
import { Engine } from '../engine.js';
import { CompileError, CompilerBug } from '../errors.js';
import { lock, MAX_ATTEMPTS, queuePath, sweep, unlock } from './queue.js';

const [policy, ...keys] = process.argv.slice(2);
const engine = new Engine({ ...config, memoryPolicy: policy === 'explicit' ? 'explicit' : 'guard' });

try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // It is done at the priority that there is.
}

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

sweep();
