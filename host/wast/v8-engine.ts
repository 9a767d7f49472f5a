/** V8's own WebAssembly as an engine for spec scripts: the yardstick for the runner itself.
 *  The JS API would quieten NaNs and does not tell f32 from f64, so functions with floats are called through a small wrapper module
 *  that takes and returns their bits as integers. */

import type { Failure, WastEngine } from './script-engine.js';
import { parseText } from '../wasm/text.js';
import { bitsToNumber, type NumberType, numberToBits, type Value } from './script-values.js';

type Extern = WebAssembly.ExportValue;

const integers: Record<string, string> = { f32: 'i32', f64: 'i64' };

/** The JS value of an argument, floats as integers when `wrapped`. */
function toJs(value: Value, wrapped: boolean): unknown {
  if (!('bits' in value)) return value.ref;
  if (value.type === 'i64' || (wrapped && value.type === 'f64')) return BigInt.asIntN(64, value.bits);
  if (value.type === 'i32' || wrapped) return Number(BigInt.asIntN(32, value.bits));
  return bitsToNumber(value.type as 'f32' | 'f64', value.bits);
}

function fromJs(js: unknown, type: string | undefined, wrapped: boolean): Value {
  if (typeof js === 'bigint') return { type: (type ?? 'i64') as NumberType, bits: BigInt.asUintN(64, js) };
  if (typeof js === 'number') {
    if ((type === 'f32' || type === 'f64') && !wrapped) return { type, bits: numberToBits(type, js) };
    if (type === 'f32' || type === 'i32' || type === undefined) return { type: type ?? 'i32', bits: BigInt.asUintN(32, BigInt(js)) };
  }
  return { type: type ?? 'anyref', ref: js };
}

export class V8Engine implements WastEngine<WebAssembly.Module, WebAssembly.Instance, Extern> {
  readonly name = 'v8';
  readonly exactTraps = false;
  private readonly wrappers = new Map<string, WebAssembly.Module>();

  beginScript(): void {}

  compile(bytes: Uint8Array): WebAssembly.Module {
    return new WebAssembly.Module(bytes as BufferSource);
  }

  instantiate(module: WebAssembly.Module, lookup: (module: string, name: string) => Extern | undefined): WebAssembly.Instance {
    const imports: Record<string, Record<string, any>> = Object.create(null);
    for (const each of WebAssembly.Module.imports(module)) {
      imports[each.module] ??= Object.create(null);
      imports[each.module][each.name] = lookup(each.module, each.name);
    }
    return new WebAssembly.Instance(module, imports);
  }

  export(instance: WebAssembly.Instance, name: string): Extern | undefined {
    return Object.hasOwn(instance.exports, name) ? instance.exports[name] : undefined;
  }

  private async prepare(args: string[], results: string[]): Promise<void> {
    const key = `${args}:${results}`;
    if (this.wrappers.has(key)) return;
    const type = (each: string) => integers[each] ?? each;
    const reinterpret = (to: string, from: string) => (to === from ? '' : `${to}.reinterpret_${from}`);
    const gets = args.map((each, i) => `local.get ${i} ${reinterpret(each, type(each))}`);
    const indices = results.map((_, i) => args.length + i);
    const text = `(module
      (import "" "f" (func $f (param ${args.join(' ')}) (result ${results.join(' ')})))
      (func (export "call") (param ${args.map(type).join(' ')}) (result ${results.map(type).join(' ')}) (local ${results.join(' ')})
        ${gets.join(' ')} call $f
        ${indices
          .toReversed()
          .map((i) => `local.set ${i}`)
          .join(' ')}
        ${results.map((each, i) => `local.get ${indices[i]} ${reinterpret(type(each), each)}`).join(' ')}))`;
    this.wrappers.set(key, new WebAssembly.Module((await parseText(text)) as BufferSource));
  }

  async invoke(func: Extern, args: Value[], results: (string | undefined)[] | undefined): Promise<Value[]> {
    const types = args.map((each) => each.type);
    const floats = [...types, ...(results ?? [])].some((type) => type === 'f32' || type === 'f64');
    const wrapped = floats && results !== undefined && !results.includes(undefined);
    let callee = func as (...args: unknown[]) => unknown;
    if (wrapped) {
      await this.prepare(types, results as string[]);
      const wrapper = new WebAssembly.Instance(this.wrappers.get(`${types}:${results}`)!, { '': { f: func } });
      callee = wrapper.exports.call as typeof callee;
    }
    const got = callee(...args.map((each) => toJs(each, wrapped)));
    if (results === undefined || (results.length === 0 && got === undefined)) return [];
    const list = Array.isArray(got) ? got : [got];
    return list.map((each, i) => fromJs(each, results[i], wrapped));
  }

  get(global: Extern, type: string | undefined): Value {
    return fromJs((global as WebAssembly.Global).value, type, false);
  }

  failure(error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof WebAssembly.CompileError) return { kind: 'rejected', message };
    if (error instanceof WebAssembly.LinkError) return { kind: 'unlinkable', message };
    if (error instanceof WebAssembly.RuntimeError) return { kind: 'trap', message };
    if (error instanceof RangeError) return { kind: 'exhaustion', message };
    if (error instanceof (WebAssembly as any).Exception) return { kind: 'exception', message };
    return { kind: 'internal', message };
  }
}
