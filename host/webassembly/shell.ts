/** shell: the objects of the JS API as an application sees them, without what they do. That, the behaviour, is loaded when one of them is first used.
 *  In: V8's namespace. Out: a namespace with the same members, in which ours stand in the place of V8's. Memory, Tag, Exception, the errors,
 *  `validate`, and whatever a newer V8 adds are V8's own.
 *  Requires: to the application our objects look like V8's: the same names, attributes, order of members, and number of parameters. This file imports
 *  nothing at run time, since it is part of the files that bring the drop-in into a process (start/).
 *  Cost: a process or worker that uses no WebAssembly pays for little more than these few functions. */

/** What is known of a table. The class is in js-table.ts. */
type TableState = object;
/** What is known of a global. The class is in js-global.ts. */
type GlobalState = object;

type Arguments = ArrayLike<unknown>;

/** What tables do: the methods of the shell's Table call these. `self` is the receiver of the method, which may be any value. */
export interface TableBehaviour {
  makeTable(args: Arguments): TableState;
  noteTable(table: object, state: TableState): void;
  tableLength(self: unknown): number;
  tableGet(self: unknown, args: Arguments): unknown;
  tableSet(self: unknown, args: Arguments): void;
  tableGrow(self: unknown, args: Arguments): number;
  tableReceiver(self: unknown): unknown;
}

/** What globals do: the methods of the shell's Global call these. */
export interface GlobalBehaviour {
  makeGlobal(args: Arguments): GlobalState;
  noteGlobal(global: object, state: GlobalState): void;
  globalGet(self: unknown): unknown;
  globalSet(self: unknown, args: Arguments): void;
  globalValueOf(self: unknown): unknown;
  globalReceiver(self: unknown): unknown;
}

/** The exports of an instance, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/** What modules, instances and the functions of the namespace do. */
export interface ModuleBehaviour {
  makeModule(args: Arguments, target: unknown): WebAssembly.Module;
  moduleImports(args: Arguments): WebAssembly.ModuleImportDescriptor[];
  moduleExports(args: Arguments): WebAssembly.ModuleExportDescriptor[];
  customSections(args: Arguments): ArrayBuffer[];
  /** `new WebAssembly.Instance`: links a module with its imports, and gives the exports. */
  link(args: Arguments): Exports;
  compile(args: Arguments): Promise<WebAssembly.Module>;
  instantiate(args: Arguments): Promise<unknown>;
  compileStreaming(args: Arguments): Promise<WebAssembly.Module>;
  instantiateStreaming(args: Arguments): Promise<unknown>;
  promising(func: unknown): unknown;
}

export type Behaviour = TableBehaviour & GlobalBehaviour & ModuleBehaviour;

