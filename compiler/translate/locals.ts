/** locals: SSA construction for wasm locals, on the fly.
 *  In: reads and writes of locals in blocks, as translation meets them.  Out: values; block parameters where paths meet.
 *  Requires: a block is filled only when all its incoming edges exist, but for loop headers, which are open until their loop ends.
 *  Parameters for locals come after a block's own; their edge arguments are added by `finishLocals`, once the body is translated.
 *  A join has the values that its construct (block, loop, if) began with, but for locals that the construct writes: reads skip over
 *  it, so that only those become parameters. What a loop will write is not known inside of it: its header gets parameters that may
 *  turn out redundant; opt/simplify removes them.
 *  Cost: O(1) a write; a read walks over the constructs since the local's last read or write.
 *  Ref: Braun et al. 2013, "Simple and Efficient Construction of Static Single Assignment Form". */

import { Column } from '../base/column';
import { Block, Value, at, none } from '../base/entity';
import { FIRST_ENTRIES, keptEntries, grownCapacity, reallocate, release } from '../base/memory';
import { Pool } from '../base/pool';
import * as ir from '../ir/func';
import { Op } from '../ir/op';
import { Type } from '../ir/type';
import { addWrites, now, recordWrite, resetWrites, writtenBetween, trimWrites } from './writes';

// (block, local) -> value: open addressing, keys of 8 bytes (0: free), values of 4.
const MIN_TABLE: u32 = 64;
let keys: usize = 0;
let values: usize = 0;
let mask: u32 = 0;
let filled: u32 = 0;

// The newest value of each local, and the block for which that holds.
let localCapacity: u32 = 0;
let current: Column<u32, Value> = Column.none<u32, Value>();
let currentBlock: Column<u32, Block> = Column.none<u32, Block>();
let localTypes: Column<u32, u8> = Column.none<u32, u8>();
let localCount: u32 = 0;

/** Pairs (parameter, local) in the order they were made. */
const made: Pool = Pool.create();
/** Loop headers whose back edges are still to come. */
let openCapacity: u32 = 0;
let open: Column<Block, u8> = Column.none<Block, u8>();
let openCleared: u32 = 0;

let blockCapacity: u32 = 0;
/** Parameters that a block had before any local's. */
let ownCounts: Column<Block, u32> = Column.none<Block, u32>();
/** A label's block: the block that its construct began in, and the moments when it began and ended. None: no label's block. */
let constructs: Column<Block, Block> = Column.none<Block, Block>();
let begins: Column<Block, u32> = Column.none<Block, u32>();
let ends: Column<Block, u32> = Column.none<Block, u32>();

export function resetLocals(): void {
  localCount = 0;
  made.clear();
  filled = 0;
  if (keys == 0) makeTable(MIN_TABLE);
  openCleared = 0;
  resetWrites();
}

export function addLocal(type: Type): void {
  if (localCount == localCapacity) {
    const grown = grownCapacity(localCapacity, FIRST_ENTRIES);
    current = Column.grown<u32, Value>(current, localCapacity, grown);
    currentBlock = Column.grown<u32, Block>(currentBlock, localCapacity, grown);
    localTypes = Column.grown<u32, u8>(localTypes, localCapacity, grown);
    localCapacity = grown;
  }
  localTypes[localCount] = type as u8;
  currentBlock[localCount] = none<Block>();
  addWrites(localCount);
  localCount++;
}

/** An empty table of `size` slots. */
function makeTable(size: u32): void {
  keys = reallocate(keys, size << 3, 0);
  values = reallocate(values, size << 2, 0);
  mask = size - 1;
  memory.fill(keys, 0, (size as usize) << 3);
}

function slotOf(key: u64): u32 {
  let slot = <u32>((key * 0x9e3779b97f4a7c15) >> 32) & mask;
  let found = load<u64>(keys + ((slot as usize) << 3));
  while (found != key && found != 0) {
    slot = (slot + 1) & mask;
    found = load<u64>(keys + ((slot as usize) << 3));
  }
  return slot;
}

