/** gvn: merges values that compute the same, forwards stores to loads, removes loads and checks that a dominating one makes needless.
 *  In: SSA without aliases, `rpo`, dominators, loops (for what loops write).  Out: the same CFG, but for blocks that a check ends;
 *  aliases only where loops' edges carry them: `resolveAll` clears those.
 *  Keeps: dom, loops, as long as the result is false.  Breaks: use counts.
 *  Blocks are walked in reverse postorder. One hash table holds a leader for each expression; a leader counts only where it dominates.
 *  Linear memory: a load may go when a dominating access has touched the same bytes, so that it could not trap either.
 *  Cost: O(n) expected; 8 to 16 bytes a value in scratch.  Ref: Click 1995. */

import { Column } from '../base/column';
import { Block, Value, none } from '../base/entity';
import { rpo, rpoCount, rpoIndex } from '../ir/cfg';
import { dominates } from '../ir/dom';
import {
  argA,
  argB,
  argC,
  blockCount,
  blockOf,
  edgeFrom,
  edgeNextIn,
  firstIn,
  firstValue,
  imms,
  locations,
  nexts,
  ops,
  prevs,
  removeValue,
  resolve,
  types,
  valueCount,
} from '../ir/func';
import { loopHeader, loopOf } from '../ir/loop';
import { Flag, Op, isComparison, opFlags, opHas, swappedComparison } from '../ir/op';
import { Type } from '../ir/type';
import { resolveEdgeArgs, resolveOperands } from '../ir/uses';
import { Check, simplifyTrapIf } from './branch';
import { foldBefore, iconst, isConstant, make, unary } from './fold';
import {
  CLASSES,
  State,
  accessBytes,
  accessClass,
  areDisjoint,
  findLoopWrites,
  isConstantLoad,
  isLinearLoad,
  isLoad,
  isStore,
  loopWrites,
  newState,
  releaseLoopWrites,
  resetStates,
  stateBefore,
  stateStore,
  storedValue,
  trimStates,
} from './memory';
import { simplerValue, substitute } from './rewrite';

/** How far back a load looks past stores that touch other bytes. */
const MAX_STEPS: u32 = 8;

// The hash table: a leader and, for loads, the state that they read. Linear probing.
let slots: Column<u32, Value> = Column.none<u32, Value>();
let slotStates: Column<u32, State> = Column.none<u32, State>();
let slotCount: u32 = 0;
let filled: u32 = 0;

/** State of each class at the point at hand, and at the end of each block. */
const states = Column.create<u32, State>(CLASSES);
let endStates: Column<u32, State> = Column.none<u32, State>();
/** True when a check was decided: the CFG wants `rebuildCfg` and all that hangs on it. */
export function mergeValues(): bool {
  slotCount = 64;
  while (slotCount < valueCount) slotCount <<= 1;
  slots = Column.create<u32, Value>(slotCount);
  slots.clear(0, slotCount);
  slotStates = Column.create<u32, State>(slotCount);
  filled = 0;
  const blocks = blockCount;
  endStates = Column.create<u32, State>(blocks * CLASSES);
  resetStates();
  findLoopWrites();
  let changed = false;
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    enterBlock(block);
    if (walkBlock(block)) changed = true;
    for (let k: u32 = 0; k < CLASSES; k++) endStates[block.index * CLASSES + k] = states[k];
  }
  Column.free<u32, Value>(slots);
  Column.free<u32, State>(slotStates);
  Column.free<u32, State>(endStates);
  releaseLoopWrites();
  trimStates();
  return changed;
}

/** States at the start of a block: those that all predecessors agree on. */
function enterBlock(block: Block): void {
  const position = rpoIndex[block];
  const loop = loopOf[block];
  const isHeader = !loop.isNone && loopHeader[loop] == block;
  for (let k: u32 = 0; k < CLASSES; k++) {
    let agreed = none<State>();
    let known = true;
    for (let edge = firstIn[block]; known && !edge.isNone; edge = edgeNextIn[edge]) {
      const from = edgeFrom[edge];
      if (rpoIndex[from] >= position) {
        // A back edge brings the state of the loop's start again when the loop does not write the class.
        if (!isHeader || ((loopWrites[loop] >> (k as u8)) & 1) != 0) known = false;
        continue;
      }
      const state = endStates[from.index * CLASSES + k];
      if (agreed.isNone) agreed = state;
      else if (agreed != state) known = false;
    }
    states[k] = known && !agreed.isNone ? agreed : newState(none<Value>(), none<State>());
  }
}

