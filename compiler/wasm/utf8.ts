/** utf8: is this byte range well-formed UTF-8?  Cost: O(length).  Ref: Unicode 15, table 3-7. */

/** True when the `length` bytes at `address` are UTF-8: shortest forms, no surrogates, at most U+10FFFF. */
export function isUtf8(address: usize, length: u32): bool {
  const end = address + length;
  while (address < end) {
    const first: u32 = load<u8>(address++);
    if (first < 0x80) continue;
    let more: u32;
    // Bounds of the second byte.
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (first < 0xc2) return false;
    if (first < 0xe0) more = 1;
    else if (first < 0xf0) {
      more = 2;
      if (first == 0xe0) low = 0xa0;
      else if (first == 0xed) high = 0x9f;
    } else if (first < 0xf5) {
      more = 3;
      if (first == 0xf0) low = 0x90;
      else if (first == 0xf4) high = 0x8f;
    } else return false;
    if (end - address < more) return false;
    const second: u32 = load<u8>(address);
    if (second < low || second > high) return false;
    for (let i: u32 = 1; i < more; i++) {
      if ((load<u8>(address + i) & 0xc0) != 0x80) return false;
    }
    address += more;
  }
  return true;
}
