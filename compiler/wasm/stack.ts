/** stack: the operand types and control frames of the expression being validated.
 *  In: pushes and pops.  Out: errors of type and nesting, at `operatorOffset`.
 *  Below the base of a frame nothing can be popped; in unreachable code an empty frame gives whatever is wanted (the bottom type, 0).
 *  Requires: `reserveOperands` covers what is pushed: one a byte of code, and each list of types before it is pushed.
 *  Cost: O(1) an operand, no allocation an operator.  Ref: WebAssembly 3.0, appendix A.3. */

import { Column } from '../base/column';
import { ErrorCode, message } from '../base/error';
import { FIRST_ENTRIES, grownCapacity, keptEntries, allocate, reallocate } from '../base/memory';
import { failAt } from './reader';
import { valTypeName } from './valtype';

export const enum FrameKind {
  Func = 0,
  Block = 1,
  Loop = 2,
  If = 3,
  Else = 4,
}

/** Any type, in unreachable code. */
export const BOTTOM: u32 = 0;

/** Where the operator under validation begins. */
export let operatorOffset: u32 = 0;

/** Operands are bytes in memory of their own, with slack below the first and behind the last, so that four can be looked at together. */
const SLACK: u32 = 4;
const SMALL: u32 = 256;
let operandCapacity: u32 = SMALL;
let operands: usize = allocate(SMALL);
/** Address behind the topmost operand. */
let top: usize = operands + SLACK;
/** Address at which the innermost frame begins. */
let base: usize = top;
/** The innermost frame is in unreachable code. */
let isUnreachable: bool = false;

let frameCapacity: u32 = 0;
/** Frames that are open. */
export let frameCount: u32 = 0;
let frameKinds = Column.none<u32, u8>();
/** Base (from `operands`) and reachability of the frame around this one. */
let frameOuterBases = Column.none<u32, u32>();
let frameOuterUnreachables = Column.none<u32, u8>();
/** Addresses of type lists, a byte a type. */
let frameParams = Column.none<u32, usize>();
let frameParamCounts = Column.none<u32, u32>();
let frameResults = Column.none<u32, usize>();
let frameResultCounts = Column.none<u32, u32>();

export function resetStack(): void {
  top = operands + SLACK;
  base = top;
  isUnreachable = false;
  frameCount = 0;
}

export function setOperatorOffset(offset: u32): void {
  operatorOffset = offset;
}

/** Makes room for `count` more operands. */
export function reserveOperands(count: u32): void {
  const used = (top - operands) as u32;
  const need = used + count + SLACK;
  if (need <= operandCapacity) return;
  const capacity = max<u32>(need, operandCapacity << 1);
  const moved = reallocate(operands, capacity, used);
  top += moved - operands;
  base += moved - operands;
  operands = moved;
  operandCapacity = capacity;
}

/** Gives back the room that a large expression took. */
export function trimStack(): void {
  if (frameCapacity > keptEntries) {
    frameKinds = Column.free<u32, u8>(frameKinds);
    frameOuterBases = Column.free<u32, u32>(frameOuterBases);
    frameOuterUnreachables = Column.free<u32, u8>(frameOuterUnreachables);
    frameParams = Column.free<u32, usize>(frameParams);
    frameParamCounts = Column.free<u32, u32>(frameParamCounts);
    frameResults = Column.free<u32, usize>(frameResults);
    frameResultCounts = Column.free<u32, u32>(frameResultCounts);
    frameCapacity = 0;
  }
  if (operandCapacity <= SMALL) return;
  operands = reallocate(operands, SMALL, 0);
  operandCapacity = SMALL;
  resetStack();
}

/** What hot loops do with operands, inlined. */
export class Operands {
  @inline
  static push(type: u32): void {
    store<u8>(top, type as u8);
    top += 1;
  }

  /** Pops an operand of type `expected`. */
  @inline
  static pop(expected: u32): void {
    if (top > base && (load<u8>(top - 1) as u32) == expected) top -= 1;
    else popOther(expected);
  }

  /** Pops `count` operands at once when they are those of `params` (a byte each, the first lowest); else false, and nothing is done. */
  @inline
  static popAll(params: u32, count: u32): bool {
    if (top - base < (count as usize) || load<u32>(top - count) << (32 - (count << 3)) != params << (32 - (count << 3))) return false;
    top -= count;
    return true;
  }
}

export function push(type: u32): void {
  Operands.push(type);
}

/** Pops an operand of type `expected`. */
export function pop(expected: u32): void {
  Operands.pop(expected);
}

function popOther(expected: u32): void {
  if (top == base) {
    if (!isUnreachable) failEmpty(expected);
    return;
  }
  top -= 1;
  const found: u32 = load<u8>(top);
  if (found != expected && found != BOTTOM) failType(expected, found);
}

/** Pops an operand of any type. */
export function popAny(): u32 {
  if (top > base) {
    top -= 1;
    return load<u8>(top);
  }
  if (!isUnreachable) failAt(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected a type but nothing on stack');
  return BOTTOM;
}

export function pushList(list: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) Operands.push(load<u8>(list + i));
}

export function popList(list: usize, count: u32): void {
  for (let i = count; i > 0; i--) Operands.pop(load<u8>(list + i - 1));
}

