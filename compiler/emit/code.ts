/** code: labels, branches, loop alignment and jump tables within a function.
 *  While a function is emitted every branch and every alignment takes its largest size; `finishCode` decides the sizes, moves the code
 *  together, and corrects what was recorded about it (relocations, traps, addresses).
 *  In: the function's code at the end of emit/output's `code`, from `startCode` on.  Out: the same, final.
 *  Requires: every label that is used is bound. Whoever emits records offsets in ascending order.
 *  Cost: linear: a forward branch is measured by the largest distance that it may have, a backward branch by its true one. */

import { Column } from '../base/column';
import { Entity, Label, at } from '../base/entity';
import { FIRST_ENTRIES, keptEntries, grownCapacity } from '../base/memory';
import { Pool } from '../base/pool';
import {
  AddressEntry,
  Relocation,
  RelocationKind,
  TrapEntry,
  addJumpTableEntry,
  addressCodeOffset,
  addressCount,
  code,
  noteJumpTable,
  relocationCount,
  relocationKind,
  relocationOffset,
  rodata,
  trapCodeOffset,
  trapCount,
} from './output';

/** A place in the code whose size is decided last, from 1. */
@unmanaged
@final
class Point extends Entity {}

/** Point kinds: 0..15: x64 conditional jump by hardware condition number. */
const JUMP: u32 = 16;
const ALIGN: u32 = 17;

const SHORT_SIZE: u32 = 2;
const JUMP_SIZE: u32 = 5;
const CONDITIONAL_SIZE: u32 = 6;

let pointCount: u32 = 1;
let pointCapacity: u32 = 0;
let pointKinds: Column<Point, u8> = Column.none<Point, u8>();
/** Where it stands before `finishCode`. */
let pointOffsets: Column<Point, u32> = Column.none<Point, u32>();
/** Target; for ALIGN the alignment. */
let pointTargets: Column<Point, u32> = Column.none<Point, u32>();
let pointSizes: Column<Point, u8> = Column.none<Point, u8>();

let labelCount: u32 = 1;
let labelCapacity: u32 = 0;
const UNBOUND: u32 = 0xffffffff;
/** Before `finishCode`. */
let labelOffsets: Column<Label, u32> = Column.none<Label, u32>();
/** After it. */
let labelFinals: Column<Label, u32> = Column.none<Label, u32>();

/** Labels in the order in which they were bound. */
const bound: Pool = Pool.create();
/** Jump tables: rodata offset, number of targets, target labels. */
const tables: Pool = Pool.create();
let tablesEnd: u32 = 0;

let firstRelocation: u32 = 0;
let firstTrap: u32 = 0;
let firstAddress: u32 = 0;

/** Begins a function at the end of `code`; labels 1..count exist. */
export function startCode(labels: u32): void {
  pointCount = 1;
  labelCount = 1;
  bound.clear();
  tables.clear();
  firstRelocation = relocationCount + 1;
  firstTrap = trapCount + 1;
  firstAddress = addressCount + 1;
  tablesEnd = (rodata.length + 3) & ~3;
  for (let i: u32 = 0; i < labels; i++) newLabel();
}

export function newLabel(): Label {
  if (labelCount >= labelCapacity) {
    const old = labelCapacity;
    labelCapacity = grownCapacity(old, FIRST_ENTRIES);
    labelOffsets = Column.grown<Label, u32>(labelOffsets, old, labelCapacity);
    labelFinals = Column.grown<Label, u32>(labelFinals, old, labelCapacity);
  }
  const label = at<Label>(labelCount++);
  labelOffsets[label] = UNBOUND;
  return label;
}

/** The label stands for the present end of the code. */
export function bind(label: Label): void {
  assert(labelOffsets[label] == UNBOUND);
  labelOffsets[label] = code.length;
  bound.push(label.index);
}