/** True when a check was decided. */
function walkBlock(block: Block): bool {
  let value = firstValue[block];
  while (!value.isNone) {
    const next = nexts[value];
    const before = prevs[value];
    resolveOperands(value);
    const op: Op = ops[value];
    if (opHas(op, Flag.Terminator)) {
      resolveEdgeArgs(value);
      return false;
    }
    if (op == Op.TrapIf) {
      const check = simplifyTrapIf(value);
      if (check == Check.Ends) return true;
      if (check == Check.Unknown && !findOrAdd(value, none<State>()).isNone) removeValue(value);
      value = next;
      continue;
    }
    const found = op == Op.Param ? none<Value>() : simplerValue(value);
    if (!found.isNone) {
      substitute(value, found);
      // What folding inserted has its turn now.
      value = before.isNone ? firstValue[block] : nexts[before];
      continue;
    }
    if (isLoad(op)) visitLoad(value, op);
    else if (isStore(op)) visitStore(value);
    else if (opHas(op, Flag.Call)) for (let k: u32 = 0; k < CLASSES; k++) states[k] = newState(none<Value>(), none<State>());
    else if ((opFlags(op) & (Flag.Pure | Flag.Guarded)) != 0 || op == Op.FloatToIntS || op == Op.FloatToIntU) {
      order(value, op);
      const leader = findOrAdd(value, none<State>());
      if (!leader.isNone) substitute(value, leader);
    }
    value = next;
  }
  return false;
}

/** One order for operands that may stand in either: the older value first. Constants stay on the right. */
function order(value: Value, op: Op): void {
  const comparison = isComparison(op);
  if (!opHas(op, Flag.Commutes) && !comparison) return;
  const a = argA[value];
  const b = argB[value];
  if (a.index <= b.index || isConstant(b)) return;
  argA[value] = b;
  argB[value] = a;
  if (comparison) ops[value] = swappedComparison(op) as u8;
}

function visitLoad(load: Value, op: Op): void {
  if (isConstantLoad(load)) {
    const leader = findOrAdd(load, none<State>());
    if (!leader.isNone) substitute(load, leader);
    return;
  }
  const kind = accessClass(load);
  let state = states[kind];
  for (let step: u32 = 0; step < MAX_STEPS; step++) {
    const leader = find(load, state);
    if (!leader.isNone) {
      substitute(load, leader);
      return;
    }
    const store = stateStore(state);
    if (store.isNone) break;
    if (!areDisjoint(load, store)) {
      forward(load, op, store);
      break;
    }
    state = stateBefore(state);
  }
  if (!blockOf[load].isNone) add(load, states[kind]);
}

