/** validate-code: function bodies.
 *  In: the decoded module.  Out: true, and usage facts in module.ts; or the first error with the offset of its operator.
 *  Cost: O(body), no allocation an operator; simple operators go by their row of the opcode table.
 *  Ref: WebAssembly 3.0, sections 3.3, 3.4 and appendix A.3. */

import { Column } from '../base/column';
import { ErrorCode, failed, message } from '../base/error';
import { failOpcode, features, requireFeature } from './features';
import { MAX_BR_TABLE_SIZE, MAX_LOCALS } from './limits';
import {
  bodyLength,
  bodyOffset,
  dataCount,
  elemCount,
  elemType,
  funcCount,
  funcIsReferenced,
  funcType,
  globalCount,
  globalIsMutable,
  globalType,
  hasDataCount,
  memoryCount,
  setFuncUsage,
  setTableMutated,
  tableCount,
  tableElemType,
  typeCount,
  typeParamBytes,
  typeParamCount,
  typeResultBytes,
  typeResultCount,
} from './module';
import {
  Feature,
  Imm,
  Opcode,
  opcodeRow,
  rowAlign,
  rowFeature,
  rowImm,
  rowName,
  rowParamCount,
  rowParams,
  rowResult,
  ValType,
} from './opcodes';
import {
  atEnd,
  failAt,
  finishOpcode,
  peekU8,
  position,
  readF32Bits,
  readF64Bits,
  readS32,
  readS33,
  readS64,
  readU32,
  readU8,
  Reader,
  remaining,
  setRange,
} from './reader';
import {
  BOTTOM,
  checkList,
  failType,
  FrameKind,
  frameCount,
  innermostKind,
  labelCount,
  labelTypes,
  markUnreachable,
  Operands,
  operatorOffset,
  popAny,
  popFrame,
  popList,
  pushFrame,
  pushList,
  reserveCode,
  reserveListOperands,
  resetStack,
  setOperatorOffset,
  switchFrame,
} from './stack';
import { isReference, readHeapType, readValType, valTypeName } from './valtype';

/** Type lists of one type: at index t stands t. */
const singleTypes: usize = memory.data(128);
for (let type: u32 = 0; type < 128; type++) store<u8>(singleTypes + type, type as u8);

let localCapacity: u32 = 0;
let localCount: u32 = 0;
let locals = Column.none<u32, u8>();

/** Operators without immediates that every module may use. */
const FIRST_NUMERIC: u32 = Opcode.I32Eqz;
const LAST_NUMERIC: u32 = Opcode.F64ReinterpretI64;
/** Loads and stores. */
const FIRST_ACCESS: u32 = Opcode.I32Load;
const LAST_ACCESS: u32 = Opcode.I64Store32;
const FIRST_STORE: u32 = Opcode.I32Store;
const FIRST_PREFIX: u32 = 0xfb;

let hasLoops: bool = false;
let hasCalls: bool = false;

/** Validates the body of a function that is not imported. */
export function validateBody(func: u32): bool {
  setRange(bodyOffset(func), bodyLength(func));
  resetStack();
  hasLoops = false;
  hasCalls = false;
  const type = funcType(func);
  readLocals(type);
  if (failed()) return false;
  setOperatorOffset(position());
  reserveCode(remaining());
  pushFrame(FrameKind.Func, 0, 0, typeResultBytes(type), typeResultCount(type));
  // Every error moves the cursor to the end.
  while (frameCount != 0) {
    const offset = position();
    setOperatorOffset(offset);
    if (atEnd()) {
      failMalformed(offset, 'unexpected end of section or function: END opcode expected');
      break;
    }
    const byte = Reader.u8();
    if (byte - FIRST_NUMERIC <= LAST_NUMERIC - FIRST_NUMERIC) {
      const row = opcodeRow(byte);
      if (Operands.popAll(rowParams(row), rowParamCount(row))) Operands.push(rowResult(row));
      else applyRow(byte, row);
    } else if (byte == Opcode.LocalGet) {
      const index = Reader.u32();
      if (index < localCount) Operands.push(locals[index]);
      else failUnknown('local', index);
    } else if (byte - FIRST_ACCESS <= LAST_ACCESS - FIRST_ACCESS) {
      const row = opcodeRow(byte);
      readMemArg(row);
      if (Operands.popAll(rowParams(row), rowParamCount(row))) {
        // Only loads have a result.
        if (byte < FIRST_STORE) Operands.push(rowResult(row));
      } else applyRow(byte, row);
    } else if (byte == Opcode.I32Const) {
      readS32();
      Operands.push(ValType.I32);
    } else validateOperator(byte < FIRST_PREFIX ? byte : finishOpcode(byte));
  }
  if (!failed() && !atEnd()) failMalformed(position(), 'operators remaining after end of function');
  setFuncUsage(func, hasLoops, hasCalls);
  return !failed();
}

