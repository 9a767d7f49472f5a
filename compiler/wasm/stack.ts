/** stack: the operand types and control frames of the expression being validated.
 *  In: pushes and pops.  Out: errors of type and nesting, at `operatorOffset`.
 *  Below the base of a frame nothing can be popped; in unreachable code an empty frame gives whatever is wanted (the bottom type, 0).
 *  Requires: `reserveOperands` covers what is pushed: one a byte of code, and each list of types before it is pushed.
 *  Cost: O(1) an operand, no allocation an operator.  Ref: WebAssembly 3.0, appendix A.3. */

import { Column } from '../base/column';
import { ErrorCode, fail, message } from '../base/error';
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

let operandCapacity: u32 = 0;
let operands = Column.none<u32, u8>();
let height: u32 = 0;
/** Height at which the innermost frame begins. */
let base: u32 = 0;
/** The innermost frame is in unreachable code. */
let isUnreachable: bool = false;

let frameCapacity: u32 = 0;
/** Frames that are open. */
export let frameCount: u32 = 0;
let frameKinds = Column.none<u32, u8>();
/** Base and reachability of the frame around this one. */
let frameOuterBases = Column.none<u32, u32>();
let frameOuterUnreachables = Column.none<u32, u8>();
/** Addresses of type lists, a byte a type. */
let frameParams = Column.none<u32, usize>();
let frameParamCounts = Column.none<u32, u32>();
let frameResults = Column.none<u32, usize>();
let frameResultCounts = Column.none<u32, u32>();

export function resetStack(): void {
  height = 0;
  base = 0;
  isUnreachable = false;
  frameCount = 0;
}

export function setOperatorOffset(offset: u32): void {
  operatorOffset = offset;
}

/** Makes room for `count` more operands. */
export function reserveOperands(count: u32): void {
  if (height + count <= operandCapacity) return;
  const capacity = max<u32>(height + count, operandCapacity << 1);
  operands = Column.grown<u32, u8>(operands, operandCapacity, capacity);
  operandCapacity = capacity;
}

export function push(type: u32): void {
  operands[height] = type as u8;
  height += 1;
}

/** Pops an operand of type `expected`. */
export function pop(expected: u32): void {
  const top = height - 1;
  if (height > base && operands[top] == expected) height = top;
  else popOther(expected);
}

function popOther(expected: u32): void {
  if (height == base) {
    if (!isUnreachable) failEmpty(expected);
    return;
  }
  const found: u32 = operands[--height];
  if (found != expected && found != BOTTOM) failType(expected, found);
}

/** Pops an operand of any type. */
export function popAny(): u32 {
  if (height > base) return operands[--height];
  if (!isUnreachable) fail(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected a type but nothing on stack');
  return BOTTOM;
}

export function pushList(list: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) push(load<u8>(list + i));
}

export function popList(list: usize, count: u32): void {
  for (let i = count; i > 0; i--) pop(load<u8>(list + i - 1));
}

/** Checks the operands on top against a list, and leaves them there. */
export function checkList(list: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const expected: u32 = load<u8>(list + count - 1 - i);
    if (height - base <= i) {
      if (!isUnreachable) failEmpty(expected);
      return;
    }
    const found: u32 = operands[height - 1 - i];
    if (found != expected && found != BOTTOM) return failType(expected, found);
  }
}

/** The rest of the innermost frame cannot be reached. */
export function markUnreachable(): void {
  height = base;
  isUnreachable = true;
}

/** Opens a frame; its parameters are popped here and pushed inside. */
export function pushFrame(kind: FrameKind, params: usize, paramCount: u32, results: usize, resultCount: u32): void {
  const index = frameCount;
  if (index == frameCapacity) growFrames();
  popList(params, paramCount);
  frameKinds[index] = kind as u8;
  frameOuterBases[index] = base;
  frameOuterUnreachables[index] = isUnreachable ? 1 : 0;
  frameParams[index] = params;
  frameParamCounts[index] = paramCount;
  frameResults[index] = results;
  frameResultCounts[index] = resultCount;
  frameCount = index + 1;
  base = height;
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
  const capacity = frameCapacity == 0 ? 64 : frameCapacity << 1;
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
  if (height != base) fail(ErrorCode.Invalid, operatorOffset, 'type mismatch: values remaining on stack at end of block');
  frameCount = index;
  base = frameOuterBases[index];
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
  height = inner;
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
      fail(ErrorCode.Invalid, operatorOffset, 'type mismatch: parameters and results of an if without else must be equal');
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
  if (!fail(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected ')) return;
  message.text(valTypeName(expected));
  message.text(', found ');
  message.text(valTypeName(found));
}

function failEmpty(expected: u32): void {
  if (!fail(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected ')) return;
  message.text(valTypeName(expected));
  message.text(' but nothing on stack');
}
