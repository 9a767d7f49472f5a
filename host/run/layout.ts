/** layout: where the arguments and results of a function type stand in the exchange slots: the memory through which host and wasm hand them over.
 *  In: a function type. Out: a Layout; ints, floats and stack words are assigned as compiled code does it. Ref: runtime/ABI.md, runtime/layout.ts.
 *  Cost: each type is worked out once. */

import * as L from '../../runtime/layout.js';
import type { FuncType, ValType } from '../base/types.js';

/** The place of one argument or result in the slots. */
export interface Place {
  readonly type: ValType;
  /** Offset in the slots, in bytes. */
  readonly at: number;
}

/** The places of all arguments and results of a function type, and what the choice of an entry point depends on (calls.ts). */
export interface Layout {
  readonly params: readonly Place[];
  readonly results: readonly Place[];
  /** Arguments that travel on the stack, in words. */
  readonly stackArgs: number;
  /** Results that travel on the stack, in words. */
  readonly stackResults: number;
  /** There are neither float parameters nor stack words. */
  readonly intsOnly: boolean;
  /** There are no stack words, and compiled code reads only the lower half of each integer parameter's register. */
  readonly narrow: boolean;
  /** JS has values of all types in the function's type: none of them is v128. */
  readonly crosses: boolean;
}

const layouts = new WeakMap<FuncType, Layout>();

/** Whether values of a type travel in float registers. */
export const isFloat = (type: ValType) => type === 'f32' || type === 'f64' || type === 'v128';

/** The places of values of these types. Integers and floats have registers of their own; a value that finds none left goes to the stack, in order
 *  (runtime/ABI.md). `intCount` and `floatCount`: how many registers there are. `stack`: how many words of the stack are used. */
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

/** The layout of a function type: the same object each time. */
export function layoutOf(type: FuncType): Layout {
  let layout = layouts.get(type);
  if (!layout) {
    const params = place(type.params, L.SLOT_INT_COUNT, L.SLOT_FLOAT_COUNT);
    const results = place(type.results, L.SLOT_RESULT_INT_COUNT, L.SLOT_RESULT_FLOAT_COUNT);
    layout = {
      params: params.places,
      results: results.places,
      stackArgs: params.stack,
      stackResults: results.stack,
      crosses: ![...type.params, ...type.results].includes('v128'),
      narrow:
        params.stack === 0 && results.stack === 0 && type.params.every((each) => isFloat(each) || each === 'i32' || each === 'externref'),
      intsOnly: params.stack === 0 && results.stack === 0 && !type.params.some(isFloat),
    };
    layouts.set(type, layout);
  }
  return layout;
}
