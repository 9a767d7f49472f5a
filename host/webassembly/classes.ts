/** classes: the JS API's objects in this thread (shell.ts). There is one shell, whoever needs it first: the drop-in, which brings one along, or the
 *  library, for the tables and globals that its instances export. */

import { loaded } from '../base/bundled.js';
import { V8 } from '../base/v8.js';
import { makeShell, type Shell } from './shell.js';

loaded.shell ??= makeShell(V8);

export const shell = loaded.shell as Shell;
