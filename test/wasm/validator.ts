/** The core's decoding and validation, for tests. */

import type { Core } from '../support/core.js';

/** As compiler/base/error.ts. */
export const codes = ['valid', 'malformed', 'invalid', 'unsupported', 'limit'] as const;

export interface Verdict {
  code: (typeof codes)[number];
  message: string;
  offset: number;
}

/** Room for a binary in the core, kept between calls. */
const rooms = new WeakMap<Core, { pointer: number; size: number }>();

function place(core: Core, bytes: Uint8Array): number {
  let room = rooms.get(core);
  if (!room || room.size < bytes.length) {
    const size = Math.max(65536, bytes.length);
    room = { pointer: core.call('alloc', size) >>> 0, size };
    rooms.set(core, room);
  }
  new Uint8Array(core.memory.buffer).set(bytes, room.pointer);
  return room.pointer;
}

function verdict(core: Core): Verdict {
  return {
    code: codes[core.call('test_errorCode')],
    message: core.readText(core.call('test_errorMessage'), core.call('test_errorLength')),
    offset: core.call('test_errorOffset') >>> 0,
  };
}

/** What the core says of a binary: all of it, or all but what only validation finds. */
export function judge(core: Core, bytes: Uint8Array, only: 'decode' | 'validate' = 'validate'): Verdict {
  const pointer = place(core, bytes);
  if (core.call(`test_${only}`, pointer, bytes.length)) return { code: 'valid', message: '', offset: 0 };
  return verdict(core);
}

/** The name of an opcode, or undefined. */
export function opcodeName(core: Core, opcode: number): string | undefined {
  if (!core.call('test_opcodeName', opcode)) return undefined;
  return core.readText(core.call('test_errorMessage'), core.call('test_errorLength'));
}

/** What the core says of an opcode that it does not take. */
export function opcodeError(core: Core, opcode: number): Verdict {
  core.call('test_failOpcode', opcode);
  return verdict(core);
}