/** A namespace, and what our own code needs to work with the objects in it. */
export interface Shell {
  readonly namespace: typeof WebAssembly;
  /** Gives what the objects do. Undefined until the drop-in or the library sets it. */
  behaviour: (() => Behaviour) | undefined;
  /** The state of a table of ours; undefined when `value` is none. */
  tableState(value: unknown): TableState | undefined;
  /** The state of a global of ours; undefined when `value` is none. */
  globalState(value: unknown): GlobalState | undefined;
  wrapTable(state: TableState): object;
  wrapGlobal(state: GlobalState): object;
  wrapInstance(exports: Exports): object;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Makes the shell of a thread. `v8`: V8's own namespace. */
export function makeShell(v8: typeof WebAssembly): Shell {
  /** The first argument with which our own code calls a constructor to wrap a state that exists already. No application can get at it. */
  const secret = Symbol('ouro');
  const use = () => shell.behaviour!();
  let tableState: Shell['tableState'];
  let globalState: Shell['globalState'];

  // The functions below use `arguments`, because the API tells an argument that is left out from one that is undefined. They declare as many
  // parameters as V8's do, because the number of declared parameters is the function's `length`.

  class Table {
    readonly #state!: TableState;
    constructor(_descriptor: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      const args = arguments;
      const made = args[0] === secret ? args[1] : use().makeTable(args);
      // biome-ignore lint/correctness/noConstructorReturn: what V8 has made is handed on (v8-behaviour.ts)
      if (made instanceof v8.Table) return made as any;
      this.#state = made;
      use().noteTable(this, made);
    }
    static {
      tableState = (value) => (isObject(value) && #state in value ? value.#state : undefined);
    }
    get length(): number {
      return use().tableLength(this);
    }
    grow(_delta: number): number {
      // biome-ignore lint/complexity/noArguments: see above
      return use().tableGrow(this, arguments);
    }
    set(_index: number): void {
      // biome-ignore lint/complexity/noArguments: see above
      use().tableSet(this, arguments);
    }
    get(_index: number): unknown {
      // biome-ignore lint/complexity/noArguments: see above
      return use().tableGet(this, arguments);
    }
  }

  class Global {
    readonly #state!: GlobalState;
    constructor(_descriptor: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      const args = arguments;
      const made = args[0] === secret ? args[1] : use().makeGlobal(args);
      // biome-ignore lint/correctness/noConstructorReturn: what V8 has made is handed on (v8-behaviour.ts)
      if (made instanceof v8.Global) return made as any;
      this.#state = made;
      if (args[0] === secret) use().noteGlobal(this, this.#state);
    }
    static {
      globalState = (value) => (isObject(value) && #state in value ? value.#state : undefined);
    }
    valueOf(): unknown {
      return use().globalValueOf(this);
    }
    get value(): unknown {
      return use().globalGet(this);
    }
    set value(_value: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      use().globalSet(this, arguments);
    }
  }

  class Instance {
    readonly #exports!: Exports;
    constructor(_module: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      const args = arguments;
      const made = args[0] === secret ? args[1] : use().link(args);
      // biome-ignore lint/correctness/noConstructorReturn: what V8 has made is handed on (v8-behaviour.ts)
      if (made instanceof v8.Instance) return made as any;
      this.#exports = made;
    }
    get exports(): Exports {
      if (isObject(this) && #exports in this) return this.#exports;
      throw new TypeError('WebAssembly.Instance.exports: Receiver is not a WebAssembly.Instance');
    }
  }

  /** The constructor WebAssembly.Module. It gives real modules of V8. */
  function Module(this: unknown, _bytes: unknown): WebAssembly.Module {
    if (!new.target) throw new TypeError("WebAssembly.Module(): WebAssembly.Module must be invoked with 'new'");
    // biome-ignore lint/complexity/noArguments: see above
    return use().makeModule(arguments, new.target);
  }

  // These are methods of object literals, which are no constructors; nor are the functions of V8's namespace.
  const statics = {
    imports(_module: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().moduleImports(arguments);
    },
    exports(_module: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().moduleExports(arguments);
    },
    customSections(_module: unknown, _name: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().customSections(arguments);
    },
  };

  const operations = {
    async compile(_bytes: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().compile(arguments);
    },
    async instantiate(_source: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().instantiate(arguments);
    },
    async compileStreaming(_source: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().compileStreaming(arguments);
    },
    async instantiateStreaming(_source: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      return use().instantiateStreaming(arguments);
    },
    promising(func: unknown) {
      return use().promising(func);
    },
  };

  completePrototype(Table.prototype, v8.Table.prototype, 'WebAssembly.Table', (value) => use().tableReceiver(value));
  completePrototype(Global.prototype, v8.Global.prototype, 'WebAssembly.Global', (value) => use().globalReceiver(value));
  completePrototype(Instance.prototype, v8.Instance.prototype, 'WebAssembly.Instance', (value) => value);
  Object.defineProperty(Module, 'prototype', { value: v8.Module.prototype, writable: false });
  inPlaceOf(v8.Module, Module, statics, () => false);

  const namespace = {};
  inPlaceOf(v8, namespace, { ...operations, Module, Instance, Table, Global }, () => true);
  const shell: Shell = {
    namespace: namespace as typeof WebAssembly,
    behaviour: undefined,
    tableState: tableState!,
    globalState: globalState!,
    wrapTable: (state) => new (Table as any)(secret, state),
    wrapGlobal: (state) => new (Global as any)(secret, state),
    wrapInstance: (exports) => new (Instance as any)(secret, exports),
  };
  return shell;
}

/** Gives `target` the members of V8's object, in V8's order and with V8's attributes. A member that `ours` has too gets our value. `wanted` tells
 *  whether a member that `ours` does not have belongs into `target`. */
function inPlaceOf(v8: object, target: object, ours: Readonly<Record<string, unknown>>, wanted: (key: PropertyKey) => boolean): void {
  for (const key of Reflect.ownKeys(v8)) {
    const isOurs = typeof key === 'string' && Object.hasOwn(ours, key);
    if (!isOurs && !wanted(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(v8, key)!;
    if (isOurs) descriptor.value = ours[key];
    Object.defineProperty(target, key, descriptor);
  }
}

/** Gives the prototype of a class of ours the members of V8's prototype, in V8's order and with V8's attributes. A member that our class does not
 *  have calls V8's method on the object of V8 that `toV8` finds for the receiver. */
function completePrototype(ours: object, v8: object, tag: string, toV8: (receiver: unknown) => unknown): void {
  for (const key of Reflect.ownKeys(v8)) {
    const v8Member = Object.getOwnPropertyDescriptor(v8, key)!;
    const ownMember = Object.getOwnPropertyDescriptor(ours, key);
    if (key === 'constructor' || key === Symbol.toStringTag) continue;
    const { enumerable, configurable } = v8Member;
    if (ownMember) Object.defineProperty(ours, key, { ...ownMember, enumerable, configurable });
    else if (typeof v8Member.value === 'function') {
      const method = v8Member.value as (...args: unknown[]) => unknown;
      const holder = {
        [key](...args: unknown[]) {
          return method.apply(toV8(this), args);
        },
      };
      Object.defineProperty(holder[key as string], 'length', { value: method.length, configurable: true });
      Object.defineProperty(ours, key, { ...v8Member, value: holder[key as string] });
    } else Object.defineProperty(ours, key, v8Member);
  }
  Object.defineProperty(ours, Symbol.toStringTag, { value: tag, configurable: true });
}
