/** memory: the core's only allocator: good fit over the wasm memory, in constant time; free neighbours become one block.
 *  In: sizes in bytes.  Out: 8-byte aligned addresses; contents are not cleared.
 *  A block is a header of 8 bytes and what was asked for. Free blocks are in lists by size: 8 classes between two powers of two.
 *  Memory ends at `top`; the block before it is never free: it is given back to the end.
 *  Cost: O(1) an allocation. A table that grows takes the free block behind it when there is one, else it moves.
 *  Addresses never reach an artifact, so the layout here cannot change the output.  Ref: Masmano et al., TLSF, 2004.
 *  Builds with assertions are strict: memory is handed out full of FRESH, taken back full of STALE, and a table that grows always moves,
 *  so that whoever reads what was never written, or by an address from before a growth, does not get away with it. */

/** Bytes that no reader should meet. */
const FRESH: u8 = 0xa5;
const STALE: u8 = 0x5a;

// Header: size of the whole block, FREE and PREVIOUS_FREE in its low bits; then the size of the block before, if that is free.
const HEADER: u32 = 8;
const FREE: u32 = 1;
const PREVIOUS_FREE: u32 = 2;
const FLAGS: u32 = 7;
/** A free block has its neighbours in the list behind its header. */
const MIN_BLOCK: u32 = 16;

const STEP_BITS: u32 = 3;
const LISTS: u32 = 32 << STEP_BITS;
const heads = memory.data(LISTS * 4);
/** Bit s of byte p: the list of power p and step s has blocks. Bit p of `powers`: byte p is not 0. */
const steps = memory.data(32);
let powers: u32 = 0;

let top: usize = 0;
/** The highest that it was. */
let peak: usize = 0;

function sizeAt(block: usize): u32 {
  return load<u32>(block) & ~FLAGS;
}

/** The list that a free block of this size is in. */
function listOf(size: u32): u32 {
  const power = 31 - clz(size);
  return (power << STEP_BITS) | ((size >> (power - STEP_BITS)) & ((1 << STEP_BITS) - 1));
}

function link(block: usize, size: u32): void {
  const list = listOf(size);
  const head = load<u32>(heads + ((list as usize) << 2));
  store<u32>(block, head, HEADER);
  store<u32>(block, 0, HEADER + 4);
  if (head != 0) store<u32>(head as usize, block as u32, HEADER + 4);
  store<u32>(heads + ((list as usize) << 2), block as u32);
  const power = list >> STEP_BITS;
  store<u8>(steps + power, ((load<u8>(steps + power) as u32) | (1 << (list & 7))) as u8);
  powers |= 1 << power;
}

function unlink(block: usize, size: u32): void {
  const next = load<u32>(block, HEADER);
  const previous = load<u32>(block, HEADER + 4);
  if (next != 0) store<u32>(next as usize, previous, HEADER + 4);
  if (previous != 0) {
    store<u32>(previous as usize, next, HEADER);
    return;
  }
  const list = listOf(size);
  store<u32>(heads + ((list as usize) << 2), next);
  if (next != 0) return;
  const power = list >> STEP_BITS;
  const left = (load<u8>(steps + power) as u32) & ~(1 << (list & 7));
  store<u8>(steps + power, left as u8);
  if (left == 0) powers &= ~(1 << power);
}

/** A free block of at least `size` bytes, or 0. */
function find(size: u32): usize {
  // The block that was freed last among those of about this size, when it is large enough; any block of the lists above is.
  let list = listOf(size);
  const near = load<u32>(heads + ((list as usize) << 2));
  if (near != 0 && sizeAt(near as usize) >= size) return near as usize;
  list += 1;
  let power = list >> STEP_BITS;
  let found = (load<u8>(steps + power) as u32) & (0xff << (list & 7));
  if (found == 0) {
    const larger = power == 31 ? 0 : powers & (0xfffffffe << power);
    if (larger == 0) return 0;
    power = ctz(larger);
    found = load<u8>(steps + power);
  }
  return load<u32>(heads + ((((power << STEP_BITS) | ctz(found)) as usize) << 2)) as usize;
}

/** Size of the block for `bytes`. */
function blockSize(bytes: u32): u32 {
  return max((bytes + HEADER + 7) & ~7, MIN_BLOCK);
}

/** Moves the end of memory in use to `end`. Traps when the host's memory is exhausted. */
function setTop(end: u64): void {
  const have = (memory.size() as u64) << 16;
  if (end > have) {
    // Some pages more than needed: a growth costs the host some microseconds.
    const missing = ((end - have + 0xffff) >> 16) as i32;
    const step = max(missing, <i32>(have >> 21));
    if (memory.grow(step) < 0 && memory.grow(missing) < 0) unreachable();
  }
  top = end as usize;
  if (top > peak) peak = top;
}

/** Makes free what lies in a block in use beyond `size` bytes, if that is worth it. */
function cut(block: usize, size: u32): void {
  const whole = sizeAt(block);
  if (whole - size < MIN_BLOCK) return;
  store<u32>(block, size | (load<u32>(block) & PREVIOUS_FREE));
  const rest = block + size;
  store<u32>(rest, whole - size);
  makeFree(rest);
}

