/** call: calls, function entry and return: values between virtual registers and where the convention wants them.
 *  In: a call, the entry block's parameters, a Return.  Out: fixed operands, and loads and stores in the argument areas.
 *  Ref: runtime/ABI.md, "Registers", "Calls". */

import { Block, Inst, Value, VReg, at, none } from '../../../base/entity';
import { Pool } from '../../../base/pool';
import * as ir from '../../../ir/func';
import { Op } from '../../../ir/op';
import { Type, isFloat } from '../../../ir/type';
import { useCount } from '../../../ir/uses';
import * as module from '../../../wasm/module';
import * as mach from '../../mach';
import { Clobber } from '../../mach';
import { Form, X64, flagsOf } from '../inst';
import { needOutgoing } from '../frame';
import { FLOAT_ARGUMENTS, FLOAT_RESULTS, INT_ARGUMENTS, INT_RESULTS, floatArgument, floatResult, intArgument, intResult } from '../reg';
import { addAddress, addressFlags, displacement, prepareIncoming, prepareOutgoing } from './address';
import { def, defFixed, location, sizeOf, use, useFixed, useRegister, useTyped, vregOf } from './operands';

/** Where the next argument or result of each class goes. */
let nextInt: u32 = 0;
let nextFloat: u32 = 0;
let nextWord: u32 = 0;

function restart(): void {
  nextInt = 0;
  nextFloat = 0;
}

const ON_STACK: u32 = 0xffffffff;

function nextArgument(type: u32): u32 {
  if (isFloat(type)) return nextFloat < FLOAT_ARGUMENTS ? floatArgument(nextFloat++) : ON_STACK;
  return nextInt < INT_ARGUMENTS ? intArgument(nextInt++) : ON_STACK;
}

function nextResult(type: u32): u32 {
  if (isFloat(type)) return nextFloat < FLOAT_RESULTS ? floatResult(nextFloat++) : ON_STACK;
  return nextInt < INT_RESULTS ? intResult(nextInt++) : ON_STACK;
}

/** Pairs (virtual register, register number) for the fixed operands of the instruction to come. */
const fixed: Pool = Pool.create();

/** Loads a word of the prepared area. */
function emitLoadWord(vreg: VReg, type: u32): void {
  mach.newInst(isFloat(type) ? X64.LoadF : X64.Load, flagsOf(sizeOf(type), Form.Mem) | addressFlags, 0, displacement, location);
  def(vreg);
  addAddress();
}

/** Stores into a word of the prepared area. An i32's word is zero-extended: all of the register is stored. */
function emitStoreWord(vreg: VReg, type: u32): void {
  const size = type == Type.I32 ? sizeOf(Type.I64) : sizeOf(type);
  mach.newInst(isFloat(type) ? X64.StoreF : X64.Store, flagsOf(size, Form.Mem) | addressFlags, 0, displacement, location);
  useRegister(vreg);
  addAddress();
}

/** Words of stack arguments of a signature. */
function argumentWords(typeIndex: u32): u32 {
  restart();
  let words: u32 = 0;
  const count = module.typeParamCount(typeIndex);
  for (let i: u32 = 0; i < count; i++) if (nextArgument(typeOfByte(module.typeParam(typeIndex, i))) == ON_STACK) words++;
  return words;
}

/** Register class is all that matters here. */
function typeOfByte(byte: u32): Type {
  return byte == module.ValType.F32 || byte == module.ValType.F64 ? Type.F64 : Type.I64;
}

/** The result `k` of a call, or none when nothing uses it. */
function resultOf(call: Value, k: u32): Value {
  if (k == 0) return ir.types[call] == Type.None || useCount[call] == 0 ? none<Value>() : call;
  for (let next = ir.nexts[call]; !next.isNone && ir.ops[next] == Op.Result; next = ir.nexts[next]) {
    if (ir.argA[next] == call && ir.imms[next] == (k as i64)) return useCount[next] == 0 ? none<Value>() : next;
  }
  return none<Value>();
}

export function selectCall(value: Value): void {
  const op: u32 = ir.ops[value];
  const args = ir.argA[value].index;
  const count = ir.argB[value].index;
  fixed.clear();
  restart();
  nextWord = 0;
  for (let i: u32 = 0; i < count; i++) {
    const argument = at<Value>(ir.pool.get(args + i));
    const type: u32 = ir.types[argument];
    const register = nextArgument(type);
    const vreg = useTyped(argument);
    if (register == ON_STACK) {
      prepareOutgoing(nextWord++ << 3);
      emitStoreWord(vreg, type);
    } else {
      fixed.push(vreg.index);
      fixed.push(register);
    }
  }
  const callee = op == Op.CallRef || op == Op.CallCode ? use(ir.argC[value]) : none<VReg>();
  const imm = ir.imms[value] as u32 as i64;
  mach.newInst(callOp(op), 0, imm, 0, location);
  mach.instClobbers[at<Inst>(mach.instCount - 1)] = Clobber.Call as u8;
  if (!callee.isNone) useRegister(callee);
  for (let i: u32 = 1; i < fixed.length; i += 2) useFixed(at<VReg>(fixed.get(i)), fixed.get(i + 1));
  defResults(value, op == Op.CallBuiltin);
}

