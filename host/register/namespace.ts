/** namespace: the WebAssembly object of the drop-in: V8's, member by member, with ours in the place of what we have. */

import { V8 } from '../base/v8.js';
import { toV8Value } from '../webassembly/functions.js';
import { Global } from '../webassembly/global.js';
import { Instance, instantiate as link } from './instance.js';
import { compile as compileBytes, Module } from './module.js';
import { ModuleRecord } from './record.js';
import { compileResponse } from './streaming.js';
import { Table } from '../webassembly/table.js';

const isObject = (value: unknown) => (typeof value === 'object' && value !== null) || typeof value === 'function';

// Methods, since functions of a namespace are no constructors. How many parameters they declare is their length.
const operations = {
  async compile(_bytes: BufferSource): Promise<WebAssembly.Module> {
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    return compileBytes(Array.from(arguments), 'WebAssembly.compile()');
  },

  async instantiate(source: BufferSource | WebAssembly.Module): Promise<unknown> {
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    const args = Array.from(arguments);
    const [, imports, options] = args;
    if (imports !== undefined && !isObject(imports)) return V8.instantiate(...(args as unknown as [WebAssembly.Module]));
    if (!ArrayBuffer.isView(source) && ModuleRecord.of(source)) return link(source, imports, 'WebAssembly.instantiate()');
    if (!isObject(source)) return V8.instantiate(...(args as unknown as [WebAssembly.Module]));
    const module = await compileBytes(options === undefined ? [source] : [source, options], 'WebAssembly.instantiate()');
    return { module, instance: link(module, imports, 'WebAssembly.instantiate()') };
  },

  async compileStreaming(_source: Response | PromiseLike<Response>): Promise<WebAssembly.Module> {
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    return compileResponse(Array.from(arguments), 'WebAssembly.compileStreaming()');
  },

  async instantiateStreaming(source: Response | PromiseLike<Response>): Promise<unknown> {
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    const [, imports, options] = Array.from(arguments);
    if (imports !== undefined && !isObject(imports)) {
      throw new TypeError('WebAssembly.instantiateStreaming(): Argument 1 must be an object');
    }
    const module = await compileResponse(options === undefined ? [source] : [source, options], 'WebAssembly.instantiateStreaming()');
    // V8 says so too.
    return { module, instance: link(module, imports, 'WebAssembly.instantiate()') };
  },
};

/** For V8s that have promise integration. */
const integration = {
  promising(func: unknown): unknown {
    return (V8 as any).promising(toV8Value(func));
  },
};

const classes = { Module, Instance, Table, Global };

/** What is not here (Memory, Tag, Exception, the errors, `validate`, whatever a newer V8 has) is V8's own. */
export const namespace: typeof WebAssembly = makeNamespace();

function makeNamespace(): typeof WebAssembly {
  const object = {};
  const ours: Record<string, unknown> = { ...operations, ...integration, ...classes };
  for (const key of Reflect.ownKeys(V8)) {
    const descriptor = Object.getOwnPropertyDescriptor(V8, key)!;
    if (typeof key === 'string' && key in ours) descriptor.value = ours[key];
    Object.defineProperty(object, key, descriptor);
  }
  return object as typeof WebAssembly;
}
