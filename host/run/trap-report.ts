/** trap-report: makes a Trap of what the helper has written about a trap. The trap's code comes from the trap table of the code that trapped.
 *  In: the slots (runtime/layout.ts, SLOT_TRAP_… and SLOT_TRACE_…), and the code of the store's modules. Out: a Trap with its wasm frames.
 *  Requires: nothing has entered wasm since the trap, which would overwrite the slots.
 *  Cost: the number of frames times the number of the store's modules. */

import * as L from '../../runtime/layout.js';
import type { Code } from '../artifact/code.js';
import { OuroError } from '../base/errors.js';
import { native, readAddress } from '../helper/native.js';
import { type RawFrame, Trap, type TrapCodeName, trapName } from './trap.js';

/** The trap that the slots describe; it happened in code among `codes`. `hostTrap`: the trap that a host builtin has reported, if one did. */
export function readTrap(codes: Iterable<Code>, hostTrap: TrapCodeName | undefined): Trap {
  const { u32, i32 } = native();
  const kind = i32[L.SLOT_TRAP_KIND >> 2];
  const frames = readFrames(codes, kind);
  if (kind === L.TRAP_KIND_HOST) return new Trap(hostTrap!, frames);
  if (kind === L.TRAP_KIND_STACK_OVERFLOW) return new Trap('StackOverflow', frames);
  const at = locate(codes, readAddress(u32, L.SLOT_TRAP_PC >> 2));
  const code = at?.code.artifact.trapAt(at.offset);
  if (code !== undefined) return new Trap(trapName(code), frames);
  if (kind === L.TRAP_KIND_FAULT) return new Trap('MemoryOutOfBounds', frames);
  throw new OuroError('COMPILER_BUG', 'a trap is not in the trap table of its code');
}

function readFrames(codes: Iterable<Code>, kind: number): RawFrame[] {
  const { u32 } = native();
  const called = kind === L.TRAP_KIND_EXPLICIT || kind === L.TRAP_KIND_HOST;
  const frames: RawFrame[] = [];
  const length = u32[L.SLOT_TRACE_LENGTH >> 2];
  for (let i = 0; i < length; i++) {
    const pc = readAddress(u32, (L.SLOT_STACK >> 2) + 2 * i);
    const returnAddress = i > 0 || called;
    const place = locate(codes, returnAddress ? pc - 1 : pc);
    if (place) frames.push({ code: place.code, offset: pc - place.code.textAddress, returnAddress });
  }
  return frames;
}

/** The code that a program counter lies in, and its offset there; undefined when it lies in none of them. */
function locate(codes: Iterable<Code>, pc: number): { code: Code; offset: number } | undefined {
  for (const code of codes) {
    const offset = pc - code.textAddress;
    if (offset >= 0 && offset < code.artifact.text.size) return { code, offset };
  }
  return undefined;
}