/** Locals: the parameters, then the declared ones. */
function readLocals(type: u32): void {
  const params = typeParamCount(type);
  const list = typeParamBytes(type);
  localCount = 0;
  growLocals(params);
  for (let i: u32 = 0; i < params; i++) locals[i] = load<u8>(list + i);
  localCount = params;
  const groups = readU32();
  for (let i: u32 = 0; i < groups && !failed(); i++) {
    const offset = position();
    const count = readU32();
    if (count > MAX_LOCALS - localCount) {
      // Beyond 32 bits the format itself is at its end.
      const total = (count as u64) + localCount;
      if (!failAt(total > 0xffffffff ? ErrorCode.Malformed : ErrorCode.Limit, offset, 'too many locals: ')) return;
      message.decimal(total);
      message.text(', at most ');
      message.decimal(MAX_LOCALS);
      return;
    }
    const localType = readValType();
    if (failed()) return;
    growLocals(count);
    for (let k: u32 = 0; k < count; k++) locals[localCount + k] = localType as u8;
    localCount += count;
  }
}

function growLocals(more: u32): void {
  const need = localCount + more;
  if (need <= localCapacity) return;
  const capacity = max<u32>(need, localCapacity << 1);
  locals = Column.grown<u32, u8>(locals, localCapacity, capacity);
  localCapacity = capacity;
}

function failMalformed(offset: u32, text: string): void {
  failAt(ErrorCode.Malformed, offset, text);
}

function failInvalid(text: string): void {
  failAt(ErrorCode.Invalid, operatorOffset, text);
}

/** `unknown local 3: local index out of bounds` and its kind. */
function failUnknown(what: string, index: u32): void {
  if (!failAt(ErrorCode.Invalid, operatorOffset, 'unknown ')) return;
  message.text(what);
  message.u8(32);
  message.decimal(index);
  message.text(': ');
  message.text(what);
  message.text(' index out of bounds');
}

function validateOperator(opcode: u32): void {
  switch (opcode) {
    case Opcode.LocalSet: {
      const index = Reader.u32();
      if (index >= localCount) return failUnknown('local', index);
      return Operands.pop(locals[index]);
    }
    case Opcode.LocalTee: {
      const index = Reader.u32();
      if (index >= localCount) return failUnknown('local', index);
      Operands.pop(locals[index]);
      return Operands.push(locals[index]);
    }
    case Opcode.Unreachable:
      return markUnreachable();
    case Opcode.Nop:
      return;
    case Opcode.Block:
      return openBlock(FrameKind.Block);
    case Opcode.Loop:
      hasLoops = true;
      return openBlock(FrameKind.Loop);
    case Opcode.If:
      return openBlock(FrameKind.If);
    case Opcode.Else:
      if (innermostKind() != FrameKind.If) return failMalformed(operatorOffset, 'unexpected else: not in an if block');
      return switchFrame();
    case Opcode.End:
      return popFrame();
    case Opcode.Br: {
      const depth = Reader.u32();
      if (depth >= frameCount) return failLabel(depth);
      popList(labelTypes(depth), labelCount(depth));
      return markUnreachable();
    }
    case Opcode.BrIf: {
      const depth = Reader.u32();
      if (depth >= frameCount) return failLabel(depth);
      Operands.pop(ValType.I32);
      const count = labelCount(depth);
      if (count == 0) return;
      popList(labelTypes(depth), count);
      reserveListOperands(count);
      return pushList(labelTypes(depth), count);
    }
    case Opcode.BrTable:
      return validateBrTable();
    case Opcode.Return:
      popList(labelTypes(frameCount - 1), labelCount(frameCount - 1));
      return markUnreachable();
    case Opcode.Call: {
      const index = Reader.u32();
      if (index >= funcCount) return failUnknown('function', index);
      return applyType(funcType(index));
    }
    case Opcode.CallIndirect:
      return validateCallIndirect();
    case Opcode.Drop:
      popAny();
      return;
    case Opcode.Select:
      return validateSelect();
    case Opcode.SelectTyped: {
      if (!requireFeature(Feature.ReferenceTypes, operatorOffset, 'select with types')) return;
      if (Reader.u32() != 1) return failInvalid('invalid result arity: select takes one type');
      const type = readValType();
      Operands.pop(ValType.I32);
      Operands.pop(type);
      Operands.pop(type);
      return Operands.push(type);
    }
    case Opcode.GlobalGet: {
      const index = Reader.u32();
      if (index >= globalCount) return failUnknown('global', index);
      return Operands.push(globalType(index));
    }
    case Opcode.GlobalSet: {
      const index = Reader.u32();
      if (index >= globalCount) return failUnknown('global', index);
      if (!globalIsMutable(index)) return failInvalid('immutable global: cannot modify it with global.set');
      return Operands.pop(globalType(index));
    }
    default:
      return validateByRow(opcode);
  }
}

