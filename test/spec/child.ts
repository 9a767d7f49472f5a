/** Runs spec scripts in a process of its own, one JSON line for each command: `child.js ENGINE FILE…`. */

import { join } from 'node:path';
import { wast } from '../../host/cli/wast.js';
import { root } from '../support/shared.js';

const [engine, ...files] = process.argv.slice(2);
const list = (name: string) => join(root, 'test', 'spec', name);
await wast(files, { engine, json: true, skip: list('skip.txt'), known: list('known.failures') });
