/** choice: WebAssembly.Module and the other functions that make modules. Here it is decided which engine runs a module: Ouro where the cache has
 *  native code, else V8, which can start at once, while native code is made for the next start.
 *  In: the arguments of the API's functions. Out: a WebAssembly.Module, which is a label when the module has native code (record.ts).
 *  Requires: what is hashed, compiled, and given to V8 are the same bytes, though the application may change its own meanwhile.
 *  Cost: with a note (notes.ts) only a sample of the binary is hashed; else all of it, off the thread if it is large. */

import type { Code } from '../artifact/code.js';
import { CompileError } from '../base/errors.js';
import { native } from '../helper/native.js';
import { V8 } from '../base/v8.js';
import { compileNow, compileSoon, engine, find, nameOf } from './artifacts.js';
import { build, lasting } from './background.js';
import { type Context, inContext } from './v8-errors.js';
import { hasNote, leftToV8, writeNote } from './notes.js';
import { customSections, isForwarder } from '../wasm/outline.js';
import { callers, excluded, hasLists, log, minSize, mode } from './policy.js';
import { ModuleRecord, type Trace, traceOf } from './record.js';

/** The bytes of a module, as a view; undefined when V8 shall say what `source` is. Shared memory is copied, because other threads can write to it. */
function bytesOf(source: unknown): Uint8Array | undefined {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  // No V8 takes a SharedArrayBuffer itself, and not every V8 takes a DataView.
  if (!ArrayBuffer.isView(source) || source instanceof DataView) return undefined;
  const view = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return view.buffer instanceof ArrayBuffer ? view : view.slice();
}

/** What is known of a module before V8 has seen it. Without `code` the module runs on V8. */
interface Choice {
  /** The native code, if there is any. */
  readonly code?: Code;
  /** The name of the artifact in the cache, where the binary has been hashed. */
  readonly key?: string;
  /** The name of the module's notes; undefined for a module that has none, because it stays on V8 anyway. */
  readonly name?: string;
  /** There is no native code yet, and nothing says that there shall be none. */
  readonly isNew?: boolean;
}

/** Whether Ouro gains nothing over V8: the module is small, or has no code of its own. */
const isTrivial = (bytes: Uint8Array) => bytes.length < minSize() || isForwarder(bytes);
const staysOnV8 = (bytes: Uint8Array) => mode() === 'off' || isTrivial(bytes);

/** Looks for native code. `files`: what `callers` gave. */
function choose(bytes: Uint8Array, files: readonly string[]): Choice {
  if (staysOnV8(bytes)) return {};
  const name = nameOf(bytes);
  return chooseAtOnce(bytes, name) ?? chooseByKey(bytes, name, engine().keyOf(bytes), files);
}

/** Hashing more bytes than this takes milliseconds, which should not block other work. But hashing in another thread requires a copy. Where the CPU
 *  hashes fast, the copy would take as long as the hash. */
const LARGE = 2 ** 20;
const hashesHere = (bytes: Uint8Array) => bytes.length < LARGE || native().hashesFast();

const tell = (bytes: Uint8Array, key: string | undefined, text: string) =>
  log(() => `module ${(key ?? engine().keyOf(bytes)).slice(0, 12)}, ${Math.ceil(bytes.length / 1024)} KB: ${text}`);
const NEW = 'runs on V8 this time: native code is made for the next start';

/** The choice as far as notes tell: V8 runs a module that is noted to be left to it, and one that is seen for the first time. Undefined where only
 *  the hash of the whole binary can tell. */
function chooseAtOnce(bytes: Uint8Array, name: string): Choice | undefined {
  if (hasLists) return undefined;
  const left = leftToV8(name);
  if (left !== undefined) {
    tell(bytes, undefined, `runs on V8: ${left}`);
    return { name };
  }
  if (mode() !== 'background' || hasNote(name, 'ouro')) return undefined;
  tell(bytes, undefined, NEW);
  return { name, isNew: true };
}

/** The choice by the key of the artifact, which the cache may have. */
function chooseByKey(bytes: Uint8Array, name: string, key: string, files: readonly string[]): Choice {
  // This does not use `performance`: loading that takes a process longer than finding the code.
  const started = process.hrtime();
  const left = excluded(bytes, key, files) ?? leftToV8(name);
  if (left !== undefined) {
    tell(bytes, key, `runs on V8: ${left}`);
    return { name };
  }
  const code = find(key);
  if (code) {
    const [seconds, nanoseconds] = process.hrtime(started);
    tell(bytes, key, `runs as native code, found in ${(1e3 * seconds + nanoseconds / 1e6).toFixed(1)} ms`);
    return { name, key, code };
  }
  tell(bytes, key, mode() === 'eager' ? 'is compiled now' : NEW);
  return { name, key, isNew: true };
}

