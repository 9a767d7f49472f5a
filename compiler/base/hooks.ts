/** hooks: the allocator for tests. Exported by compiler/test.ts only. */

import { allocate, compacted, memoryInUse, reallocate, release } from './memory';

export function memoryAllocate(bytes: u32): usize {
  return allocate(bytes);
}

export function memoryRelease(address: usize): void {
  release(address);
}

export function memoryReallocate(address: usize, bytes: u32, used: u32): usize {
  return reallocate(address, bytes, used);
}

export function memoryCompacted(address: usize, bytes: u32): usize {
  return compacted(address, bytes);
}

export function memoryEnd(): u32 {
  return memoryInUse();
}
