/** moves: the moves that allocation inserts, put in order and made sequential.
 *
 *  In: moves added in any order, each for a phase before a position; those of one phase happen at once. Spill slots may be pending.
 *  Out: `moveCount` moves from index 0, sorted by position, to be done one after another before the instruction at their position.
 *  Moves on edges stand before the predecessor's jump or the successor's first instruction.
 *  Cycles and moves from memory to memory go through the target's scratch registers; a cycle that needs its scratch register
 *  for a move from memory to memory goes through a spill slot of its own.
 *  Cost: O(moves + positions). */

import { Column } from '../base/column';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';
import { Pool } from '../base/pool';
import { Type } from '../ir/type';
import { SPILL_BASE } from '../isa/mach';
import { floatScratch, intScratch } from '../isa/target';
import { finalLocation } from './ordered';
import { newSpillSlot } from './spill';

/** The groups of moves at one position, in their order. */
export const enum Phase {
  /** On the edge into this block, at its start. */
  EdgeIn = 0,
  /** After the def of the instruction before, or after the block's start. */
  AfterDef = 1,
  Gap = 2,
  /** On the edge out of this block, before its jump. */
  EdgeOut = 3,
}

const PHASES: u32 = 4;

// Moves as they come: from, to, type with phase, next at the same position.
const raw: Pool = Pool.create();
const RAW_SIZE: u32 = 4;
/** First of the position's list. */
let heads: Column<u32, u32> = Column.none<u32, u32>();
let headCapacity: u32 = 0;
let positionCount: u32 = 0;

// The result.
export let moveCount: u32 = 0;
let moveCapacity: u32 = 0;
export let movePositions: Column<u32, u32> = Column.none<u32, u32>();
export let moveFrom: Column<u32, u32> = Column.none<u32, u32>();
export let moveTo: Column<u32, u32> = Column.none<u32, u32>();
/** ir Type: the width and the class. */
export let moveTypes: Column<u32, u8> = Column.none<u32, u8>();

/** Forgets all moves. Positions are below `positions`. */
export function resetMoves(positions: u32): void {
  if (positions > headCapacity) {
    const old = headCapacity;
    headCapacity = grownCapacity(old, positions);
    heads = Column.grown<u32, u32>(heads, old, headCapacity);
  }
  heads.clear(0, positions);
  positionCount = positions;
  raw.clear();
  moveCount = 0;
}

/** Gives back the tables of a large function. */
export function trimMoves(): void {
  if (headCapacity > keptEntries) {
    heads = Column.free<u32, u32>(heads);
    headCapacity = 0;
  }
  if (moveCapacity > keptEntries) {
    movePositions = Column.free<u32, u32>(movePositions);
    moveFrom = Column.free<u32, u32>(moveFrom);
    moveTo = Column.free<u32, u32>(moveTo);
    moveTypes = Column.free<u32, u8>(moveTypes);
    moveCapacity = 0;
  }
  if (locationCapacity > keptEntries) {
    readers = Column.free<u32, u32>(readers);
    writers = Column.free<u32, u32>(writers);
    locationCapacity = 0;
  }
  raw.trim();
  groupFrom.trim();
  groupTo.trim();
  groupTypes.trim();
  ready.trim();
}

export function addMove(position: u32, phase: Phase, from: u32, to: u32, type: u32): void {
  if (from == to) return;
  const index = raw.extend(RAW_SIZE);
  raw.set(index, from);
  raw.set(index + 1, to);
  raw.set(index + 2, (type << 8) | (phase as u32));
  raw.set(index + 3, heads[position]);
  heads[position] = index;
}

function emit(position: u32, from: u32, to: u32, type: u32): void {
  if (moveCount == moveCapacity) {
    const old = moveCapacity;
    moveCapacity = grownCapacity(old, FIRST_ENTRIES);
    movePositions = Column.grown<u32, u32>(movePositions, old, moveCapacity);
    moveFrom = Column.grown<u32, u32>(moveFrom, old, moveCapacity);
    moveTo = Column.grown<u32, u32>(moveTo, old, moveCapacity);
    moveTypes = Column.grown<u32, u8>(moveTypes, old, moveCapacity);
  }
  const index = moveCount++;
  movePositions[index] = position;
  moveFrom[index] = from;
  moveTo[index] = to;
  moveTypes[index] = type as u8;
}

