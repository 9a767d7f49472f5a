/** test: entry of the test build: memory for the tests' data, and the hooks of each part, a line each. */

import { allocate } from './base/memory';

/** Memory that stays as long as the instance. */
export function alloc(size: u32): usize {
  return allocate(size);
}

export * from './index';
export * from './base/hooks';
export * from './isa/x64/hooks';
export * from './isa/x64/select/hooks';
export * from './link/hooks';
export * from './opt/hooks';
export * from './regalloc/hooks';
export * from './translate/hooks';
export * from './wasm/hooks';
