/** builtins: what compiled code has the host do, since JS alone can: growing memories, whose pages are V8's, and work on tables.
 *  In: arguments in the slots, integer k in words 2k and 2k + 1. Out: a result there, or a trap. Ref: runtime/builtins.ts. */

import * as B from '../../runtime/builtins.js';
import { OuroError } from '../base/errors.js';
import { native, readAddress } from '../helper/native.js';
import type { Memory } from './memory.js';
import type { Table } from './table.js';
import type { TrapCodeName } from './trap.js';

/** The instance whose code has called. */
interface Caller {
  readonly memories: readonly Memory[];
  readonly tables: readonly Table[];
  /** False when one of the ranges does not fit. */
  initTable(tableIndex: number, elemIndex: number, to: number, from: number, count: number): boolean;
  dropElem(index: number): void;
}

export function serveBuiltin(id: number, caller: Caller): TrapCodeName | undefined {
  const { memories, tables } = caller;
  const { u32 } = native();
  switch (id) {
    case B.BUILTIN_MEMORY_GROW:
      giveBack(memories[u32[0]].growPages(u32[2]));
      return undefined;
    case B.BUILTIN_TABLE_GROW:
      giveBack(tables[u32[0]].growBy(u32[4], readAddress(u32, 2)));
      return undefined;
    case B.BUILTIN_TABLE_FILL:
      return tables[u32[0]].fillRange(u32[2], readAddress(u32, 4), u32[6]) ? undefined : 'TableOutOfBounds';
    case B.BUILTIN_TABLE_COPY:
      return tables[u32[0]].copyFrom(tables[u32[2]], u32[4], u32[6], u32[8]) ? undefined : 'TableOutOfBounds';
    case B.BUILTIN_TABLE_INIT:
      return caller.initTable(u32[0], u32[2], u32[4], u32[6], u32[8]) ? undefined : 'TableOutOfBounds';
    case B.BUILTIN_ELEM_DROP:
      caller.dropElem(u32[0]);
      return undefined;
    default:
      throw new OuroError('COMPILER_BUG', `compiled code called the unknown builtin ${id}`);
  }
}

/** The result of type i32. */
function giveBack(value: number): void {
  const { i32 } = native();
  i32[0] = value;
  i32[1] = 0;
}
