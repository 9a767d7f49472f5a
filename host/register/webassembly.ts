/** webassembly: `import WebAssembly from 'ouro-wasm/webassembly'`: the drop-in's namespace, without touching the global one. */

import { namespace } from './install.js';

export default namespace;
export const {
  validate,
  compile,
  instantiate,
  compileStreaming,
  instantiateStreaming,
  Module,
  Instance,
  Memory,
  Table,
  Global,
  CompileError,
  LinkError,
  RuntimeError,
} = namespace;
/** Undefined where V8 does not have them. */
export const { Tag, Exception, JSTag } = namespace as any;