function callOp(op: u32): X64 {
  switch (op) {
    case Op.Call:
      return X64.Call;
    case Op.CallImport:
      return X64.CallImport;
    case Op.CallRef:
      return X64.CallRef;
    case Op.CallCode:
      return X64.CallReg;
    default:
      return X64.CallBuiltin;
  }
}

/** Fixed defs for register results, then loads of stack results, which stand behind the argument words. */
function defResults(call: Value, builtin: bool): void {
  if (builtin) {
    if (!resultOf(call, 0).isNone) defFixed(vregOf(call), intResult(0));
    return;
  }
  const typeIndex = (ir.imms[call] >> 32) as u32;
  const results = module.typeResultCount(typeIndex);
  const words = nextWord;
  let stackResults: u32 = 0;
  restart();
  for (let k: u32 = 0; k < results; k++) {
    const register = nextResult(typeOfByte(module.typeResult(typeIndex, k)));
    if (register == ON_STACK) {
      stackResults++;
      continue;
    }
    const result = resultOf(call, k);
    if (!result.isNone) defFixed(vregOf(result), register);
  }
  needOutgoing(words + stackResults);
  if (stackResults == 0) return;
  restart();
  let word = words;
  for (let k: u32 = 0; k < results; k++) {
    if (nextResult(typeOfByte(module.typeResult(typeIndex, k))) != ON_STACK) continue;
    const result = resultOf(call, k);
    prepareOutgoing(word++ << 3);
    if (!result.isNone) emitLoadWord(vregOf(result), ir.types[result]);
  }
}

/** The entry block's parameters: fixed defs of the first instruction, then loads of stack arguments. */
export function selectArguments(): void {
  const typeIndex = ir.funcTypeIndex;
  restart();
  mach.newInst(X64.Args, 0, 0, 0, location);
  let param = ir.firstValue[at<Block>(ir.ENTRY)];
  while (!param.isNone && ir.isParam(param)) {
    // Parameters keep their positions; unused ones may be gone from the list.
    const register = argumentAt(typeIndex, ir.imms[param] as u32);
    if (register != ON_STACK && useCount[param] != 0) defFixed(vregOf(param), register);
    param = ir.nexts[param];
  }
  if (argumentWords(typeIndex) == 0) return;
  param = ir.firstValue[at<Block>(ir.ENTRY)];
  while (!param.isNone && ir.isParam(param)) {
    const position = ir.imms[param] as u32;
    if (argumentAt(typeIndex, position) == ON_STACK && useCount[param] != 0) {
      prepareIncoming(wordOf << 3);
      emitLoadWord(vregOf(param), ir.types[param]);
    }
    param = ir.nexts[param];
  }
}

/** The stack word that `argumentAt` found. */
let wordOf: u32 = 0;

/** Register of parameter `position`, or ON_STACK with its word in `wordOf`. */
function argumentAt(typeIndex: u32, position: u32): u32 {
  restart();
  let words: u32 = 0;
  let register: u32 = ON_STACK;
  for (let i: u32 = 0; i <= position; i++) {
    register = nextArgument(typeOfByte(module.typeParam(typeIndex, i)));
    if (register == ON_STACK) words++;
  }
  wordOf = words - 1;
  return register;
}

export function selectReturn(value: Value): void {
  const list = ir.argA[value].index;
  const count = ir.argB[value].index;
  let word = argumentWords(ir.funcTypeIndex);
  fixed.clear();
  restart();
  for (let i: u32 = 0; i < count; i++) {
    const result = at<Value>(ir.pool.get(list + i));
    const type: u32 = ir.types[result];
    const register = nextResult(type);
    const vreg = useTyped(result);
    if (register == ON_STACK) {
      prepareIncoming(word++ << 3);
      emitStoreWord(vreg, type);
    } else {
      fixed.push(vreg.index);
      fixed.push(register);
    }
  }
  mach.newInst(X64.Ret, 0, 0, 0, location);
  for (let i: u32 = 1; i < fixed.length; i += 2) useFixed(at<VReg>(fixed.get(i)), fixed.get(i + 1));
}
