/** shell: the objects of the JS API as an application sees them, and nothing of what they do: that is brought in when one of them is first used. So
 *  a process or worker that uses no WebAssembly pays for little more than these few functions.
 *  In: V8's namespace. Out: another one with the same members, in which what is ours stands in the place of V8's.
 *  What is not here (Memory, Tag, Exception, the errors, `validate`, whatever a newer V8 has) is V8's own.
 *  Imports nothing that is needed at run time: it is part of the files that bring the drop-in into a process (start/). */

/** What is known of a table: table.ts has the class. */
type TableState = object;
/** What is known of a global: global.ts has the class. */
type GlobalState = object;

type Arguments = ArrayLike<unknown>;

/** What is called when an object of the API is used. Methods get their receiver as `self`, whatever it is. */
export interface TableBehaviour {
  makeTable(args: Arguments): TableState;
  noteTable(table: object, state: TableState): void;
  tableLength(self: unknown): number;
  tableGet(self: unknown, args: Arguments): unknown;
  tableSet(self: unknown, args: Arguments): void;
  tableGrow(self: unknown, args: Arguments): number;
  tableReceiver(self: unknown): unknown;
}

export interface GlobalBehaviour {
  makeGlobal(args: Arguments): GlobalState;
  noteGlobal(global: object, state: GlobalState): void;
  globalGet(self: unknown): unknown;
  globalSet(self: unknown, args: Arguments): void;
  globalValueOf(self: unknown): unknown;
  globalReceiver(self: unknown): unknown;
}

export type Exports = Readonly<Record<string, unknown>>;

export interface ModuleBehaviour {
  makeModule(args: Arguments, target: unknown): WebAssembly.Module;
  moduleImports(args: Arguments): WebAssembly.ModuleImportDescriptor[];
  moduleExports(args: Arguments): WebAssembly.ModuleExportDescriptor[];
  customSections(args: Arguments): ArrayBuffer[];
  /** Links a module with imports, for `new Instance`. */
  link(args: Arguments): Exports;
  compile(args: Arguments): Promise<WebAssembly.Module>;
  instantiate(args: Arguments): Promise<unknown>;
  compileStreaming(args: Arguments): Promise<WebAssembly.Module>;
  instantiateStreaming(args: Arguments): Promise<unknown>;
  promising(func: unknown): unknown;
}

export type Behaviour = TableBehaviour & GlobalBehaviour & ModuleBehaviour;

export interface Shell {
  readonly namespace: typeof WebAssembly;
  /** What the objects do; undefined as long as nobody has said so. */
  behaviour: (() => Behaviour) | undefined;
  /** Undefined for what is no table, or global, or instance, of ours. */
  tableState(value: unknown): TableState | undefined;
  globalState(value: unknown): GlobalState | undefined;
  wrapTable(state: TableState): object;
  wrapGlobal(state: GlobalState): object;
  wrapInstance(exports: Exports): object;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The shell of a thread. `v8`: the engine's own namespace. */
export function makeShell(v8: typeof WebAssembly): Shell {
  /** What our own code passes to a constructor to wrap a state that is there; no application can have it. */
  const secret = Symbol('ouro');
  const use = () => shell.behaviour!();
  let tableState: Shell['tableState'];
  let globalState: Shell['globalState'];

  // `arguments`: an argument that is left out is not undefined, and `length` is the number of parameters that are declared.

  class Table {
    readonly #state: TableState;
    constructor(_descriptor: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      const args = arguments;
      this.#state = args[0] === secret ? args[1] : use().makeTable(args);
      use().noteTable(this, this.#state);
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
    readonly #state: GlobalState;
    constructor(_descriptor: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      const args = arguments;
      this.#state = args[0] === secret ? args[1] : use().makeGlobal(args);
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
    readonly #exports: Exports;
    constructor(_module: unknown) {
      // biome-ignore lint/complexity/noArguments: see above
      const args = arguments;
      this.#exports = args[0] === secret ? args[1] : use().link(args);
    }
    get exports(): Exports {
      if (isObject(this) && #exports in this) return this.#exports;
      throw new TypeError('WebAssembly.Instance.exports: Receiver is not a WebAssembly.Instance');
    }
  }

  /** The constructor; what it gives are real modules of V8. */
  function Module(this: unknown, _bytes: unknown): WebAssembly.Module {
    if (!new.target) throw new TypeError("WebAssembly.Module(): WebAssembly.Module must be invoked with 'new'");
    // biome-ignore lint/complexity/noArguments: see above
    return use().makeModule(arguments, new.target);
  }

  // Methods, since functions of a namespace are no constructors.
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

/** Gives `target` the members of V8's object, in its order and with its attributes; those that `ours` has with our values. `wanted`: whether one that is
 *  not in `ours` belongs there. */
function inPlaceOf(v8: object, target: object, ours: Readonly<Record<string, unknown>>, wanted: (key: PropertyKey) => boolean): void {
  for (const key of Reflect.ownKeys(v8)) {
    const isOurs = typeof key === 'string' && Object.hasOwn(ours, key);
    if (!isOurs && !wanted(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(v8, key)!;
    if (isOurs) descriptor.value = ours[key];
    Object.defineProperty(target, key, descriptor);
  }
}

/** Gives a class's prototype the members of V8's, in its order and with its attributes: each member that the class does not have goes to V8's
 *  object, which `toV8` finds. */
function completePrototype(ours: object, v8: object, tag: string, toV8: (receiver: unknown) => unknown): void {
  for (const key of Reflect.ownKeys(v8)) {
    const theirs = Object.getOwnPropertyDescriptor(v8, key)!;
    const own = Object.getOwnPropertyDescriptor(ours, key);
    if (key === 'constructor' || key === Symbol.toStringTag) continue;
    const { enumerable, configurable } = theirs;
    if (own) Object.defineProperty(ours, key, { ...own, enumerable, configurable });
    else if (typeof theirs.value === 'function') {
      const method = theirs.value as (...args: unknown[]) => unknown;
      const holder = {
        [key](...args: unknown[]) {
          return method.apply(toV8(this), args);
        },
      };
      Object.defineProperty(holder[key as string], 'length', { value: method.length, configurable: true });
      Object.defineProperty(ours, key, { ...theirs, value: holder[key as string] });
    } else Object.defineProperty(ours, key, theirs);
  }
  Object.defineProperty(ours, Symbol.toStringTag, { value: tag, configurable: true });
}
