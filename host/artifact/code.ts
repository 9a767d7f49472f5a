/** code: an artifact that is mapped and executable. Modules and instances share it. The mapping goes when the last of them is collected; sooner, when
 *  all modules are disposed of and nothing was instantiated.
 *  In: the artifact, as bytes, a file, or a mapping that another thread shares; and what must be checked of it. Out: a Code.
 *  Requires: the file of a mapping does not change. Code that has been found to be signed must stay what it is, so a file that others can write to is
 *  copied first. A thread has a shared mapping once.
 *  Cost: independent of the artifact's size, but for the hash check and such a copy. */

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { H_HASH, HASH_SIZE, HEADER_AT, Section } from '../../runtime/artifact.js';
import { type Artifact, parseArtifact } from './artifact.js';
import { isOurs } from '../base/files.js';
import { cpuFeatureNames } from '../helper/cpu.js';
import { OuroError, outOfMemory, unreadable } from '../base/errors.js';
import { ModuleInfo } from './info.js';
import { type Mapping, native } from '../helper/native.js';
import { Plan } from './plan.js';
import { splitSignature } from './header.js';
import type { ArtifactKey } from './sign.js';

/** How artifacts are loaded.
 *
 *  @example
 *  Module.deserializeFile(engine, 'add.ouro', { verifyHash: false }).name; // => 'adder' */
export interface LoadOptions {
  /** Check the content hash of the whole file; default true. Leave it out only for files that nobody else can have written. */
  verifyHash?: boolean;
}

/** How an engine loads artifacts. */
export interface CodeOptions extends LoadOptions {
  /** The key that must have signed the artifact. */
  readonly artifactKey?: ArtifactKey;
  /** What the artifact was made from, as its signature must say. */
  readonly subject?: Uint8Array;
}

/** What is known about a mapping before a Code is made of it. */
interface Known {
  /** The hash of the content. */
  readonly hash?: Uint8Array;
  /** Another thread has checked the artifact and registered its code. */
  readonly shared?: boolean;
}

/** Holds a mapping that must be given back exactly once: when the Code is collected, or before. */
class Holder {
  #mapping: Mapping | undefined;

  constructor(mapping: Mapping) {
    this.#mapping = mapping;
  }

  get held(): boolean {
    return this.#mapping !== undefined;
  }

  release(): void {
    if (this.#mapping) native().unmap(this.#mapping.address, this.#mapping.buffer);
    this.#mapping = undefined;
  }
}

const collected = new FinalizationRegistry<Holder>((holder) => holder.release());

/** The shared mappings that this thread has, by id. */
const sharedHere = new Map<bigint, { readonly code: WeakRef<Code>; readonly holder: Holder }>();

/** A mapped artifact. */
export class Code {
  readonly artifact: Artifact;
  readonly mapping: Mapping;
  /** The address of the first byte of the text. */
  readonly textAddress: number;
  readonly #holder: Holder;
  #plan: Plan | undefined;
  #info: ModuleInfo | undefined;
  #text: Uint8Array | undefined;
  /** How many modules have this code and are not disposed of. */
  #modules = 0;
  /** Something else than a module may use this code, an instance say. Then only the collector knows when that ends. */
  #taken = false;

