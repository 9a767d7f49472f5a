/** func: the IR of the function at hand: a control-flow graph of blocks with parameters over SSA values.
 *
 *  An instruction and the value it defines are one entity, `Value`. Its fields are columns; see op.ts for what stands in them.
 *  A block's instructions form a list: its Params first, then the rest, a terminator last.
 *  Edges carry the arguments for the target's parameters. The edges of one terminator are neighbours; the edges into a block are a list.
 *  There is one function at a time; `resetFunc` makes the tables empty and keeps their room for the next. */

import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';
import { Pool } from '../base/pool';
import { Op } from './op';
import { Type } from './type';

// Values. 0 is none.
export let valueCount: u32 = 1;
let valueCapacity: u32 = 0;
export let ops: Column<Value, u8> = Column.none<Value, u8>();
export let types: Column<Value, u8> = Column.none<Value, u8>();
export let argA: Column<Value, Value> = Column.none<Value, Value>();
export let argB: Column<Value, Value> = Column.none<Value, Value>();
export let argC: Column<Value, Value> = Column.none<Value, Value>();
export let imms: Column<Value, i64> = Column.none<Value, i64>();
export let nexts: Column<Value, Value> = Column.none<Value, Value>();
export let prevs: Column<Value, Value> = Column.none<Value, Value>();
export let blockOf: Column<Value, Block> = Column.none<Value, Block>();
/** Wasm offset of the instruction. */
export let locations: Column<Value, u32> = Column.none<Value, u32>();
/** What stands for a replaced value; none for a live one. Follow with `resolve`. */
export let aliases: Column<Value, Value> = Column.none<Value, Value>();

// Blocks. 0 is none, 1 is the entry.
export let blockCount: u32 = 1;
let blockCapacity: u32 = 0;
export let firstValue: Column<Block, Value> = Column.none<Block, Value>();
export let lastValue: Column<Block, Value> = Column.none<Block, Value>();
export let paramCount: Column<Block, u32> = Column.none<Block, u32>();
export let firstIn: Column<Block, Edge> = Column.none<Block, Edge>();
/** Nonzero: not expected to run (ends in a trap, say). */
export let coldness: Column<Block, u8> = Column.none<Block, u8>();

// Edges. 0 is none.
export let edgeCount: u32 = 1;
let edgeCapacity: u32 = 0;
export let edgeFrom: Column<Edge, Block> = Column.none<Edge, Block>();
export let edgeTo: Column<Edge, Block> = Column.none<Edge, Block>();
/** First argument in `pool`; the target's `paramCount` says how many. */
export let edgeArgs: Column<Edge, u32> = Column.none<Edge, u32>();
export let edgeNextIn: Column<Edge, Edge> = Column.none<Edge, Edge>();

/** Operand lists: edge arguments, call arguments, returned values. */
export const pool: Pool = Pool.create();

/** Function index and type index of the function at hand. */
export let funcIndex: u32 = 0;
export let funcTypeIndex: u32 = 0;

export const ENTRY: u32 = 1;

export function resetFunc(index: u32, typeIndex: u32): void {
  funcIndex = index;
  funcTypeIndex = typeIndex;
  valueCount = 1;
  blockCount = 1;
  edgeCount = 1;
  pool.clear();
  if (blockCapacity == 0) growBlocks();
  if (edgeCapacity == 0) growEdges();
  if (valueCapacity == 0) {
    growValues(FIRST_ENTRIES);
    ops[none<Value>()] = Op.None as u8;
    types[none<Value>()] = Type.None as u8;
    aliases[none<Value>()] = none<Value>();
    blockOf[none<Value>()] = none<Block>();
  }
}

function growValues(need: u32): void {
  resizeValues(valueCapacity, grownCapacity(valueCapacity, need));
}

