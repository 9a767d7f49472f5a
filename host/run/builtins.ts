/** builtins: work that compiled code asks the host to do because only JS can do it: memory growth, since V8 owns the pages, and tables.
 *  In: the builtin's id, and its arguments in the slots; integer argument k is in words 2k and 2k + 1.
 *  Out: the result in the slots, or the name of a trap. Ref: runtime/builtins.ts.
 *  Cost: that of the operation; the dispatch is one switch. */

import * as B from '../../runtime/builtins.js';
import { OuroError } from '../base/errors.js';
import { native, readAddress } from '../helper/native.js';
import type { Memory } from './memory.js';
import type { Table } from './table.js';
import type { TrapCodeName } from './trap.js';

/** The instance whose code calls the builtin. */
interface Caller {
  readonly memories: readonly Memory[];
  readonly tables: readonly Table[];
  /** Copies items of an element segment into a table. Gives false when one of the two ranges is out of bounds. */
  initTable(tableIndex: number, elemIndex: number, to: number, from: number, count: number): boolean;
  dropElem(index: number): void;
}

/** Does the work of one builtin. Gives the trap that the calling code must raise; undefined when it may go on. */
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

/** Stores an i32 result into the slots, for compiled code to read. */
function giveBack(value: number): void {
  const { i32 } = native();
  i32[0] = value;
  i32[1] = 0;
}
