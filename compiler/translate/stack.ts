/** stack: the wasm operand stack during translation: values, by position. */

import { Value, at } from '../base/entity';
import { Pool } from '../base/pool';
import * as ir from '../ir/func';

export const operands: Pool = Pool.create();

export function push(value: Value): void {
  operands.push(value.index);
}

export function pop(): Value {
  return at<Value>(operands.pop());
}

export function height(): u32 {
  return operands.length;
}

export function truncate(to: u32): void {
  operands.length = to;
}

/** Copies the top `count` operands, lowest first, into the function's pool; they stay on the stack. Where they are; 0 for none. */
export function copyTop(count: u32): u32 {
  if (count == 0) return 0;
  const list = ir.pool.extend(count);
  memory.copy(ir.pool.data + ((list as usize) << 2), operands.data + (((operands.length - count) as usize) << 2), (count as usize) << 2);
  return list;
}

/** The same, and takes them off the stack. */
export function popList(count: u32): u32 {
  const list = copyTop(count);
  operands.length -= count;
  return list;
}
