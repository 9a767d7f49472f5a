/** owner: the module whose instance was the first to use a table or a mutable global. */

/** A module that runs on Ouro. */
export interface ModuleOfOuro {
  /** From the next start on the module runs on V8, for this reason. */
  leaveToV8(reason: string): void;
}
