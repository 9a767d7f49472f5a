/** relocate: fills in the distances that are known only once text and rodata have their places.
 *  In: the relocations of emit/packed; text and rodata copied into the file.  Out: position-independent code without relocations.
 *  Cost: linear. */

import { Buffer } from '../base/buffer';
import { at } from '../base/entity';
import { DefinedFunc, RelocationKind, functionCodeOffset } from '../emit/output';
import { addend, kind, nextRelocation, offset, target } from '../emit/packed';
import { importedFuncCount } from '../wasm/module';

/** Address of a function's code; `func` counts the imported ones. */
function functionAddress(text: u32, func: u32): u32 {
  return text + functionCodeOffset[at<DefinedFunc>(func - importedFuncCount + 1)];
}

/** `text` and `rodata`: where they are in `file`. */
export function relocate(file: Buffer, text: u32, rodata: u32): void {
  while (nextRelocation()) {
    switch (kind as RelocationKind) {
      case RelocationKind.X64Call:
        file.putU32(text + offset, functionAddress(text, target) - (text + offset + 4));
        break;
      case RelocationKind.X64Rodata:
        file.putU32(text + offset, rodata + target - (text + offset + 4 + addend));
        break;
      case RelocationKind.TableCode:
        file.putU32(rodata + offset, text + target - (rodata + addend));
        break;
      case RelocationKind.TableFunction:
        file.putU32(rodata + offset, functionAddress(text, target) - (rodata + addend));
        break;
      default:
        unreachable();
    }
  }
}
