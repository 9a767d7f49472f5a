/** column: one field of a struct-of-arrays table, indexed by a nominal entity.
 *  A `Column<K, V>` is a view: the reference is the address of element 0, so `column[key]` is one shift, add and load.
 *  A table owns its columns as globals, grows all of them together (`grown`), and reads them as `column[key]`.
 *  Element 0 belongs to the nil entity and exists in every column. */

import { allocate, reallocate, release } from './memory';

/** K: an entity class (see entity.ts); V: a number or an entity. */
@unmanaged
@final
export class Column<K, V> {
  @inline
  static none<K, V>(): Column<K, V> {
    return changetype<Column<K, V>>(0);
  }

  /** A fresh column for `capacity` elements, not cleared. */
  static create<K, V>(capacity: u32): Column<K, V> {
    return changetype<Column<K, V>>(allocate(capacity << (alignof<V>() as u32)));
  }

  /** The column moved to room for `newCapacity` elements; the first `oldCapacity` are kept. Works from `none`. */
  static grown<K, V>(column: Column<K, V>, oldCapacity: u32, newCapacity: u32): Column<K, V> {
    const shift = alignof<V>() as u32;
    return changetype<Column<K, V>>(reallocate(changetype<usize>(column), newCapacity << shift, oldCapacity << shift));
  }

  /** Gives a column back; the result takes its place. */
  static free<K, V>(column: Column<K, V>): Column<K, V> {
    release(changetype<usize>(column));
    return Column.none<K, V>();
  }

  @inline
  @operator('[]')
  get(key: K): V {
    return load<V>(changetype<usize>(this) + ((changetype<usize>(key) as usize) << alignof<V>()));
  }

  @inline
  @operator('[]=')
  set(key: K, value: V): void {
    store<V>(changetype<usize>(this) + ((changetype<usize>(key) as usize) << alignof<V>()), value);
  }

  /** Sets elements [from, to) to zero. */
  @inline
  clear(from: u32, to: u32): void {
    memory.fill(changetype<usize>(this) + ((from as usize) << alignof<V>()), 0, (to - from) << (alignof<V>() as u32));
  }

  /** Sets elements [from, to) to all ones bits (-1). */
  @inline
  clearToOnes(from: u32, to: u32): void {
    memory.fill(changetype<usize>(this) + ((from as usize) << alignof<V>()), 0xff, (to - from) << (alignof<V>() as u32));
  }
}
