/** v8-behaviour: the shell's objects where nothing of ours can be loaded: all that is asked of them V8 does. Tables, globals and instances that are made are
 *  V8's own objects, which the shell's constructors hand on. */

import type { Behaviour } from './shell.js';

type Arguments = ArrayLike<any>;

export function behaviourOfV8(v8: typeof WebAssembly): Behaviour {
  const make = (of: unknown) => (args: Arguments) => Reflect.construct(of as () => void, args);
  const call = (method: unknown) => (args: Arguments) => Reflect.apply(method as () => any, v8, args);
  const callOn = (method: unknown) => (self: unknown, args: Arguments) => Reflect.apply(method as () => any, self, args);
  const { get: getValue, set: setValue } = Object.getOwnPropertyDescriptor(v8.Global.prototype, 'value')!;
  const getLength = Object.getOwnPropertyDescriptor(v8.Table.prototype, 'length')!.get!;
  const itself = (self: unknown) => self;
  return {
    makeTable: make(v8.Table),
    noteTable() {},
    tableLength: (self) => Reflect.apply(getLength, self, []),
    tableGet: callOn(v8.Table.prototype.get),
    tableSet: callOn(v8.Table.prototype.set),
    tableGrow: callOn(v8.Table.prototype.grow),
    tableReceiver: itself,
    makeGlobal: make(v8.Global),
    noteGlobal() {},
    globalGet: (self) => Reflect.apply(getValue!, self, []),
    globalSet: callOn(setValue),
    globalValueOf: (self) => Reflect.apply(v8.Global.prototype.valueOf, self, []),
    globalReceiver: itself,
    makeModule: (args, target) => Reflect.construct(v8.Module, args as [BufferSource], target as () => void),
    moduleImports: call(v8.Module.imports),
    moduleExports: call(v8.Module.exports),
    customSections: call(v8.Module.customSections),
    link: make(v8.Instance),
    compile: call(v8.compile),
    instantiate: call(v8.instantiate),
    compileStreaming: call(v8.compileStreaming),
    instantiateStreaming: call(v8.instantiateStreaming),
    promising: (func) => (v8 as any).promising(func),
  };
}
