/** features: which WebAssembly features are on, and the errors for those that are not, or not there yet. */

import { ErrorCode, message } from '../base/error';
import { Feature, opcodeExists, opcodeName, opcodeRow, rowFeature, SUPPORTED_FEATURES } from './opcodes';
import { failAt } from './reader';
import { letterAt } from '../base/text';

/** Bits by Feature number. */
export let features: u32 = SUPPORTED_FEATURES;

/** Turns features on or off; what is not supported stays off. Modules need the MVP always. */
export function setFeatures(bits: u32): void {
  features = (bits & SUPPORTED_FEATURES) | (1 << Feature.Mvp);
}

/** True when `feature` is on; else the error names it and `what` uses it. */
export function requireFeature(feature: Feature, offset: u32, what: string): bool {
  if (((features >>> feature) & 1) != 0) return true;
  if (failFeature(feature, offset)) {
    message.text(' (');
    message.text(what);
    message.text(')');
  }
  return false;
}

/** The error for an opcode that validation does not take: of a feature that is off, or of none. */
export function failOpcode(opcode: u32, offset: u32): void {
  const prefix = opcode < 0x10000 ? opcode >> 8 : opcode >> 16;
  if (prefix == 0 || prefix == 0xfc) {
    if (opcodeExists(opcode)) {
      if (failFeature(rowFeature(opcodeRow(opcode)), offset)) {
        message.text(' (opcode ');
        message.text(opcodeName(opcode));
        message.text(')');
      }
      return;
    }
  } else {
    const number = opcode & (opcode < 0x10000 ? 0xff : 0xffff);
    const names = prefix == 0xfb ? GC_NAMES : prefix == 0xfd ? SIMD_NAMES : THREAD_NAMES;
    const start = wordAt(names, number);
    if (start >= 0 && letterAt(names, start) != 45) {
      const feature = prefix == 0xfb ? Feature.Gc : prefix == 0xfe ? Feature.Threads : number < 0x100 ? Feature.Simd : Feature.RelaxedSimd;
      if (failFeature(feature, offset)) {
        message.text(' (opcode ');
        for (let i: u32 = start; letterAt(names, i) > 32; i++) message.u8(letterAt(names, i));
        message.text(')');
      }
      return;
    }
  }
  if (!failAt(ErrorCode.Malformed, offset, 'illegal opcode ')) return;
  if (prefix != 0) {
    message.hex(prefix);
    message.u8(32);
  }
  message.hex(prefix == 0 ? opcode : opcode & (opcode < 0x10000 ? 0xff : 0xffff));
}

/** `feature` is off, or not supported; true when the message may be continued. */
function failFeature(feature: Feature, offset: u32): bool {
  if (!failAt(ErrorCode.Unsupported, offset, featureName(feature))) return false;
  message.text(isPlural(feature) ? ' are' : ' is');
  message.text(((SUPPORTED_FEATURES >>> feature) & 1) != 0 ? ' turned off' : ' not supported');
  return true;
}

function isPlural(feature: Feature): bool {
  switch (feature) {
    case Feature.ReferenceTypes:
    case Feature.ExtendedConst:
    case Feature.Threads:
    case Feature.TailCall:
    case Feature.FunctionReferences:
    case Feature.CustomPageSizes:
      return true;
    default:
      return false;
  }
}

function featureName(feature: Feature): string {
  switch (feature) {
    case Feature.MutableGlobals:
      return 'import and export of mutable globals';
    case Feature.SignExtension:
      return 'sign extension';
    case Feature.SaturatingConversion:
      return 'saturating float to int conversion';
    case Feature.MultiValue:
      return 'multi-value';
    case Feature.BulkMemory:
      return 'bulk memory';
    case Feature.ReferenceTypes:
      return 'reference types';
    case Feature.ExtendedConst:
      return 'extended constant expressions';
    case Feature.Simd:
      return 'SIMD';
    case Feature.RelaxedSimd:
      return 'relaxed SIMD';
    case Feature.Threads:
      return 'threads';
    case Feature.TailCall:
      return 'tail calls';
    case Feature.Exceptions:
      return 'exception handling';
    case Feature.LegacyExceptions:
      return 'legacy exception handling';
    case Feature.Memory64:
      return 'memory64';
    case Feature.MultiMemory:
      return 'multi-memory';
    case Feature.FunctionReferences:
      return 'typed function references';
    case Feature.Gc:
      return 'GC';
    case Feature.CustomPageSizes:
      return 'custom page sizes';
    case Feature.WideArithmetic:
      return 'wide arithmetic';
    default:
      return unreachable();
  }
}

/** Index of the first letter of word `number`, or -1. */
function wordAt(words: string, number: u32): i32 {
  let word: u32 = 0;
  for (let i: u32 = 0; letterAt(words, i) != 0; i++) {
    if (word == number) return i;
    if (letterAt(words, i) <= 32) word++;
  }
  return -1;
}

// Operators of prefixes that are not supported, in order of their numbers; `-` for a gap.
// One literal each: a sum of literals would be built at run time.