function failLabel(depth: u32): void {
  if (!failAt(ErrorCode.Invalid, operatorOffset, 'unknown label ')) return;
  message.decimal(depth);
  message.text(': branch depth too large');
}

/** Everything that has no case of its own above: features first, then by signature. */
function validateByRow(opcode: u32): void {
  const row = opcodeRow(opcode);
  if (row == 0 || rowName(row) == 0 || ((features >>> rowFeature(row)) & 1) == 0) return failOpcode(opcode, operatorOffset);
  const imm = rowImm(row);
  if (imm != Imm.None) {
    readImmediates(opcode, imm);
    if (failed()) return;
  }
  applyRow(opcode, row);
}

/** Pops the parameters and pushes the result that the row tells of. */
function applyRow(opcode: u32, row: usize): void {
  const params = rowParams(row);
  switch (rowParamCount(row)) {
    case 3:
      Operands.pop((params >> 16) & 0xff);
    case 2:
      Operands.pop((params >> 8) & 0xff);
    case 1:
      Operands.pop(params & 0xff);
    default:
  }
  const result = rowResult(row);
  if (result != 0) Operands.push(result);
  else if (params == 0) validateReferenceOperator(opcode);
}

/** Alignment and offset of a load or store. */
function readMemArg(row: usize): void {
  const flags = Reader.u32();
  if (flags >= 0x40) {
    if (flags >= 0x80) return failMalformed(operatorOffset, 'malformed memop flags: alignment must not be larger than natural');
    requireFeature(Feature.MultiMemory, operatorOffset, 'memory index of an access');
    return;
  }
  Reader.u32();
  if (memoryCount == 0) return failUnknown('memory', 0);
  if (flags > rowAlign(row)) failInvalid('alignment must not be larger than natural');
}

/** Reads and checks the immediates of the operators that go by their rows. */
function readImmediates(opcode: u32, imm: Imm): void {
  switch (imm) {
    case Imm.I32:
      readS32();
      return;
    case Imm.I64:
      readS64();
      return;
    case Imm.F32:
      readF32Bits();
      return;
    case Imm.F64:
      readF64Bits();
      return;
    case Imm.Memory:
      return readMemory();
    case Imm.MemoryMemory:
      readMemory();
      return readMemory();
    case Imm.DataMemory: {
      const data = Reader.u32();
      readMemory();
      return checkData(data);
    }
    case Imm.Data:
      return checkData(Reader.u32());
    case Imm.ElemTable: {
      const elem = Reader.u32();
      const table = readTable();
      checkElem(elem);
      if (failed()) return;
      setTableMutated(table);
      if (elemType(elem) != tableElemType(table)) failType(tableElemType(table), elemType(elem));
      return;
    }
    case Imm.Elem:
      return checkElem(Reader.u32());
    case Imm.TableTable: {
      const destination = readTable();
      const source = readTable();
      if (failed()) return;
      setTableMutated(destination);
      if (tableElemType(source) != tableElemType(destination)) failType(tableElemType(destination), tableElemType(source));
      return;
    }
    case Imm.Table:
      // Only table.size has a signature of its own; the others read their table themselves.
      if (opcode == Opcode.TableSize) readTable();
      return;
    default:
  }
}

function readMemory(): void {
  const index = Reader.u32();
  if (index >= memoryCount) failUnknown('memory', index);
}

/** A table's index; 0 after an error. */
function readTable(): u32 {
  const index = Reader.u32();
  if (index < tableCount) return index;
  failUnknown('table', index);
  return 0;
}

function checkElem(index: u32): void {
  if (index >= elemCount) failUnknown('elem segment', index);
}

function checkData(index: u32): void {
  if (failed()) return;
  if (!hasDataCount) return failMalformed(operatorOffset, 'data count section required');
  if (index >= dataCount) failUnknown('data segment', index);
}

