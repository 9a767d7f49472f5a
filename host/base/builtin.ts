/** builtin: Node's own modules where they are needed. Importing one loads it at the start of every process, and some (child_process, with net and
 *  streams behind it; module) take longer than all of Ouro. */

/** The module `node:NAME`; at once, in ES modules too. */
export function builtin<T>(name: string): T {
  return process.getBuiltinModule(`node:${name}`) as T;
}
