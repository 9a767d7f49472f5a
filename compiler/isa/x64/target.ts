/** target: x86-64 as register allocation sees it. */

import { setMoves, setPreference, setRegisters } from '../target';
import { X64 } from './inst';
import {
  ALLOCATABLE,
  CALLEE_SAVED,
  CALL_CLOBBERS,
  FLOAT_PREFERENCE,
  FLOAT_PREFERENCE_COUNT,
  FLOAT_REGISTERS,
  FLOAT_SCRATCH,
  INT_PREFERENCE,
  INT_PREFERENCE_COUNT,
  SCRATCH,
} from './reg';

/** Makes x86-64 the target of the functions to come. */
export function useX64(): void {
  setRegisters(ALLOCATABLE, CALLEE_SAVED, CALL_CLOBBERS, FLOAT_REGISTERS);
  setMoves(X64.Mov, X64.MovF, SCRATCH, FLOAT_SCRATCH);
  setPreference(INT_PREFERENCE, INT_PREFERENCE_COUNT, FLOAT_PREFERENCE, FLOAT_PREFERENCE_COUNT);
}
