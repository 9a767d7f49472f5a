/** names: the name section. Whatever is wrong in it is left out: names never make a module invalid.
 *  In: the contents of the section.  Out: module and function names.  Cost: O(length).
 *  Ref: WebAssembly 3.0, appendix A.4. */

import { clearError, failed } from '../base/error';
import { bytesStart, funcCount, setFuncName, setModuleName } from './module';
import { atEnd, position, readU32, readU8, remaining, setEnd, setRange, skipBytes } from './reader';
import { isUtf8 } from './utf8';

const enum Subsection {
  Module = 0,
  Function = 1,
}

/** Requires that decoding has ended without an error. */
export function decodeNames(offset: u32, length: u32): void {
  setRange(offset, length);
  while (!failed() && !atEnd()) {
    const id = readU8();
    const size = readU32();
    if (failed() || size > remaining()) break;
    const end = position() + size;
    setEnd(end);
    if (id == Subsection.Module) {
      const nameLength = readNameLength();
      if (nameLength != 0) setModuleName(position(), nameLength);
    } else if (id == Subsection.Function) decodeFunctionNames();
    if (failed()) break;
    skipBytes(remaining());
    setEnd(offset + length);
  }
  clearError();
}

function decodeFunctionNames(): void {
  const count = readU32();
  for (let i: u32 = 0; i < count && !failed(); i++) {
    const func = readU32();
    const nameLength = readNameLength();
    if (failed()) return;
    if (func < funcCount && nameLength != 0) setFuncName(func, position(), nameLength);
    skipBytes(nameLength);
  }
}

/** Length of a name that begins at the cursor; 0 when it is empty or no UTF-8. */
function readNameLength(): u32 {
  const length = readU32();
  if (length > remaining()) {
    skipBytes(length);
    return 0;
  }
  if (isUtf8(bytesStart + position(), length)) return length;
  skipBytes(length);
  return 0;
}
