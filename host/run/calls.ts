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
import type { Callable, FuncType } from '../base/types.js';
import { isFloat, type Layout, layoutOf, type Place } from './layout.js';
import { crossingOf, type Raw } from './values.js';

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

/** The results of a host function that has several. */
function listOf(value: any, count: number): unknown[] {
  if (typeof value?.[Symbol.iterator] !== 'function') throw new TypeError('a host function with several results must return an iterable');
  const list = Array.from(value as Iterable<unknown>);
  if (list.length !== count) throw new TypeError(`the host function must return ${count} values, not ${list.length}`);
  return list;
}

// Generated code. Names in it: `n` the helper, its views i32, u32, i64, f32, f64, `store`; `listOf` as above.

const views = 'i32, u32, i64, f32, f64';

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
  // Handles of external references last, with nothing of the user's between them and wasm: see external-references.ts.
  const conversion = ({ type }: Place, i: number) => `const v${i} = ${crossingOf(type).convertText(`a${i}`)};`;
  const isExtern = ({ type }: Place) => type === 'externref';
  const conversions = params.map((each, i) => (isExtern(each) ? '' : conversion(each, i)));
  if (params.some(isExtern)) conversions.push('if (store.externs.due) store.externs.collect();');
  conversions.push(...params.map((each, i) => (isExtern(each) ? conversion(each, i) : '')));
  const stores = params.map(({ type, at }, i) => crossingOf(type).putText(at, `v${i}`, layout.narrow));
  const read = results.map(({ type, at }, i) => `const r${i} = ${crossingOf(type).getText(at)};`);
  const values = results.map(({ type }, i) => crossingOf(type).revealText(`r${i}`));
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
  const entries = new Set(kinds.map(({ type, leaf }) => entryOf(layoutOf(type), leaf)));
  const text = `'use strict'; const { ${views}, ${[...entries].join(', ')}, unwind } = n; return [${kinds.map(wrapperText).join(',\n')}];`;
  const factories: readonly WrapperFactory[] = new Function('n', 'addressBits', 'drive', text)(native(), addressBits, driver());
  for (let i = 0; i < kinds.length; i++) kinds[i].factory = factories[i];
}

type InvokerFactory = (store: Store, callback: Callable) => () => void;

function generateInvoker(type: FuncType): InvokerFactory {
  const layout = layoutOf(type);
  const read = layout.params.map(({ type, at }, i) => `const a${i} = ${crossingOf(type).getText(at)};`);
  const names = layout.params.map(({ type }, i) => crossingOf(type).revealText(`a${i}`)).join(', ');
  const stores = layout.results.map(({ type, at }, i) => crossingOf(type).putText(at, `v${i}`)).join('\n');
  const count = layout.results.length;
  let finish = `callback(${names});`;
  if (count === 1) finish = `const r = callback(${names}); const v0 = ${crossingOf(layout.results[0].type).convertText('r')};`;
  if (count > 1) {
    const conversions = layout.results.map(({ type }, i) => `const v${i} = ${crossingOf(type).convertText(`r[${i}]`)};`);
    finish = `const r = listOf(callback(${names}), ${count}); ${conversions.join('\n')}`;
  }
  const text = `'use strict'; const { ${views} } = n; return (store, callback) => () => { ${read.join('\n')} ${finish} ${stores} };`;
  return new Function('n', 'listOf', text)(native(), listOf);
}

// The same without generated code.

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
  const { params, results } = layout;
  return (store, address, name) => {
    const call = (...args: unknown[]) => {
      const raws = params.map(({ type }, i) => crossingOf(type).convert(store, args[i]));
      if (store.watched.length === 0) store.refresh();
      putAll(params, raws);
      enter(store, address, layout);
      const values = takeAll(store, results);
      return values.length <= 1 ? values[0] : values;
    };
    Object.defineProperty(call, 'name', { value: name });
    Object.defineProperty(call, 'length', { value: params.length });
    return call;
  };
}

function invokePlainly({ params, results }: Layout, store: Store, callback: Callable): void {
  const answer = callback(...takeAll(store, params));
  const list = results.length > 1 ? listOf(answer, results.length) : [answer];
  const raws = results.map(({ type }, i) => crossingOf(type).convert(store, list[i]));
  putAll(results, raws);
}

/** Stores converted values into the slots. */
function putAll(places: readonly Place[], raws: readonly Raw[]): void {
  const views = native();
  places.forEach(({ type, at }, i) => void crossingOf(type).put(views, at, raws[i]));
}

/** JS values of what stands in the slots; all is read before any is made one. */
function takeAll(store: Store, places: readonly Place[]): unknown[] {
  const views = native();
  const raws = places.map(({ type, at }) => crossingOf(type).get(views, at));
  return places.map(({ type }, i) => crossingOf(type).reveal(store, raws[i]));
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
  if (!layout.crosses) crossingOf('v128');
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
