/** The spec script runner itself: literals, patterns, scripts, lists, and its verdicts, held against V8's own WebAssembly. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRule, parseRules } from '../../host/wast/lists.js';
import { type Outcome, runScript } from '../../host/wast/run-script.js';
import { parseScript } from '../../host/wast/script.js';
import { parseForms } from '../../host/wast/sexpr.js';
import { V8Engine } from '../../host/wast/v8-engine.js';
import { matches, numberToBits, parseFloatBits, parseInteger, parsePattern } from '../../host/wast/script-values.js';

const test = suite('wast');
const pattern = (text: string) => parsePattern(parseForms(text)[0]);

test('integer literals', () => {
  assert.is(parseInteger('-1', 32), 0xffffffffn);
  assert.is(parseInteger('0xffff_ffff_ffff_ffff', 64), 0xffffffffffffffffn);
  assert.is(parseInteger('-0x80000000', 32), 0x80000000n);
  assert.is(parseInteger('+7', 32), 7n);
});

test('float literals round once', () => {
  for (const text of [
    '1',
    '-0',
    '0.1',
    '1e308',
    '1.7976931348623157e308',
    '5e-324',
    '4.9e-324',
    '2.2250738585072014e-308',
    '123456789.125',
  ]) {
    assert.is(parseFloatBits(text, 'f64'), numberToBits('f64', Number(text)), text);
  }
  assert.is(parseFloatBits('0x1.fffffep+127', 'f32'), 0x7f7fffffn);
  assert.is(parseFloatBits('0x1p-149', 'f32'), 1n);
  assert.is(parseFloatBits('0x1p-150', 'f32'), 0n);
  assert.is(parseFloatBits('0x1.000002p-150', 'f32'), 1n);
  assert.is(parseFloatBits('-inf', 'f32'), 0xff800000n);
  assert.is(parseFloatBits('-nan:0x200000', 'f32'), 0xffa00000n);
  // Halfway between two floats when rounded to a double first, above it in truth.
  assert.is(parseFloatBits('1.000000059604644775390625000000000000001', 'f32'), 0x3f800001n);
  assert.is(parseFloatBits('1.000000059604644775390625', 'f32'), 0x3f800000n);
});

test('patterns', () => {
  const f32 = (bits: bigint) => ({ type: 'f32' as const, bits });
  assert.ok(matches(f32(0xffc00000n), pattern('(f32.const nan:canonical)')));
  assert.not(matches(f32(0x7fc00001n), pattern('(f32.const nan:canonical)')));
  assert.ok(matches(f32(0x7fc00001n), pattern('(f32.const nan:arithmetic)')));
  assert.not(matches(f32(0x7fa00000n), pattern('(f32.const nan:arithmetic)')));
  assert.not(matches(f32(0x80000000n), pattern('(f32.const 0)')));
  assert.not(matches({ type: 'i32', bits: 0n }, pattern('(f32.const 0)')));
  assert.ok(matches({ type: 'i32', bits: 2n }, pattern('(either (i32.const 1) (i32.const 2))')));
  assert.ok(matches({ type: 'externref', ref: null }, pattern('(ref.null extern)')));
  assert.not(matches({ type: 'externref', ref: null }, pattern('(ref.extern 0)')));
});

test('scripts', () => {
  const commands = parseScript(`
    (; block (; nested ;) ;)
    (module $a (@note "x)") (func))
    (module binary "\\00asm" "\\01\\00\\00\\00")
    (module definition $d (memory 1))
    (module instance $i $d)
    (register "n" $i)
    (assert_return (invoke $a "f" (i32.const 1)) (i32.const 2)) ;; end
    (assert_malformed (module quote "(func" ")") "message")`);
  assert.equal(
    commands.map((command) => `${command.kind}@${command.line}`),
    ['module@3', 'module@4', 'definition@5', 'instance@6', 'register@7', 'assert_return@8', 'assert_malformed@9'],
  );
  assert.is(parseScript('(func) (memory 0)').length, 1);
});

test('lists', () => {
  const rules = parseRules('# comment\nsimd_*.wast SIMD\na.wast:3-5 reason # why\nb.wast:7 without=/\\(tag\\b/ tags');
  assert.is(findRule(rules, 'simd_add.wast', 9)?.reason, 'SIMD');
  assert.is(findRule(rules, 'a.wast', 5)?.reason, 'reason');
  assert.is(findRule(rules, 'a.wast', 6), undefined);
  assert.is(findRule(rules, 'b.wast', 7)?.without?.source, '\\(tag\\b');
  assert.throws(() => parseRules('a.wast'));
});

const status = (outcomes: Outcome[]) => outcomes.map((outcome) => outcome.status[0]).join('');

test('verdicts', async () => {
  const script = `
    (module $m
      (global (export "g") f32 (f32.const -nan:0x200001))
      (func (export "id") (param f64) (result f64) local.get 0)
      (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
      (func (export "two") (result i64 f32) (i64.const -1) (f32.const nan:0x1))
      (func $r (export "run") (call $r)))
    (assert_return (invoke "id" (f64.const nan:0x4000000000001)) (f64.const nan:0x4000000000001))
    (assert_return (invoke "div" (i32.const -6) (i32.const 2)) (i32.const -3))
    (assert_return (invoke "div" (i32.const -6) (i32.const 2)) (i32.const 3))
    (assert_return (invoke "two") (i64.const -1) (f32.const nan:0x1))
    (assert_return (invoke "two") (i64.const -1))
    (assert_trap (invoke "div" (i32.const 1) (i32.const 0)) "divide by zero")
    (assert_trap (invoke "div" (i32.const 1) (i32.const 1)) "divide by zero")
    (assert_exhaustion (invoke "run") "call stack exhausted")
    (assert_invalid (module (func (result i32))) "type mismatch")
    (assert_invalid (module (func)) "type mismatch")
    (assert_malformed (module quote "(func (foo))") "unknown operator")
    (assert_unlinkable (module (import "m" "nothing" (func))) "unknown import")
    (register "m" $m)
    (module (import "m" "id" (func (param f64) (result f64))))
    (assert_unlinkable (module (import "m" "id" (func))) "incompatible import type")
    (assert_return (invoke $m "missing"))`;
  assert.is(status(await runScript('a.wast', script, new V8Engine())), 'ppp' + 'fpfpfpp' + 'fppppp' + 'f');
});

test('what depends on a skipped module is skipped', async () => {
  const script = '(module (func (export "f")))\n(assert_return (invoke "f"))\n(module)\n(assert_return (invoke "f"))';
  const outcomes = await runScript('a.wast', script, new V8Engine(), { skip: parseRules('a.wast:1 reason') });
  assert.is(status(outcomes), 'sspf');
});

test.run();
