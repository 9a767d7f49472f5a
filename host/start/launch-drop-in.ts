/** launch-drop-in: `node --import ouro-wasm/register` puts the drop-in in the place of V8's namespace, unless it is switched off or there already, or this
 *  process has no WebAssembly at all (`--jitless`). What its objects do is loaded when one of them is first used.
 *  What the application may change until then, environment variables and functions, is taken as it is now. */

import { existsSync } from 'node:fs';
import { cacheFolderNow } from '../cache/location.js';
import { isReplaced, ORIGINAL, V8 } from '../base/v8.js';
import { type Behaviour, makeShell, type Shell } from '../webassembly/shell.js';
import { behaviourOfV8 } from '../webassembly/v8-behaviour.js';
import { open, type Surroundings } from './loader.js';

/** The namespace of this thread: ours, or V8's own. */
export function namespaceOf(surroundings: Surroundings): typeof WebAssembly {
  if (isReplaced()) return globalThis.WebAssembly;
  const { OURO_REGISTER, OURO_REGISTER_MIN_SIZE, OURO_REGISTER_INCLUDE, OURO_REGISTER_EXCLUDE, OURO_LOG } = process.env;
  if (OURO_REGISTER === 'off') return V8;
  if (Object.isFrozen(V8)) {
    process.emitWarning('WebAssembly runs on V8: nothing can be put into the place of frozen intrinsics', { code: 'OURO_REGISTER' });
    return V8;
  }
  const helper = `ouro-${process.arch}-${process.platform}.node`;
  if (!existsSync(`${surroundings.folder}/${helper}`)) {
    process.emitWarning(`WebAssembly runs on V8: cannot load ouro's native helper: there is no ${helper} in ${surroundings.folder}`, {
      code: 'OURO_REGISTER',
    });
    return V8;
  }
  const { loaded, require } = open(surroundings);
  loaded.environment ??= { OURO_REGISTER, OURO_REGISTER_MIN_SIZE, OURO_REGISTER_INCLUDE, OURO_REGISTER_EXCLUDE, OURO_LOG };
  loaded.cacheFolder ??= cacheFolderNow();
  loaded.shell ??= makeShell(V8);
  const shell = loaded.shell as Shell;
  shell.behaviour = () => {
    const behaviour = loadBehaviour(require);
    shell.behaviour = () => behaviour;
    return behaviour;
  };
  return shell.namespace;
}

/** Errors that have passed when the same is tried again: the end of the stack, too many open files, no memory. */
const isPassing = (error: any) => error instanceof RangeError || ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR'].includes(error?.code);

/** What the objects do. Where its code cannot be loaded any more (the application has given up the right to read it, or somebody has removed it), all goes
 *  to V8. */
function loadBehaviour(require: (name: string) => any): Behaviour {
  try {
    return require('./drop-in.cjs').dropInBehaviour();
  } catch (error) {
    if (isPassing(error)) throw error;
    process.emitWarning(`WebAssembly runs on V8: cannot load the code of ouro: ${(error as Error).message}`, { code: 'OURO_REGISTER' });
    return behaviourOfV8(V8);
  }
}

/** Puts the namespace into its place. */
export function install(surroundings: Surroundings): void {
  if (!('WebAssembly' in globalThis) || isReplaced()) return;
  const namespace = namespaceOf(surroundings);
  if (namespace === V8) return;
  Object.defineProperty(globalThis, ORIGINAL, { value: V8 });
  Object.defineProperty(globalThis, 'WebAssembly', { ...Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!, value: namespace });
  Object.defineProperty(V8.Module.prototype, 'constructor', {
    ...Object.getOwnPropertyDescriptor(V8.Module.prototype, 'constructor')!,
    value: namespace.Module,
  });
}
