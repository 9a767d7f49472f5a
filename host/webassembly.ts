/** webassembly: `import WebAssembly from 'ouro-wasm/webassembly'`: the drop-in's namespace, without touching the global one. */

import { V8, isReplaced } from './base/v8.js';
import { dropInBehaviour } from './register/behaviour.js';
import { shell } from './webassembly/classes.js';

const behaviour = dropInBehaviour();
shell.behaviour = () => behaviour;

const namespace = isReplaced() ? globalThis.WebAssembly : process.env.OURO_REGISTER === 'off' ? V8 : shell.namespace;

export default namespace;
export const { validate, compile, instantiate, compileStreaming, instantiateStreaming } = namespace;

// One by one, under the names of their types: else declarations would spell out what the types are where this was compiled.
export const Module: typeof WebAssembly.Module = namespace.Module;
export const Instance: typeof WebAssembly.Instance = namespace.Instance;
export const Memory: typeof WebAssembly.Memory = namespace.Memory;
export const Table: typeof WebAssembly.Table = namespace.Table;
export const Global: typeof WebAssembly.Global = namespace.Global;
export const CompileError: typeof WebAssembly.CompileError = namespace.CompileError;
export const LinkError: typeof WebAssembly.LinkError = namespace.LinkError;
export const RuntimeError: typeof WebAssembly.RuntimeError = namespace.RuntimeError;

export type Module = WebAssembly.Module;
export type Instance = WebAssembly.Instance;
export type Memory = WebAssembly.Memory;
export type Table = WebAssembly.Table;
export type Global = WebAssembly.Global;
export type CompileError = WebAssembly.CompileError;
export type LinkError = WebAssembly.LinkError;
export type RuntimeError = WebAssembly.RuntimeError;

/** Undefined where V8 does not have them. */
export const { Tag, Exception, JSTag } = namespace as any;