  private constructor(mapping: Mapping, options: CodeOptions, { hash, shared = false }: Known) {
    this.mapping = mapping;
    const { artifact, signature } = splitSignature(this.file);
    this.artifact = parseArtifact(artifact, {
      // The signature covers the hash, and the hash covers the content. So with a key the hash of a shared mapping is checked too: the thread that
      // shared it may have had no key.
      verifyHash: options.artifactKey ? true : !shared && options.verifyHash,
      contentHash: hash,
      cpuFeatures: BigInt(native().cpuFeatures()),
      get cpuFeatureNames() {
        return cpuFeatureNames();
      },
    });
    options.artifactKey?.check(artifact, signature, options.subject);
    const { text, counts } = this.artifact;
    this.textAddress = mapping.address + text.offset;
    if (text.size > 0 && !shared) {
      const functions = this.artifact.section(Section.Functions);
      try {
        native().registerCode(mapping.address, text.offset, text.size, functions.offset, counts.functions);
      } catch (cause) {
        throw outOfMemory('the code of another module', cause) ?? cause;
      }
    }
    // The file is needed later only to map a data image.
    if (this.artifact.image === undefined) native().closeFile(mapping.address);
    this.#holder = new Holder(mapping);
    collected.register(this, this.#holder, this.#holder);
  }

  /** Code from a private copy of the bytes. */
  static fromBytes(bytes: Uint8Array, options: CodeOptions = {}): Code {
    return Code.#load(mapBytes(bytes), options);
  }

  /** Code from a file, which is mapped. */
  static fromFile(path: string, options: CodeOptions = {}): Code {
    return Code.#load(mapFile(path, options), options);
  }

  /** Code from a file that the caller has open for reading. The descriptor stays the caller's. */
  static fromOpenFile(file: number, options: CodeOptions = {}): Code {
    return Code.#load(mapOpenFile(file, options), options);
  }

  /** `fromBytes`; another thread computes the hash. */
  static async fromBytesAsync(bytes: Uint8Array, options: CodeOptions = {}): Promise<Code> {
    return Code.#loadAsync(mapBytes(bytes), options);
  }

  /** `fromFile`; another thread computes the hash. */
  static async fromFileAsync(path: string, options: CodeOptions = {}): Promise<Code> {
    return Code.#loadAsync(mapFile(path, options), options);
  }

  /** The code that this or another thread of the process has shared under these numbers; undefined when no thread has it any more. */
  static fromShared(id: bigint, nonce: bigint, { artifactKey }: CodeOptions): Code | undefined {
    const known = sharedHere.get(id);
    const code = known?.code.deref();
    if (code?.isMapped) {
      if (code.shared()[1] !== nonce) return undefined;
      if (artifactKey) code.#checkSignature(artifactKey);
      return code;
    }
    // The Code may be collected while its finalizer has still to run. A thread has a mapping once, so the old one is released first.
    known?.holder.release();
    sharedHere.delete(id);
    const mapping = native().openShared(id, nonce);
    if (!mapping) return undefined;
    const opened = Code.#load(mapping, { artifactKey }, { shared: true });
    sharedHere.set(id, { code: new WeakRef(opened), holder: opened.#holder });
    return opened;
  }

  static #load(mapping: Mapping, options: CodeOptions, known: Known = {}): Code {
    try {
      return new Code(mapping, options, known);
    } catch (error) {
      native().unmap(mapping.address, mapping.buffer);
      throw error;
    }
  }

  static async #loadAsync(mapping: Mapping, options: CodeOptions): Promise<Code> {
    let hash: Uint8Array | undefined;
    const { length } = splitSignature(new Uint8Array(mapping.buffer)).artifact;
    // A file too short to have a hash needs none here: the reader refuses it.
    if ((options.artifactKey || options.verifyHash !== false) && length >= HEADER_AT + H_HASH + HASH_SIZE) {
      hash = new Uint8Array(await native().hashMapping(mapping.address, length, HEADER_AT + H_HASH, HASH_SIZE));
    }
    return Code.#load(mapping, options, { hash });
  }

  /** Checks the signature for an engine with a key, when another engine has loaded the code, perhaps without one. */
  #checkSignature(artifactKey: ArtifactKey): void {
    const { artifact, signature } = splitSignature(this.file);
    parseArtifact(artifact);
    artifactKey.check(artifact, signature);
  }

  /** The whole file: the artifact, and its signature if it has one. */
  get file(): Uint8Array {
    return new Uint8Array(this.mapping.buffer);
  }

  /** What instances are made from; decoded when it is first asked for. */
  get plan(): Plan {
    this.#plan ??= new Plan(this);
    return this.#plan;
  }

