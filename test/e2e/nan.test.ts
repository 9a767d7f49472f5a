/** NaN canonicalisation: with the option every arithmetic NaN has the canonical bits; without it the machine's own. */

import * as assert from 'uvu/assert';
import { test } from 'uvu';
import { Engine, Instance, Module, Store } from '../../host/index.js';

const text = `(module
  (func (export "div32") (param f32 f32) (result i32) (i32.reinterpret_f32 (f32.div (local.get 0) (local.get 1))))
  (func (export "div64") (param f64 f64) (result i64) (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 1))))
  (func (export "sqrt64") (param f64) (result i64) (i64.reinterpret_f64 (f64.sqrt (local.get 0))))
  (func (export "min32") (param i32 f32) (result i32) (i32.reinterpret_f32 (f32.min (f32.reinterpret_i32 (local.get 0)) (local.get 1))))
  (func (export "promote") (param i32) (result i64) (i64.reinterpret_f64 (f64.promote_f32 (f32.reinterpret_i32 (local.get 0)))))
  (func (export "neg32") (param i32) (result i32) (i32.reinterpret_f32 (f32.neg (f32.reinterpret_i32 (local.get 0))))))`;

for (const optLevel of ['none', 'speed'] as const) {
  test(`canonical NaNs, level ${optLevel}`, () => {
    const engine = new Engine({ nanCanonicalization: true, optLevel });
    const { exports } = new Instance(new Store(engine), new Module(engine, text), []) as any;
    assert.is(exports.div32(0, 0) >>> 0, 0x7fc00000);
    assert.is(exports.div32(1, 2) >>> 0, 0x3f000000);
    assert.is(exports.div32(-0, 1) >>> 0, 0x80000000);
    assert.is(exports.div64(0, 0), 0x7ff8000000000000n);
    assert.is(exports.sqrt64(-1), 0x7ff8000000000000n);
    assert.is(exports.sqrt64(4), 0x4000000000000000n);
    assert.is(exports.min32(0xffffffff | 0, 1) >>> 0, 0x7fc00000);
    assert.is(exports.promote(0xffc12345 | 0), 0x7ff8000000000000n);
    // neg is no arithmetic: it only flips the sign, of a NaN too.
    assert.is(exports.neg32(0x7fc12345) >>> 0, 0xffc12345);
  });
}

test.run();
