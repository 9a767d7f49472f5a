/** control: structured control flow: the label stack, branches and joins.
 *  In: block, loop, if, else, end, br… as they come, over a validated body.  Out: blocks and edges.
 *  Requires: the operand stack in stack.ts. While code is unreachable (`builder.block` is none) only nesting is tracked, by translate.ts.
 *  A label's block gets the label's types as its own first parameters. */

import { Column } from '../base/column';
import { Block, Edge, Value, at, none } from '../base/entity';
import { FIRST_ENTRIES, grownCapacity, keptEntries } from '../base/memory';
import * as ir from '../ir/func';
import { Op } from '../ir/op';
import * as module from '../wasm/module';
import * as reader from '../wasm/reader';
import { ValType } from '../wasm/opcodes';
import * as builder from './builder';
import { beginConstruct, closeLoop, endConstruct, openLoop, setOwnParams } from './locals';
import * as stack from './stack';
import { irType } from './types';

const enum Kind {
  Block,
  Loop,
  If,
  /** The else part, or an if whose else is done with. */
  Else,
}

/** Block types: a type index, or one of the short forms. */
const EMPTY: i32 = -1;
const ONE_RESULT: i32 = -2;

// The label stack, outermost (the function) at 1.
export let depth: u32 = 0;
let capacity: u32 = 0;
let kinds: Column<u32, u8> = Column.none<u32, u8>();
/** Where a branch to the label goes. */
let labels: Column<u32, Block> = Column.none<u32, Block>();
/** If: the block of the else part. */
let elseBlocks: Column<u32, Block> = Column.none<u32, Block>();
let typeForms: Column<u32, i32> = Column.none<u32, i32>();
/** ONE_RESULT: the result. */
let resultTypes: Column<u32, u8> = Column.none<u32, u8>();
/** Operand stack height below the parameters. */
let heights: Column<u32, u32> = Column.none<u32, u32>();
/** If: the parameters' copy in the pool, for the else part. */
let paramLists: Column<u32, u32> = Column.none<u32, u32>();

/** Gives back the label stack of a large function. */
export function trimControl(): void {
  if (capacity <= keptEntries) return;
  kinds = Column.free<u32, u8>(kinds);
  labels = Column.free<u32, Block>(labels);
  elseBlocks = Column.free<u32, Block>(elseBlocks);
  typeForms = Column.free<u32, i32>(typeForms);
  resultTypes = Column.free<u32, u8>(resultTypes);
  heights = Column.free<u32, u32>(heights);
  paramLists = Column.free<u32, u32>(paramLists);
  capacity = 0;
}

let formRead: i32 = EMPTY;
let resultRead: u32 = 0;

function readBlockType(): void {
  const first = reader.peekU8();
  if (first == 0x40) {
    reader.readU8();
    formRead = EMPTY;
  } else if (first >= <u32>ValType.ExternRef && first <= <u32>ValType.I32) {
    resultRead = reader.readU8();
    formRead = ONE_RESULT;
  } else formRead = reader.readS33() as i32;
}

function paramsOf(form: i32): u32 {
  return form >= 0 ? module.typeParamCount(form) : 0;
}

function resultsOf(form: i32): u32 {
  return form >= 0 ? module.typeResultCount(form) : form == ONE_RESULT ? 1 : 0;
}

function pushLabel(kind: Kind, label: Block, form: i32, result: u32): void {
  depth++;
  if (depth >= capacity) {
    const old = capacity;
    capacity = grownCapacity(old, FIRST_ENTRIES);
    kinds = Column.grown<u32, u8>(kinds, old, capacity);
    labels = Column.grown<u32, Block>(labels, old, capacity);
    elseBlocks = Column.grown<u32, Block>(elseBlocks, old, capacity);
    typeForms = Column.grown<u32, i32>(typeForms, old, capacity);
    resultTypes = Column.grown<u32, u8>(resultTypes, old, capacity);
    heights = Column.grown<u32, u32>(heights, old, capacity);
    paramLists = Column.grown<u32, u32>(paramLists, old, capacity);
  }
  kinds[depth] = kind as u8;
  labels[depth] = label;
  typeForms[depth] = form;
  resultTypes[depth] = result as u8;
  heights[depth] = stack.height() - paramsOf(form);
}

function addResultParams(label: Block, form: i32, result: u32): void {
  const count = resultsOf(form);
  for (let i: u32 = 0; i < count; i++) ir.appendParam(label, irType(form >= 0 ? module.typeResult(form, i) : result), builder.location);
  setOwnParams(label, count);
}

function addParamParams(label: Block, form: i32): void {
  const count = paramsOf(form);
  for (let i: u32 = 0; i < count; i++) ir.appendParam(label, irType(module.typeParam(form, i)), builder.location);
  setOwnParams(label, count);
}

function pushParams(block: Block, count: u32): void {
  let param = ir.firstValue[block];
  for (let i: u32 = 0; i < count; i++) {
    stack.push(param);
    param = ir.nexts[param];
  }
}

