/** builtin: loads modules of Node where they are needed. An import would load them at the start of every process, and some (child_process, with
 *  net and streams behind it; module) take longer to load than all of Ouro. */

/** The module `node:NAME`. It is there at once, in ES modules too. */
export function builtin<T>(name: string): T {
  return process.getBuiltinModule(`node:${name}`) as T;
}
