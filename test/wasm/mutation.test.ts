/** Changed bytes in small modules, with a fixed seed: the validator never traps, and says what V8 says. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText } from '../../host/wasm/text.js';
import { freshCore } from '../support/core.js';
import { judge } from './validator.js';

const test = suite('wasm: mutations');

const sources = [
  `(module
    (type $t (func (param i32 i64) (result i64)))
    (import "m" "f" (func $f (type $t)))
    (import "m" "g" (global $g i32))
    (memory (export "memory") 1 2)
    (table $table (export "table") 4 8 funcref)
    (global $h (mut i32) (i32.const 7))
    (func $a (export "a") (type $t)
      (local f32 f64 i32)
      (block $out (result i64)
        (loop $again
          (br_if $again (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))
        (if (result i64) (local.get 0)
          (then (i64.load offset=8 align=4 (local.get 0)))
          (else (br $out (i64.extend_i32_u (global.get $h)))))))
    (func (export "b") (param i32) (result i32 f64)
      (block (block (block (br_table 0 1 2 1 (local.get 0))) (return (i32.const 1) (f64.const 2))) (unreachable))
      (global.set $h (i32.const 3))
      (i32.store8 (i32.const 1) (local.get 0))
      (drop (call_indirect (type $t) (i32.const 1) (i64.const 300) (i32.const 2)))
      (select (i32.const 1) (i32.const 2) (i32.const 3))
      (f64.promote_f32 (f32.const 1.5)))
    (elem (i32.const 0) $a $f)
    (data (i32.const 16) "hello")
    (data "passive")
    (start $s) (func $s))`,
  `(module
    (memory 1) (table $x 3 externref) (table $y 2 funcref)
    (func $f (param externref i32 f32) (result i32)
      (memory.copy (i32.const 0) (i32.const 8) (i32.const 4))
      (memory.fill (i32.const 0) (i32.const 8) (memory.size))
      (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop 0)
      (table.init $y 0 (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop 0)
      (table.copy $y $y (i32.const 0) (i32.const 0) (i32.const 1))
      (table.set $x (i32.const 0) (select (result externref) (local.get 0) (ref.null extern) (local.get 1)))
      (table.fill $x (i32.const 0) (ref.null extern) (i32.const 1))
      (drop (table.grow $y (ref.func $f) (i32.const 1)))
      (drop (i64.extend32_s (i64.trunc_sat_f32_u (local.get 2))))
      (i32.add (table.size $x) (ref.is_null (table.get $y (i32.extend8_s (local.get 1))))))
    (elem func $f) (elem declare funcref (ref.func $f) (ref.null func))
    (global i32 (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))
    (data "abc"))`,
];

/** xorshift32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const interesting = [0, 1, 2, 0x0b, 0x40, 0x41, 0x60, 0x6f, 0x70, 0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0xfc, 0xff];

function mutate(bytes: Uint8Array, next: () => number): Uint8Array<ArrayBuffer> {
  const out = [...bytes];
  for (let count = 1 + (next() % 3); count > 0; count--) {
    const at = next() % out.length;
    switch (next() % 6) {
      case 0:
        out[at] ^= 1 << (next() % 8);
        break;
      case 1:
        out[at] = interesting[next() % interesting.length];
        break;
      case 2:
        out[at] = next() & 0xff;
        break;
      case 3:
        out.splice(at, 1);
        break;
      case 4:
        out.splice(at, 0, next() & 0xff);
        break;
      default:
        out.splice(at, 2, ...out.slice(at + 1, at + 2), ...out.slice(at, at + 1));
    }
  }
  return Uint8Array.from(next() % 20 === 0 ? out.slice(0, next() % out.length) : out);
}

/** What V8 says of features that its older versions do not have. */
const older = /is not allowed in constant expressions|non-imported globals cannot be used/;

/** What V8 has against a binary; empty when nothing. */
function v8Complaint(bytes: Uint8Array<ArrayBuffer>): string {
  if (WebAssembly.validate(bytes)) return '';
  try {
    new WebAssembly.Module(bytes);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const rounds = Number(process.env.OURO_FUZZ_ROUNDS ?? 8000);

test('no trap, and V8 agrees', async () => {
  const core = freshCore();
  const next = random(0x9e3779b9);
  const seen = { valid: 0, invalid: 0, unsupported: 0 };
  for (const source of sources) {
    const bytes = await parseText(source);
    assert.equal(judge(core, bytes), { code: 'valid', message: '', offset: 0 });
    for (let round = 0; round < rounds; round++) {
      const changed = mutate(bytes, next);
      const { code, message, offset } = judge(core, changed);
      assert.ok(offset <= changed.length, message);
      if (code === 'unsupported') {
        seen.unsupported++;
        continue;
      }
      seen[code === 'valid' ? 'valid' : 'invalid']++;
      const complaint = v8Complaint(changed);
      if ((complaint === '') === (code === 'valid') || older.test(complaint)) continue;
      const bytesText = Buffer.from(changed).toString('hex');
      assert.unreachable(`round ${round}: V8 says "${complaint}", we say ${code} at ${offset}: ${message}\n${bytesText}`);
    }
  }
  assert.ok(seen.valid > rounds / 20 && seen.invalid > rounds / 2, JSON.stringify(seen));
});

test.run();
