/** memory: the core's only allocator: power-of-two size classes over the wasm memory.
 *  In: sizes in bytes.  Out: 16-byte aligned addresses; contents are not cleared.
 *  Requires: `releaseAll` only between compiles, when no table is in use.
 *  Cost: O(1) an allocation; a table that grows hands its old half to the next table that grows.
 *  Addresses never reach an artifact, so the layout here cannot change the output. */

const MIN_CLASS: u32 = 5; // 32 bytes
const CLASSES: u32 = 32;

const freeLists = memory.data(32 * 4);
let top: usize = 0;

function classOf(bytes: u32): u32 {
  if (bytes <= 1 << MIN_CLASS) return MIN_CLASS;
  return 32 - clz(bytes - 1);
}

/** Bytes that `allocate(bytes)` really hands out. */
export function allocatedSize(bytes: u32): u32 {
  return (1 as u32) << classOf(bytes);
}

/** Address of at least `bytes` bytes. Traps when the host's memory is exhausted. */
export function allocate(bytes: u32): usize {
  const size = allocatedSize(bytes);
  const list = freeLists + ((classOf(bytes) as usize) << 2);
  const head = load<u32>(list) as usize;
  if (head != 0) {
    store<u32>(list, load<u32>(head));
    return head;
  }
  if (top == 0) top = (__heap_base + 15) & ~(15 as usize);
  const address = top;
  const end = address + size;
  const have = (memory.size() as u64) << 16;
  if ((end as u64) > have) {
    // Grow in large steps: a growth costs the host some microseconds.
    const missing = (((end as u64) - have + 0xffff) >> 16) as i32;
    const step = max(missing, min(<i32>(have >> 18), 256));
    if (memory.grow(step) < 0 && memory.grow(missing) < 0) unreachable();
  }
  top = end;
  return address;
}

/** Gives back what `allocate(bytes)` gave; `bytes` must be the same number. */
export function release(address: usize, bytes: u32): void {
  if (address == 0) return;
  const list = freeLists + ((classOf(bytes) as usize) << 2);
  store<u32>(address, load<u32>(list));
  store<u32>(list, address as u32);
}

/** A block of `newBytes` with the first `used` bytes of the old one, which is released. */
export function reallocate(address: usize, oldBytes: u32, newBytes: u32, used: u32): usize {
  const grown = allocate(newBytes);
  if (used != 0) memory.copy(grown, address, used);
  release(address, oldBytes);
  return grown;
}

/** Bytes of wasm memory in use, free lists included. */
export function memoryInUse(): u32 {
  return top as u32;
}
