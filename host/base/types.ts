/** types: value types, function types, and the types of imports and exports, with the rules by which an import matches.
 *  Requires: equal function types are the same object and have the same `id`, because compiled code compares ids at an indirect call. So there is one
 *  table of function types for all modules.
 *  Ref: WebAssembly core specification, "Types". */

/** A JS function of any kind. */
export type Callable = (...args: any[]) => any;

/** A value type, by its name in the text format. */
export type ValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref';
/** A reference type. */
export type RefType = 'funcref' | 'externref';

/** Names of value types by their byte in the wasm format. */
const names: Readonly<Record<number, ValType>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
};

const known: ReadonlySet<ValType> = new Set(Object.values(names));

/** The value type with this byte in the wasm format, if there is one. */
export function valTypeOf(byte: number): ValType | undefined {
  return names[byte];
}

export function isValType(name: unknown): name is ValType {
  return known.has(name as ValType);
}

export function isRefType(type: ValType): type is RefType {
  return type === 'funcref' || type === 'externref';
}

const interned = new Map<string, FuncType>();

/** A function's type: parameters and results. `new FuncType(...)` gives the one object that exists for these types, so that `===` compares types.
 *
 *  @example
 *  const type = new FuncType(['i32', 'i32'], ['i32']);
 *  type === new FuncType(['i32', 'i32'], ['i32']); // => true
 *  String(type); // => '(i32, i32) -> (i32)' */
export class FuncType {
  /** Tells a function type from the types of other externs. */
  readonly kind = 'func';
  /** The types of the parameters, in order. */
  readonly params: readonly ValType[];
  /** The types of the results, in order. */
  readonly results: readonly ValType[];
  /** A number that equal types share, and different types do not, in this process. */
  readonly id: number;

  /** Throws TypeError when an element is no value type. */
  constructor(params: readonly ValType[], results: readonly ValType[]) {
    const key = `${params}>${results}`;
    const same = interned.get(key);
    if (same) {
      this.id = same.id;
      this.params = same.params;
      this.results = same.results;
      // biome-ignore lint/correctness/noConstructorReturn: interning is what the class is for
      return same;
    }
    for (const type of [...params, ...results]) {
      if (!isValType(type)) throw new TypeError(`unknown value type '${String(type)}'`);
    }
    this.params = Object.freeze([...params]);
    this.results = Object.freeze([...results]);
    this.id = interned.size + 1;
    interned.set(key, this);
    byId.push(this);
  }

  /** The type as it stands in messages: `(i32, i32) -> (i32)`. */
  toString(): string {
    return `(${this.params.join(', ')}) -> (${this.results.join(', ')})`;
  }
}

const byId: FuncType[] = [];

/** The function type with this id; FuncRefs have such ids. */
export function funcTypeById(id: number): FuncType {
  return byId[id - 1];
}

/** A table's type. */
export interface TableType {
  readonly kind: 'table';
  /** The type of the elements. */
  readonly element: RefType;
  /** Initial size, in elements. */
  readonly minimum: number;
  /** In elements; undefined when there is no limit. */
  readonly maximum: number | undefined;
  /** Elements are addressed by i64. */
  readonly is64: boolean;
}

/** A memory's type. */
export interface MemoryType {
  readonly kind: 'memory';
  /** Initial size, in pages. */
  readonly minimum: number;
  /** In pages; undefined when there is no limit. */
  readonly maximum: number | undefined;
  /** Threads may share the memory. */
  readonly shared: boolean;
  /** Addresses are i64. */
  readonly is64: boolean;
  /** The size of one page, in bytes: 65536 unless the module says otherwise. */
  readonly pageSize: number;
}

/** A global's type. */
export interface GlobalType {
  readonly kind: 'global';
  /** The type of the value. */
  readonly content: ValType;
  readonly mutable: boolean;
}

/** The type of an exception tag. */
export interface TagType {
  readonly kind: 'tag';
  /** Its parameters are what an exception carries; it has no results. */
  readonly type: FuncType;
}

/** The type of anything that can be imported or exported; `kind` tells which. */
export type ExternType = FuncType | TableType | MemoryType | GlobalType | TagType;

/** One import of a module: the type that it wants, under two names. */
export interface ImportType {
  readonly module: string;
  readonly name: string;
  readonly type: ExternType;
}

/** One export of a module. */
export interface ExportType {
  readonly name: string;
  readonly type: ExternType;
}

/** The type of a table of `element` with `minimum` elements, and `maximum` at most.
 *
 *  @example
 *  new Table(store, tableType('funcref', 2)).size(); // => 2 */
export function tableType(element: RefType, minimum: number, maximum?: number): TableType {
  return { kind: 'table', element, minimum, maximum, is64: false };
}

/** The type of a 32-bit memory that is not shared, in pages of 64 KiB.
 *
 *  @example
 *  memoryType(1, 10).pageSize; // => 65536 */
export function memoryType(minimum: number, maximum?: number): MemoryType {
  return { kind: 'memory', minimum, maximum, shared: false, is64: false, pageSize: 65536 };
}

/** The type of a global; immutable unless `mutable`.
 *
 *  @example
 *  new Global(store, globalType('i32', true), 5).value; // => 5 */
export function globalType(content: ValType, mutable = false): GlobalType {
  return { kind: 'global', content, mutable };
}

interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

const limitsText = ({ minimum, maximum }: Limits) => (maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`);

/** A type in words for a message: `func (i32) -> ()`, `memory of 1 to 2 pages`, `global mut i32`. */
export function describeType(type: ExternType): string {
  switch (type.kind) {
    case 'func':
      return `func ${type}`;
    case 'table':
      return `table of ${limitsText(type)} ${type.element}${type.is64 ? ', 64-bit' : ''}`;
    case 'memory': {
      const size = type.pageSize === 65536 ? '' : ` of ${type.pageSize} bytes`;
      return `memory of ${limitsText(type)} pages${size}${type.shared ? ', shared' : ''}${type.is64 ? ', 64-bit' : ''}`;
    }
    case 'global':
      return `global ${type.mutable ? 'mut ' : ''}${type.content}`;
    case 'tag':
      return `tag ${type.type}`;
  }
}

function limitsMatch(found: Limits, wanted: Limits): boolean {
  if (found.minimum < wanted.minimum) return false;
  return wanted.maximum === undefined || (found.maximum !== undefined && found.maximum <= wanted.maximum);
}

/** Whether something of type `found` may be imported as `wanted`. The minimum in `found` is the present size of a table or memory. */
export function typeMatches(found: ExternType, wanted: ExternType): boolean {
  switch (wanted.kind) {
    case 'func':
      return found === wanted;
    case 'table':
      return found.kind === 'table' && found.element === wanted.element && found.is64 === wanted.is64 && limitsMatch(found, wanted);
    case 'memory':
      return (
        found.kind === 'memory' &&
        found.shared === wanted.shared &&
        found.is64 === wanted.is64 &&
        found.pageSize === wanted.pageSize &&
        limitsMatch(found, wanted)
      );
    case 'global':
      return found.kind === 'global' && found.mutable === wanted.mutable && found.content === wanted.content;
    case 'tag':
      return found.kind === 'tag' && found.type === wanted.type;
  }
}
