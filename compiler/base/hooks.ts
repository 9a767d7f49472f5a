/** hooks: the allocator for tests. Exported by compiler/test.ts only. */

import { allocate, compacted, memoryInUse, resized, release } from './memory';

export function memoryAllocate(bytes: u32): usize {
  return allocate(bytes);
}

export function memoryRelease(address: usize): void {
  release(address);
}

export function memoryReallocate(address: usize, bytes: u32, used: u32): usize {
  return resized(address, bytes, used);
}

export function memoryCompacted(address: usize, bytes: u32): usize {
  return compacted(address, bytes);
}

export function memoryEnd(): u32 {
  return memoryInUse();
}