/** A block that only the terminator being made reaches. */
function plainBlock(): Block {
  const block = ir.newBlock();
  setOwnParams(block, 0);
  return block;
}

/** The function body as the outermost label. */
export function enterFunction(typeIndex: u32): void {
  depth = 0;
  const label = ir.newBlock();
  pushLabel(Kind.Block, label, typeIndex as i32, 0);
  // The parameters are locals, not operands.
  heights[depth] = stack.height();
  addResultParams(label, typeIndex as i32, 0);
}

export function enterBlock(): void {
  readBlockType();
  const label = ir.newBlock();
  pushLabel(Kind.Block, label, formRead, resultRead);
  addResultParams(label, formRead, resultRead);
  beginConstruct(label, builder.block);
}

export function enterLoop(): void {
  readBlockType();
  const header = ir.newBlock();
  pushLabel(Kind.Loop, header, formRead, resultRead);
  addParamParams(header, formRead);
  beginConstruct(header, builder.block);
  const count = paramsOf(formRead);
  builder.jump(header, stack.popList(count));
  openLoop(header);
  builder.setBlock(header);
  pushParams(header, count);
}

export function enterIf(): void {
  readBlockType();
  const condition = stack.pop();
  const label = ir.newBlock();
  pushLabel(Kind.If, label, formRead, resultRead);
  addResultParams(label, formRead, resultRead);
  beginConstruct(label, builder.block);
  const thenBlock = plainBlock();
  const elseBlock = plainBlock();
  elseBlocks[depth] = elseBlock;
  paramLists[depth] = stack.copyTop(paramsOf(formRead));
  builder.branchIf(condition, thenBlock, 0, elseBlock, 0);
  builder.setBlock(thenBlock);
}

/** Starts the else part; the then part's end may be unreachable. */
export function enterElse(): void {
  if (!builder.block.isNone) builder.jump(labels[depth], stack.popList(resultsOf(typeForms[depth])));
  kinds[depth] = Kind.Else as u8;
  startElse();
}

function startElse(): void {
  stack.truncate(heights[depth]);
  const list = paramLists[depth];
  const count = paramsOf(typeForms[depth]);
  for (let i: u32 = 0; i < count; i++) stack.operands.push(ir.pool.get(list + i));
  builder.setBlock(elseBlocks[depth]);
}

/** Ends the innermost label. Afterwards `builder.block` is none when nothing gets there. False when it was the function's. */
export function leave(): bool {
  const kind: u32 = kinds[depth];
  const form = typeForms[depth];
  const label = labels[depth];
  const results = resultsOf(form);
  endConstruct(label);
  if (kind == Kind.Loop) {
    closeLoop(label);
    // Falls through with its results on the stack.
    if (builder.block.isNone) stack.truncate(heights[depth]);
    depth--;
    return true;
  }
  if (!builder.block.isNone) builder.jump(label, stack.popList(results));
  if (kind == Kind.If) {
    // No else part: its parameters are its results.
    startElse();
    builder.jump(label, stack.popList(results));
  }
  stack.truncate(heights[depth]);
  depth--;
  if (ir.firstIn[label].isNone) {
    builder.setBlock(none<Block>());
  } else {
    builder.setBlock(label);
    pushParams(label, results);
  }
  if (depth != 0) return true;
  if (!builder.block.isNone) builder.returnValues(stack.popList(results), results);
  return false;
}

function labelArity(level: u32): u32 {
  return kinds[level] == Kind.Loop ? paramsOf(typeForms[level]) : resultsOf(typeForms[level]);
}

export function branch(label: u32): void {
  const level = depth - label;
  builder.jump(labels[level], stack.copyTop(labelArity(level)));
}

export function branchIf(label: u32): void {
  const level = depth - label;
  const condition = stack.pop();
  const next = plainBlock();
  builder.branchIf(condition, labels[level], stack.copyTop(labelArity(level)), next, 0);
  builder.setBlock(next);
}

/** Reads the table of labels. */
export function branchTable(): void {
  const index = stack.pop();
  const count = reader.readU32() + 1;
  let first = none<Edge>();
  for (let i: u32 = 0; i < count; i++) {
    const level = depth - reader.readU32();
    const edge = ir.newEdge(builder.block, labels[level], stack.copyTop(labelArity(level)));
    if (i == 0) first = edge;
  }
  if (count == 1) {
    // Only the default: a jump.
    const value = ir.newValue(Op.Jump, 0, none<Value>(), changetype<Value>(first.index as usize), at<Value>(1), 0, builder.location);
    ir.appendValue(builder.block, value);
    builder.setBlock(none<Block>());
  } else builder.branchTable(index, first, count);
}

export function returnFromFunction(): void {
  const results = resultsOf(typeForms[1]);
  builder.returnValues(stack.copyTop(results), results);
}