/** Takes the value from the store that made the bytes, when the load reads exactly those. */
function forward(load: Value, op: Op, store: Value): void {
  const storeOp: Op = ops[store];
  if (!dominates(blockOf[store], blockOf[load])) return;
  if (imms[store] != imms[load] || accessBytes(store) != accessBytes(load)) return;
  // Context and pointer accesses of one class may alias, but then their offsets mean different things.
  if ((storeOp == Op.CtxStore) != (op == Op.CtxLoad) || (storeOp == Op.PtrStore) != (op == Op.PtrLoad)) return;
  if (op != Op.CtxLoad && argA[load] != argA[store]) return;
  if (isLinearLoad(op) && argC[load] != argC[store]) return;
  const stored = resolve(storedValue(store));
  const type: Type = types[load];
  const from: Type = types[stored];
  foldBefore(load, locations[load]);
  switch (op) {
    case Op.Load:
    case Op.CtxLoad:
    case Op.PtrLoad:
      // Store32 of an i64 has as many bytes as Load of an i32.
      if (storeOp == Op.Store32) {
        if (type == Type.I32) substitute(load, unary(Op.Wrap, Type.I32, stored));
      } else if (type == from) substitute(load, stored);
      else substitute(load, unary(Op.Bitcast, type, stored));
      break;
    case Op.Load8U:
      if (type == from && storeOp == Op.Store8) substitute(load, make(Op.And, type, stored, iconst(type, 0xff)));
      break;
    case Op.Load16U:
      if (type == from && storeOp == Op.Store16) substitute(load, make(Op.And, type, stored, iconst(type, 0xffff)));
      break;
    case Op.Load8S:
      if (type == from && storeOp == Op.Store8) substitute(load, unary(Op.Sext8, type, stored));
      break;
    case Op.Load16S:
      if (type == from && storeOp == Op.Store16) substitute(load, unary(Op.Sext16, type, stored));
      break;
    case Op.Load32S:
      if (storeOp == Op.Store32) substitute(load, unary(Op.Sext32, type, stored));
      else if (from == Type.I32) substitute(load, unary(Op.ExtendS, type, stored));
      break;
    case Op.Load32U:
      if (storeOp == Op.Store32) substitute(load, make(Op.And, type, stored, iconst(type, 0xffffffff)));
      else if (from == Type.I32) substitute(load, unary(Op.ExtendU, type, stored));
      break;
  }
}

function visitStore(store: Value): void {
  const kind = accessClass(store);
  states[kind] = newState(store, states[kind]);
}

function hash(value: Value, state: State): u32 {
  let mixed: u64 = ((ops[value] as u64) << 8) | types[value];
  mixed = (mixed ^ argA[value].index) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 29) ^ argB[value].index) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 29) ^ ((argC[value].index as u64) << 32) ^ state.index) * 0x9e3779b97f4a7c15;
  // Which trap it would be does not matter to a check that has passed.
  if (ops[value] != Op.TrapIf) mixed = (mixed ^ (mixed >> 29) ^ imms[value]) * 0x9e3779b97f4a7c15;
  return (mixed >> 32) as u32;
}

function isSame(a: Value, b: Value): bool {
  return (
    ops[a] == ops[b] &&
    types[a] == types[b] &&
    argA[a] == argA[b] &&
    argB[a] == argB[b] &&
    argC[a] == argC[b] &&
    (imms[a] == imms[b] || ops[a] == Op.TrapIf)
  );
}

/** The slot of the expression in this state, or the free slot where it would go. */
function slotOf(value: Value, state: State): u32 {
  let slot = hash(value, state) & (slotCount - 1);
  for (let leader = slots[slot]; !leader.isNone; leader = slots[slot]) {
    if (slotStates[slot] == state && isSame(leader, value)) break;
    slot = (slot + 1) & (slotCount - 1);
  }
  return slot;
}

function leads(leader: Value, value: Value): bool {
  return !leader.isNone && dominates(blockOf[leader], blockOf[value]);
}

/** The value that computes the same and dominates, or none. */
function find(value: Value, state: State): Value {
  const leader = slots[slotOf(value, state)];
  return leads(leader, value) ? leader : none<Value>();
}

/** Makes `value` the leader of its expression. */
function add(value: Value, state: State): void {
  const slot = slotOf(value, state);
  if (slots[slot].isNone) filled++;
  slots[slot] = value;
  slotStates[slot] = state;
  if (filled > slotCount - (slotCount >> 2)) grow();
}

function findOrAdd(value: Value, state: State): Value {
  const leader = find(value, state);
  if (leader.isNone) add(value, state);
  return leader;
}

function grow(): void {
  const oldCount = slotCount;
  const oldSlots = slots;
  const oldStates = slotStates;
  slotCount <<= 1;
  slots = Column.create<u32, Value>(slotCount);
  slots.clear(0, slotCount);
  slotStates = Column.create<u32, State>(slotCount);
  for (let i: u32 = 0; i < oldCount; i++) {
    if (oldSlots[i].isNone) continue;
    const slot = slotOf(oldSlots[i], oldStates[i]);
    slots[slot] = oldSlots[i];
    slotStates[slot] = oldStates[i];
  }
  Column.free<u32, Value>(oldSlots);
  Column.free<u32, State>(oldStates);
}
