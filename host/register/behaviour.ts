/** behaviour: what the objects of the JS API (webassembly/shell.ts) do where the drop-in is in place. This file is loaded when one of them is
 *  first used. It tries to load the native helper then; where that cannot be, all modules stay on V8. */

import { V8 } from '../base/v8.js';
import { native } from '../helper/native.js';
import { toV8Value } from '../webassembly/exported-functions.js';
import { globalBehaviour } from '../webassembly/js-global.js';
import type { Behaviour, ModuleBehaviour } from '../webassembly/shell.js';
import { shell } from '../webassembly/classes.js';
import { tableBehaviour } from '../webassembly/js-table.js';
import { link } from './linking.js';
import { compile, customSectionsOf, makeModule, moduleExports, moduleImports } from './choice.js';
import { leaveAllToV8, mode } from './policy.js';
import { ModuleRecord } from './record.js';
import { compileResponse } from './streaming.js';

const isObject = (value: unknown) => (typeof value === 'object' && value !== null) || typeof value === 'function';

const modules: ModuleBehaviour = {
  makeModule,
  moduleImports,
  moduleExports,
  customSections: customSectionsOf,
  link: (args) => link(args[0], args[1], 'WebAssembly.Instance()'),
  compile: (args) => compile(args, 'WebAssembly.compile()'),
  compileStreaming: (args) => compileResponse(args, 'WebAssembly.compileStreaming()'),
  promising: (func) => (V8 as any).promising(toV8Value(func)),

  async instantiate(args) {
    const [source, imports, options] = Array.from(args) as [BufferSource | WebAssembly.Module, unknown, unknown];
    const context = 'WebAssembly.instantiate()';
    if (imports !== undefined && !isObject(imports)) return V8.instantiate(...(Array.from(args) as [WebAssembly.Module]));
    if (!ArrayBuffer.isView(source) && ModuleRecord.of(source)) return shell.wrapInstance(link(source, imports, context));
    if (!isObject(source)) return V8.instantiate(...(Array.from(args) as [WebAssembly.Module]));
    const module = await compile(options === undefined ? [source] : [source, options], context);
    return { module, instance: shell.wrapInstance(link(module, imports, context)) };
  },

  async instantiateStreaming(args) {
    const [source, imports, options] = Array.from(args);
    if (imports !== undefined && !isObject(imports)) {
      throw new TypeError('WebAssembly.instantiateStreaming(): Argument 1 must be an object');
    }
    const module = await compileResponse(options === undefined ? [source] : [source, options], 'WebAssembly.instantiateStreaming()');
    // V8 names `instantiate` in the errors of `instantiateStreaming`, too.
    return { module, instance: shell.wrapInstance(link(module, imports, 'WebAssembly.instantiate()')) };
  },
};

/** Everything that the objects do. Warns, and leaves all modules to V8, when there is no native helper. */
export function dropInBehaviour(): Behaviour {
  if (mode() !== 'off') {
    try {
      native();
    } catch (error) {
      leaveAllToV8();
      process.emitWarning(`WebAssembly runs on V8: ${(error as Error).message}`, { code: 'OURO_REGISTER' });
    }
  }
  return { ...tableBehaviour, ...globalBehaviour, ...modules };
}
