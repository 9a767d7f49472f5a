/** names: the string pool, which is `.strtab` too, and the name of every defined function.
 *  In: the decoded module.  Out: pool offsets; each string is followed by a 0 byte, as ELF wants it.
 *  Cost: linear in functions, exports and their names. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import * as module from '../wasm/module';

export const strings: Buffer = Buffer.create();

const NO_EXPORT: u32 = 0xffffffff;

/** By function index: the first export, then offset and length of the name in the pool. */
let capacity: u32 = 0;
let firstExports = Column.none<u32, u32>();
let nameOffsets = Column.none<u32, u32>();
let nameLengths = Column.none<u32, u32>();

/** Adds `length` bytes of the wasm binary; returns their pool offset. */
export function addString(offset: u32, length: u32): u32 {
  const start = strings.length;
  strings.bytes(module.bytesStart + offset, length);
  strings.u8(0);
  return start;
}

/** Empties the pool and puts the function names into it. */
export function collectFunctionNames(): void {
  strings.clear();
  strings.u8(0);
  const count = module.funcCount;
  if (count > capacity) {
    const grown = max<u32>(count, capacity << 1);
    firstExports = Column.grown<u32, u32>(firstExports, capacity, grown);
    nameOffsets = Column.grown<u32, u32>(nameOffsets, capacity, grown);
    nameLengths = Column.grown<u32, u32>(nameLengths, capacity, grown);
    capacity = grown;
  }
  firstExports.clearToOnes(0, count);
  for (let i = module.exportCount; i-- > 0; ) {
    if (module.exportKind(i) == module.ExternKind.Func) firstExports[module.exportIndex(i)] = i;
  }
  for (let func = module.importedFuncCount; func < count; func++) {
    nameOffsets[func] = strings.length;
    const first = firstExports[func];
    if (module.funcNameLength(func) != 0) addString(module.funcNameOffset(func), module.funcNameLength(func));
    else if (first != NO_EXPORT && module.exportNameLength(first) != 0) {
      addString(module.exportNameOffset(first), module.exportNameLength(first));
    } else {
      strings.text('wasm[');
      strings.decimal(func);
      strings.u8(93);
      strings.u8(0);
    }
    nameLengths[func] = strings.length - 1 - nameOffsets[func];
  }
}

/** Of a defined function. */
export function functionName(func: u32): u32 {
  return nameOffsets[func];
}

export function functionNameLength(func: u32): u32 {
  return nameLengths[func];
}