/** Checks the operands on top against a list, and leaves them there. */
export function checkList(list: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const expected: u32 = load<u8>(list + count - 1 - i);
    if (top - base <= (i as usize)) {
      if (!isUnreachable) failEmpty(expected);
      return;
    }
    const found: u32 = load<u8>(top - 1 - i);
    if (found != expected && found != BOTTOM) return failType(expected, found);
  }
}

/** The rest of the innermost frame cannot be reached. */
export function markUnreachable(): void {
  top = base;
  isUnreachable = true;
}

/** Opens a frame; its parameters are popped here and pushed inside. */
export function pushFrame(kind: FrameKind, params: usize, paramCount: u32, results: usize, resultCount: u32): void {
  const index = frameCount;
  if (index == frameCapacity) growFrames();
  popList(params, paramCount);
  frameKinds[index] = kind as u8;
  frameOuterBases[index] = (base - operands) as u32;
  frameOuterUnreachables[index] = isUnreachable ? 1 : 0;
  frameParams[index] = params;
  frameParamCounts[index] = paramCount;
  frameResults[index] = results;
  frameResultCounts[index] = resultCount;
  frameCount = index + 1;
  base = top;
  isUnreachable = false;
  // In unreachable code more may be pushed here than was popped.
  reserveListOperands(paramCount);
  pushList(params, paramCount);
}

/** Room for a list beside what one operand a byte of code needs. */
export function reserveListOperands(count: u32): void {
  if (count > 1) reserveOperands(count + codeOperands);
}

/** Operands that the code of this expression can push one by one. */
let codeOperands: u32 = 0;

/** Says how long the expression is. */
export function reserveCode(length: u32): void {
  codeOperands = length + 1;
  reserveOperands(codeOperands);
}

function growFrames(): void {
  const capacity = grownCapacity(frameCapacity, FIRST_ENTRIES);
  frameKinds = Column.grown<u32, u8>(frameKinds, frameCapacity, capacity);
  frameOuterBases = Column.grown<u32, u32>(frameOuterBases, frameCapacity, capacity);
  frameOuterUnreachables = Column.grown<u32, u8>(frameOuterUnreachables, frameCapacity, capacity);
  frameParams = Column.grown<u32, usize>(frameParams, frameCapacity, capacity);
  frameParamCounts = Column.grown<u32, u32>(frameParamCounts, frameCapacity, capacity);
  frameResults = Column.grown<u32, usize>(frameResults, frameCapacity, capacity);
  frameResultCounts = Column.grown<u32, u32>(frameResultCounts, frameCapacity, capacity);
  frameCapacity = capacity;
}

/** Kind of the innermost frame. */
export function innermostKind(): FrameKind {
  return frameKinds[frameCount - 1];
}

/** Checks the results of the innermost frame and closes it; the caller pushes them where they belong. */
function closeFrame(): void {
  const index = frameCount - 1;
  popList(frameResults[index], frameResultCounts[index]);
  if (top != base) failAt(ErrorCode.Invalid, operatorOffset, 'type mismatch: values remaining on stack at end of block');
  frameCount = index;
  base = operands + frameOuterBases[index];
  isUnreachable = frameOuterUnreachables[index] != 0;
}

/** `else`: from the first arm of an `if` to the second. */
export function switchFrame(): void {
  const index = frameCount - 1;
  const inner = base;
  closeFrame();
  frameKinds[index] = FrameKind.Else as u8;
  frameCount = index + 1;
  base = inner;
  top = inner;
  isUnreachable = false;
  reserveListOperands(frameParamCounts[index]);
  pushList(frameParams[index], frameParamCounts[index]);
}

/** `end`: closes the innermost frame and pushes its results. */
export function popFrame(): void {
  const index = frameCount - 1;
  closeFrame();
  if (frameKinds[index] == (FrameKind.If as u8)) {
    // The missing `else` passes the parameters on.
    const count = frameParamCounts[index];
    if (count != frameResultCounts[index] || memory.compare(frameParams[index], frameResults[index], count) != 0) {
      failAt(ErrorCode.Invalid, operatorOffset, 'type mismatch: parameters and results of an if without else must be equal');
    }
  }
  reserveListOperands(frameResultCounts[index]);
  pushList(frameResults[index], frameResultCounts[index]);
}

/** Types that a branch to the frame `depth` levels out takes: address and number. The depth must exist. */
export function labelTypes(depth: u32): usize {
  const index = frameCount - 1 - depth;
  return frameKinds[index] == (FrameKind.Loop as u8) ? frameParams[index] : frameResults[index];
}

export function labelCount(depth: u32): u32 {
  const index = frameCount - 1 - depth;
  return frameKinds[index] == (FrameKind.Loop as u8) ? frameParamCounts[index] : frameResultCounts[index];
}

export function failType(expected: u32, found: u32): void {
  if (!failAt(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected ')) return;
  message.text(valTypeName(expected));
  message.text(', found ');
  message.text(valTypeName(found));
}

function failEmpty(expected: u32): void {
  if (!failAt(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected ')) return;
  message.text(valTypeName(expected));
  message.text(' but nothing on stack');
}