function addPoint(kind: u32, target: u32, size: u32): void {
  if (pointCount >= pointCapacity) {
    const old = pointCapacity;
    pointCapacity = grownCapacity(old, FIRST_ENTRIES);
    pointKinds = Column.grown<Point, u8>(pointKinds, old, pointCapacity);
    pointOffsets = Column.grown<Point, u32>(pointOffsets, old, pointCapacity);
    pointTargets = Column.grown<Point, u32>(pointTargets, old, pointCapacity);
    pointSizes = Column.grown<Point, u8>(pointSizes, old, pointCapacity);
  }
  const point = at<Point>(pointCount++);
  pointKinds[point] = kind as u8;
  pointOffsets[point] = code.length;
  pointTargets[point] = target;
  code.zeros(size);
}

export function jump(target: Label): void {
  addPoint(JUMP, target.index, JUMP_SIZE);
}

/** `condition`: hardware condition number, 0..15. */
export function jumpIf(condition: u32, target: Label): void {
  assert(condition < JUMP);
  addPoint(condition, target.index, CONDITIONAL_SIZE);
}

/** The code goes on at a multiple of `alignment` (a power of two, counted from the start of `code`). */
export function alignCode(alignment: u32): void {
  addPoint(ALIGN, alignment, alignment - 1);
}

/** Starts a table of code distances in rodata; its targets follow by `addTableTarget`. The rodata offset of the table.
 *  Nothing else may append to rodata before `finishCode`. */
export function startTable(targets: u32): u32 {
  const start = tablesEnd;
  tables.push(start);
  tables.push(targets);
  tablesEnd += targets << 2;
  return start;
}

export function addTableTarget(target: Label): void {
  tables.push(target.index);
}

function largestSize(point: Point): u32 {
  const kind = pointKinds[point] as u32;
  return kind < JUMP ? CONDITIONAL_SIZE : kind == JUMP ? JUMP_SIZE : pointTargets[point] - 1;
}

/** Decides the size of each point and where each label comes to stand. The number of bytes saved. */
function decide(): u32 {
  let saved: u32 = 0;
  let next: u32 = 1;
  for (let i: u32 = 1; i < pointCount; i++) {
    const point = at<Point>(i);
    const offset = pointOffsets[point];
    for (; next < bound.length; next++) {
      const label = at<Label>(bound.get(next));
      if (labelOffsets[label] > offset) break;
      labelFinals[label] = labelOffsets[label] - saved;
    }
    const place = offset - saved;
    const largest = largestSize(point);
    let size = largest;
    if (pointKinds[point] == ALIGN) {
      size = (0 - place) & (pointTargets[point] - 1);
    } else {
      const target = at<Label>(pointTargets[point]);
      const targetOffset = labelOffsets[target];
      assert(targetOffset != UNBOUND);
      const fits = targetOffset <= offset ? place + SHORT_SIZE - labelFinals[target] <= 128 : targetOffset - (offset + largest) <= 127;
      if (fits) size = SHORT_SIZE;
    }
    pointSizes[point] = size as u8;
    saved += largest - size;
  }
  for (; next < bound.length; next++) {
    const label = at<Label>(bound.get(next));
    labelFinals[label] = labelOffsets[label] - saved;
  }
  return saved;
}

/** i32 cells: the first bytes of the recommended nops (Intel SDM, NOP) of 1 to 9 bytes; the others are 0. */
const nops: usize = memory.data<i32>([0x90, 0x9066, 0x1f0f, 0x401f0f, 0x441f0f, 0x441f0f66, 0x801f0f, 0x841f0f, 0x841f0f66]);

function fillNops(offset: u32, count: u32): void {
  while (count != 0) {
    const size = min<u32>(count, 9);
    const leading = load<u32>(nops + (((size - 1) as usize) << 2));
    for (let i: u32 = 0; i < size; i++) code.putU8(offset + i, i < 4 ? leading >> (i << 3) : 0);
    offset += size;
    count -= size;
  }
}

