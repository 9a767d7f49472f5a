/** register: `node --import ouro/register`: puts the drop-in in the place of V8's namespace, unless it is switched off or there already. */

import { ORIGINAL } from '../v8.js';
import { load } from './load.js';

if (process.env.OURO_REGISTER !== 'off' && !(ORIGINAL in globalThis)) load(import.meta.dirname);
