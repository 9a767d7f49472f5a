/** engine: a configuration, and what everything that is compiled and run with it shares: the options of the compiler, the cache, the key that signs
 *  artifacts.
 *  In: wasm binaries. Out: artifacts, and code.
 *  Requires: every artifact becomes code through an engine (`load`, `loadAsync`, `lookup`) or with its `loadOptions`, since the key is enforced
 *  there. What is compiled is what was hashed, whatever the caller does with its bytes meanwhile.
 *  Cost: a cache hit costs a hash of the binary and a mapping (host/README.md, "The cache"). */

import { Cache } from '../cache/cache.js';
import { cacheKey, compatibilityHash, keyOfHash, subjectOf } from '../cache/key.js';
import { Code, type CodeOptions, type LoadOptions } from '../artifact/code.js';
import { compileWasm, compileWasmAsync, validateWasm } from '../compile/compile.js';
import { type Config, type ResolvedConfig, resolveConfig } from './config.js';
import type { CompileOptions } from '../compile/core.js';
import { compilerHash } from '../compile/compiler-wasm.js';
import { cpuFeatures } from '../helper/cpu.js';
import { detectPrecompiled } from '../artifact/detect.js';
import { memoriesAreGuarded } from '../helper/guard.js';
import { native } from '../helper/native.js';
import { type ModuleCompileOptions, type ModuleSource, toBinary, toText } from './source.js';
import { parseTextAsync } from '../wasm/text-thread.js';

/** A configuration, and what is shared by everything that is compiled and run with it. Make one, and use it for all modules. The API is
 *  wasmtime's.
 *
 *  @example
 *  const fast = new Engine({ cache: true });
 *  await Module.compile(fast, wasm); // compiled once, mapped from the cache at the next start
 *  fast.config.optLevel; // => 'speed' */
export class Engine {
  /** The configuration, with all defaults filled in. */
  readonly config: ResolvedConfig;
  /** Bytes of a store's wasm stack. */
  readonly maxWasmStack: number;
  readonly #cache: Cache | undefined;
  #options: CompileOptions | undefined;
  #compatibility: string | undefined;

  /** Throws an OuroError (`CONFIG_INVALID`) with the reason for a configuration that cannot be.
   *
   *  @example
   *  const engine = new Engine({ optLevel: 'none', maxWasmStack: 512 * 1024 });
   *  engine.config.optLevel; // => 'none' */
  constructor(config: Config = {}) {
    this.config = resolveConfig(config);
    this.maxWasmStack = this.config.maxWasmStack;
    const { cache, artifactKey } = this.config;
    this.#cache = cache && new Cache(cache, artifactKey);
  }

  /** Compiles a module, binary or text, to an artifact, for `Module.deserialize`, here or on another machine. Signed when the engine has an
   *  `artifactKey`. The same bytes whenever and wherever it is done; the cache is not asked.
   *
   *  Throws CompileError or TextError for what is not a valid module; OuroError `SIGNING_KEY_MISSING` when the `artifactKey` has no private
   *  key.
   *
   *  @example
   *  const artifact = engine.precompileModule(readFileSync('add.wasm'));
   *  Module.deserialize(engine, artifact).name; // => 'adder' */
  precompileModule(source: ModuleSource): Uint8Array {
    const { artifactKey, compiler, parallelCompilation } = this.config;
    artifactKey?.requirePrivate();
    const bytes = ownCopy(toBinary(source));
    return this.#signed(this.#keyIfSigned(bytes), compileWasm(bytes, this.compileOptions, compiler, parallelCompilation));
  }

  /** The same on worker threads.
   *
   *  @example
   *  const artifact = await engine.precompileModuleAsync('(module $m)', { signal: AbortSignal.timeout(60_000) });
   *  Engine.detectPrecompiled(artifact); // => 'module' */
  async precompileModuleAsync(source: ModuleSource, options: ModuleCompileOptions = {}): Promise<Uint8Array> {
    this.config.artifactKey?.requirePrivate();
    const text = toText(source);
    const bytes = text === undefined ? snapshot(toBinary(source)) : await parseTextAsync(text);
    const artifact = await this.#compileAsync(bytes, options);
    return this.#signed(this.#keyIfSigned(bytes), artifact);
  }

  /** Two engines for which this is the same load each other's artifacts. It changes with the versions of format and ABI, the platform, the
   *  CPU features, every option that changes code, and the public key of `artifactKey`. Hexadecimal digits.
   *
   *  @example
   *  const other = new Engine({ optLevel: 'none' });
   *  other.precompileCompatibilityHash === engine.precompileCompatibilityHash; // => false */
  get precompileCompatibilityHash(): string {
    const { target, artifactKey } = this.config;
    this.#compatibility ??= compatibilityHash(target, this.compileOptions, artifactKey?.id);
    return this.#compatibility;
  }

  /** 'module' when bytes, or the file at a path, begin as an artifact of Ouro does, of whatever version and platform; else undefined. Whether
   *  it can be loaded, loading tells. Throws OuroError `FILE_UNREADABLE` when the file cannot be read.
   *
   *  @example
   *  Engine.detectPrecompiled(new Engine().precompileModule(wasm)); // => 'module'
   *  Engine.detectPrecompiled(wasm); // => undefined */
  static detectPrecompiled(source: Uint8Array | ArrayBuffer | string): 'module' | undefined {
    return detectPrecompiled(source);
  }

