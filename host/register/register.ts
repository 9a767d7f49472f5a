/** register: `node --import ouro-wasm/register`: puts the drop-in in the place of V8's namespace, unless it is switched off or there already, or this
 *  process has no WebAssembly at all (`--jitless`). */

import { ORIGINAL } from '../v8.js';
import { load } from './load.js';

if (process.env.OURO_REGISTER !== 'off' && 'WebAssembly' in globalThis && !(ORIGINAL in globalThis)) load(import.meta.dirname);
