/** constant: evaluates constant expressions that the artifact keeps in wasm's encoding (extended constants). */

import { ArtifactError } from '../base/errors.js';
import type { ValType } from '../base/types.js';

const mask32 = (bits: bigint) => BigInt.asUintN(32, bits);
const mask64 = (bits: bigint) => BigInt.asUintN(64, bits);
/** The heap type of externref: its byte as a signed LEB128 number. */
const NULL_EXTERN = 0x6fn - 0x80n;

interface Value {
  readonly type: ValType;
  readonly bits: bigint;
}

/** The 64 bits of a value of type `wanted`: i32 and f32 zero-extended, references as `global` and `funcRef` give them. An ArtifactError for
 *  an expression of another type: a number must never become a reference. */
export function evaluateConstant(
  bytes: Uint8Array,
  wanted: ValType,
  global: (index: number) => Value | undefined,
  funcRef: (index: number) => bigint,
): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: Value[] = [];
  let at = 0;

  const damaged = (): never => {
    throw new ArtifactError('ARTIFACT_DAMAGED', 'the artifact is damaged: a constant expression');
  };
  const byte = () => (at < bytes.length ? bytes[at++] : damaged());
  const leb = (signed: boolean): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const next = byte();
      value |= BigInt(next & 0x7f) << shift;
      if (next < 0x80) return signed && (next & 0x40) !== 0 ? value - (1n << (shift + 7n)) : value;
    }
    return damaged();
  };
  const pop = (type: ValType) => {
    const value = stack.pop();
    return value?.type === type ? value.bits : damaged();
  };
  const push = (type: ValType, bits: bigint) => stack.push({ type, bits });
  const binary = (type: 'i32' | 'i64', operation: (one: bigint, other: bigint) => bigint) => {
    const other = pop(type);
    const bits = operation(pop(type), other);
    push(type, type === 'i32' ? mask32(bits) : mask64(bits));
  };

  for (;;) {
    switch (byte()) {
      case 0x0b: // end
        return stack.length === 1 ? pop(wanted) : damaged();
      case 0x23: // global.get
        stack.push(global(Number(leb(false))) ?? damaged());
        break;
      case 0x41: // i32.const
        push('i32', mask32(leb(true)));
        break;
      case 0x42: // i64.const
        push('i64', mask64(leb(true)));
        break;
      case 0x43: // f32.const
        if (at + 4 > bytes.length) damaged();
        push('f32', BigInt(view.getUint32(at, true)));
        at += 4;
        break;
      case 0x44: // f64.const
        if (at + 8 > bytes.length) damaged();
        push('f64', view.getBigUint64(at, true));
        at += 8;
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
        push(leb(true) === NULL_EXTERN ? 'externref' : 'funcref', 0n);
        break;
      case 0xd2: // ref.func
        push('funcref', funcRef(Number(leb(false))));
        break;
      default:
        damaged();
    }
  }
}
