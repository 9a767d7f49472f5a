/** calls: moves arguments and results between JS values and the slots, for each function type once.
 *  JS to wasm: a wrapper converts its arguments as the JS API does, stores them, enters, and reads the results. Wasm to JS: an invoker reads
 *  the arguments, calls, converts the results and stores them. Both are generated as JS text, so that a call costs little more than its
 *  stores; where JS may not make code from text (`--disallow-code-generation-from-strings`) closures do the same, slower.
 *  All conversions come before the first store: converting runs user code, which may enter wasm and overwrite the slots. */

import * as L from '../../runtime/layout.js';
import { driver } from './activation.js';
import { addressBits, CALLEE, native, STACK_ARGS, STACK_RESULTS, STATUS } from '../helper/native.js';
import { passRangeError } from '../base/host-stack.js';
import type { Store } from './store.js';
import type { Callable, FuncType, ValType } from '../base/types.js';

/** Where a value stands in the slots, in bytes. */
interface Place {
  readonly type: ValType;
  readonly at: number;
}

interface Layout {
  readonly params: readonly Place[];
  readonly results: readonly Place[];
  /** In words. */
  readonly stackArgs: number;
  readonly stackResults: number;
  /** Neither float parameters nor stack words. */
  readonly intsOnly: boolean;
  /** No stack words, and no parameter of which both halves of an integer register count. */
  readonly narrow: boolean;
  /** JS has values of all these types. */
  readonly crosses: boolean;
}

const layouts = new WeakMap<FuncType, Layout>();

const isFloat = (type: ValType) => type === 'f32' || type === 'f64' || type === 'v128';

/** ABI.md: integers and floats have registers of their own; what finds none goes to the stack in order. */
function place(types: readonly ValType[], intCount: number, floatCount: number): { places: Place[]; stack: number } {
  let ints = 0;
  let floats = 0;
  let stack = 0;
  const places = types.map((type) => {
    const float = isFloat(type);
    if (float ? floats < floatCount : ints < intCount) {
      return { type, at: float ? L.SLOT_FLOATS + 16 * floats++ : L.SLOT_INTS + 8 * ints++ };
    }
    return { type, at: L.SLOT_STACK + 8 * stack++ };
  });
  return { places, stack };
}

export function layoutOf(type: FuncType): Layout {
  let found = layouts.get(type);
  if (!found) {
    const params = place(type.params, L.SLOT_INT_COUNT, L.SLOT_FLOAT_COUNT);
    const results = place(type.results, L.SLOT_RESULT_INT_COUNT, L.SLOT_RESULT_FLOAT_COUNT);
    found = {
      params: params.places,
      results: results.places,
      stackArgs: params.stack,
      stackResults: results.stack,
      crosses: ![...type.params, ...type.results].includes('v128'),
      intsOnly: params.stack === 0 && results.stack === 0 && !type.params.some(isFloat),
      narrow:
        params.stack === 0 && results.stack === 0 && type.params.every((each) => isFloat(each) || each === 'i32' || each === 'externref'),
    };
    layouts.set(type, found);
  }
  return found;
}

let generates: boolean | undefined;

/** Whether JS text may become code here. */
function mayGenerate(): boolean {
  if (generates === undefined) {
    try {
      generates = new Function('return true')() as boolean;
    } catch (error) {
      passRangeError(error);
      generates = false;
    }
  }
  return generates;
}

/** A host function's list of results. */
function toList(value: unknown, count: number): unknown[] {
  const list = Array.from(value as Iterable<unknown>);
  if (list.length !== count) throw new TypeError(`the host function must return ${count} values, not ${list.length}`);
  return list;
}

function iterable(value: unknown): unknown {
  if (value === null || value === undefined || typeof (value as any)[Symbol.iterator] !== 'function') {
    throw new TypeError('a host function with several results must return an iterable');
  }
  return value;
}

const results = (value: unknown, count: number) => toList(iterable(value), count);

// Generated code. Names in it: `n` the helper, its views i32, u32, i64, f32, f64, `store`; `results` as above.

/** The conversion of JS expression `js` to what `put` stores. */
function convert(type: ValType, js: string): string {
  switch (type) {
    case 'i32':
      // A number: storing it takes its 32 bits. An operator that does would take a BigInt, and fail later, in other words.
      return `+${js}`;
    case 'i64':
      return `BigInt.asIntN(64, ${js})`;
    case 'f32':
    case 'f64':
      return `+${js}`;
    case 'externref':
      return `store.externToHandle(${js})`;
    case 'funcref':
      return `store.funcToAddress(${js})`;
    default:
      throw new TypeError(`a ${type} cannot cross the border to JS`);
  }
}