/** Moves the pieces between the points to their final places and writes the points. */
function settle(): void {
  let relocation = firstRelocation;
  let trap = firstTrap;
  let address = firstAddress;
  let saved: u32 = 0;
  let from: u32 = pointCount > 1 ? pointOffsets[at<Point>(1)] : code.length;
  for (let i: u32 = 1; i < pointCount; i++) {
    const point = at<Point>(i);
    const offset = pointOffsets[point];
    // The piece since the point before.
    if (saved != 0) {
      code.move(from - saved, from, offset - from);
    }
    for (; relocation <= relocationCount && relocationPlace(relocation) <= offset; relocation++) moveRelocation(relocation, saved);
    for (; trap <= trapCount && trapCodeOffset[at<TrapEntry>(trap)] <= offset; trap++) trapCodeOffset[at<TrapEntry>(trap)] -= saved;
    for (; address <= addressCount && addressCodeOffset[at<AddressEntry>(address)] <= offset; address++) {
      addressCodeOffset[at<AddressEntry>(address)] -= saved;
    }
    writePoint(point, offset - saved);
    const largest = largestSize(point);
    saved += largest - (pointSizes[point] as u32);
    from = offset + largest;
  }
  if (saved == 0) return;
  code.move(from - saved, from, code.length - from);
  for (; relocation <= relocationCount; relocation++) moveRelocation(relocation, saved);
  for (; trap <= trapCount; trap++) trapCodeOffset[at<TrapEntry>(trap)] -= saved;
  for (; address <= addressCount; address++) addressCodeOffset[at<AddressEntry>(address)] -= saved;
  code.length -= saved;
}

/** All relocations of a function are in its code until its jump tables are written. */
function relocationPlace(index: u32): u32 {
  return relocationOffset[at<Relocation>(index)];
}

function moveRelocation(index: u32, saved: u32): void {
  const entry = at<Relocation>(index);
  assert(relocationKind[entry] == (RelocationKind.X64Call as u8) || relocationKind[entry] == (RelocationKind.X64Rodata as u8));
  relocationOffset[entry] -= saved;
}

function writePoint(point: Point, place: u32): void {
  const kind = pointKinds[point] as u32;
  const size = pointSizes[point] as u32;
  if (kind == ALIGN) {
    fillNops(place, size);
    return;
  }
  const distance = labelFinals[at<Label>(pointTargets[point])] - (place + size);
  if (size == SHORT_SIZE) {
    code.putU8(place, kind == JUMP ? 0xeb : 0x70 | kind);
    code.putU8(place + 1, distance);
  } else if (kind == JUMP) {
    code.putU8(place, 0xe9);
    code.putU32(place + 1, distance);
  } else {
    code.putU8(place, 0x0f);
    code.putU8(place + 1, 0x80 | kind);
    code.putU32(place + 2, distance);
  }
}

/** Ends the function: sizes, moves, distances, jump tables. */
export function finishCode(): void {
  decide();
  settle();
  writeTables();
  trimCode();
}

/** Gives back the tables of a large function. */
function trimCode(): void {
  bound.trim();
  tables.trim();
  if (pointCapacity > keptEntries) {
    pointKinds = Column.free<Point, u8>(pointKinds);
    pointOffsets = Column.free<Point, u32>(pointOffsets);
    pointTargets = Column.free<Point, u32>(pointTargets);
    pointSizes = Column.free<Point, u8>(pointSizes);
    pointCapacity = 0;
  }
  if (labelCapacity > keptEntries) {
    labelOffsets = Column.free<Label, u32>(labelOffsets);
    labelFinals = Column.free<Label, u32>(labelFinals);
    labelCapacity = 0;
  }
}

function writeTables(): void {
  if (tables.isEmpty) return;
  rodata.align(4);
  let index: u32 = 1;
  while (index < tables.length) {
    const start = tables.get(index);
    const count = tables.get(index + 1);
    assert(start == rodata.length);
    noteJumpTable(count);
    index += 2;
    for (let i: u32 = 0; i < count; i++) addJumpTableEntry(start, labelFinals[at<Label>(tables.get(index + i))]);
    index += count;
  }
}
