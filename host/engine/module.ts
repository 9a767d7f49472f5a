/** module: a compiled module. Its code is an artifact that is mapped into the process, and its instances share it.
 *  In: wasm, text, an artifact, or a token of another thread. Out: a Module.
 *  Requires: artifacts that were not just compiled by the engine are checked against its configuration.
 *  Cost: what is asked about a module is decoded once. */

import { Code, type LoadOptions } from '../artifact/code.js';
import { detectPrecompiled } from '../artifact/detect.js';
import type { ModuleExport } from '../artifact/export.js';
import { type AddressMapEntry, addressMap, ModuleFunctions } from '../artifact/code-map.js';
import type { ResourcesRequired } from '../artifact/info.js';
import { makeToken, readToken, type SharedModule } from '../artifact/shared-module.js';
import { OuroError } from '../base/errors.js';
import type { ExportType, ExternType, ImportType } from '../base/types.js';
import { validateWasmAsync } from '../compile/compile.js';
import type { CompileProgress } from '../compile/progress.js';
import { native } from '../helper/native.js';
import { parseTextAsync } from '../wasm/text-thread.js';
import { requireCompatible } from './compatible.js';
import type { Engine } from './engine.js';
import {
  inPath,
  inPathAsync,
  type ModuleCompileOptions,
  type ModuleSource,
  notArtifact,
  onlyBinary,
  readFile,
  readFileAsync,
  toBinary,
  toBytes,
  toPath,
  toText,
} from './source.js';

/** A compiled module, ready to be instantiated any number of times. Immutable.
 *
 *  Its code stays in the process until the module is disposed of or collected, and all its instances are collected. After `dispose` every other
 *  method of the module throws an OuroError with code `DISPOSED`; its instances go on working.
 *
 *  @example
 *  const module = new Module(engine, '(module (func (export "two") (result i32) (i32.const 2)))');
 *  new Instance(store, module).exports.two(); // => 2 */
export class Module implements Disposable {
  /** The engine that it was made with: the same object.
   *
   *  @example
   *  new Module(engine, wasm).engine === engine; // => true */
  readonly engine: Engine;
  /** Undefined when the module has been disposed of. */
  #code: Code | undefined;

  /** Validates and compiles. `source` is a binary, or text as a string or as bytes (which needs the package @bytecodealliance/jco).
   *
   *  Throws CompileError with offset, function and what was expected when it is no valid module or uses features that the engine leaves
   *  out; TextError with line and column; OuroError `TEXT_PARSER_MISSING`. `Module.compile` does the same without blocking.
   *
   *  @example
   *  const module = new Module(engine, readFileSync('add.wasm'));
   *  module.name; // => 'adder' */
  constructor(engine: Engine, source: ModuleSource);
  /** @internal */
  constructor(engine: Engine, code: Code);
  constructor(engine: Engine, source: ModuleSource | Code) {
    this.engine = engine;
    this.#code = (source instanceof Code ? source : engine.load(toBinary(source))).retain();
  }

  // Where modules come from.

  /** `new Module` without blocking: worker threads compile. The bytes are copied first and may be changed afterwards.
   *
   *  Rejects as `new Module` throws, and with the signal's reason when that aborts.
   *
   *  @example
   *  const seen = [];
   *  const module = await Module.compile(engine, wasm, {
   *    onProgress: ({ done, total }) => seen.push(done / total),
   *    signal: AbortSignal.timeout(60_000),
   *  });
   *  module.name; // => 'adder'
   *  seen.at(-1); // => 1 */
  static async compile(engine: Engine, source: ModuleSource, options: ModuleCompileOptions = {}): Promise<Module> {
    options.signal?.throwIfAborted();
    const text = toText(source);
    const bytes = text === undefined ? notArtifact(toBytes(source)) : await parseTextAsync(text);
    const { signal, onProgress } = options;
    let complete = false;
    const report = (progress: CompileProgress) => {
      complete = progress.done === progress.total;
      onProgress?.(progress);
    };
    const code = await engine.loadAsync(bytes, { signal, onProgress: report });
    const total = code.artifact.counts.functions;
    if (!complete) onProgress?.({ done: total, total });
    return new Module(engine, code);
  }

  /** `new Module` from a .wasm or .wat file, by its path or file URL. The path stands in the error's message.
   *
   *  Throws as `new Module`, and OuroError `FILE_UNREADABLE`.
   *
   *  @example
   *  Module.fromFile(engine, 'add.wat').name; // => 'adder' */
  static fromFile(engine: Engine, path: string | URL): Module {
    const file = toPath(path);
    const bytes = readFile(file);
    return inPath(file, () => new Module(engine, bytes));
  }