  /** What a user can ask about a module; decoded when it is first asked for. */
  get info(): ModuleInfo {
    this.#info ??= new ModuleInfo(this.artifact, this.plan, this);
    return this.#info;
  }

  /** The bytes of the machine code, as a view. Writing to the view changes only the view, and it may outlive the mapping. It is no copy, except on a
   *  system without memfd. */
  get text(): Uint8Array {
    const { size, offset } = this.artifact.text;
    if (size === 0) return new Uint8Array(0);
    this.#text ??= new Uint8Array(native().textView(this.mapping.address) ?? this.file.slice(offset, offset + size).buffer, 0, size);
    return this.#text;
  }

  /** Shares the mapping: gives the numbers under which other threads find it, as long as some thread has it. */
  shared(): [id: bigint, nonce: bigint] {
    const numbers = native().shareMapping(this.mapping.address);
    if (!sharedHere.has(numbers[0])) sharedHere.set(numbers[0], { code: new WeakRef(this), holder: this.#holder });
    return numbers;
  }

  // Lifetime.

  get isMapped(): boolean {
    return this.#holder.held;
  }

  /** Counts one module more. Throws OuroError `DISPOSED` when the mapping is gone. */
  retain(): this {
    if (!this.isMapped) throw new OuroError('DISPOSED', 'the module has been disposed of');
    this.#modules++;
    return this;
  }

  /** Counts one module less. After the last one the mapping goes at once, unless `take` has been called. */
  release(): void {
    if (--this.#modules > 0 || this.#taken) return;
    collected.unregister(this.#holder);
    this.#holder.release();
  }

  /** From now on the collector alone decides when the mapping goes. */
  take(): this {
    this.#taken = true;
    return this;
  }
}

function mapBytes(bytes: Uint8Array): Mapping {
  // Mapping no bytes at all would be an error of another kind, so the reader throws first: it says what is wrong with them.
  if (bytes.length === 0) parseArtifact(bytes);
  try {
    return native().mapBytes(bytes);
  } catch (cause) {
    throw outOfMemory('the code of another module', cause) ?? cause;
  }
}

function mapFile(path: string, { artifactKey }: CodeOptions): Mapping {
  try {
    return artifactKey ? mapUnchanging(path) : native().mapFile(path);
  } catch (cause) {
    refuseEmpty(() => statSync(path));
    throw outOfMemory('the code of another module', cause) ?? unreadable(path, cause);
  }
}

function mapOpenFile(file: number, { artifactKey }: CodeOptions): Mapping {
  try {
    return artifactKey ? mapUnchangingOpen(file) : native().mapOpenFile(file);
  } catch (cause) {
    refuseEmpty(() => fstatSync(file));
    throw outOfMemory('the code of another module', cause) ?? unreadable(`file descriptor ${file}`, cause);
  }
}

// What has been found to be signed must stay what it is. A mapping changes with its file. So a file that other users can write to is copied.

/** Maps a file so that nobody else can change the mapping. */
function mapUnchanging(path: string): Mapping {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    return mapUnchangingOpen(file);
  } finally {
    closeSync(file);
  }
}

function mapUnchangingOpen(file: number): Mapping {
  const stats = fstatSync(file);
  if (!stats.isFile() || stats.size === 0 || isOurs(stats)) return native().mapOpenFile(file);
  const bytes = new Uint8Array(stats.size);
  let length = 0;
  for (let read = 1; read > 0 && length < bytes.length; length += read) read = readSync(file, bytes, length, bytes.length - length, length);
  return native().mapBytes(bytes.subarray(0, length));
}

/** Throws for an empty file the error that no bytes at all give. */
function refuseEmpty(stat: () => { isFile(): boolean; size: number }): void {
  let empty = false;
  try {
    const stats = stat();
    empty = stats.isFile() && stats.size === 0;
  } catch {
    // The caller throws the error that it has: that says why the file cannot be read.
  }
  if (empty) parseArtifact(new Uint8Array(0));
}
