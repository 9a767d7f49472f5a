/** register: `node --import ouro/register app.js`. From here on `WebAssembly` is the drop-in's. */

import { install } from './install.js';

install();
