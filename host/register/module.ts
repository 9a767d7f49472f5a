/** module: WebAssembly.Module and the functions that make modules. Here it is decided what runs a module: native code where the cache has it,
 *  else V8, which is at work at once, while native code is made for the next start. */

import type { Code } from '../code.js';
import { CompileError } from '../errors.js';
import { V8 } from '../v8.js';
import { compileNow, compileSoon, engine, find, leaveToV8, leftToV8 } from './artifacts.js';
import { build } from './background.js';
import { type Context, inContext } from './errors.js';
import { sectionsOf } from './outline.js';
import { callers, excluded, log, minSize, mode } from './policy.js';
import { ModuleRecord } from './record.js';

/** A view of what V8 takes for the bytes of a module. */
function bytesOf(source: unknown): Uint8Array | undefined {
  // Not all V8s take a DataView.
  if (ArrayBuffer.isView(source) && !(source instanceof DataView))
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer) return new Uint8Array(source);
  return undefined;
}

/** What is known of a module before V8 has seen it. */
interface Choice {
  /** Native code. */
  readonly code?: Code;
  /** The name in the cache; undefined for a module that is too small to have one. */
  readonly key?: string;
  /** It is seen for the first time. */
  readonly isNew?: boolean;
}

const isSmall = (bytes: Uint8Array) => bytes.length < minSize || mode === 'off';

/** Looks for native code. `files`: as `callers` gave them. */
function choose(bytes: Uint8Array, files: readonly string[]): Choice {
  return isSmall(bytes) ? {} : chooseByKey(bytes, engine().keyOf(bytes), files);
}

/** To hash more than this takes milliseconds, for which other work should not wait. */
const LARGE = 2 ** 20;

/** The same without blocking. */
async function chooseLater(bytes: Uint8Array): Promise<Choice> {
  const files = callers();
  if (bytes.length < LARGE) return choose(bytes, files);
  return chooseByKey(bytes, await engine().keyOfAsync(bytes), files);
}

function chooseByKey(bytes: Uint8Array, key: string, files: readonly string[]): Choice {
  // Not `performance`, which takes a process longer to load than finding the code.
  const started = process.hrtime();
  const tell = (text: string) => log(() => `module ${nameOf(key)}, ${Math.ceil(bytes.length / 1024)} KB: ${text}`);
  const reason = excluded(bytes, key, files);
  if (reason !== undefined) {
    tell(`runs on V8: ${reason}`);
    return { key };
  }
  const left = leftToV8(key);
  if (left !== undefined) {
    tell(`runs on V8: ${left}`);
    return { key };
  }
  const code = find(key);
  if (code) {
    const [seconds, nanoseconds] = process.hrtime(started);
    tell(`runs as native code, found in ${(1e3 * seconds + nanoseconds / 1e6).toFixed(1)} ms`);
    return { key, code };
  }
  tell(mode === 'eager' ? 'is compiled now' : 'runs on V8 this time: native code is made for the next start');
  return { key, isNew: true };
}

const nameOf = (key: string) => key.slice(0, 12);

/** Takes note that a module stays on V8, unless the problem is one of this process or a module that V8 does not run either. */
function refused(key: string, error: unknown): void {
  const { message } = error as Error;
  log(() => `module ${nameOf(key)} runs on V8: ${message}`);
  if (error instanceof CompileError) leaveToV8(key, message);
}

/** A module that V8 has made. `own`: nobody else has the bytes. */
function onV8(module: WebAssembly.Module, bytes: Uint8Array, { key, isNew }: Choice, own: boolean): WebAssembly.Module {
  ModuleRecord.onV8(module, bytes, bytes.length < minSize, key);
  if (isNew && mode === 'background') build(own ? bytes : bytes.slice(), key!);
  return module;
}

function makeModule(args: readonly unknown[], target: unknown): WebAssembly.Module {
  const bytes = bytesOf(args[0]);
  // Options (compile-time imports) are V8's.
  if (bytes && args[1] === undefined) {
    const choice = choose(bytes, callers());
    let { code } = choice;
    if (choice.isNew && mode === 'eager') {
      try {
        code = compileNow(bytes, choice.key);
      } catch (error) {
        refused(choice.key!, error);
      }
    }
    if (code) {
      const { module } = ModuleRecord.native(code, choice.key!);
      const prototype = (target as { prototype: object }).prototype;
      return prototype === V8.Module.prototype ? module : Object.setPrototypeOf(module, prototype);
    }
    return onV8(Reflect.construct(V8.Module, args, target as () => void), bytes, choice, false);
  }
  return Reflect.construct(V8.Module, args, target as () => void);
}

/** The same without blocking. `args`: the bytes, and options for V8. */
export async function compile(args: readonly unknown[], context: Context): Promise<WebAssembly.Module> {
  const view = bytesOf(args[0]);
  try {
    if (!view || args[1] !== undefined) return await V8.compile(...(args as [BufferSource]));
    // The application may change its bytes meanwhile.
    const bytes = view.slice();
    const choice = await chooseLater(bytes);
    let { code } = choice;
    if (choice.isNew && mode === 'eager') {
      try {
        code = await compileSoon(bytes, choice.key!);
      } catch (error) {
        refused(choice.key!, error);
      }
    }
    if (code) return ModuleRecord.native(code, choice.key!).module;
    return onV8(await V8.compile(bytes as BufferSource), bytes, choice, true);
  } catch (error) {
    throw inContext(error, 'WebAssembly.compile()', context);
  }
}

/** The constructor; what it gives are real modules of V8. */
export function Module(this: unknown, _bytes: BufferSource): WebAssembly.Module {
  if (!new.target) throw new TypeError("WebAssembly.Module(): WebAssembly.Module must be invoked with 'new'");
  // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
  return makeModule(Array.from(arguments), new.target);
}

Object.defineProperty(Module, 'prototype', { value: V8.Module.prototype, writable: false });

const statics = {
  imports(module: WebAssembly.Module) {
    const record = ModuleRecord.of(module);
    return record?.code ? record.imports.map((each) => ({ ...each })) : V8.Module.imports(module);
  },
  exports(module: WebAssembly.Module) {
    const record = ModuleRecord.of(module);
    return record?.code ? record.exports : V8.Module.exports(module);
  },
  customSections(module: WebAssembly.Module, name: string) {
    const record = ModuleRecord.of(module);
    // biome-ignore lint/complexity/noArguments: an argument that is left out is not undefined
    if (!record?.code || arguments.length < 2 || name === undefined) return V8.Module.customSections.apply(V8.Module, arguments as any);
    const wanted = `${name}`;
    const bytes = record.wasm!;
    return [...sectionsOf(bytes)]
      .filter((each) => each.id === 0 && each.name === wanted)
      .map(({ start, end }) => bytes.slice(start, end).buffer);
  },
};

for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(V8.Module))) {
  const own = Object.getOwnPropertyDescriptor(statics, name);
  if (own) Object.defineProperty(Module, name, { ...descriptor, value: own.value });
}
