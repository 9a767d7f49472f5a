/** cores: lends compiler cores. A core runs as wasm under V8, or natively (native-cores.ts); both give the same bytes.
 *  In: the choice of compiler. Out: a core, for as long as some work takes.
 *  Requires: nobody else uses the core meanwhile.
 *  Cost: one idle core of each kind is kept for the next use. */

import { OuroError } from '../base/errors.js';
import { V8 } from '../base/v8.js';
import { compilerWasm } from './compiler-wasm.js';
import { type Compiler, Core, type CoreExports } from './core.js';
import { nativeCores } from './native-cores.js';

let module: WebAssembly.Module | undefined;

/** A fresh core under V8. */
export function wasmCore(): Core {
  module ??= new V8.Module(compilerWasm() as BufferSource);
  return new Core(new V8.Instance(module, {}).exports as unknown as CoreExports);
}

const idle = new Map<'wasm' | 'native', Core>();

/** A core that nobody else has, and a function to give it back. Throws OuroError `CONFIG_INVALID` when a native core is wanted and there is none. */
function take(compiler: Compiler): { core: Core; giveBack: () => void } {
  const natives = compiler !== 'wasm' && nativeCores()?.isThere() ? nativeCores() : undefined;
  if (compiler === 'native' && !natives) {
    throw new OuroError('CONFIG_INVALID', nativeCores()?.problem ?? 'this process cannot run the compiler natively');
  }
  const kind = natives ? 'native' : 'wasm';
  const core = idle.get(kind) ?? (natives ? natives.make() : wasmCore());
  idle.delete(kind);
  const giveBack = () => {
    if (core.usable) idle.set(kind, core);
  };
  return { core, giveBack };
}

/** Lends a core to `work`. */
export function withCore<T>(compiler: Compiler, work: (core: Core) => T): T {
  const { core, giveBack } = take(compiler);
  try {
    return work(core);
  } finally {
    giveBack();
  }
}

/** Lends a core to work that goes on in later turns of the event loop. */
export async function withCoreAsync<T>(compiler: Compiler, work: (core: Core) => Promise<T>): Promise<T> {
  const { core, giveBack } = take(compiler);
  try {
    return await work(core);
  } finally {
    giveBack();
  }
}
