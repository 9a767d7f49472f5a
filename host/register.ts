/** register: `node --import ouro-wasm/register`: puts the drop-in in the place of V8's namespace, unless it is switched off or there already, or this
 *  process has no WebAssembly at all (`--jitless`). */

import { ORIGINAL } from './base/v8.js';
import { load } from './start/drop-in.js';

if (process.env.OURO_REGISTER !== 'off' && 'WebAssembly' in globalThis && !(ORIGINAL in globalThis)) load(import.meta.dirname);