  /** `Module.compile` from a .wasm or .wat file.
   *
   *  @example
   *  (await Module.fromFileAsync(engine, 'add.wat')).name; // => 'adder' */
  static async fromFileAsync(engine: Engine, path: string | URL, options?: ModuleCompileOptions): Promise<Module> {
    const file = toPath(path);
    const bytes = await readFileAsync(file);
    return inPathAsync(file, () => Module.compile(engine, bytes, options));
  }

  /** From a binary alone: text is refused, with a CompileError that says so.
   *
   *  @example
   *  Module.fromBinary(engine, wasm).name; // => 'adder' */
  static fromBinary(engine: Engine, bytes: Uint8Array | ArrayBuffer): Module {
    return new Module(engine, engine.load(onlyBinary(bytes)));
  }

  /** From a file that holds a binary, a text or an artifact, whichever it is; an artifact is mapped.
   *
   *  Throws as `fromFile` and `deserializeFile`.
   *
   *  @example
   *  Module.fromTrustedFile(engine, 'add.wasm').name; // => 'adder'
   *  Module.fromTrustedFile(engine, 'add.ouro').name; // => 'adder' */
  static fromTrustedFile(engine: Engine, path: string | URL, options?: LoadOptions): Module {
    const artifact = detectPrecompiled(toPath(path)) !== undefined;
    return artifact ? Module.deserializeFile(engine, path, options) : Module.fromFile(engine, path);
  }

  /** `fromTrustedFile` without blocking.
   *
   *  @example
   *  (await Module.fromTrustedFileAsync(engine, 'add.ouro')).name; // => 'adder' */
  static async fromTrustedFileAsync(engine: Engine, path: string | URL, options?: LoadOptions & ModuleCompileOptions): Promise<Module> {
    const artifact = detectPrecompiled(toPath(path)) !== undefined;
    return artifact ? Module.deserializeFileAsync(engine, path, options) : Module.fromFileAsync(engine, path, options);
  }

