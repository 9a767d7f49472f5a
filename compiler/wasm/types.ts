/** types: finds structurally equal function types.
 *  In: all types of the module.  Out: `canonicalType` of each.  Cost: O(bytes of the type section) expected. */

import { emptySlots, hashBytes, hashSlots } from './hash';
import { setCanonicalType, typeCount, typeParamBytes, typeParamCount, typeResultCount } from './module';

export function canonicalizeTypes(): void {
  const slots = hashSlots(typeCount);
  // A slot holds a type index plus one.
  const table = emptySlots(slots);
  for (let type: u32 = 0; type < typeCount; type++) {
    const params = typeParamCount(type);
    const size = params + typeResultCount(type);
    let slot = (hashBytes(typeParamBytes(type), size) + params) & (slots - 1);
    for (;;) {
      const entry = table[slot];
      if (entry == 0) {
        table[slot] = type + 1;
        break;
      }
      const other = entry - 1;
      if (
        typeParamCount(other) == params &&
        typeResultCount(other) == size - params &&
        memory.compare(typeParamBytes(other), typeParamBytes(type), size) == 0
      ) {
        setCanonicalType(type, other);
        break;
      }
      slot = (slot + 1) & (slots - 1);
    }
  }
}