/** Operators with references: their types depend on the table or on the operand. */
function validateReferenceOperator(opcode: u32): void {
  switch (opcode) {
    case Opcode.RefNull: {
      const type = readHeapType();
      return Operands.push(type);
    }
    case Opcode.RefIsNull: {
      const type = popAny();
      if (type != BOTTOM && !isReference(type)) {
        if (!failAt(ErrorCode.Invalid, operatorOffset, 'type mismatch: expected a reference, found ')) return;
        message.text(valTypeName(type));
        return;
      }
      return Operands.push(ValType.I32);
    }
    case Opcode.RefFunc: {
      const func = Reader.u32();
      if (func >= funcCount) return failUnknown('function', func);
      if (!funcIsReferenced(func)) return failInvalid('undeclared function reference');
      return Operands.push(ValType.FuncRef);
    }
    case Opcode.TableGet: {
      const table = readTable();
      if (failed()) return;
      Operands.pop(ValType.I32);
      return Operands.push(tableElemType(table));
    }
    case Opcode.TableSet: {
      const table = readTable();
      if (failed()) return;
      setTableMutated(table);
      Operands.pop(tableElemType(table));
      return Operands.pop(ValType.I32);
    }
    case Opcode.TableGrow: {
      const table = readTable();
      if (failed()) return;
      setTableMutated(table);
      Operands.pop(ValType.I32);
      Operands.pop(tableElemType(table));
      return Operands.push(ValType.I32);
    }
    case Opcode.TableFill: {
      const table = readTable();
      if (failed()) return;
      setTableMutated(table);
      Operands.pop(ValType.I32);
      Operands.pop(tableElemType(table));
      return Operands.pop(ValType.I32);
    }
    default:
  }
}

/** Pops the parameters of a function type and pushes its results. */
function applyType(type: u32): void {
  hasCalls = true;
  popList(typeParamBytes(type), typeParamCount(type));
  const results = typeResultCount(type);
  reserveListOperands(results);
  pushList(typeResultBytes(type), results);
}

function openBlock(kind: FrameKind): void {
  const offset = position();
  const byte = peekU8();
  let params: usize = 0;
  let paramCount: u32 = 0;
  let results: usize = 0;
  let resultCount: u32 = 0;
  if (byte == 0x40) readU8();
  else if ((byte & 0xc0) == 0x40) {
    // A negative number of one byte: a value type.
    results = singleTypes + readValType();
    resultCount = 1;
  } else {
    const index = readS33();
    if (failed()) return;
    if (index < 0) return failMalformed(offset, 'malformed block type');
    if (!requireFeature(Feature.MultiValue, offset, 'type index of a block')) return;
    if (index >= (typeCount as i64)) return failUnknown('type', index as u32);
    const type = index as u32;
    params = typeParamBytes(type);
    paramCount = typeParamCount(type);
    results = typeResultBytes(type);
    resultCount = typeResultCount(type);
  }
  if (failed()) return;
  if (kind == FrameKind.If) Operands.pop(ValType.I32);
  pushFrame(kind, params, paramCount, results, resultCount);
}

function validateBrTable(): void {
  const count = Reader.u32();
  if (failed()) return;
  if (count > MAX_BR_TABLE_SIZE) {
    if (failAt(ErrorCode.Limit, operatorOffset, 'too many br_table labels: ')) message.decimal(count);
    return;
  }
  Operands.pop(ValType.I32);
  let arity: u32 = 0;
  let lastDepth: u32 = 0xffffffff;
  for (let i: u32 = 0; i <= count && !failed(); i++) {
    const depth = Reader.u32();
    if (depth >= frameCount) return failLabel(depth);
    if (depth == lastDepth) continue;
    lastDepth = depth;
    const labels = labelCount(depth);
    if (i == 0) arity = labels;
    else if (labels != arity) return failInvalid('type mismatch: br_table labels have different numbers of types');
    checkList(labelTypes(depth), labels);
  }
  markUnreachable();
}

function validateCallIndirect(): void {
  const type = Reader.u32();
  const table = Reader.u32();
  if (failed()) return;
  if (table >= tableCount) return failUnknown('table', table);
  if (type >= typeCount) return failUnknown('type', type);
  if (tableElemType(table) != ValType.FuncRef) return failInvalid('type mismatch: indirect calls must go through a table of funcref');
  Operands.pop(ValType.I32);
  applyType(type);
}

function validateSelect(): void {
  Operands.pop(ValType.I32);
  const second = popAny();
  const first = popAny();
  if (isReference(first) || isReference(second)) return failInvalid('type mismatch: select without types takes numbers only');
  if (first != second && first != BOTTOM && second != BOTTOM) return failType(first, second);
  Operands.push(first == BOTTOM ? second : first);
}