/** A block in use becomes free, one with its free neighbours. */
function makeFree(start: usize): void {
  let block = start;
  let size = sizeAt(block);
  if ((load<u32>(block) & PREVIOUS_FREE) != 0) {
    const before = load<u32>(block, 4);
    block -= before;
    size += before;
    unlink(block, before);
  }
  let next = block + size;
  if (next != top && (load<u32>(next) & FREE) != 0) {
    const after = sizeAt(next);
    unlink(next, after);
    size += after;
    next += after;
  }
  if (next == top) {
    top = block;
    return;
  }
  store<u32>(block, size | FREE);
  store<u32>(next, load<u32>(next) | PREVIOUS_FREE);
  store<u32>(next, size, 4);
  link(block, size);
}

/** Address of at least `bytes` bytes. Traps when the host's memory is exhausted. */
export function allocate(bytes: u32): usize {
  const size = blockSize(bytes);
  let block = find(size);
  if (block != 0) {
    const whole = sizeAt(block);
    unlink(block, whole);
    store<u32>(block, whole);
    store<u32>(block + whole, load<u32>(block + whole) & ~PREVIOUS_FREE);
    cut(block, size);
  } else {
    if (top == 0) top = (__heap_base + 7) & ~(7 as usize);
    block = top;
    setTop((block as u64) + size);
    store<u32>(block, size);
  }
  if (!ASC_NO_ASSERT) memory.fill(block + HEADER, FRESH, sizeAt(block) - HEADER);
  return block + HEADER;
}

/** Gives back what `allocate` gave. */
export function release(address: usize): void {
  if (address == 0) return;
  if (!ASC_NO_ASSERT) memory.fill(address, STALE, sizeAt(address - HEADER) - HEADER);
  makeFree(address - HEADER);
}

/** Room for just `bytes` bytes at `address`, if the block is as large or what lies behind it is free. */
function stretch(address: usize, bytes: u32): bool {
  const block = address - HEADER;
  const whole = sizeAt(block);
  const size = blockSize(bytes);
  if (size <= whole) {
    cut(block, size);
    return true;
  }
  const next = block + whole;
  if (next == top) {
    setTop((block as u64) + size);
    store<u32>(block, size | (load<u32>(block) & PREVIOUS_FREE));
    return true;
  }
  const after = sizeAt(next);
  if ((load<u32>(next) & FREE) == 0 || whole + after < size) return false;
  unlink(next, after);
  store<u32>(block, (whole + after) | (load<u32>(block) & PREVIOUS_FREE));
  store<u32>(next + after, load<u32>(next + after) & ~PREVIOUS_FREE);
  cut(block, size);
  return true;
}

/** A block of `bytes` bytes with the first `used` bytes of the old one, which is released. Works from 0. */
export function reallocate(address: usize, bytes: u32, used: u32): usize {
  return ASC_NO_ASSERT ? resized(address, bytes, used) : moved(address, bytes, used);
}

/** In place if it can be. */
export function resized(address: usize, bytes: u32, used: u32): usize {
  return address != 0 && stretch(address, bytes) ? address : moved(address, bytes, used);
}

function moved(address: usize, bytes: u32, used: u32): usize {
  const grown = allocate(bytes);
  if (used != 0) memory.copy(grown, address, used);
  release(address);
  return grown;
}

/** The same bytes in a block of just that size, at a lower address if there is room. */
export function compacted(address: usize, bytes: u32): usize {
  const moved = allocate(bytes);
  if (moved > address) {
    release(moved);
    cut(address - HEADER, blockSize(bytes));
    return address;
  }
  memory.copy(moved, address, bytes);
  release(address);
  return moved;
}

/** Entries that a table is made for: most functions are small, and there are more than a hundred tables. */
export const FIRST_ENTRIES: u32 = 16;

/** Tables of more entries are given back as soon as the function at hand needs them no more; smaller ones wait for the next. */
const MOST_KEPT: u32 = 256;
export let keptEntries: u32 = MOST_KEPT;

/** A small module has few functions: making tables anew for each and in small steps costs nothing, but room that is kept or left unused
 *  would be most of the memory. */
export function keepTables(moduleLength: u32): void {
  keptEntries = min<u32>(MOST_KEPT, (moduleLength >> 12) << 4);
}

/** Capacity after growth from `capacity` to at least `need`: by half when the table is large, by a quarter in a small module. */
export function grownCapacity(capacity: u32, need: u32): u32 {
  if (!ASC_NO_ASSERT) return max(need, capacity + (capacity >> 3) + 1);
  if (keptEntries < MOST_KEPT) return max(need, capacity + (capacity >> 2) + 1);
  return max(need, capacity < 1024 ? capacity << 1 : capacity + (capacity >> 1));
}

/** Bytes of wasm memory in use, free blocks included. */
export function memoryInUse(): u32 {
  return top as u32;
}

/** The most that was in use at a time. What lies beyond was never touched. */
export function mostMemoryInUse(): u32 {
  return peak as u32;
}