/** Stores a converted value. Integers fill their whole word, unless only its `low` half is read. */
function put({ type, at }: Place, name: string, low = false): string {
  switch (type) {
    case 'i64':
      return `i64[${at >> 3}] = ${name};`;
    case 'f32':
      return `f32[${at >> 2}] = ${name};`;
    case 'f64':
      return `f64[${at >> 3}] = ${name};`;
    case 'funcref':
      return `u32[${at >> 2}] = ${name}; u32[${(at >> 2) + 1}] = ${name} / 4294967296;`;
    default:
      return `i32[${at >> 2}] = ${name};${low ? '' : ` i32[${(at >> 2) + 1}] = 0;`}`;
  }
}

/** What stands in the slots, unconverted where converting needs the store. */
function get({ type, at }: Place): string {
  switch (type) {
    case 'i32':
      return `i32[${at >> 2}]`;
    case 'i64':
      return `i64[${at >> 3}]`;
    case 'f32':
      return `f32[${at >> 2}]`;
    case 'f64':
      return `f64[${at >> 3}]`;
    case 'funcref':
      return `u32[${at >> 2}] + u32[${(at >> 2) + 1}] * 4294967296`;
    default:
      return `u32[${at >> 2}]`;
  }
}

/** The JS value of what `get` read. */
function reveal(type: ValType, name: string): string {
  if (type === 'externref') return `store.externFromHandle(${name})`;
  return type === 'funcref' ? `store.callableAt(${name})` : name;
}

const views =
  'const { i32, u32, i64, f32, f64, enter, enter32, enterInts, enterInts32, enterLeaf, enterLeaf32, enterLeafPair, enterLeafPair32, unwind } = n;';

/** The helper's function that enters: the fewer registers it has to think of, the faster. */
function entryOf({ params, results, intsOnly, narrow }: Layout, leaf: boolean): string {
  const bits = narrow ? '32' : '';
  if (!leaf) return `enter${intsOnly ? 'Ints' : ''}${bits}`;
  const pair = intsOnly && params.length <= 2 && results.length <= 1 && !results.some(({ type }) => isFloat(type));
  if (pair) return `enterLeafPair${bits}`;
  return intsOnly || narrow ? `enterLeaf${bits}` : 'enter';
}

type WrapperFactory = (store: Store, address: number, name: string) => Callable;

/** Functions that have wrappers of the same text: there is one Kind of them. */
export interface Kind {
  readonly type: FuncType;
  /** The function may run on the host's stack. */
  readonly leaf: boolean;
  /** Made when a wrapper first is. */
  factory: WrapperFactory | undefined;
}

/** By type id. */
const kinds: Kind[] = [];
const leafKinds: Kind[] = [];

export function kindOf(type: FuncType, leaf: boolean): Kind {
  const known = leaf ? leafKinds : kinds;
  known[type.id] ??= { type, leaf, factory: undefined };
  return known[type.id];
}

/** The text of a WrapperFactory. The name comes from a literal: to define it as a property takes longer, and dynamic linkers have wrappers made
 *  for every function of a table.
 *
 *  In a fresh process V8 runs this text some 1,600 times before it asks its optimising compiler for code, and goes on so until the code is there,
 *  0.6 to 0.9 ms later on Node 20, of which most is the compiler's own first use. A call takes 90 ns interpreted, 48 ns in V8's baseline code and 3.4 ns
 *  optimised. So what counts is how long the compiler takes, more than how long the text is:
 *  - Each store to a view costs 4 ns in baseline code, and the compiler some time. Upper halves that nobody reads are not stored.
 *  - `length` is a getter, which takes baseline code 3 ns more than an element, and the compiler longer, too. An element of an empty array is undefined.
 *    The price is that the optimised code is given up, a few times at most, when a memory has grown behind our back.
 *  - A comparison with 0 takes 1 ns more than a condition without one.
 *  - Ways that have never been taken (the loop, traps) cost nothing: the compiler stops where they begin. Putting them into a function of their own
 *    gained nothing, and its call could be the one that finds no room, with wasm still suspended.
 *  - Keeping a view in a local variable saves bytecodes, but no time. */
