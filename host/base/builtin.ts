/** builtin: loads modules of Node where they are needed. An import would load them at the start of every process, and some (child_process, with
 *  net and streams behind it; module) take longer to load than all of Ouro. */

import { loaded } from './bundled.js';

/** Node's own, whatever the application has put into its place. */
const getBuiltinModule = (loaded.natives?.getBuiltinModule as typeof process.getBuiltinModule | undefined) ?? process.getBuiltinModule;

/** The module `node:NAME`. It is there at once, in ES modules too. */
export function builtin<T>(name: string): T {
  return getBuiltinModule(`node:${name}`) as T;
}
