/** hooks: what tests ask of selection: the function at hand (ir/func.ts) as machine IR text. */

import { Buffer } from '../../../base/buffer';
import { OptLevel, setOptions } from '../../../options';
import { optimise } from '../../../opt/passes';
import { TARGET_X64 } from '../../../../runtime/artifact';
import { resetOutput } from '../../../emit/output';
import { printMach, X64_NAMES } from '../print';
import { resetRodata } from '../rodata';
import { selectFunction } from './select';

const output = Buffer.create();

export function test_selectText(): usize {
  return output.data;
}

export function test_selectLength(): u32 {
  return output.length;
}

/** Leaves the function's machine instructions for a CPU with these features. The module that it belongs to has been decoded. */
export function test_select(features: u32): void {
  setOptions(OptLevel.None, features, false, false, true, false, TARGET_X64);
  resetOutput();
  resetRodata();
  optimise(OptLevel.None);
  selectFunction();
  output.clear();
  printMach(output);
}

/** Leaves the names of the instructions, in the order of their numbers. */
export function test_selectNames(): void {
  output.clear();
  output.text(X64_NAMES);
}
