/** entity: nominal indices. A `Value` cannot be used where a `Block` is wanted, at no cost: an entity is its index.
 *  Index 0 is "none" in every table, so a cleared column means "nothing here". */

@unmanaged
export class Entity {
  @inline
  get index(): u32 {
    return changetype<usize>(this) as u32;
  }

  @inline
  get isNone(): bool {
    return changetype<usize>(this) == 0;
  }
}

/** The entity of class T with this index. */
export function at<T>(index: u32): T {
  return changetype<T>(index as usize);
}

/** The nil entity of class T. */
export function none<T>(): T {
  return changetype<T>(0 as usize);
}

/** IR: an instruction and the value that it defines (ir/func.ts). */
@unmanaged
@final
export class Value extends Entity {}

/** IR and machine IR: a basic block. The entry block is 1. */
@unmanaged
@final
export class Block extends Entity {}

/** IR: a control-flow edge with its arguments (ir/func.ts). */
@unmanaged
@final
export class Edge extends Entity {}

/** Machine IR: a virtual register (isa/mach.ts). */
@unmanaged
@final
export class VReg extends Entity {}

/** Machine IR: an instruction (isa/mach.ts). */
@unmanaged
@final
export class Inst extends Entity {}

/** Emission: a code label (emit/code.ts). */
@unmanaged
@final
export class Label extends Entity {}
