/** builder: the process that makes native code in the background, and the compiler's own, with which that takes half the time.
 *  Arguments: the memory policy, then names of modules in the queue. */

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { useNativeCores } from './compile/native-cores.js';
import { ensureNativeCore, ownNativeCores, nativeCorePath } from './selfhost/native-core.js';
import { Engine } from './engine/engine.js';
import { CompileError, CompilerBug } from './base/errors.js';
import { config, nameOf } from './register/artifacts.js';
import { writeNote } from './register/notes.js';
import { yieldToOthers } from './register/priority.js';
import { lock, MAX_ATTEMPTS, queuePath, sweep, unlock } from './register/queue.js';

useNativeCores(() => ownNativeCores);

const [policy, ...names] = process.argv.slice(2);
const engine = new Engine({ ...config, memoryPolicy: policy === 'explicit' ? 'explicit' : 'guard' });

// Whoever has started it has done so already, as a rule.
yieldToOthers(process.pid);

const size = (name: string) => statSync(queuePath(name), { throwIfNoEntry: false })?.size ?? 0;

/** Many builders may be started at once, by processes that see the same modules for the first time: one of them makes it. */
function makeNativeCore(bytes?: number): void {
  const name = basename(nativeCorePath(), '.ouro');
  if (lock(name) === undefined) return;
  ensureNativeCore(bytes);
  unlock(name);
}

makeNativeCore(names.reduce((sum, name) => sum + size(name), 0));

function compile(name: string, bytes: Uint8Array): void {
  // Of another Ouro than this one, or damaged: no verdict on the module.
  if (nameOf(bytes, engine) !== name) return;
  try {
    engine.load(bytes);
    writeNote(name, 'ouro');
  } catch (error) {
    if (!(error instanceof CompileError || error instanceof CompilerBug)) throw error;
    // The application may have changed the bytes after V8 had them.
    if (WebAssembly.validate(bytes as BufferSource)) writeNote(name, 'v8', error.message);
  }
}

for (const name of names) {
  // It could not be written, or another builder was faster.
  if (size(name) === 0) continue;
  const attempt = lock(name);
  if (attempt === undefined) continue;
  if (attempt > MAX_ATTEMPTS) writeNote(name, 'died', `${MAX_ATTEMPTS} processes have failed to compile it`);
  else {
    try {
      compile(name, readFileSync(queuePath(name)));
    } catch {
      // A full disk, say: the lock stays, and counts.
      continue;
    }
  }
  unlock(name);
}

if (names.length > 0) sweep();
makeNativeCore();