/** Gives every column room for `capacity` values; the first `old` stay. */
function resizeValues(old: u32, capacity: u32): void {
  ops = Column.grown<Value, u8>(ops, old, capacity);
  types = Column.grown<Value, u8>(types, old, capacity);
  argA = Column.grown<Value, Value>(argA, old, capacity);
  argB = Column.grown<Value, Value>(argB, old, capacity);
  argC = Column.grown<Value, Value>(argC, old, capacity);
  imms = Column.grown<Value, i64>(imms, old, capacity);
  nexts = Column.grown<Value, Value>(nexts, old, capacity);
  prevs = Column.grown<Value, Value>(prevs, old, capacity);
  blockOf = Column.grown<Value, Block>(blockOf, old, capacity);
  locations = Column.grown<Value, u32>(locations, old, capacity);
  aliases = Column.grown<Value, Value>(aliases, old, capacity);
  valueCapacity = capacity;
}

/** Makes room for `count` values at once. */
export function reserveValues(count: u32): void {
  if (count > valueCapacity) growValues(count);
}

function growBlocks(): void {
  const old = blockCapacity;
  const capacity = grownCapacity(old, FIRST_ENTRIES);
  firstValue = Column.grown<Block, Value>(firstValue, old, capacity);
  lastValue = Column.grown<Block, Value>(lastValue, old, capacity);
  paramCount = Column.grown<Block, u32>(paramCount, old, capacity);
  firstIn = Column.grown<Block, Edge>(firstIn, old, capacity);
  coldness = Column.grown<Block, u8>(coldness, old, capacity);
  blockCapacity = capacity;
}

function growEdges(): void {
  const old = edgeCapacity;
  const capacity = grownCapacity(old, FIRST_ENTRIES);
  edgeFrom = Column.grown<Edge, Block>(edgeFrom, old, capacity);
  edgeTo = Column.grown<Edge, Block>(edgeTo, old, capacity);
  edgeArgs = Column.grown<Edge, u32>(edgeArgs, old, capacity);
  edgeNextIn = Column.grown<Edge, Edge>(edgeNextIn, old, capacity);
  edgeCapacity = capacity;
}

/** Whether the function is one of those whose tables are given back. */
export function isLarge(): bool {
  return valueCapacity > keptEntries;
}

/** The first `count` values are all there are; the tables keep just the room for them. No value has an alias. */
export function shrinkValues(count: u32): void {
  valueCount = count;
  aliases.clear(0, count);
  resizeValues(count, count);
}

/** Gives back the tables of a large function; it is gone. */
export function trimFunc(): void {
  if (isLarge()) {
    ops = Column.free<Value, u8>(ops);
    types = Column.free<Value, u8>(types);
    argA = Column.free<Value, Value>(argA);
    argB = Column.free<Value, Value>(argB);
    argC = Column.free<Value, Value>(argC);
    imms = Column.free<Value, i64>(imms);
    nexts = Column.free<Value, Value>(nexts);
    prevs = Column.free<Value, Value>(prevs);
    blockOf = Column.free<Value, Block>(blockOf);
    locations = Column.free<Value, u32>(locations);
    aliases = Column.free<Value, Value>(aliases);
    firstValue = Column.free<Block, Value>(firstValue);
    lastValue = Column.free<Block, Value>(lastValue);
    paramCount = Column.free<Block, u32>(paramCount);
    firstIn = Column.free<Block, Edge>(firstIn);
    coldness = Column.free<Block, u8>(coldness);
    edgeFrom = Column.free<Edge, Block>(edgeFrom);
    edgeTo = Column.free<Edge, Block>(edgeTo);
    edgeArgs = Column.free<Edge, u32>(edgeArgs);
    edgeNextIn = Column.free<Edge, Edge>(edgeNextIn);
    valueCapacity = 0;
    blockCapacity = 0;
    edgeCapacity = 0;
  }
  pool.trim();
}

/** A value that is in no block yet. */
export function newValue(op: Op, type: Type, a: Value, b: Value, c: Value, imm: i64, location: u32): Value {
  if (valueCount == valueCapacity) growValues(0);
  const value = at<Value>(valueCount++);
  ops[value] = op as u8;
  types[value] = type as u8;
  argA[value] = a;
  argB[value] = b;
  argC[value] = c;
  imms[value] = imm;
  locations[value] = location;
  aliases[value] = none<Value>();
  blockOf[value] = none<Block>();
  return value;
}

