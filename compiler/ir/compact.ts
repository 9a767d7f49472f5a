/** compact: gives back the room of values that are gone, of a large function.
 *  In: no aliases; values in no block are unreferenced.  Out: the values renumbered in their order, the tables just as large.
 *  Keeps: the graph and everything by block.  Breaks: use counts.
 *  Cost: O(values + pool); no scratch: `aliases` holds the new numbers meanwhile. */

import { Block, Value, at, none } from '../base/entity';
import {
  aliases,
  argA,
  argB,
  argC,
  blockCount,
  blockOf,
  firstValue,
  imms,
  lastValue,
  locations,
  nexts,
  ops,
  pool,
  prevs,
  isLarge,
  shrinkValues,
  types,
  valueCount,
} from './func';
import { Flag, Op, opArity, opHas } from './op';

/** Small functions stay as they are. */
export function compactValues(): void {
  if (!isLarge()) return;
  let kept: u32 = 1;
  for (let i: u32 = 1; i < valueCount; i++) {
    const value = at<Value>(i);
    aliases[value] = blockOf[value].isNone ? none<Value>() : at<Value>(kept++);
  }
  // Everything in the pool is a value; lists without an owner may hold anything.
  for (let i: u32 = 1; i < pool.length; i++) {
    const value = pool.get(i);
    pool.set(i, value < valueCount ? aliases[at<Value>(value)].index : 0);
  }
  for (let i: u32 = 1; i < blockCount; i++) {
    const block = at<Block>(i);
    firstValue[block] = aliases[firstValue[block]];
    lastValue[block] = aliases[lastValue[block]];
  }
  // A value moves down, over values that have moved or are gone.
  for (let i: u32 = 1; i < valueCount; i++) {
    const from = at<Value>(i);
    const to = aliases[from];
    if (to.isNone) continue;
    const op: Op = ops[from];
    let a = argA[from];
    let b = argB[from];
    let c = argC[from];
    if (opHas(op, Flag.Pooled)) {
      if (op == Op.CallRef || op == Op.CallCode) c = aliases[c];
    } else {
      const arity = opArity(op);
      if (arity > 0) a = aliases[a];
      if (arity > 1) b = aliases[b];
      if (arity > 2) c = aliases[c];
    }
    argA[to] = a;
    argB[to] = b;
    argC[to] = c;
    ops[to] = op as u8;
    types[to] = types[from];
    imms[to] = imms[from];
    nexts[to] = aliases[nexts[from]];
    prevs[to] = aliases[prevs[from]];
    blockOf[to] = blockOf[from];
    locations[to] = locations[from];
  }
  shrinkValues(kept);
}