  /** From an artifact: the bytes that `serialize` or `engine.precompileModule` gave. They are copied, into memory of the module's own.
   *
   *  Throws ArtifactError, by code: made by an older or newer version, for another platform or CPU, with options that this engine rules out
   *  (the message has both sides); damaged; not signed where the engine has an `artifactKey`.
   *
   *  @example
   *  const bytes = engine.precompileModule(wasm);
   *  Module.deserialize(engine, bytes).name; // => 'adder' */
  static deserialize(engine: Engine, bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Module {
    return Module.#loaded(engine, Code.fromBytes(toBytes(bytes), engine.loadOptions(options)));
  }

  /** `deserialize` with the content hash checked off this thread: for large artifacts where nothing may block.
   *
   *  @example
   *  (await Module.deserializeAsync(engine, engine.precompileModule(wasm))).name; // => 'adder' */
  static async deserializeAsync(engine: Engine, bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Module> {
    return Module.#loaded(engine, await Code.fromBytesAsync(toBytes(bytes), engine.loadOptions(options)));
  }

  /** `deserialize` from a file, which is mapped, not read: without the hash check the cost does not depend on the size. The file must not
   *  change while the module or an instance of it is there; replace it by renaming another over it.
   *
   *  Throws as `deserialize`, with the path, and OuroError `FILE_UNREADABLE`.
   *
   *  @example
   *  const module = Module.deserializeFile(engine, 'add.ouro', { verifyHash: false });
   *  module.name; // => 'adder' */
  static deserializeFile(engine: Engine, path: string | URL, options?: LoadOptions): Module {
    const file = toPath(path);
    return inPath(file, () => Module.#loaded(engine, Code.fromFile(file, engine.loadOptions(options))));
  }

  /** `deserializeFile` with the content hash checked off this thread: for large files where nothing may block.
   *
   *  @example
   *  (await Module.deserializeFileAsync(engine, 'add.ouro')).name; // => 'adder' */
  static async deserializeFileAsync(engine: Engine, path: string | URL, options?: LoadOptions): Promise<Module> {
    const file = toPath(path);
    return inPathAsync(file, async () => Module.#loaded(engine, await Code.fromFileAsync(file, engine.loadOptions(options))));
  }

  /** `deserializeFile` from a file that is open for reading: a descriptor or a FileHandle. It is mapped privately, whole, wherever its
   *  position is; the caller keeps it and may close it at once. For processes without rights on the file system.
   *
   *  Throws as `deserialize`, and OuroError `FILE_UNREADABLE` for what is not open for reading or is no regular file.
   *
   *  @example
   *  const file = await open('add.ouro');
   *  const module = Module.deserializeOpenFile(engine, file);
   *  await file.close();
   *  module.name; // => 'adder' */
  static deserializeOpenFile(engine: Engine, file: number | { readonly fd: number }, options?: LoadOptions): Module {
    const descriptor = typeof file === 'number' ? file : file?.fd;
    if (!Number.isInteger(descriptor)) throw new TypeError('an open file is given as a file descriptor or a FileHandle');
    // A closed FileHandle has the descriptor -1.
    if (descriptor < 0) throw new OuroError('FILE_UNREADABLE', `cannot read file descriptor ${descriptor}: the file is closed`);
    return Module.#loaded(engine, Code.fromOpenFile(descriptor, engine.loadOptions(options)));
  }

  /** The module that `share` gave this token for, without copying or compiling: the process has one mapping of it.
   *
   *  Throws OuroError `TOKEN_INVALID` for what is no token, or one of another process, or whose last module is gone; ArtifactError when
   *  it was compiled with options that this engine rules out, or is not signed where this engine has an `artifactKey`.
   *
   *  @example
   *  const token = structuredClone(module.share());
   *  Module.fromShared(new Engine(), token).name; // => 'adder' */
  static fromShared(engine: Engine, token: SharedModule): Module {
    const { id, nonce } = readToken(token);
    const code = Code.fromShared(id, nonce, engine.loadOptions());
    if (!code) throw new OuroError('TOKEN_INVALID', 'the shared module is gone, or belongs to another process: keep it until it is opened');
    return Module.#loaded(engine, code);
  }

  /** Throws CompileError, with the reason and the place, when the binary is not a valid module or uses features that the engine leaves out.
   *  Text is refused.
   *
   *  @example
   *  Module.validate(engine, wasm);
   *  let problem;
   *  try {
   *    Module.validate(engine, new Uint8Array([1, 2, 3]));
   *  } catch (error) {
   *    problem = error.code;
   *  }
   *  problem; // => 'MODULE_MALFORMED' */
  static validate(engine: Engine, bytes: Uint8Array | ArrayBuffer): void {
    engine.validate(onlyBinary(bytes));
  }

  /** `validate` on another thread.
   *
   *  @example
   *  await Module.validateAsync(engine, wasm); */
  static async validateAsync(
    engine: Engine,
    bytes: Uint8Array | ArrayBuffer,
    options?: Pick<ModuleCompileOptions, 'signal'>,
  ): Promise<void> {
    const { wasmFeatures, compiler } = engine.config;
    // The bytes are copied, so that the caller may change them at once.
    await validateWasmAsync(onlyBinary(bytes).slice(), wasmFeatures, compiler, options);
  }

  /** A module of code that was loaded and not just compiled: it must fit the engine's configuration. */
  static #loaded(engine: Engine, code: Code): Module {
    // The module is made before the check, because disposing of it gives the mapping back at once.
    const module = new Module(engine, code);
    try {
      requireCompatible(code.artifact, engine.config);
      return module;
    } catch (error) {
      module.dispose();
      throw error;
    }
  }

  // What it is.

  /** @internal The code, from which instances are made. The caller may keep it, even after `dispose`; so from now on only the collector unmaps it. */
  get code(): Code {
    return this.#own.take();
  }

  /** The code, for use inside this class. */
  get #own(): Code {
    if (!this.#code) throw new OuroError('DISPOSED', 'the module has been disposed of');
    return this.#code;
  }

  /** The artifact: the bytes that `engine.precompileModule` gives for the same module, the same on every machine. A copy.
   *
   *  @example
   *  const bytes = new Module(engine, wasm).serialize();
   *  Buffer.compare(bytes, engine.precompileModule(wasm)); // => 0 */
  serialize(): Uint8Array {
    return this.#own.file.slice();
  }

  /** The module's own name, from its name section; undefined when it has none.
   *
   *  @example
   *  new Module(engine, '(module $math)').name; // => 'math'
   *  new Module(engine, '(module)').name; // => undefined */
  get name(): string | undefined {
    return this.#own.artifact.name;
  }

  /** What must be given to instantiate it, in module order; two imports of one name are two entries. Frozen; the same array each time.
   *
   *  @example
   *  module.imports().length; // => 1
   *  const [{ module: from, name, type }] = module.imports();
   *  `${from}.${name}: ${type.kind} ${type}`; // => 'env.log: func (i32) -> ()' */
  imports(): readonly ImportType[] {
    return this.#own.info.imports;
  }

  /** What its instances export, in module order. Frozen; the same array each time.
   *
   *  @example
   *  module.exports().map(({ name, type }) => `${name}: ${type.kind}`); // => ['add: func', 'memory: memory', 'log: func']
   *  module.exports()[1].type; // => { kind: 'memory', minimum: 1, maximum: 4, shared: false, is64: false, pageSize: 65536 } */
  exports(): readonly ExportType[] {
    return this.#own.info.exports;
  }

  /** The type of an export; undefined when there is none of this name. O(1).
   *
   *  @example
   *  String(module.getExport('add')); // => '(i32, i32) -> (i32)'
   *  module.getExport('subtract'); // => undefined */
  getExport(name: string): ExternType | undefined {
    return this.#own.info.exportType(name);
  }

  /** A handle of an export, which finds it in instances of this module without a search; undefined when there is none of this name. O(1).
   *
   *  @example
   *  const index = module.getExportIndex('add');
   *  index.name; // => 'add' */
  getExportIndex(name: string): ModuleExport | undefined {
    return this.#own.info.exportHandle(name);
  }

  /** What an instance needs besides its imports: how many memories and tables of the module's own, and their largest initial size, in pages
   *  of the memory and in elements; undefined where there is none.
   *
   *  @example
   *  module.resourcesRequired(); // => { numMemories: 1, maxInitialMemorySize: 1, numTables: 0, maxInitialTableSize: undefined } */
  resourcesRequired(): ResourcesRequired {
    return this.#own.info.resources;
  }

  // Its code.

  /** Where the artifact is mapped in this process: the addresses of its first byte, and of the first behind it.
   *
   *  @example
   *  const { start, end } = module.imageRange();
   *  end - start === BigInt(module.serialize().length); // => true */
  imageRange(): { readonly start: bigint; readonly end: bigint } {
    const { address, size } = this.#own.mapping;
    return { start: BigInt(address), end: BigInt(address) + BigInt(size) };
  }

  /** Does now what the first instantiation would do once: decodes what instances are made from, and lets the system read the data image in.
   *  (The image itself was made by the compiler and is part of the artifact; instances map it copy-on-write.)
   *
   *  @example
   *  module.initializeCopyOnWriteImage();
   *  new Instance(store, module, [console.log]); */
  initializeCopyOnWriteImage(): void {
    const code = this.#own;
    const { image } = code.artifact;
    if (image) native().prefetch(code.mapping.address, image.offset, image.size);
    void code.plan;
  }

  /** Which wasm instruction the code comes from: pairs of an offset in `text()` and one in the wasm binary (undefined: the code comes from
   *  none), each up to the next pair's. Ordered by text offset; neighbours never map alike. Undefined when the artifact was compiled without
   *  the map (`generateAddressMap: false`).
   *
   *  @example
   *  for (const [textOffset, wasmOffset] of module.addressMap()) {
   *    textOffset < module.text().length; // => true
   *    wasmOffset === undefined || wasmOffset < wasm.length; // => true
   *  } */
  addressMap(): IterableIterator<AddressMapEntry> | undefined {
    return addressMap(this.#own);
  }

  /** The machine code: a view of the artifact's bytes, without a copy. The view stays good when the module is gone, and writing into it does
   *  not change what runs.
   *
   *  @example
   *  const { offset, length } = module.functions().at(0);
   *  const code = module.text().subarray(offset, offset + length);
   *  code.length === length; // => true */
  text(): Uint8Array {
    return this.#own.text;
  }

  /** The functions that the module defines, in the order of their code, with `length` known at once; each is decoded when it is asked for.
   *
   *  @example
   *  const functions = module.functions();
   *  functions.length; // => 1
   *  const [{ index, name }] = functions;
   *  `${index} ${name}`; // => '1 add' */
  functions(): ModuleFunctions {
    return new ModuleFunctions(this.#own);
  }

  // Who has it.

  /** A second reference to the same code, with a lifetime of its own. O(1).
   *
   *  @example
   *  const module = new Module(engine, wasm);
   *  const second = module.clone();
   *  module.dispose();
   *  second.name; // => 'adder' */
  clone(): Module {
    return new Module(this.engine, this.#own);
  }

  /** A token for other threads of this process: `postMessage` it, and `Module.fromShared` makes a module of it there. The token itself keeps
   *  nothing: keep this module until the other thread has opened it.
   *
   *  @example
   *  // worker.js: const module = Module.fromShared(engine, workerData);
   *  const worker = new Worker('./worker.js', { workerData: module.share() });
   *  const [sum] = await once(worker, 'message');
   *  sum; // => 42 */
  share(): SharedModule {
    return makeToken(this.#own.shared());
  }

  /** Gives the module up. Its memory goes at once when nothing was instantiated and no clone is left, else when the last instance is
   *  collected. Instances are not touched. Twice is fine.
   *
   *  @example
   *  const module = new Module(engine, wasm);
   *  const { add } = new Instance(store, module, [console.log]).exports;
   *  module.dispose();
   *  add(20, 22); // => 42 */
  dispose(): void {
    this.#code?.release();
    this.#code = undefined;
  }

  /** `dispose`, for `using module = ...`.
   *
   *  @example
   *  const module = new Module(engine, wasm);
   *  module[Symbol.dispose](); */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