function wrapperText({ type, leaf }: Kind): string {
  const layout = layoutOf(type);
  const { params, results, stackArgs, stackResults } = layout;
  const names = params.map((_, i) => `a${i}`).join(', ');
  // Handles of external references last, with nothing of the user's between them and wasm: see externs.ts.
  const conversion = ({ type }: Place, i: number) => `const v${i} = ${convert(type, `a${i}`)};`;
  const isExtern = ({ type }: Place) => type === 'externref';
  const conversions = params.map((each, i) => (isExtern(each) ? '' : conversion(each, i)));
  if (params.some(isExtern)) conversions.push('if (store.externs.due) store.externs.collect();');
  conversions.push(...params.map((each, i) => (isExtern(each) ? conversion(each, i) : '')));
  const stores = params.map((each, i) => put(each, `v${i}`, layout.narrow));
  const read = results.map((each, i) => `const r${i} = ${get(each)};`);
  const values = results.map(({ type }, i) => reveal(type, `r${i}`));
  // Entering uses the counts up: they are 0 as long as nobody sets them.
  const onStack = stackArgs > 0 || stackResults > 0;
  const counts = onStack ? `i32[${STACK_ARGS}] = ${stackArgs}; i32[${STACK_RESULTS}] = ${stackResults};` : '';
  const answer = values.length === 0 ? '' : values.length === 1 ? `return ${values[0]};` : `return [${values.join(', ')}];`;
  // Dense: V8 reads the text of all kinds that a module exports before the first of them is called.
  return `(store, address, name) => { const callee = addressBits(address); const call = { [name]: (${names}) => {
${conversions.join('')} if (store.watched[0] === undefined) store.refresh();
${stores.join('')} f64[${CALLEE}] = callee; ${counts} ${entryOf(layout, leaf)}();
if (i32[${STATUS}]) { let trapped = i32[${STATUS}] === ${L.EXIT_TRAPPED};
if (!trapped) try { trapped = drive(store); } catch (error) { unwind(); throw error; }
if (trapped) throw store.takeTrap(); }
${read.join('')} ${answer} } }; return call[name]; }`;
}

/** Makes code of text once for all: that costs more than what is in the text. */
function generateWrappers(kinds: readonly Kind[]): void {
  const text = `'use strict'; ${views} return [${kinds.map(wrapperText).join(',\n')}];`;
  const factories: readonly WrapperFactory[] = new Function('n', 'addressBits', 'drive', text)(native(), addressBits, driver());
  for (let i = 0; i < kinds.length; i++) kinds[i].factory = factories[i];
}

type InvokerFactory = (store: Store, callback: Callable) => () => void;

function generateInvoker(type: FuncType): InvokerFactory {
  const layout = layoutOf(type);
  const read = layout.params.map((each, i) => `const a${i} = ${get(each)};`);
  const names = layout.params.map(({ type }, i) => reveal(type, `a${i}`)).join(', ');
  const stores = layout.results.map((each, i) => put(each, `v${i}`)).join('\n');
  const count = layout.results.length;
  let finish = `callback(${names});`;
  if (count === 1) finish = `const r = callback(${names}); const v0 = ${convert(layout.results[0].type, 'r')};`;
  if (count > 1) {
    const conversions = layout.results.map(({ type }, i) => `const v${i} = ${convert(type, `r[${i}]`)};`);
    finish = `const r = results(callback(${names}), ${count}); ${conversions.join('\n')}`;
  }
  const text = `'use strict'; ${views} return (store, callback) => () => { ${read.join('\n')} ${finish} ${stores} };`;
  return new Function('n', 'results', text)(native(), results);
}

// The same without generated code.

/** Converts as the JS API does; the value is what `putValue` stores. */
export function convertValue(store: Store, type: ValType, value: any): number | bigint {
  switch (type) {
    case 'i32':
      return +value | 0;
    case 'i64':
      return BigInt.asIntN(64, value);
    case 'f32':
    case 'f64':
      return +value;
    case 'externref':
      return store.externToHandle(value);
    case 'funcref':
      return store.funcToAddress(value);
    default:
      throw new TypeError(`a ${type} cannot cross the border to JS`);
  }
}

function putValue({ type, at }: Place, value: number | bigint): void {
  const { i32, u32, i64, f32, f64 } = native();
  if (type === 'i64') i64[at >> 3] = value as bigint;
  else if (type === 'f32') f32[at >> 2] = value as number;
  else if (type === 'f64') f64[at >> 3] = value as number;
  else if (type === 'funcref') {
    u32[at >> 2] = value as number;
    u32[(at >> 2) + 1] = (value as number) / 2 ** 32;
  } else {
    i32[at >> 2] = value as number;
    i32[(at >> 2) + 1] = 0;
  }
}

function getValue({ type, at }: Place): number | bigint {
  const { i32, u32, i64, f32, f64 } = native();
  if (type === 'i32') return i32[at >> 2];
  if (type === 'i64') return i64[at >> 3];
  if (type === 'f32') return f32[at >> 2];
  if (type === 'f64') return f64[at >> 3];
  return type === 'funcref' ? u32[at >> 2] + u32[(at >> 2) + 1] * 2 ** 32 : u32[at >> 2];
}

