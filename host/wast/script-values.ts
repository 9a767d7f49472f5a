/** Values of spec scripts: numbers as raw bits, so that NaN payloads survive, and references as JS values.
 *  Also the literals of the text format, and the patterns that results are held against. */

import { type Atom, head, type List, type Node, ScriptError } from './sexpr.js';

export type NumberType = 'i32' | 'i64' | 'f32' | 'f64';

/** A number as its bits (unsigned), or a reference as the JS value that the JS API would give. */
export type Value = { type: NumberType; bits: bigint } | { type: string; ref: unknown };

export type Pattern =
  | { kind: 'bits'; type: NumberType; bits: bigint }
  | { kind: 'nan'; type: 'f32' | 'f64'; canonical: boolean }
  | { kind: 'null'; type: string }
  /** Some reference of a type that is not null. */
  | { kind: 'reference'; type: string }
  | { kind: 'host'; type: string; ref: unknown }
  | { kind: 'either'; patterns: Pattern[] };

const widths: Record<NumberType, number> = { i32: 32, i64: 64, f32: 32, f64: 64 };
const formats = { f32: { mantissa: 23, bias: 127 }, f64: { mantissa: 52, bias: 1023 } };

/** A value that this runner cannot make or compare; the command is reported, not passed over. */
export class UnsupportedValue extends Error {}

const hostReferences = new Map<string, object>();

/** The host value that `(ref.extern n)` stands for: the same object for the same number. */
export function hostReference(number: string): object {
  let found = hostReferences.get(number);
  if (!found) hostReferences.set(number, (found = Object.freeze({ extern: number })));
  return found;
}

function literal(node: Node | undefined, list: List): string {
  if (node?.kind !== 'atom') throw new ScriptError('a literal is missing', list.line);
  return node.text;
}

/** The value of `(i32.const 1)`, `(ref.null func)`, `(ref.extern 1)`. */
export function parseValue(node: Node): Value {
  const pattern = parsePattern(node);
  if (pattern.kind === 'bits') return { type: pattern.type, bits: pattern.bits };
  if (pattern.kind === 'null') return { type: pattern.type, ref: null };
  if (pattern.kind === 'host') return { type: pattern.type, ref: pattern.ref };
  throw new UnsupportedValue(`not usable as an argument: ${head(node)}`);
}

const heapTypes: Record<string, string> = { func: 'funcref', extern: 'externref' };

/** The pattern of a result. */
export function parsePattern(node: Node): Pattern {
  if (node.kind !== 'list') throw new ScriptError('a value is expected', node.line);
  const keyword = head(node);
  const first = node.items[1] as Atom | undefined;
  switch (keyword) {
    case 'i32.const':
    case 'i64.const': {
      const type = keyword.slice(0, 3) as 'i32' | 'i64';
      return { kind: 'bits', type, bits: parseInteger(literal(first, node), widths[type]) };
    }
    case 'f32.const':
    case 'f64.const': {
      const type = keyword.slice(0, 3) as 'f32' | 'f64';
      const text = literal(first, node);
      if (text === 'nan:canonical' || text === 'nan:arithmetic') return { kind: 'nan', type, canonical: text === 'nan:canonical' };
      return { kind: 'bits', type, bits: parseFloatBits(text, type) };
    }
    case 'ref.null':
      return { kind: 'null', type: first ? (heapTypes[first.text] ?? `${first.text}ref`) : 'anyref' };
    case 'ref.extern':
      return first ? { kind: 'host', type: 'externref', ref: hostReference(first.text) } : { kind: 'reference', type: 'externref' };
    case 'ref.func':
      return { kind: 'reference', type: 'funcref' };
    case 'either':
      return { kind: 'either', patterns: node.items.slice(1).map(parsePattern) };
    default:
      throw new UnsupportedValue(`values of the kind ${keyword || '?'} are not supported`);
  }
}

/** Whether `value` is what `pattern` says. */
export function matches(value: Value, pattern: Pattern): boolean {
  if (pattern.kind === 'either') return pattern.patterns.some((each) => matches(value, each));
  if (pattern.kind === 'bits') return 'bits' in value && value.type === pattern.type && value.bits === pattern.bits;
  if (pattern.kind === 'nan') {
    if (!('bits' in value) || value.type !== pattern.type) return false;
    const { mantissa } = formats[pattern.type];
    const quiet = 1n << BigInt(mantissa - 1);
    const magnitude = BigInt.asUintN(widths[pattern.type] - 1, value.bits);
    const lowest = infinity(pattern.type) | quiet;
    return pattern.canonical ? magnitude === lowest : magnitude >= lowest;
  }
  if ('bits' in value) return false;
  if (pattern.kind === 'null') return value.ref === null;
  if (pattern.kind === 'host') return value.ref === pattern.ref;
  return value.ref !== null && (pattern.type !== 'funcref' || typeof value.ref === 'function' || value.type === 'funcref');
}

/** The type that a result must have to match; undefined where the pattern leaves it open. */
export function patternType(pattern: Pattern): string | undefined {
  if (pattern.kind === 'either') return patternType(pattern.patterns[0]);
  return pattern.type === 'anyref' ? undefined : pattern.type;
}

