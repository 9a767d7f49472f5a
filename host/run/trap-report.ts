/** trap-report: what the helper has written about a trap, as a Trap: its code by the trap table of the code that trapped, and the frames.
 *  In: the slots (runtime/layout.ts, SLOT_TRAP_… and SLOT_TRACE_…). Cost: the number of frames times that of a store's modules. */

import * as L from '../../runtime/layout.js';
import type { Code } from '../artifact/code.js';
import { OuroError } from '../base/errors.js';
import { native, readAddress } from '../helper/native.js';
import { type RawFrame, Trap, type TrapCodeName, trapName } from './trap.js';

/** The trap in the slots, of code among `codes`. `hostTrap`: what the host's builtin has said, where one has trapped. */
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
    const found = locate(codes, returnAddress ? pc - 1 : pc);
    if (found) frames.push({ code: found.code, offset: pc - found.code.textAddress, returnAddress });
  }
  return frames;
}

function locate(codes: Iterable<Code>, pc: number): { code: Code; offset: number } | undefined {
  for (const code of codes) {
    const offset = pc - code.textAddress;
    if (offset >= 0 && offset < code.artifact.text.size) return { code, offset };
  }
  return undefined;
}