export function revealValue(store: Store, type: ValType, raw: number | bigint): unknown {
  if (type === 'externref') return store.externFromHandle(raw as number);
  return type === 'funcref' ? store.callableAt(raw as number) : raw;
}

/** Enters the FuncRef at `address`; the arguments are in the slots, and so are the results afterwards. */
function enter(store: Store, address: number, layout: Layout): void {
  const { i32, f64, enter, unwind } = native();
  f64[CALLEE] = addressBits(address);
  i32[STACK_ARGS] = layout.stackArgs;
  i32[STACK_RESULTS] = layout.stackResults;
  enter();
  if (i32[STATUS] !== 0) {
    let trapped = i32[STATUS] === L.EXIT_TRAPPED;
    if (!trapped) {
      try {
        trapped = driver()(store);
      } catch (error) {
        unwind();
        throw error;
      }
    }
    if (trapped) throw store.takeTrap();
  }
}

function plainWrapper(type: FuncType): WrapperFactory {
  const layout = layoutOf(type);
  return (store, address, name) => {
    const call = (...args: unknown[]) => {
      const converted = layout.params.map(({ type }, i) => convertValue(store, type, args[i]));
      if (store.watched.length === 0) store.refresh();
      for (let i = 0; i < converted.length; i++) putValue(layout.params[i], converted[i]);
      enter(store, address, layout);
      const raw = layout.results.map(getValue);
      const values = layout.results.map(({ type }, i) => revealValue(store, type, raw[i]));
      return values.length <= 1 ? values[0] : values;
    };
    Object.defineProperty(call, 'name', { value: name });
    Object.defineProperty(call, 'length', { value: layout.params.length });
    return call;
  };
}

function invokePlainly(layout: Layout, store: Store, callback: Callable): void {
  const raw = layout.params.map(getValue);
  const answer = callback(...layout.params.map(({ type }, i) => revealValue(store, type, raw[i])));
  const list = layout.results.length > 1 ? results(answer, layout.results.length) : [answer];
  const converted = layout.results.map(({ type }, i) => convertValue(store, type, list[i]));
  for (let i = 0; i < converted.length; i++) putValue(layout.results[i], converted[i]);
}

const invokers = new WeakMap<FuncType, InvokerFactory>();

/** A JS function that calls the FuncRef at `address`. */
export function makeWrapper(kind: Kind, store: Store, address: number, name: string): Callable {
  if (!kind.factory) {
    if (mayGenerate()) generateWrappers([kind]);
    else kind.factory = plainWrapper(kind.type);
  }
  return kind.factory!(store, address, name);
}

/** Spares time where wrappers of many kinds will be made. */
export function prepareWrappers(kinds: Iterable<Kind>): void {
  const missing = [...new Set(kinds)].filter(({ type, factory }) => !factory && layoutOf(type).crosses);
  if (missing.length > 1 && mayGenerate()) generateWrappers(missing);
}

/** Making code from text takes longer than some calls without it. */
const FIRST_CALLS = 8;

/** A function that takes the arguments from the slots, calls `callback`, and puts the results there: one of the store's host functions, where
 *  a faster one takes its place when it turns out to be called often. */
export function makeInvoker(type: FuncType, store: Store, callback: Callable): () => void {
  const layout = layoutOf(type);
  if (!layout.crosses) throw new TypeError('a v128 cannot cross the border to JS');
  const generated = invokers.get(type);
  if (generated) return generated(store, callback);
  let calls = 0;
  const invoker = () => {
    if (++calls === FIRST_CALLS && mayGenerate()) {
      let factory = invokers.get(type);
      if (!factory) invokers.set(type, (factory = generateInvoker(type)));
      store.replaceHostFunc(invoker, factory(store, callback));
    }
    invokePlainly(layout, store, callback);
  };
  return invoker;
}

/** Calls with the values' bits, unchanged in both directions: NaN payloads survive. References are handles and addresses. */
export function callBits(type: FuncType, store: Store, address: number, bits: readonly bigint[]): bigint[] {
  const layout = layoutOf(type);
  const { u64, u32 } = native();
  if (store.watched.length === 0) store.refresh();
  layout.params.forEach(({ at }, i) => {
    u64[at >> 3] = bits[i];
  });
  enter(store, address, layout);
  return layout.results.map(({ type, at }) => (type === 'i32' || type === 'f32' ? BigInt(u32[at >> 2]) : u64[at >> 3]));
}
