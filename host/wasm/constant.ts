/** constant: evaluates those constant expressions that an artifact keeps in wasm's encoding (extended constants).
 *  In: an expression, with its `end`; the type that its value must have; functions that give globals and FuncRefs. Out: the 64 bits of the value.
 *  Requires: a number never becomes a reference, since a reference is used as an address. So the type of each value is checked.
 *  Cost: linear in the length of the expression.
 *  Ref: WebAssembly core specification, "Constant Expressions". */

import { damaged } from '../base/errors.js';
import type { ValType } from '../base/types.js';
import { Malformed, Reader } from './binary.js';

const mask32 = (bits: bigint) => BigInt.asUintN(32, bits);
const mask64 = (bits: bigint) => BigInt.asUintN(64, bits);
/** The heap type of externref: its byte as a signed LEB128 number. */
const NULL_EXTERN = 0x6fn - 0x80n;

/** What the message of the error calls damaged. */
const WHAT = 'a constant expression';

interface Value {
  readonly type: ValType;
  readonly bits: bigint;
}

type GlobalValue = (index: number) => Value | undefined;
type FuncRef = (index: number) => bigint;

/** The 64 bits of the value, which must be of type `wanted`: i32 and f32 are zero-extended, references are what `global` and `funcRef` give.
 *  Throws an ArtifactError when the expression is malformed or has another type. */
export function evaluateConstant(bytes: Uint8Array, wanted: ValType, global: GlobalValue, funcRef: FuncRef): bigint {
  try {
    return evaluate(new Reader(bytes), wanted, global, funcRef);
  } catch (error) {
    throw error instanceof Malformed ? damaged(WHAT) : error;
  }
}

function evaluate(reader: Reader, wanted: ValType, global: GlobalValue, funcRef: FuncRef): bigint {
  const stack: Value[] = [];
  const little = (size: number) => reader.bytes(size).reduceRight((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
  const pop = (type: ValType) => {
    const value = stack.pop();
    return value?.type === type ? value.bits : damaged(WHAT);
  };
  const push = (type: ValType, bits: bigint) => stack.push({ type, bits });
  const binary = (type: 'i32' | 'i64', operation: (one: bigint, other: bigint) => bigint) => {
    const other = pop(type);
    const bits = operation(pop(type), other);
    push(type, type === 'i32' ? mask32(bits) : mask64(bits));
  };

  for (;;) {
    switch (reader.byte()) {
      case 0x0b: // end
        return stack.length === 1 ? pop(wanted) : damaged(WHAT);
      case 0x23: // global.get
        stack.push(global(reader.unsigned()) ?? damaged(WHAT));
        break;
      case 0x41: // i32.const
        push('i32', mask32(reader.signed()));
        break;
      case 0x42: // i64.const
        push('i64', mask64(reader.signed()));
        break;
      case 0x43: // f32.const
        push('f32', little(4));
        break;
      case 0x44: // f64.const
        push('f64', little(8));
        break;
      case 0x6a: // i32.add
        binary('i32', (one, other) => one + other);
        break;
      case 0x6b: // i32.sub
        binary('i32', (one, other) => one - other);
        break;
      case 0x6c: // i32.mul
        binary('i32', (one, other) => one * other);
        break;
      case 0x7c: // i64.add
        binary('i64', (one, other) => one + other);
        break;
      case 0x7d: // i64.sub
        binary('i64', (one, other) => one - other);
        break;
      case 0x7e: // i64.mul
        binary('i64', (one, other) => one * other);
        break;
      case 0xd0: // ref.null
        push(reader.signed() === NULL_EXTERN ? 'externref' : 'funcref', 0n);
        break;
      case 0xd2: // ref.func
        push('funcref', funcRef(reader.unsigned()));
        break;
      default:
        damaged(WHAT);
    }
  }
}