export function newBlock(): Block {
  if (blockCount == blockCapacity) growBlocks();
  const block = at<Block>(blockCount++);
  firstValue[block] = none<Value>();
  lastValue[block] = none<Value>();
  paramCount[block] = 0;
  firstIn[block] = none<Edge>();
  coldness[block] = 0;
  return block;
}

/** A new edge, linked into the target's list of incoming edges. Edges of one terminator must be made one after another. */
export function newEdge(from: Block, to: Block, args: u32): Edge {
  if (edgeCount == edgeCapacity) growEdges();
  const edge = at<Edge>(edgeCount++);
  edgeFrom[edge] = from;
  edgeArgs[edge] = args;
  linkEdge(edge, to);
  return edge;
}

/** Makes `to` the edge's target. */
export function linkEdge(edge: Edge, to: Block): void {
  edgeTo[edge] = to;
  edgeNextIn[edge] = firstIn[to];
  firstIn[to] = edge;
}

/** Takes the edge out of its target's list of incoming edges; its target becomes none. */
export function unlinkEdge(edge: Edge): void {
  const to = edgeTo[edge];
  if (to.isNone) return;
  let other = firstIn[to];
  if (other == edge) {
    firstIn[to] = edgeNextIn[edge];
  } else {
    while (edgeNextIn[other] != edge) other = edgeNextIn[other];
    edgeNextIn[other] = edgeNextIn[edge];
  }
  edgeTo[edge] = none<Block>();
}

/** The live value that stands for `value`. */
export function resolve(value: Value): Value {
  let next = aliases[value];
  if (next.isNone) return value;
  let root = next;
  next = aliases[root];
  while (!next.isNone) {
    root = next;
    next = aliases[root];
  }
  // Path compression keeps chains short.
  let walk = value;
  while (walk != root) {
    const step = aliases[walk];
    aliases[walk] = root;
    walk = step;
  }
  return root;
}

/** Makes every use of `value` mean `replacement`, from now on and in uses that are read through `resolve`. */
export function replaceValue(value: Value, replacement: Value): void {
  aliases[value] = replacement;
}

export function appendValue(block: Block, value: Value): void {
  const last = lastValue[block];
  blockOf[value] = block;
  prevs[value] = last;
  nexts[value] = none<Value>();
  if (last.isNone) firstValue[block] = value;
  else nexts[last] = value;
  lastValue[block] = value;
}

export function insertBefore(value: Value, before: Value): void {
  const block = blockOf[before];
  const previous = prevs[before];
  blockOf[value] = block;
  prevs[value] = previous;
  nexts[value] = before;
  prevs[before] = value;
  if (previous.isNone) firstValue[block] = value;
  else nexts[previous] = value;
}

/** Takes the value out of its block. */
export function removeValue(value: Value): void {
  const block = blockOf[value];
  const previous = prevs[value];
  const next = nexts[value];
  if (previous.isNone) firstValue[block] = next;
  else nexts[previous] = next;
  if (next.isNone) lastValue[block] = previous;
  else prevs[next] = previous;
  blockOf[value] = none<Block>();
}

/** A new parameter of `block`, after those it has. The caller sees to the arguments of the incoming edges. */
export function appendParam(block: Block, type: Type, location: u32): Value {
  const count = paramCount[block];
  const param = newValue(Op.Param, type, none<Value>(), none<Value>(), none<Value>(), count, location);
  paramCount[block] = count + 1;
  // After the last Param: before the first other instruction.
  let place = firstValue[block];
  while (!place.isNone && ops[place] == Op.Param) place = nexts[place];
  if (place.isNone) appendValue(block, param);
  else insertBefore(param, place);
  return param;
}

export function edgeArg(edge: Edge, index: u32): Value {
  return at<Value>(pool.get(edgeArgs[edge] + index));
}

/** Edge `index` of a Jump, BrIf or BrTable. */
export function successor(terminator: Value, index: u32): Edge {
  return at<Edge>(argB[terminator].index + index);
}

/** Number of outgoing edges of a terminator. */
export function successorCount(terminator: Value): u32 {
  const op: u32 = ops[terminator];
  return op == Op.Jump || op == Op.BrIf || op == Op.BrTable ? argC[terminator].index : 0;
}

export function isParam(value: Value): bool {
  return ops[value] == Op.Param;
}
