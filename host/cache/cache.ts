/** cache: artifacts of one engine by what they were made from: in a folder of this user, whose files are mapped, and behind it, where the
 *  configuration names one, in a store that machines share.
 *  A cache that does not work costs time alone: a warning says so once, and the compile goes on. */

import { readFileSync } from 'node:fs';
import { parseArtifact } from '../artifact/artifact.js';
import { Code, type CodeOptions } from '../artifact/code.js';
import { ArtifactError } from '../base/errors.js';
import { splitSignature } from '../artifact/header.js';
import type { ArtifactKey } from '../artifact/sign.js';
import { Folder } from './folder.js';
import { subjectOf } from './key.js';
import type { CacheSettings } from './settings.js';
import { GuardedStore } from './guarded-store.js';
import { type CacheWarningCode, cacheWarning } from './warning.js';

/** After the folder could not be written, it is not written to for so many milliseconds. */
const REST = 30_000;

/** What the file would be told by any cache: not a reason to throw it away. */
const notDamage = new Set<string>(['ARTIFACT_CPU_LACKS_FEATURE', 'ARTIFACT_WRONG_ARCHITECTURE']);

export class Cache {
  /** Undefined: none, or it turned out that it must not be used. */
  #folder: Folder | undefined;
  /** Without a key, nobody has said that what another user put into the folder may run. */
  readonly #ownFolder: boolean;
  readonly #store: GuardedStore | undefined;
  readonly #key: ArtifactKey | undefined;
  readonly #verifyHash: boolean;
  readonly #warned = new Set<CacheWarningCode>();
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor({ path, isDefault, store, maxBytes, verifyHash, timeout }: CacheSettings, key: ArtifactKey | undefined) {
    this.#folder = path === undefined ? undefined : new Folder(path, maxBytes);
    this.#ownFolder = isDefault && key === undefined;
    this.#store = store && new GuardedStore(store, timeout);
    this.#verifyHash = verifyHash;
    this.#key = key;
  }

  /** The code of an entry, for callers that cannot wait: a store that answers by promises is not asked. */
  lookup(key: string): Code | undefined {
    return this.#open(key) ?? this.#adopt(key, this.#store?.getSync(key));
  }

  /** The code of an entry. */
  async lookupAsync(key: string): Promise<Code | undefined> {
    return this.#open(key) ?? (this.#store && this.#adopt(key, await this.#store.get(key)));
  }

  /** Keeps a file that was just made, and loads it: from the folder, so that processes share its pages. */
  keep(key: string, file: Uint8Array): Code {
    this.#put(key, file);
    this.#store?.put(key, file);
    return this.#open(key) ?? Code.fromBytes(file, { verifyHash: false });
  }

  /** Waits until the store has taken what was put into it. */
  async settled(): Promise<void> {
    await this.#store?.settled();
  }

  #options(key: string): CodeOptions {
    return { artifactKey: this.#key, subject: this.#key && subjectOf(key) };
  }

  /** From the folder. */
  #open(key: string): Code | undefined {
    const folder = this.#usable();
    if (!folder) return undefined;
    try {
      if (!folder.has(key)) return undefined;
      // What others can write to could change under a mapping: a copy, and no trust.
      const isPrivate = folder.access === 'private';
      const path = folder.file(key);
      if (!isPrivate) return Code.fromBytes(readFileSync(path), this.#options(key));
      return Code.fromFile(path, { ...this.#options(key), verifyHash: this.#verifyHash });
    } catch (error) {
      if (error instanceof ArtifactError) {
        if (notDamage.has(error.code)) throw error;
        this.#damaged(folder.file(key), error);
        this.#write(() => folder.delete(key));
      } else if (!isGone(error)) {
        this.#folderFailed('read', error);
      }
      return undefined;
    }
  }

  /** An entry of the store: checked, put into the folder, and loaded. */
  #adopt(key: string, file: Uint8Array | undefined): Code | undefined {
    if (!file) return undefined;
    try {
      if (!this.#usable()) return Code.fromBytes(file, this.#options(key));
      const { artifact, signature } = splitSignature(file);
      parseArtifact(artifact);
      this.#key?.check(artifact, signature, subjectOf(key));
    } catch (error) {
      if (!(error instanceof ArtifactError) || notDamage.has(error.code)) throw error;
      this.#damaged(`${key} of the cache store`, error);
      this.#store!.delete(key);
      return undefined;
    }
    this.#put(key, file);
    return this.#open(key) ?? Code.fromBytes(file, this.#options(key));
  }

  #put(key: string, file: Uint8Array): void {
    if (performance.now() >= this.#restsUntil) this.#write(() => this.#usable()?.put(key, file));
  }

  #usable(): Folder | undefined {
    if (this.#ownFolder && this.#folder?.access === 'foreign') {
      const why = 'another user could put code into it; name it in the configuration, or use an artifactKey';
      this.#folderFailed('trust', new Error(why));
      this.#folder = undefined;
    }
    return this.#folder;
  }

  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#restsUntil = performance.now() + REST;
      this.#folderFailed('write', error);
    }
  }

  #folderFailed(what: 'read' | 'write' | 'trust', error: unknown): void {
    this.#warn(
      'CACHE_FOLDER_FAILED',
      `the cache is left out: cannot ${what} the folder ${this.#folder!.path}: ${(error as Error)?.message ?? error}`,
    );
  }

  #damaged(where: string, error: unknown): void {
    this.#warn('CACHE_ENTRY_DAMAGED', `thrown away and made anew: ${where}: ${(error as Error).message}`);
  }

  #warn(code: CacheWarningCode, message: string): void {
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    cacheWarning(code, message);
  }
}

/** Whether a file was removed after it was seen. */
function isGone(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code === 'ENOENT' || cause?.code === 'ENOENT';
}
