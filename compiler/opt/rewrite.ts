/** rewrite: what passes do with one value: canonical order, folding, taking a value's place.
 *  Requires: operands without aliases (`resolveOperands`). */

import { Value } from '../base/entity';
import { argA, argB, argC, locations, ops, removeValue, replaceValue, types } from '../ir/func';
import { Op } from '../ir/op';
import { foldDivision } from './divide';
import { canonicalize, fold, foldBefore } from './fold';

/** A value that gives the same as `value`, or none. New instructions stand before `value`. */
export function simplerValue(value: Value): Value {
  canonicalize(value);
  foldBefore(value, locations[value]);
  const op: Op = ops[value];
  const found = fold(op, types[value], argA[value], argB[value], argC[value]);
  if (found.isNone && op >= Op.Sdiv && op <= Op.Urem) return foldDivision(op, types[value], argA[value], argB[value]);
  return found;
}

/** `replacement` stands for `value` from now on. */
export function substitute(value: Value, replacement: Value): void {
  replaceValue(value, replacement);
  removeValue(value);
}
