/** allocate: register allocation of the function in mach.
 *  In: mach.  Out: `operandLocations`; moves.ts; `spillSlotCount` (spill.ts), `usedCalleeSaved` (place.ts).
 *  Requires: a target (isa/target.ts); SSA; no critical edges; blocks with jump arguments end in a jump without operands. */

import { SPILL_BASE, order } from '../isa/mach';
import { trimAffinity } from './affinity';
import { checkAllocation } from './checker';
import { trimFixed } from './fixed';
import { fillFlow, trimFlow } from './flow';
import { fillLiveness } from './liveness';
import { orderMoves, resetMoves } from './moves';
import { orderPieces, trimOrdered } from './ordered';
import { placePieces } from './place';
import { trimPieces, trimPlaced, trimVRegs } from './ranges';
import { resolvePieces, settleOperands } from './resolve';
import { assignSpillSlots, spillSlotCount, trimSlots } from './spill';

/** Whether the checker looks at each allocation: a debug option. A fault is a bug here and traps. */
let checking: bool = false;

export function setAllocationChecking(on: bool): void {
  checking = on;
}

export function allocate(): void {
  fillFlow();
  fillLiveness();
  placePieces();
  trimFixed();
  // From here on no piece is made or split.
  orderPieces();
  trimPlaced();
  resetMoves(order.length + 1);
  resolvePieces();
  // How values are stored is settled: slots follow.
  assignSpillSlots();
  settleOperands();
  // Locations, moves and slots are all that remains.
  trimPieces();
  trimOrdered();
  trimAffinity();
  trimFlow();
  orderMoves(SPILL_BASE + spillSlotCount);
  if (checking && !checkAllocation()) unreachable();
  trimVRegs();
  trimSlots();
}
