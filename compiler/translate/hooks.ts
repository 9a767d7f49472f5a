/** hooks: what tests ask of translation: the IR of one function of a binary, as the function at hand (ir/func.ts). */

import { clearError } from '../base/error';
import { resetOutput } from '../emit/output';
import { OptLevel, setOptions } from '../options';
import { TARGET_X64 } from '../../runtime/artifact';
import { prepareContext } from '../wasm/context';
import { decodeModule } from '../wasm/decode';
import { validateModule } from '../wasm/validate';
import { resetCalls } from './call';
import { translateFunction } from './translate';

/** Takes a binary. 0: it is not valid. */
export function test_translateModule(start: usize, length: u32, explicitBounds: bool): i32 {
  setOptions(OptLevel.Speed, 0, explicitBounds, false, true, false, TARGET_X64);
  clearError();
  if (!decodeModule(start, length) || !validateModule()) return 0;
  prepareContext();
  resetOutput();
  resetCalls();
  return 1;
}

/** Translates a defined function of the binary. */
export function test_translate(func: u32): void {
  translateFunction(func);
}
