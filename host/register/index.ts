/** register: `node --import ouro/register app.js`. From here on `WebAssembly` is the drop-in's. */

import { V8 } from '../v8.js';
import { namespace } from './install.js';

if (namespace !== V8) {
  const { value: _, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!;
  Object.defineProperty(globalThis, 'WebAssembly', { ...attributes, value: namespace });
  const { value: __, ...hidden } = Object.getOwnPropertyDescriptor(V8.Module.prototype, 'constructor')!;
  Object.defineProperty(V8.Module.prototype, 'constructor', { ...hidden, value: namespace.Module });
}