// One parallel group. Locations index the columns below, which are clean between groups.
const groupFrom: Pool = Pool.create();
const groupTo: Pool = Pool.create();
const groupTypes: Pool = Pool.create();
const ready: Pool = Pool.create();
/** Number of pending moves that read the location. */
let readers: Column<u32, u32> = Column.none<u32, u32>();
/** Pending move that writes the location, 0: none. */
let writers: Column<u32, u32> = Column.none<u32, u32>();
let locationCapacity: u32 = 0;

/** Makes all moves sequential. `locations`: one past the highest location in use. */
export function orderMoves(locations: u32): void {
  if (locations > locationCapacity) {
    locationCapacity = grownCapacity(locationCapacity, locations);
    Column.free<u32, u32>(readers);
    Column.free<u32, u32>(writers);
    readers = Column.create<u32, u32>(locationCapacity);
    writers = Column.create<u32, u32>(locationCapacity);
    readers.clear(0, locationCapacity);
    writers.clear(0, locationCapacity);
  }
  for (let position: u32 = 1; position < positionCount; position++) {
    const head = heads[position];
    if (head == 0) continue;
    let phases: u32 = 0;
    for (let index = head; index != 0; index = raw.get(index + 3)) phases |= 1 << (raw.get(index + 2) & 0xff);
    for (let phase: u32 = 0; phase < PHASES; phase++) {
      if ((phases & (1 << phase)) != 0) orderGroup(position, phase, head);
    }
  }
}

function orderGroup(position: u32, phase: u32, head: u32): void {
  groupFrom.clear();
  groupTo.clear();
  groupTypes.clear();
  ready.clear();
  for (let index = head; index != 0; index = raw.get(index + 3)) {
    const tag = raw.get(index + 2);
    if ((tag & 0xff) != phase) continue;
    const from = finalLocation(raw.get(index));
    const to = finalLocation(raw.get(index + 1));
    if (from == to) continue;
    const twin = writers[to];
    if (twin != 0) {
      // The same copy asked for twice.
      if (groupFrom.get(twin) != from) unreachable();
      continue;
    }
    writers[to] = groupTo.length;
    readers[from] = readers[from] + 1;
    groupFrom.push(from);
    groupTo.push(to);
    groupTypes.push(tag >> 8);
  }
  const count = groupTo.length;
  for (let move: u32 = 1; move < count; move++) {
    if (readers[groupTo.get(move)] == 0) ready.push(move);
  }
  drain(position);
  // What is left are cycles.
  for (let move: u32 = 1; move < count; move++) {
    const to = groupTo.get(move);
    if (writers[to] == move) breakCycle(position, move);
  }
}

/** Does the moves whose targets nobody reads any more, and those that this sets free. */
function drain(position: u32): void {
  while (!ready.isEmpty) {
    const move = ready.pop();
    const from = groupFrom.get(move);
    const to = groupTo.get(move);
    copy(position, from, to, groupTypes.get(move));
    writers[to] = 0;
    const left = readers[from] - 1;
    readers[from] = left;
    if (left == 0 && writers[from] != 0) ready.push(writers[from]);
  }
}

/** Saves what `move` overwrites and lets the one move of the cycle that reads it read the copy at the end. */
function breakCycle(position: u32, move: u32): void {
  let throughMemory = false;
  let last = move;
  // Against the direction of the copies, from each move to the one that writes its source, until the reader of `saved`.
  const saved = groupTo.get(move);
  while (true) {
    const from = groupFrom.get(last);
    if (from >= SPILL_BASE && groupTo.get(last) >= SPILL_BASE) throughMemory = true;
    if (from == saved) break;
    last = writers[from];
  }
  const type = groupTypes.get(last);
  const shelf = throughMemory ? SPILL_BASE + newSpillSlot(type == Type.V128) : scratchOf(type);
  copy(position, saved, shelf, type);
  const to = groupTo.get(last);
  writers[to] = 0;
  readers[saved] = 0;
  ready.push(move);
  drain(position);
  copy(position, shelf, to, type);
}

function scratchOf(type: u32): u32 {
  return type == Type.F32 || type == Type.F64 || type == Type.V128 ? floatScratch : intScratch;
}

function copy(position: u32, from: u32, to: u32, type: u32): void {
  if (from >= SPILL_BASE && to >= SPILL_BASE) {
    const scratch = scratchOf(type);
    emit(position, from, scratch, type);
    emit(position, scratch, to, type);
  } else emit(position, from, to, type);
}
