/** layout: where the arguments and results of a function type stand in the exchange slots (ABI.md, runtime/layout.ts). Worked out once a type. */

import * as L from '../../runtime/layout.js';
import type { FuncType, ValType } from '../base/types.js';

/** Where a value stands in the slots, in bytes. */
export interface Place {
  readonly type: ValType;
  readonly at: number;
}

export interface Layout {
  readonly params: readonly Place[];
  readonly results: readonly Place[];
  /** In words. */
  readonly stackArgs: number;
  readonly stackResults: number;
  /** Neither float parameters nor stack words. */
  readonly intsOnly: boolean;
  /** No stack words, and no parameter of which both halves of an integer register count. */
  readonly narrow: boolean;
  /** JS has values of all these types. */
  readonly crosses: boolean;
}

const layouts = new WeakMap<FuncType, Layout>();

/** Whether values of a type travel in float registers. */
export const isFloat = (type: ValType) => type === 'f32' || type === 'f64' || type === 'v128';

/** ABI.md: integers and floats have registers of their own; what finds none goes to the stack in order. */
function place(types: readonly ValType[], intCount: number, floatCount: number): { places: Place[]; stack: number } {
  let ints = 0;
  let floats = 0;
  let stack = 0;
  const places = types.map((type) => {
    const float = isFloat(type);
    if (float ? floats < floatCount : ints < intCount) {
      return { type, at: float ? L.SLOT_FLOATS + 16 * floats++ : L.SLOT_INTS + 8 * ints++ };
    }
    return { type, at: L.SLOT_STACK + 8 * stack++ };
  });
  return { places, stack };
}

export function layoutOf(type: FuncType): Layout {
  let found = layouts.get(type);
  if (!found) {
    const params = place(type.params, L.SLOT_INT_COUNT, L.SLOT_FLOAT_COUNT);
    const results = place(type.results, L.SLOT_RESULT_INT_COUNT, L.SLOT_RESULT_FLOAT_COUNT);
    found = {
      params: params.places,
      results: results.places,
      stackArgs: params.stack,
      stackResults: results.stack,
      crosses: ![...type.params, ...type.results].includes('v128'),
      narrow:
        params.stack === 0 && results.stack === 0 && type.params.every((each) => isFloat(each) || each === 'i32' || each === 'externref'),
      intsOnly: params.stack === 0 && results.stack === 0 && !type.params.some(isFloat),
    };
    layouts.set(type, found);
  }
  return found;
}
