/** memory: what accesses touch, and how states of memory follow each other; for passes that remove or move loads.
 *
 *  Memory is divided into classes that never alias: linear memory (all memories as one), and each Region but Constant, which nothing
 *  writes. A state is a number for the contents of a class at a point: two points with equal states see equal contents. A store makes a
 *  new state that remembers the store and the state before; calls, and joins of different states, make states without a past. */

import { Column } from '../base/column';
import { Entity, Value, at, none } from '../base/entity';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';
import { rpo, rpoCount } from '../ir/cfg';
import { argA, argB, argC, firstValue, imms, nexts, ops, types } from '../ir/func';
import { Loop, loopCount, loopOf, loopParent } from '../ir/loop';
import { Flag, Op, Region, opHas } from '../ir/op';
import { Type, typeSize } from '../ir/type';

/** Classes of memory: 0 is linear memory, others are Region. */
export const LINEAR: u32 = 0;
export const CLASSES: u32 = 5;

/** A state of one class. 0: none, and the state of what is never written. */
@unmanaged
@final
export class State extends Entity {}

let stateCount: u32 = 1;
let stateCapacity: u32 = 0;
let stores: Column<State, Value> = Column.none<State, Value>();
let befores: Column<State, State> = Column.none<State, State>();

export function resetStates(): void {
  stateCount = 1;
}

/** Gives back the table of a large function. */
export function trimStates(): void {
  if (stateCapacity <= keptEntries) return;
  stores = Column.free<State, Value>(stores);
  befores = Column.free<State, State>(befores);
  stateCapacity = 0;
}

/** A state made by `store` out of `before`; both none when nothing is known. */
export function newState(store: Value, before: State): State {
  if (stateCount >= stateCapacity) {
    const larger = grownCapacity(stateCapacity, FIRST_ENTRIES);
    stores = Column.grown<State, Value>(stores, stateCapacity, larger);
    befores = Column.grown<State, State>(befores, stateCapacity, larger);
    stateCapacity = larger;
  }
  const state = at<State>(stateCount++);
  stores[state] = store;
  befores[state] = before;
  return state;
}

/** The store that made the state, or none. */
export function stateStore(state: State): Value {
  return stores[state];
}

export function stateBefore(state: State): State {
  return befores[state];
}

export function isLinearLoad(op: Op): bool {
  return op >= Op.Load && op <= Op.Load32S;
}

export function isLinearStore(op: Op): bool {
  return op >= Op.Store && op <= Op.Store32;
}

export function isLoad(op: Op): bool {
  return isLinearLoad(op) || op == Op.CtxLoad || op == Op.PtrLoad;
}

export function isStore(op: Op): bool {
  return isLinearStore(op) || op == Op.CtxStore || op == Op.PtrStore;
}

/** The class of a load or store. Constant loads are of no class: see `isConstantLoad`. */
export function accessClass(value: Value): u32 {
  const op: Op = ops[value];
  return isLinearLoad(op) || isLinearStore(op) ? LINEAR : argC[value].index;
}

export function isConstantLoad(value: Value): bool {
  const op: Op = ops[value];
  return (op == Op.CtxLoad || op == Op.PtrLoad) && argC[value].index == Region.Constant;
}

/** Classes that the instruction may write, as bits. */
export function writtenClasses(value: Value): u32 {
  const op: Op = ops[value];
  if (opHas(op, Flag.Call)) return (1 << CLASSES) - 1;
  return isStore(op) ? 1 << accessClass(value) : 0;
}

/** Bytes of a load or store. */
export function accessBytes(value: Value): u32 {
  switch (ops[value] as u32) {
    case Op.Load8U:
    case Op.Load8S:
    case Op.Store8:
      return 1;
    case Op.Load16U:
    case Op.Load16S:
    case Op.Store16:
      return 2;
    case Op.Load32U:
    case Op.Load32S:
    case Op.Store32:
      return 4;
    case Op.Store:
    case Op.PtrStore:
      return typeSize(types[argB[value]] as Type);
    case Op.CtxStore:
      return typeSize(types[argA[value]] as Type);
    default:
      return typeSize(types[value] as Type);
  }
}

/** What a store stores. */
export function storedValue(store: Value): Value {
  return ops[store] == Op.CtxStore ? argA[store] : argB[store];
}

/** The address that offsets add to; none for the VMContext. */
export function accessBase(value: Value): Value {
  const op: Op = ops[value];
  return op == Op.CtxLoad || op == Op.CtxStore ? none<Value>() : argA[value];
}

/** Do two accesses of one class surely touch different bytes? Same base, disjoint ranges. */
export function areDisjoint(a: Value, b: Value): bool {
  if (accessBase(a) != accessBase(b)) return false;
  // Different memories never alias, but the offsets below would not show it.
  if (accessClass(a) == LINEAR && argC[a] != argC[b]) return true;
  return imms[a] + accessBytes(a) <= imms[b] || imms[b] + accessBytes(b) <= imms[a];
}

/** Classes that each loop writes, as bits; between `findLoopWrites` and `releaseLoopWrites`. */
export let loopWrites: Column<Loop, u8> = Column.none<Loop, u8>();
let loopCapacity: u32 = 0;

/** Requires: `rpo`, loops. Cost: O(values). */
export function findLoopWrites(): void {
  loopCapacity = loopCount;
  loopWrites = Column.create<Loop, u8>(loopCapacity);
  loopWrites.clear(0, loopCount);
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    const loop = loopOf[block];
    if (loop.isNone) continue;
    let written: u32 = loopWrites[loop];
    for (let value = firstValue[block]; !value.isNone; value = nexts[value]) written |= writtenClasses(value);
    loopWrites[loop] = written as u8;
  }
  // Inner loops come before outer ones.
  for (let i: u32 = 1; i < loopCount; i++) {
    const parent = loopParent[at<Loop>(i)];
    if (!parent.isNone) loopWrites[parent] = loopWrites[parent] | loopWrites[at<Loop>(i)];
  }
}

export function releaseLoopWrites(): void {
  Column.free<Loop, u8>(loopWrites);
}