function put(block: Block, local: u32, value: Value): void {
  if (filled << 2 > mask * 3) rehash();
  const key = ((block.index as u64) << 32) | local;
  const slot = slotOf(key);
  const address = keys + ((slot as usize) << 3);
  if (load<u64>(address) == 0) {
    store<u64>(address, key);
    filled++;
  }
  store<u32>(values + ((slot as usize) << 2), value.index);
}

function rehash(): void {
  const oldMask = mask;
  const oldKeys = keys;
  const oldValues = values;
  keys = 0;
  values = 0;
  makeTable((oldMask + 1) << 1);
  for (let i: u32 = 0; i <= oldMask; i++) {
    const key = load<u64>(oldKeys + ((i as usize) << 3));
    if (key == 0) continue;
    const slot = slotOf(key);
    store<u64>(keys + ((slot as usize) << 3), key);
    store<u32>(values + ((slot as usize) << 2), load<u32>(oldValues + ((i as usize) << 2)));
  }
  release(oldKeys);
  release(oldValues);
}

function lookup(block: Block, local: u32): Value {
  const key = ((block.index as u64) << 32) | local;
  const slot = slotOf(key);
  return load<u64>(keys + ((slot as usize) << 3)) == key ? at<Value>(load<u32>(values + ((slot as usize) << 2))) : none<Value>();
}

export function writeLocal(local: u32, block: Block, value: Value): void {
  current[local] = value;
  currentBlock[local] = block;
  recordWrite(local);
  put(block, local, value);
}

export function readLocal(local: u32, block: Block): Value {
  if (currentBlock[local] == block) return current[local];
  const value = find(local, block);
  current[local] = value;
  currentBlock[local] = block;
  return value;
}

/** Back edges to `header` are still to come. */
export function openLoop(header: Block): void {
  while (header.index >= openCapacity) {
    const grown = grownCapacity(openCapacity, FIRST_ENTRIES);
    open = Column.grown<Block, u8>(open, openCapacity, grown);
    openCapacity = grown;
  }
  if (header.index >= openCleared) {
    open.clear(openCleared, openCapacity);
    openCleared = openCapacity;
  }
  open[header] = 1;
}

export function closeLoop(header: Block): void {
  open[header] = 0;
}

function isOpen(block: Block): bool {
  return block.index < openCleared && open[block] != 0;
}

/** The block at whose end the local is what it is at the start of `block`; none: several, or the function's entry. */
function above(local: u32, block: Block): Block {
  if (isOpen(block)) return none<Block>();
  const construct = constructs[block];
  if (!construct.isNone && !writtenBetween(local, begins[block], ends[block])) return construct;
  const edge = ir.firstIn[block];
  return edge.isNone || !ir.edgeNextIn[edge].isNone ? none<Block>() : ir.edgeFrom[edge];
}

/** The value of the local at the end of `block` as far as it is filled. Remembered there, and at blocks 1, 2, 4, … steps up, so that
 *  other walks that come by are short. */
function find(local: u32, block: Block): Value {
  let walk = block;
  let steps: u32 = 0;
  let value = lookup(walk, local);
  while (value.isNone) {
    const next = above(local, walk);
    if (next.isNone) {
      value = walk.index == ir.ENTRY ? zero(localTypes[local]) : meet(local, walk);
      put(walk, local, value);
      break;
    }
    walk = next;
    steps++;
    value = lookup(walk, local);
  }
  walk = block;
  for (let step: u32 = 0; step < steps; step++) {
    const next = above(local, walk);
    if ((step & (step - 1)) == 0) put(walk, local, value);
    walk = next;
  }
  return value;
}

/** The value at the start of a block with several incoming edges: their common value when that is easily seen, else a new parameter. */
function meet(local: u32, block: Block): Value {
  if (!isOpen(block)) {
    let common = none<Value>();
    let edge = ir.firstIn[block];
    for (; !edge.isNone; edge = ir.edgeNextIn[edge]) {
      const value = peek(local, ir.edgeFrom[edge]);
      if (value.isNone || (!common.isNone && common != value)) break;
      common = value;
    }
    if (edge.isNone && !common.isNone) return common;
  }
  const param = ir.appendParam(block, localTypes[local], 0);
  made.push(param.index);
  made.push(local);
  return param;
}

