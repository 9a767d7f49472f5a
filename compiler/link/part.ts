/** part: some neighbouring functions of a module, compiled by one instance of the core, on their way to the one that links.
 *  In: emit/output and emit/packed.  Out: bytes; and from those, all parts one after the other in index order, the same output as if one
 *  instance had compiled the whole module.
 *  Constants and tables of rodata that several parts have are joined, in the order in which they are first used.
 *  Only instances of the same compiler with the same module and options may exchange parts: nothing is checked.
 *  Cost: linear. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import { at } from '../base/entity';
import * as output from '../emit/output';
import { DefinedFunc, RodataItem, code, rodata, rodataItems } from '../emit/output';
import { appendPacked, writePacked } from '../emit/packed';
import { rodata128, rodata32, rodata64 } from '../isa/x64/rodata';
import { functionTable } from '../translate/call';
import { tableMin } from '../wasm/module';

/** The part that was written last, or that is to be read. */
export const part: Buffer = Buffer.create();

const HEADER_SIZE: u32 = 16;
const FUNCTION_SIZE: u32 = 16;

/** Where each word of the part's rodata has come to stand. */
let placeCapacity: u32 = 0;
let places: Column<u32, u32> = Column.none<u32, u32>();

/** Puts what the output has into `part`. The output must be reset before it is used again. */
export function writePart(): void {
  const count = output.functionCount;
  part.clear();
  part.reserve(HEADER_SIZE + count * FUNCTION_SIZE + code.length + (code.length >> 1) + rodata.length + rodataItems.length);
  part.u32(count);
  part.u32(code.length);
  part.u32(rodata.length);
  part.u32(rodataItems.length);
  for (let i: u32 = 1; i <= count; i++) {
    const func = at<DefinedFunc>(i);
    part.u32(output.functionCodeOffset[func]);
    part.u32(output.functionCodeSize[func]);
    part.u32(output.functionFrameSize[func]);
    part.u16(output.functionSavedRegisters[func]);
    part.u16(output.functionFlags[func]);
  }
  part.bytes(code.data, code.length);
  part.bytes(rodata.data, rodata.length);
  part.bytes(rodataItems.data, rodataItems.length);
  writePacked(part);
}

/** Appends `part` to the output. */
export function readPart(): void {
  const count = part.u32At(0);
  const codeLength = part.u32At(4);
  const rodataLength = part.u32At(8);
  const itemsLength = part.u32At(12);
  output.alignFunction();
  const base = code.length;
  for (let i: u32 = 0; i < count; i++) {
    const func = HEADER_SIZE + i * FUNCTION_SIZE;
    const saved = part.u32At(func + 12); // and the flags in the upper half
    output.addFunction(base + part.u32At(func), part.u32At(func + 4), part.u32At(func + 8), saved & 0xffff, saved >> 16);
  }
  const codeAt = HEADER_SIZE + count * FUNCTION_SIZE;
  code.bytes(part.data + codeAt, codeLength);
  const rodataAt = codeAt + codeLength;
  const itemsAt = rodataAt + rodataLength;
  if (rodataLength >> 2 > placeCapacity) {
    places = Column.grown<u32, u32>(places, placeCapacity, rodataLength >> 2);
    placeCapacity = rodataLength >> 2;
  }
  readRodata(rodataAt, itemsAt, itemsAt + itemsLength);
  appendPacked(part, itemsAt + itemsLength, base, places);
}

/** Words of the part's rodata from offset `from` on stand at `to`. */
function place(from: u32, to: u32, words: u32): void {
  for (let i: u32 = 0; i < words; i++) places[(from >> 2) + i] = to + (i << 2);
}

/** Adds the items that are new, and learns where all are. */
function readRodata(start: u32, itemsStart: u32, itemsEnd: u32): void {
  let item = itemsStart;
  let from: u32 = 0;
  while (item < itemsEnd) {
    const kind = part.u8At(item);
    if (kind == (RodataItem.JumpTable as u32)) {
      const targets = part.u32At(item + 1);
      item += 5;
      from = (from + 3) & ~3;
      rodata.align(4);
      output.noteJumpTable(targets);
      place(from, rodata.length, targets);
      rodata.zeros(targets << 2);
      from += targets << 2;
    } else if (kind == (RodataItem.FunctionTable as u32)) {
      const table = part.u32At(item + 1);
      const type = part.u32At(item + 5);
      item += 9;
      from = (from + 3) & ~3;
      const length = tableMin(table) as u32;
      place(from, functionTable(table, type), length);
      from += length << 2;
    } else {
      item += 1;
      from = (from + kind - 1) & ~(kind - 1);
      place(from, readConstant(start + from, kind), kind >> 2);
      from += kind;
    }
  }
  assert(start + from == itemsStart);
}

function readConstant(offset: u32, size: u32): u32 {
  if (size == 4) return rodata32(part.u32At(offset));
  const low = part.u64At(offset);
  return size == 8 ? rodata64(low) : rodata128(low, part.u64At(offset + 8));
}
