/** classes: the one shell of this thread (shell.ts), which has the objects of the JS API. The drop-in brings a shell along; where there is no
 *  drop-in, the library makes one, for the tables and globals that its instances export. */

import { loaded } from '../base/bundled.js';
import { V8 } from '../base/v8.js';
import { makeShell, type Shell } from './shell.js';

loaded.shell ??= makeShell(V8);

export const shell = loaded.shell as Shell;