/** Logs that a module stays on V8, because it could not be compiled. That is noted for later starts only if the compiler refuses the module: any
 *  other problem is one of this process. */
function refused({ name, key }: Choice, error: unknown): void {
  const { message } = error as Error;
  log(() => `module ${key!.slice(0, 12)} runs on V8: ${message}`);
  if (error instanceof CompileError) writeNote(name!, 'v8', message);
}

/** The bytes to give to `onV8`: those that a builder shall get, if native code is to be made. */
const toBuild = (bytes: Uint8Array, { name, isNew }: Choice) => (isNew && mode() === 'background' ? lasting(bytes, name!) : bytes);

/** Notes a module that V8 has made of the bytes, and has native code made for it if it is new. `bytes`: what `toBuild` gave. */
function onV8(module: WebAssembly.Module, bytes: Uint8Array, trace: Trace, { name, isNew }: Choice): WebAssembly.Module {
  ModuleRecord.onV8(module, trace, name);
  if (isNew && mode() === 'background') build(bytes, name!);
  return module;
}

/** `new WebAssembly.Module(…)`. `target`: the constructor that `new` was called on, which may be a subclass. */
export function makeModule(args: ArrayLike<unknown>, target: unknown): WebAssembly.Module {
  const bytes = bytesOf(args[0]);
  // With options (compile-time imports) the module is left to V8, which alone has them.
  if (bytes && args[1] === undefined) {
    const choice = choose(bytes, callers());
    let { code } = choice;
    if (choice.isNew && mode() === 'eager') {
      try {
        code = compileNow(bytes, choice.key);
      } catch (error) {
        refused(choice, error);
      }
    }
    if (code) {
      const { module } = ModuleRecord.native(code, choice.key!);
      const prototype = (target as { prototype: object }).prototype;
      return prototype === V8.Module.prototype ? module : Object.setPrototypeOf(module, prototype);
    }
    const module = Reflect.construct(V8.Module, [bytes], target as () => void);
    return onV8(module, toBuild(bytes, choice), traceOf(bytes, isTrivial(bytes)), choice);
  }
  return Reflect.construct(V8.Module, Array.from(args), target as () => void);
}

/** `WebAssembly.compile(…)`: makes a module without blocking. `args`: the bytes, and options for V8. */
export async function compile(args: ArrayLike<unknown>, context: Context): Promise<WebAssembly.Module> {
  const view = bytesOf(args[0]);
  try {
    if (!view || args[1] !== undefined) return await V8.compile(...(Array.from(args) as [BufferSource]));
    const name = staysOnV8(view) ? undefined : nameOf(view);
    let choice: Choice | undefined = name === undefined ? {} : chooseAtOnce(view, name);
    if (!choice && hashesHere(view)) choice = chooseByKey(view, name!, engine().keyOf(view), callers());
    // The application may change its bytes while this function waits, so whatever reads them later gets a copy. V8 makes its own copy at once.
    const bytes = choice && !(choice.isNew && mode() === 'eager') ? toBuild(view, choice) : view.slice();
    if (!choice) {
      const files = callers();
      choice = chooseByKey(bytes, name!, await engine().keyOfAsync(bytes), files);
    }
    let { code } = choice;
    if (choice.isNew && mode() === 'eager') {
      try {
        code = await compileSoon(bytes, choice.key!);
      } catch (error) {
        refused(choice, error);
      }
    }
    if (code) return ModuleRecord.native(code, choice.key!).module;
    const trace = traceOf(bytes, isTrivial(bytes));
    return onV8(await V8.compile(bytes as BufferSource), bytes, trace, choice);
  } catch (error) {
    throw inContext(error, 'WebAssembly.compile()', context);
  }
}

export function moduleImports(args: ArrayLike<unknown>): WebAssembly.ModuleImportDescriptor[] {
  const record = ModuleRecord.of(args[0]);
  return record?.code ? record.imports.map((each) => ({ ...each })) : V8.Module.imports.apply(V8.Module, args as any);
}

export function moduleExports(args: ArrayLike<unknown>): WebAssembly.ModuleExportDescriptor[] {
  const record = ModuleRecord.of(args[0]);
  return record?.code ? [...record.exports] : V8.Module.exports.apply(V8.Module, args as any);
}

export function customSectionsOf(args: ArrayLike<unknown>): ArrayBuffer[] {
  const [module, name] = Array.from(args);
  const record = ModuleRecord.of(module);
  if (!record?.code || name === undefined) return V8.Module.customSections.apply(V8.Module, args as any);
  return customSections(record.wasm!, `${name}`);
}