/** The local's value at the end of `block` when a short walk finds it. */
function peek(local: u32, block: Block): Value {
  let walk = block;
  for (let steps = 0; steps < 8 && !walk.isNone; steps++) {
    const value = lookup(walk, local);
    if (!value.isNone) return value;
    walk = above(local, walk);
  }
  return none<Value>();
}

/** A zero of the type in the entry block, behind its parameters. */
function zero(type: u32): Value {
  const op = type == Type.F32 || type == Type.F64 ? Op.Fconst : Op.Iconst;
  const value = ir.newValue(op, type, none<Value>(), none<Value>(), none<Value>(), 0, 0);
  const entry = at<Block>(ir.ENTRY);
  let place = ir.firstValue[entry];
  while (!place.isNone && ir.isParam(place)) place = ir.nexts[place];
  if (place.isNone) ir.appendValue(entry, value);
  else ir.insertBefore(value, place);
  return value;
}

/** Gives back the tables of a large function: nothing is read or written any more. */
function trimLocals(): void {
  if (keptEntries >= MIN_TABLE) makeTable(MIN_TABLE);
  else {
    release(keys);
    release(values);
    keys = 0;
    values = 0;
  }
  trimWrites();
  if (blockCapacity > keptEntries) {
    ownCounts = Column.free<Block, u32>(ownCounts);
    constructs = Column.free<Block, Block>(constructs);
    begins = Column.free<Block, u32>(begins);
    ends = Column.free<Block, u32>(ends);
    blockCapacity = 0;
  }
  made.trim();
}

/** Gives every edge its arguments for the parameters made here. Call once, after the last block is filled and every loop is closed. */
export function finishLocals(): void {
  // Reading at the predecessors may make more parameters there: `made` grows while we go.
  for (let i: u32 = 1; i < made.length; i += 2) {
    const block = ir.blockOf[at<Value>(made.get(i))];
    const local = made.get(i + 1);
    for (let edge = ir.firstIn[block]; !edge.isNone; edge = ir.edgeNextIn[edge]) find(local, ir.edgeFrom[edge]);
  }
  // Now every parameter exists: lay out the argument lists anew, the block's own arguments first.
  for (let i: u32 = 1; i < made.length; i += 2) {
    const param = at<Value>(made.get(i));
    const block = ir.blockOf[param];
    const count = ir.paramCount[block];
    const position = ir.imms[param] as u32;
    const local = made.get(i + 1);
    for (let edge = ir.firstIn[block]; !edge.isNone; edge = ir.edgeNextIn[edge]) {
      if (position == ownCounts[block]) {
        const own = ir.edgeArgs[edge];
        const list = ir.pool.extend(count);
        for (let k: u32 = 0; k < position; k++) ir.pool.set(list + k, ir.pool.get(own + k));
        ir.edgeArgs[edge] = list;
      }
      ir.pool.set(ir.edgeArgs[edge] + position, find(local, ir.edgeFrom[edge]).index);
    }
  }
  trimLocals();
}

/** Records how many parameters of its own a block has; call when the block is complete but for its locals. */
export function setOwnParams(block: Block, count: u32): void {
  while (block.index >= blockCapacity) {
    const grown = grownCapacity(blockCapacity, FIRST_ENTRIES);
    ownCounts = Column.grown<Block, u32>(ownCounts, blockCapacity, grown);
    constructs = Column.grown<Block, Block>(constructs, blockCapacity, grown);
    begins = Column.grown<Block, u32>(begins, blockCapacity, grown);
    ends = Column.grown<Block, u32>(ends, blockCapacity, grown);
    blockCapacity = grown;
  }
  ownCounts[block] = count;
  constructs[block] = none<Block>();
}

/** The construct of the label's block `label` begins at this place in `block`. After `setOwnParams`. */
export function beginConstruct(label: Block, block: Block): void {
  constructs[label] = block;
  begins[label] = now();
}

/** It ends here, before any local is read at a label behind it. */
export function endConstruct(label: Block): void {
  ends[label] = now();
}
