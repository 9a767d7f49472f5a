/** The JS API with all modules left to V8, behind our classes. */

import { compare } from './compare.js';
import { useCache } from './support.js';

useCache('namespace-v8');
process.env.OURO_REGISTER = 'background';
process.env.OURO_REGISTER_MIN_SIZE = '1024m';
const { default: namespace } = await import('../../host/webassembly.js');
await compare(namespace);