const GC_NAMES = `struct.new struct.new_default struct.get struct.get_s struct.get_u struct.set array.new array.new_default array.new_fixed
array.new_data array.new_elem array.get array.get_s array.get_u array.set array.len array.fill array.copy array.init_data
array.init_elem ref.test ref.test ref.cast ref.cast br_on_cast br_on_cast_fail any.convert_extern extern.convert_any ref.i31
i31.get_s i31.get_u`;

const SIMD_NAMES = `v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u v128.load8_splat
v128.load16_splat v128.load32_splat v128.load64_splat v128.store v128.const i8x16.shuffle i8x16.swizzle i8x16.splat i16x8.splat
i32x4.splat i64x2.splat f32x4.splat f64x2.splat i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane
i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane
i64x2.replace_lane f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane i8x16.eq i8x16.ne i8x16.lt_s
i8x16.lt_u i8x16.gt_s i8x16.gt_u i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s
i16x8.gt_u i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s
i32x4.le_u i32x4.ge_s i32x4.ge_u f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge f64x2.eq f64x2.ne f64x2.lt f64x2.gt
f64x2.le f64x2.ge v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true v128.load8_lane v128.load16_lane
v128.load32_lane v128.load64_lane v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane v128.load32_zero
v128.load64_zero f32x4.demote_f64x2_zero f64x2.promote_low_f32x4 i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask
i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest i8x16.shl i8x16.shr_s i8x16.shr_u
i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u f64x2.ceil f64x2.floor i8x16.min_s
i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u
i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true
i16x8.bitmask i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s
i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u i16x8.shl i16x8.shr_s i16x8.shr_u i16x8.add i16x8.add_sat_s i16x8.add_sat_u
i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u -
i16x8.avgr_u i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u i32x4.abs
i32x4.neg - i32x4.all_true i32x4.bitmask - - i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u
i32x4.extend_high_i16x8_u i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add - - i32x4.sub - - - i32x4.mul i32x4.min_s i32x4.min_u
i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s - i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u
i32x4.extmul_high_i16x8_u i64x2.abs i64x2.neg - i64x2.all_true i64x2.bitmask - - i64x2.extend_low_i32x4_s
i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add - -
i64x2.sub - - - i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s i64x2.extmul_low_i32x4_s
i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u f32x4.abs f32x4.neg - f32x4.sqrt f32x4.add
f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax f64x2.abs f64x2.neg - f64x2.sqrt f64x2.add f64x2.sub
f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u
f32x4.convert_i32x4_s f32x4.convert_i32x4_u i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s
f64x2.convert_low_i32x4_u i8x16.relaxed_swizzle i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u
i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd
f64x2.relaxed_nmadd i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect
f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s
i32x4.relaxed_dot_i8x16_i7x16_add_s`;

const THREAD_NAMES = `memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64 atomic.fence - - - - - - - - - - - - i32.atomic.load
i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u
i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16 i64.atomic.store8 i64.atomic.store16 i64.atomic.store32
i32.atomic.rmw.add i64.atomic.rmw.add i32.atomic.rmw8.add_u i32.atomic.rmw16.add_u i64.atomic.rmw8.add_u i64.atomic.rmw16.add_u
i64.atomic.rmw32.add_u i32.atomic.rmw.sub i64.atomic.rmw.sub i32.atomic.rmw8.sub_u i32.atomic.rmw16.sub_u i64.atomic.rmw8.sub_u
i64.atomic.rmw16.sub_u i64.atomic.rmw32.sub_u i32.atomic.rmw.and i64.atomic.rmw.and i32.atomic.rmw8.and_u
i32.atomic.rmw16.and_u i64.atomic.rmw8.and_u i64.atomic.rmw16.and_u i64.atomic.rmw32.and_u i32.atomic.rmw.or i64.atomic.rmw.or
i32.atomic.rmw8.or_u i32.atomic.rmw16.or_u i64.atomic.rmw8.or_u i64.atomic.rmw16.or_u i64.atomic.rmw32.or_u i32.atomic.rmw.xor
i64.atomic.rmw.xor i32.atomic.rmw8.xor_u i32.atomic.rmw16.xor_u i64.atomic.rmw8.xor_u i64.atomic.rmw16.xor_u
i64.atomic.rmw32.xor_u i32.atomic.rmw.xchg i64.atomic.rmw.xchg i32.atomic.rmw8.xchg_u i32.atomic.rmw16.xchg_u
i64.atomic.rmw8.xchg_u i64.atomic.rmw16.xchg_u i64.atomic.rmw32.xchg_u i32.atomic.rmw.cmpxchg i64.atomic.rmw.cmpxchg
i32.atomic.rmw8.cmpxchg_u i32.atomic.rmw16.cmpxchg_u i64.atomic.rmw8.cmpxchg_u i64.atomic.rmw16.cmpxchg_u
i64.atomic.rmw32.cmpxchg_u`;