  /** Waits until the store behind the cache has taken what was compiled; never throws. To call before `process.exit`, which would lose it.
   *
   *  @example
   *  const cached = new Engine({ cache: true });
   *  await Module.compile(cached, wasm);
   *  await cached.flushCache(); */
  async flushCache(): Promise<void> {
    await this.#cache?.settled();
  }

  /** @internal */
  validate(bytes: Uint8Array): void {
    validateWasm(bytes, this.config.wasmFeatures, this.config.compiler);
  }

  /** @internal The code for a wasm binary: from the cache, or else compiled now, and kept in the cache. */
  load(bytes: Uint8Array): Code {
    const stable = ownCopy(bytes);
    const key = this.#keyIfNeeded(stable);
    const found = key && this.#cache?.lookup(key);
    return found || this.#keep(key, this.#compile(stable));
  }

  /** @internal `load` without blocking. */
  async loadAsync(bytes: Uint8Array, options: ModuleCompileOptions = {}): Promise<Code> {
    const { signal } = options;
    signal?.throwIfAborted();
    const stable = snapshot(bytes);
    const hashesOnThread = this.#cache && stable.length > HASH_HERE;
    const key = hashesOnThread ? await this.keyOfAsync(stable) : this.#keyIfNeeded(stable);
    const found = key && (await this.#cache?.lookupAsync(key));
    signal?.throwIfAborted();
    return found || this.#keep(key, await this.#compileAsync(stable, options));
  }

  /** @internal The code for a wasm binary, if the cache has it. Bytes that are no module give undefined too. */
  lookup(bytes: Uint8Array): Code | undefined {
    return this.#cache?.lookup(this.#key(ownCopy(bytes)));
  }

  /** @internal The key of a wasm binary: the name that its artifact has in the cache. */
  keyOf(bytes: Uint8Array): string {
    return this.#key(ownCopy(bytes));
  }

  /** @internal `keyOf`, with the hash computed on another thread. Until then the caller must keep the bytes, and leave them unchanged. */
  async keyOfAsync(bytes: Uint8Array): Promise<string> {
    const hash = Buffer.from(await native().hashBytes(bytes)).toString('hex');
    return keyOfHash(hash, this.precompileCompatibilityHash, compilerHash());
  }

  /** @internal The code with this key, if the cache has it. */
  lookupKey(key: string): Code | undefined {
    return this.#cache?.lookup(key);
  }

  /** @internal The options with which this engine loads artifacts that come from elsewhere. */
  loadOptions({ verifyHash }: LoadOptions = {}): CodeOptions {
    return { verifyHash, artifactKey: this.config.artifactKey };
  }

  /** @internal The options with which this engine compiles. */
  get compileOptions(): CompileOptions {
    const { config } = this;
    this.#options ??= {
      optLevel: config.optLevel,
      cpuFeatures: cpuFeatures(config.cpu),
      explicitBounds: config.memoryPolicy === 'explicit' || (config.memoryPolicy === 'auto' && !memoriesAreGuarded()),
      nanCanonicalization: config.nanCanonicalization,
      generateAddressMap: config.generateAddressMap,
      keepWasm: config.keepWasm,
      wasmFeatures: config.wasmFeatures,
    };
    return this.#options;
  }

  #key(wasm: Uint8Array): string {
    return cacheKey(wasm, this.precompileCompatibilityHash, compilerHash());
  }

  /** The key of a wasm binary; undefined when neither the cache nor a signature needs it. */
  #keyIfNeeded(wasm: Uint8Array): string | undefined {
    return this.#cache ? this.#key(wasm) : this.#keyIfSigned(wasm);
  }

  #keyIfSigned(wasm: Uint8Array): string | undefined {
    return this.config.artifactKey?.canSign ? this.#key(wasm) : undefined;
  }

  #compile(bytes: Uint8Array): Uint8Array {
    const { compiler, parallelCompilation } = this.config;
    return compileWasm(bytes, this.compileOptions, compiler, parallelCompilation);
  }

  #compileAsync(bytes: Uint8Array, { onProgress, signal }: ModuleCompileOptions): Promise<Uint8Array> {
    const { compiler, parallelCompilation } = this.config;
    return compileWasmAsync(bytes, this.compileOptions, compiler, { onProgress, signal, parallel: parallelCompilation });
  }

  /** The artifact with its signature, if the engine can sign. `key`: the key of the binary that it was compiled from. */
  #signed(key: string | undefined, artifact: Uint8Array): Uint8Array {
    const { artifactKey } = this.config;
    return artifactKey?.canSign ? artifactKey.sign(artifact, subjectOf(key!)) : artifact;
  }

  /** Loads an artifact that was just compiled, and keeps it in the cache, if there is one. Its hash and signature need no check. An engine with
   *  only a public key keeps nothing: the artifact is not signed, so it would be refused later. */
  #keep(key: string | undefined, artifact: Uint8Array): Code {
    const file = this.#signed(key, artifact);
    const canKeep = this.config.artifactKey?.canSign ?? true;
    return this.#cache && canKeep ? this.#cache.keep(key!, file) : Code.fromBytes(file, { verifyHash: false });
  }
}

/** Hashing up to so many bytes blocks for less than a millisecond. */
const HASH_HERE = 2 ** 20;

/** The bytes, or a copy of them if they are in shared memory: there other threads can write between hashing and compiling. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
}

/** A copy of the bytes as they are now. What is compiled must be what was hashed, whatever the caller does with its bytes meanwhile. The copy is
 *  in shared memory, where the threads that compile can read it. */
function snapshot(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