const hex = (bits: bigint) => `0x${bits.toString(16)}`;

export function showValue(value: Value): string {
  if ('bits' in value) return `${value.type} ${showBits(value.type, value.bits)}`;
  if (value.ref === null) return `${value.type} null`;
  return `${value.type} ${typeof value.ref === 'function' ? 'function' : JSON.stringify(value.ref)}`;
}

export function showPattern(pattern: Pattern): string {
  if (pattern.kind === 'either') return `either ${pattern.patterns.map(showPattern).join(' | ')}`;
  if (pattern.kind === 'bits') return showValue(pattern);
  if (pattern.kind === 'nan') return `${pattern.type} nan:${pattern.canonical ? 'canonical' : 'arithmetic'}`;
  if (pattern.kind === 'host') return showValue(pattern);
  return `${pattern.type} ${pattern.kind === 'null' ? 'null' : 'not null'}`;
}

function showBits(type: NumberType, bits: bigint): string {
  if (type === 'i32' || type === 'i64') return String(BigInt.asIntN(widths[type], bits));
  return `${bitsToNumber(type, bits)} (${hex(bits)})`;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The JS number of an f32 or f64. A signalling NaN may come out quiet. */
export function bitsToNumber(type: 'f32' | 'f64', bits: bigint): number {
  scratch.setBigUint64(0, bits, true);
  return type === 'f32' ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
}

export function numberToBits(type: 'f32' | 'f64', value: number): bigint {
  if (type === 'f64') {
    scratch.setFloat64(0, value, true);
    return scratch.getBigUint64(0, true);
  }
  scratch.setFloat32(0, value, true);
  return BigInt(scratch.getUint32(0, true));
}

/** The bits of an integer literal; it may be written signed or unsigned. */
export function parseInteger(text: string, width: number): bigint {
  const match = /^([+-]?)(0x[0-9a-fA-F_]+|[0-9_]+)$/.exec(text);
  if (!match) throw new UnsupportedValue(`bad integer ${text}`);
  const magnitude = BigInt(match[2].replaceAll('_', ''));
  return BigInt.asUintN(width, match[1] === '-' ? -magnitude : magnitude);
}

function infinity(type: 'f32' | 'f64'): bigint {
  const { mantissa, bias } = formats[type];
  return BigInt(2 * bias + 1) << BigInt(mantissa);
}

/** The bits of a float literal, rounded once from its exact value to nearest, ties to even. */
export function parseFloatBits(text: string, type: 'f32' | 'f64'): bigint {
  const { mantissa } = formats[type];
  const negative = text.startsWith('-');
  const body = text.replace(/^[+-]/, '').replaceAll('_', '');
  const sign = negative ? 1n << BigInt(widths[type] - 1) : 0n;
  if (body === 'inf') return sign | infinity(type);
  if (body === 'nan') return sign | infinity(type) | (1n << BigInt(mantissa - 1));
  if (body.startsWith('nan:0x')) return sign | infinity(type) | BigInt(body.slice(4));

  const hexadecimal = body.startsWith('0x');
  const match = hexadecimal
    ? /^0x([0-9a-fA-F]+)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(body)
    : /^(\d+)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(body);
  if (!match) throw new UnsupportedValue(`bad number ${text}`);
  const [, whole, fraction, exponentText = '0'] = match;
  const exponent = Number(exponentText);
  let numerator = BigInt((hexadecimal ? '0x' : '') + whole + fraction);
  let denominator = hexadecimal ? 16n ** BigInt(fraction.length) : 10n ** BigInt(fraction.length);
  const scale = (hexadecimal ? 2n : 10n) ** BigInt(Math.abs(exponent));
  if (exponent >= 0) numerator *= scale;
  else denominator *= scale;
  return sign | roundRatio(numerator, denominator, type);
}

const bitLength = (value: bigint) => value.toString(2).length;

/** The bits of the float nearest to numerator / denominator, which is not negative. */
function roundRatio(numerator: bigint, denominator: bigint, type: 'f32' | 'f64'): bigint {
  if (numerator === 0n) return 0n;
  const { mantissa, bias } = formats[type];
  // The exponent for which 2^exponent <= ratio < 2^(exponent + 1); subnormals share the lowest.
  let exponent = bitLength(numerator) - bitLength(denominator);
  const below = exponent >= 0 ? numerator < denominator << BigInt(exponent) : numerator << BigInt(-exponent) < denominator;
  if (below) exponent--;
  exponent = Math.max(exponent, 1 - bias);
  const shift = mantissa - exponent;
  const scaled = shift >= 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-shift);
  let quotient = scaled / divisor;
  const twice = 2n * (scaled % divisor);
  if (twice > divisor || (twice === divisor && (quotient & 1n) === 1n)) quotient++;
  // The quotient's leading bit, where there is one, adds 1 to the exponent field; so does a carry of the rounding.
  const bits = (BigInt(exponent + bias - 1) << BigInt(mantissa)) + quotient;
  return bits < infinity(type) ? bits : infinity(type);
}
