/** code: an artifact that is mapped and executable. Modules and instances share it; the mapping goes when the last of them is collected, or
 *  sooner when all modules are disposed of and nothing was instantiated.
 *  Cost: independent of the artifact's size, but for the hash check. */

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

/** How an engine loads. */
export interface CodeOptions extends LoadOptions {
  /** Who must have signed the artifact. */
  readonly artifactKey?: ArtifactKey;
  /** What the signature must say that the artifact was made from. */
  readonly subject?: Uint8Array;
}

/** What has been found out about a mapping before the code is made of it. */
interface Known {
  /** The content's hash. */
  readonly hash?: Uint8Array;
  /** Another thread has checked and registered it. */
  readonly shared?: boolean;
}

/** A mapping that is to be given back once: by the collector, or before. */
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

/** What this thread has of the shared mappings, by id. */
const sharedHere = new Map<bigint, { readonly code: WeakRef<Code>; readonly holder: Holder }>();

export class Code {
  readonly artifact: Artifact;
  readonly mapping: Mapping;
  /** Where the text starts in this process. */
  readonly textAddress: number;
  readonly #holder: Holder;
  #plan: Plan | undefined;
  #info: ModuleInfo | undefined;
  #text: Uint8Array | undefined;
  #modules = 0;
  /** Something besides modules may use it: then only the collector knows when that ends. */
  #taken = false;

  private constructor(mapping: Mapping, options: CodeOptions, { hash, shared = false }: Known) {
    this.mapping = mapping;
    const { artifact, signature } = splitSignature(this.file);
    this.artifact = parseArtifact(artifact, {
      // A signature holds for the hash, and the hash for the content. Who shared it had no key, perhaps.
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
    // Only an image needs the file later.
    if (this.artifact.image === undefined) native().closeFile(mapping.address);
    this.#holder = new Holder(mapping);
    collected.register(this, this.#holder, this.#holder);
  }

  /** A private copy of the bytes. */
  static fromBytes(bytes: Uint8Array, options: CodeOptions = {}): Code {
    return Code.#load(mapBytes(bytes), options);
  }

  /** The file itself, mapped. */
  static fromFile(path: string, options: CodeOptions = {}): Code {
    return Code.#load(mapFile(path, options), options);
  }

  /** A file that the caller has open for reading, and keeps. */
  static fromOpenFile(file: number, options: CodeOptions = {}): Code {
    return Code.#load(mapOpenFile(file, options), options);
  }

  /** `fromBytes` with the hash checked off this thread. */
  static async fromBytesAsync(bytes: Uint8Array, options: CodeOptions = {}): Promise<Code> {
    return Code.#loadAsync(mapBytes(bytes), options);
  }

  /** `fromFile` with the hash checked off this thread. */
  static async fromFileAsync(path: string, options: CodeOptions = {}): Promise<Code> {
    return Code.#loadAsync(mapFile(path, options), options);
  }

  /** What another thread of this process shared, or this one; undefined when nobody has it any more. */
  static fromShared(id: bigint, nonce: bigint, { artifactKey }: CodeOptions): Code | undefined {
    const own = sharedHere.get(id);
    const code = own?.code.deref();
    if (code?.isMapped) {
      if (code.shared()[1] !== nonce) return undefined;
      if (artifactKey) code.#checkSignature(artifactKey);
      return code;
    }
    // Collected, and the finalizer still to come: a thread has a mapping once.
    own?.holder.release();
    sharedHere.delete(id);
    const mapping = native().openShared(id, nonce);
    if (!mapping) return undefined;
    const found = Code.#load(mapping, { artifactKey }, { shared: true });
    sharedHere.set(id, { code: new WeakRef(found), holder: found.#holder });
    return found;
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
    // What is too short for a hash, the reader refuses.
    if ((options.artifactKey || options.verifyHash !== false) && length >= HEADER_AT + H_HASH + HASH_SIZE) {
      hash = new Uint8Array(await native().hashMapping(mapping.address, length, HEADER_AT + H_HASH, HASH_SIZE));
    }
    return Code.#load(mapping, options, { hash });
  }

  /** For an engine with a key, where another may have loaded the code. */
  #checkSignature(artifactKey: ArtifactKey): void {
    const { artifact, signature } = splitSignature(this.file);
    parseArtifact(artifact);
    artifactKey.check(artifact, signature);
  }

  /** The whole file: the artifact, and its signature if it has one. */
  get file(): Uint8Array {
    return new Uint8Array(this.mapping.buffer);
  }

  /** How instances are made; worked out at the first one. */
  get plan(): Plan {
    this.#plan ??= new Plan(this);
    return this.#plan;
  }

  /** What a user can ask a module; worked out at the first question. */
  get info(): ModuleInfo {
    this.#info ??= new ModuleInfo(this.artifact, this.plan, this);
    return this.#info;
  }

  /** The code bytes. What is written to them changes the view alone, and they may outlive the mapping. No copy, but on a system without memfd. */
  get text(): Uint8Array {
    const { size, offset } = this.artifact.text;
    if (size === 0) return new Uint8Array(0);
    this.#text ??= new Uint8Array(native().textView(this.mapping.address) ?? this.file.slice(offset, offset + size).buffer, 0, size);
    return this.#text;
  }

  /** The numbers under which other threads find the mapping as long as some thread has it. */
  shared(): [id: bigint, nonce: bigint] {
    const numbers = native().shareMapping(this.mapping.address);
    if (!sharedHere.has(numbers[0])) sharedHere.set(numbers[0], { code: new WeakRef(this), holder: this.#holder });
    return numbers;
  }

  // Lifetime.

  get isMapped(): boolean {
    return this.#holder.held;
  }

  /** One more module. */
  retain(): this {
    if (!this.isMapped) throw new OuroError('DISPOSED', 'the module has been disposed of');
    this.#modules++;
    return this;
  }

  /** One module less. */
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
  // The reader says what is wrong with no bytes at all; mapping them is an error of another kind.
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

// What has been found to be signed must stay what it is. A mapping changes with its file, so a file that others can write to is copied.

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

/** An empty file is the same error as no bytes. */
function refuseEmpty(stat: () => { isFile(): boolean; size: number }): void {
  let empty = false;
  try {
    const found = stat();
    empty = found.isFile() && found.size === 0;
  } catch {
    // The error that led here says why it cannot be read.
  }
  if (empty) parseArtifact(new Uint8Array(0));
}
