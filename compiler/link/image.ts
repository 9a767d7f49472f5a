/** image: the initial content of memory 0, to be mapped copy-on-write instead of copying segments at each instantiation.
 *  In: the decoded module's data segments.  Out: whether an image is worth it (ARTIFACT.md has the rule), and its pages.
 *  Cost: linear in segments and image bytes. */

import { Buffer } from '../base/buffer';
import { IMAGE_MIN_BYTES, InitKind } from '../../runtime/artifact';
import * as module from '../wasm/module';
import { decodeInit, initKind, initValue } from './constant';
import { pageAligned, pageSize } from './layout';

const WASM_PAGE_SHIFT: u32 = 16;
/** An image may be this much larger than twice the segments. */
const SLACK: u64 = 65536;

export let hasImage: bool = false;
/** Address in memory 0 of the image's first byte. */
export let imageAddress: u32 = 0;
export let imageSize: u32 = 0;

/** Address in memory of an active segment whose offset is a constant (see `initKind`). */
function segmentAddress(data: u32): u32 {
  decodeInit(module.dataOffsetExprOffset(data));
  return initValue as u32;
}

/** Decides about the image; requires `resetConstants`. */
export function prepareImage(): void {
  hasImage = false;
  imageAddress = 0;
  imageSize = 0;
  if (module.memoryCount == 0 || module.importedMemoryCount != 0) return;
  if (module.memoryPageShift(0) != WASM_PAGE_SHIFT || module.memoryIsShared(0) || module.memoryIs64(0)) return;
  const memoryBytes = module.memoryMin(0) << WASM_PAGE_SHIFT;
  let total: u64 = 0;
  let low = memoryBytes;
  let high: u64 = 0;
  for (let data: u32 = 0; data < module.dataCount; data++) {
    if (module.dataMode(data) != module.SegmentMode.Active) continue;
    if (module.dataMemory(data) != 0) return;
    const address = segmentAddress(data) as u64;
    if (initKind != InitKind.Const) return;
    const length = module.dataLength(data) as u64;
    if (address + length > memoryBytes) return;
    if (length == 0) continue;
    total += length;
    low = min(low, address);
    high = max(high, address + length);
  }
  if (total < IMAGE_MIN_BYTES) return;
  // A whole wasm page may end at 4 GiB, an image may not: its size is a u32.
  if (high > 0xffff0000) return;
  const first = (low as u32) & ~(pageSize() - 1);
  const size = pageAligned((high as u32) - first);
  if ((size as u64) > 2 * total + SLACK) return;
  hasImage = true;
  imageAddress = first;
  imageSize = size;
}

/** Appends the image's pages to `out`. */
export function writeImage(out: Buffer): void {
  const start = out.length;
  out.zeros(imageSize);
  for (let data: u32 = 0; data < module.dataCount; data++) {
    if (module.dataMode(data) != module.SegmentMode.Active) continue;
    const length = module.dataLength(data);
    if (length == 0) continue;
    out.putBytes(start + imageOffset(data), module.bytesStart + module.dataOffset(data), length);
  }
}

/** Where an active segment that is not empty lies in the image. */
export function imageOffset(data: u32): u32 {
  return segmentAddress(data) - imageAddress;
}
