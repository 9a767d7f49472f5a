/** text: string literals. The build (../texts.mjs) puts a literal's ASCII bytes into static memory, ended by a 0, in the place of a string
 *  object of the language, which would take 20 bytes more and two for a letter: of 45 kB of static data half were such objects.
 *  A `string` is the address of those bytes: it is read here only, and the language's own methods of strings do not work. */

/** Letter `index` of a literal; 0 behind the last. */
export function letterAt(text: string, index: u32): u32 {
  return load<u8>(changetype<usize>(text) + index);
}
