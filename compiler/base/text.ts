/** text: string literals. The build (../texts.mjs) puts the ASCII letters of all literals into a passive data segment, and the place of
 *  the letters there, and their number, where the literal stood. So texts take no memory before they are written, and most never are:
 *  they are errors, and the names in them. A `string` is such a constant: it is read here only, and the language's own methods of strings
 *  do not work. */

import { allocate, release } from './memory';

/** Bits of a `string` for the number of its letters; the others are the offset in the segment. */
const LENGTH_BITS: u32 = 12;

/** Copies `count` letters from `offset` in the segment to `address`. The build makes a memory.init of it. */
declare function copyLetters(address: usize, offset: u32, count: u32): void;

/** Number of letters. */
export function lengthOf(text: string): u32 {
  return (changetype<usize>(text) as u32) & ((1 << LENGTH_BITS) - 1);
}

/** Copies the letters to `address`. */
export function copyText(text: string, address: usize): void {
  copyLetters(address, (changetype<usize>(text) as u32) >> LENGTH_BITS, lengthOf(text));
}

/** The letters of the text that `letterAt` was asked for last. */
let letters: usize = 0;
let lettersOf: usize = 0;

/** Letter `index` of a literal; 0 behind the last. For what reads letter by letter and is rarely called: it keeps a copy in memory. */
export function letterAt(text: string, index: u32): u32 {
  if (changetype<usize>(text) != lettersOf) {
    release(letters);
    letters = allocate(lengthOf(text));
    copyText(text, letters);
    lettersOf = changetype<usize>(text);
  }
  return index < lengthOf(text) ? load<u8>(letters + index) : 0;
}
