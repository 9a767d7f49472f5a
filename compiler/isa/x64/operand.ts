/** operand: from the operands and the flag word of an instruction to the r/m operand of its encoding. */

import { Inst } from '../../base/entity';
import { instDisplacements, instFlags, locationOf } from '../mach';
import { rmBaseDisp, rmBaseIndex, rmLocation, rmRodata, rmScaledIndex } from './bytes';
import { frameSize } from './frame';
import { Address, Form, addressOf, formOf, scaleOf } from './inst';
import { CONTEXT, MEMORY_BASE, Reg } from './reg';

/** The memory operand whose address operands begin at `index`. */
export function rmAddress(inst: Inst, index: u32): void {
  const flags = instFlags[inst];
  const disp = instDisplacements[inst];
  switch (addressOf(flags)) {
    case Address.Base:
      rmBaseDisp(locationOf(inst, index), disp);
      break;
    case Address.BaseIndex:
      rmBaseIndex(locationOf(inst, index), locationOf(inst, index + 1), scaleOf(flags), disp);
      break;
    case Address.Index:
      rmScaledIndex(locationOf(inst, index), scaleOf(flags), disp);
      break;
    case Address.Linear:
      assert(disp >= 0);
      rmBaseIndex(MEMORY_BASE, locationOf(inst, index), 0, disp);
      break;
    case Address.LinearConst:
      assert(disp >= 0);
      rmBaseDisp(MEMORY_BASE, disp);
      break;
    case Address.Context:
      rmBaseDisp(CONTEXT, disp);
      break;
    case Address.Outgoing:
      rmBaseDisp(Reg.Rsp, disp);
      break;
    case Address.Incoming:
      rmBaseDisp(Reg.Rsp, frameSize + 8 + disp);
      break;
    case Address.Rodata:
      rmRodata(disp);
      break;
    default:
      unreachable();
  }
}

/** What stands where a list in inst.ts has `a` or `a|M`, at operand `index`. */
export function rmOperand(inst: Inst, index: u32): void {
  if (formOf(instFlags[inst]) == Form.Mem) rmAddress(inst, index);
  else rmLocation(locationOf(inst, index));
}
