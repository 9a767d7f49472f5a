/** dce: removes values that nothing needs, parameters and their arguments included.
 *  In: SSA without aliases, `rpo`, lists of incoming edges.  Out: the same CFG.
 *  Keeps: dom, loops.  Breaks: use counts.
 *  Cost: O(n); one byte a value, and a work list. */

import { Column } from '../base/column';
import { Edge, Value, at } from '../base/entity';
import { Pool } from '../base/pool';
import { compactParams, rpo, rpoCount } from '../ir/cfg';
import { ENTRY, blockOf, edgeArgs, edgeNextIn, firstIn, firstValue, imms, nexts, ops, pool, removeValue, valueCount } from '../ir/func';
import { Flag, Op, opFlags } from '../ir/op';
import { operand, operandCount } from '../ir/uses';

const work = Pool.create();
let live: Column<Value, u8> = Column.none<Value, u8>();

function mark(value: Value): void {
  if (live[value] != 0) return;
  live[value] = 1;
  work.push(value.index);
}

export function removeDeadValues(): void {
  const count = valueCount;
  live = Column.create<Value, u8>(count);
  live.clear(0, count);
  work.clear();
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    for (let value = firstValue[block]; !value.isNone; value = nexts[value]) {
      const op: Op = ops[value];
      // The function's own parameters stay.
      const rooted = op == Op.Param ? block.index == ENTRY : (opFlags(op) & (Flag.Writes | Flag.Traps | Flag.Call | Flag.Terminator)) != 0;
      if (rooted) mark(value);
    }
  }
  while (!work.isEmpty) {
    const value = at<Value>(work.pop());
    if (ops[value] == Op.Param) {
      const position = imms[value] as u32;
      for (let edge: Edge = firstIn[blockOf[value]]; !edge.isNone; edge = edgeNextIn[edge])
        mark(at<Value>(pool.get(edgeArgs[edge] + position)));
      continue;
    }
    const operands = operandCount(value);
    for (let k: u32 = 0; k < operands; k++) mark(operand(value, k));
  }
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    let value = firstValue[block];
    while (!value.isNone) {
      const next = nexts[value];
      if (live[value] == 0) removeValue(value);
      value = next;
    }
    compactParams(block);
  }
  Column.free<Value, u8>(live);
  work.trim();
}
