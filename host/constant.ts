/** constant: evaluates constant expressions that the artifact keeps in wasm's encoding (extended constants). */

import { ArtifactError } from './errors.js';

const mask32 = (bits: bigint) => BigInt.asUintN(32, bits);
const mask64 = (bits: bigint) => BigInt.asUintN(64, bits);

/** The 64 bits of the value: i32 and f32 zero-extended, references as `funcRef` gives them. */
export function evaluateConstant(bytes: Uint8Array, global: (index: number) => bigint, funcRef: (index: number) => bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: bigint[] = [];
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
  const pop = () => stack.pop() ?? damaged();
  const binary = (operation: (one: bigint, other: bigint) => bigint) => {
    const other = pop();
    stack.push(operation(pop(), other));
  };

  for (;;) {
    switch (byte()) {
      case 0x0b: // end
        return stack.length === 1 ? stack[0] : damaged();
      case 0x23: // global.get
        stack.push(global(Number(leb(false))));
        break;
      case 0x41: // i32.const
        stack.push(mask32(leb(true)));
        break;
      case 0x42: // i64.const
        stack.push(mask64(leb(true)));
        break;
      case 0x43: // f32.const
        if (at + 4 > bytes.length) damaged();
        stack.push(BigInt(view.getUint32(at, true)));
        at += 4;
        break;
      case 0x44: // f64.const
        if (at + 8 > bytes.length) damaged();
        stack.push(view.getBigUint64(at, true));
        at += 8;
        break;
      case 0x6a: // i32.add
        binary((one, other) => mask32(one + other));
        break;
      case 0x6b: // i32.sub
        binary((one, other) => mask32(one - other));
        break;
      case 0x6c: // i32.mul
        binary((one, other) => mask32(one * other));
        break;
      case 0x7c: // i64.add
        binary((one, other) => mask64(one + other));
        break;
      case 0x7d: // i64.sub
        binary((one, other) => mask64(one - other));
        break;
      case 0x7e: // i64.mul
        binary((one, other) => mask64(one * other));
        break;
      case 0xd0: // ref.null
        leb(true);
        stack.push(0n);
        break;
      case 0xd2: // ref.func
        stack.push(funcRef(Number(leb(false))));
        break;
      default:
        damaged();
    }
  }
}
