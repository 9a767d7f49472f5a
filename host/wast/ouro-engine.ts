/** Ouro as an engine for spec scripts. Numbers go in and out as bits, so NaN payloads survive. */

import { Engine } from '../engine/engine.js';
import { CompileError, LinkError } from '../base/errors.js';
import type { Extern } from '../run/extern.js';
import { Func } from '../run/func.js';
import { Global } from '../run/global.js';
import { Instance } from '../api/instance.js';
import { Module } from '../engine/module.js';
import { Store } from '../run/store.js';
import { Trap } from '../run/trap.js';
import type { ValType } from '../base/types.js';
import type { Failure, WastEngine } from './script-engine.js';
import type { NumberType, Value } from './script-values.js';

export class OuroEngine implements WastEngine<Module, Instance, Extern> {
  readonly name = 'ouro';
  readonly exactTraps = true;
  readonly #engine: Engine;
  #store: Store;

  constructor(engine = new Engine()) {
    this.#engine = engine;
    this.#store = new Store(engine);
  }

  beginScript(): void {
    this.#store = new Store(this.#engine);
  }

  compile(bytes: Uint8Array): Module {
    return Module.fromBinary(this.#engine, bytes);
  }

  instantiate(module: Module, lookup: (module: string, name: string) => Extern | undefined): Instance {
    const imports = module.code.plan.imports.map(({ module: from, name }) => lookup(from, name));
    return new Instance(this.#store, module, imports);
  }

  export(instance: Instance, name: string): Extern | undefined {
    return instance.getExport(this.#store, name);
  }

  invoke(extern: Extern, args: Value[]): Value[] {
    if (!(extern instanceof Func)) throw new TypeError('the export is no function');
    const { params, results } = extern.type();
    if (args.length !== params.length) throw new TypeError(`${args.length} arguments for ${params.length} parameters`);
    return extern.callRaw(args.map((each) => this.#toBits(each))).map((bits, i) => this.#fromBits(results[i], bits));
  }

  get(extern: Extern): Value {
    if (!(extern instanceof Global)) throw new TypeError('the export is no global');
    const { content } = extern.type();
    const bits = content === 'i32' || content === 'f32' ? BigInt.asUintN(32, extern.bits) : extern.bits;
    return this.#fromBits(content, bits);
  }

  failure(error: unknown): Failure {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof CompileError) return { kind: 'rejected', message };
    if (error instanceof LinkError) return { kind: 'unlinkable', message };
    if (error instanceof Trap) return { kind: error.code === 'StackOverflow' ? 'exhaustion' : 'trap', message };
    return { kind: 'internal', message: error instanceof Error ? (error.stack ?? message) : message };
  }

  #toBits(value: Value): bigint {
    if ('bits' in value) return value.bits;
    return BigInt(value.type === 'funcref' ? this.#store.funcToAddress(value.ref) : this.#store.externToHandle(value.ref));
  }

  #fromBits(type: ValType, bits: bigint): Value {
    if (type === 'funcref') return { type, ref: this.#store.callableAt(Number(bits)) };
    if (type === 'externref') return { type, ref: this.#store.externFromHandle(Number(bits)) };
    return { type: type as NumberType, bits };
  }
}
