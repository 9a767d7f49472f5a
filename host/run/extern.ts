/** extern: what instances import and export, as objects of a store: functions, memories, tables and globals. */

import { Func } from './func.js';
import { Global } from './global.js';
import { Memory } from './memory.js';
import { Table } from './table.js';

/** What instances import and export. */
export type Extern = Func | Memory | Table | Global;

export function isExtern(value: unknown): value is Extern {
  return value instanceof Func || value instanceof Memory || value instanceof Table || value instanceof Global;
}
