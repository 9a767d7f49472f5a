/** The JS API with all modules on Ouro, beside V8's. */

import { compare } from './compare.js';
import { useCache } from './support.js';

useCache('namespace-ouro');
process.env.OURO_REGISTER = 'eager';
process.env.OURO_REGISTER_MIN_SIZE = '0';
const { default: namespace } = await import('../../host/webassembly.js');
await compare(namespace);
