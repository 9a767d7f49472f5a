/** stubs: what stands out of line, after the function's body: cold parts of sequences, and landing stubs of traps.
 *  In: requests while the body is emitted.  Out: labels to jump to; `emitStubs` of emit.ts works the list off.
 *  Requires: cold parts before trap stubs: they may ask for more of them. */

import { Column } from '../../base/column';
import { Entity, Inst, Label, at } from '../../base/entity';
import { FIRST_ENTRIES, grownCapacity, keptEntries } from '../../base/memory';
import { VMCONTEXT_TRAP_ENTRY } from '../../../runtime/layout';
import { TrapCode } from '../../../runtime/traps';
import { bind, newLabel } from '../../emit/code';
import { addAddress, addTrap, code } from '../../emit/output';
import { Width, op, raw8, rmBaseDisp, room } from './bytes';
import { CONTEXT } from './reg';

/** A cold part of a sequence, from 1. */
@unmanaged
@final
export class ColdPart extends Entity {}

/** A trap stub, from 1. */
@unmanaged
@final
class Stub extends Entity {}

export let partCount: u32 = 1;
let partCapacity: u32 = 0;
export let partInsts: Column<ColdPart, Inst> = Column.none<ColdPart, Inst>();
export let partEntries: Column<ColdPart, Label> = Column.none<ColdPart, Label>();
/** Where the sequence goes on. */
export let partReturns: Column<ColdPart, Label> = Column.none<ColdPart, Label>();

let stubCount: u32 = 1;
let stubCapacity: u32 = 0;
let stubLabels: Column<Stub, Label> = Column.none<Stub, Label>();
let stubTraps: Column<Stub, u8> = Column.none<Stub, u8>();
let stubLocations: Column<Stub, u32> = Column.none<Stub, u32>();

export function resetStubs(): void {
  partCount = 1;
  stubCount = 1;
}

/** Gives back the tables of a large function. */
export function trimStubs(): void {
  if (partCapacity > keptEntries) {
    partInsts = Column.free<ColdPart, Inst>(partInsts);
    partEntries = Column.free<ColdPart, Label>(partEntries);
    partReturns = Column.free<ColdPart, Label>(partReturns);
    partCapacity = 0;
  }
  if (stubCapacity > keptEntries) {
    stubLabels = Column.free<Stub, Label>(stubLabels);
    stubTraps = Column.free<Stub, u8>(stubTraps);
    stubLocations = Column.free<Stub, u32>(stubLocations);
    stubCapacity = 0;
  }
}

/** The sequence of `inst` has a cold part; the sequence jumps to its entry and binds its return. */
export function coldPart(inst: Inst): ColdPart {
  if (partCount >= partCapacity) {
    const old = partCapacity;
    partCapacity = grownCapacity(old, FIRST_ENTRIES);
    partInsts = Column.grown<ColdPart, Inst>(partInsts, old, partCapacity);
    partEntries = Column.grown<ColdPart, Label>(partEntries, old, partCapacity);
    partReturns = Column.grown<ColdPart, Label>(partReturns, old, partCapacity);
  }
  const part = at<ColdPart>(partCount++);
  partInsts[part] = inst;
  partEntries[part] = newLabel();
  partReturns[part] = newLabel();
  return part;
}

/** Label of a stub that raises `trap` at a wasm offset. Neighbours with the same cause share one. */
export function trapStub(trap: TrapCode, location: u32): Label {
  for (let i = stubCount - 1; i != 0 && i + 2 >= stubCount; i--) {
    const known = at<Stub>(i);
    if (stubTraps[known] == (trap as u8) && stubLocations[known] == location) return stubLabels[known];
  }
  if (stubCount >= stubCapacity) {
    const old = stubCapacity;
    stubCapacity = grownCapacity(old, FIRST_ENTRIES);
    stubLabels = Column.grown<Stub, Label>(stubLabels, old, stubCapacity);
    stubTraps = Column.grown<Stub, u8>(stubTraps, old, stubCapacity);
    stubLocations = Column.grown<Stub, u32>(stubLocations, old, stubCapacity);
  }
  const stub = at<Stub>(stubCount++);
  stubLabels[stub] = newLabel();
  stubTraps[stub] = trap as u8;
  stubLocations[stub] = location;
  return stubLabels[stub];
}

/** Raises a trap here. The int3 keeps the return address inside the function and apart from what follows; it never runs. */
export function raise(trap: TrapCode): void {
  room();
  rmBaseDisp(CONTEXT, VMCONTEXT_TRAP_ENTRY);
  op(0xff, Width.None, 2, 0);
  addTrap(code.length, trap);
  raw8(0xcc);
}

export function emitTrapStubs(): void {
  for (let i: u32 = 1; i < stubCount; i++) {
    const stub = at<Stub>(i);
    bind(stubLabels[stub]);
    addAddress(code.length, stubLocations[stub]);
    raise(stubTraps[stub] as TrapCode);
  }
}
