/** owner: what a table or mutable global knows of its owner, the module whose instance was the first to use it. */

/** A module that runs on Ouro. */
export interface ModuleOfOuro {
  /** Notes that the module shall run on V8 from the next start on, for this reason. */
  leaveToV8(reason: string): void;
}
