/** streaming: compiles the module in a Response. A Response that cannot be used is given to V8's own function, which says what is wrong with it. */

import { V8 } from '../base/v8.js';
import { compile } from './choice.js';
import type { Context } from './v8-errors.js';

/** The module in a Response. `args[0]` is the Response or a promise of it; `args[1]` are options for V8. */
export async function compileResponse(args: ArrayLike<unknown>, context: Context): Promise<WebAssembly.Module> {
  const response = await args[0];
  const usable =
    response instanceof Response && response.ok && !response.bodyUsed && response.headers.get('content-type') === 'application/wasm';
  if (!usable || args[1] !== undefined) return V8.compileStreaming(response as Response, ...(Array.from(args).slice(1) as []));
  return compile([await response.arrayBuffer()], context);
}
