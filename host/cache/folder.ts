/** folder: artifacts as files of one folder, which many processes use at once, without locks: a file appears whole, by renaming, never
 *  changes, and goes by unlinking, which leaves mappings as they are. What a crash leaves behind is a part file, which `clean` removes.
 *  Cost: a hit is one stat and, once an hour, one utimes. */

import { lstatSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { isOurs, makeFolder, writeAtomic } from '../base/files.js';
import { native } from '../helper/native.js';
import { type Access, accessOf } from './access.js';
import { KEY_LENGTH, KEY_PATTERN } from './key.js';

const SUFFIX = '.ouro';
/** How exact "last used" is. */
const TOUCH_INTERVAL = 3600_000;
/** A part file that nobody has written to for this long belongs to no living process. */
const PART_AGE = 3600_000;
/** Cleaning goes down to this share of the limit, so that not every new entry cleans. */
const CLEAN_TO = 0.9;

export interface FolderEntry {
  readonly key: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, exact to the hour. */
  readonly lastUsed: number;
  readonly created: number;
}

export interface CleanOptions {
  /** Remove the least recently used until the rest has at most so many bytes. */
  maxBytes?: number;
  /** Remove what was not used for so many milliseconds. */
  olderThan?: number;
  now?: number;
}

export interface Cleaned {
  /** Entries removed, and their bytes. */
  readonly entries: number;
  readonly bytes: number;
  /** What crashes had left behind, removed too. */
  readonly parts: number;
}

export class Folder {
  readonly path: string;
  readonly maxBytes: number;
  #access: Access | undefined;
  /** Where files are read: once the folder is trusted, without symbolic links, which could be turned elsewhere. */
  #real: string;
  /** Bytes in the folder, as far as this process knows; undefined before it has looked. */
  #size: number | undefined;

  constructor(path: string, maxBytes: number) {
    this.path = path;
    this.#real = path;
    this.maxBytes = maxBytes;
  }

  file(key: string): string {
    return join(this.#real, key + SUFFIX);
  }

  /** Who besides root can have written what is in the folder. Worked out once, when it is there. */
  get access(): Access | undefined {
    if (this.#access === undefined) {
      const [access, real] = accessOf(native(), this.path) ?? [];
      this.#access = access;
      if (access === 'private') this.#real = real!;
    }
    return this.#access;
  }

  /** Whether there is an entry; marks it as used. */
  has(key: string, now = Date.now()): boolean {
    const path = this.file(key);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile()) return false;
    if (this.access === 'private' && !isOurs(stats)) {
      // It came when the folder was open to others, who can still write to it.
      this.delete(key);
      return false;
    }
    if (now - Math.max(stats.atimeMs, stats.mtimeMs) > TOUCH_INTERVAL) {
      try {
        utimesSync(path, new Date(now), stats.mtime);
      } catch {
        // A read-only file system: the order of use is not kept there.
      }
    }
    return true;
  }

  /** Puts an artifact in, and cleans when the folder has grown beyond its limit. What is there already stays: it is the same. */
  put(key: string, bytes: Uint8Array): void {
    if (bytes.length > this.maxBytes) return;
    const path = this.file(key);
    if (statSync(path, { throwIfNoEntry: false })) return;
    makeFolder(this.path, 0o700);
    writeAtomic(path, bytes);
    this.#size = this.#size === undefined ? this.#look() : this.#size + bytes.length;
    if (this.#size > this.maxBytes) {
      this.clean({ maxBytes: this.maxBytes * CLEAN_TO });
      this.#size = undefined;
    }
  }

  /** The bytes that are there. What crashes left behind goes by the way. */
  #look(): number {
    this.#cleanParts(Date.now());
    return this.entries().reduce((sum, { size }) => sum + size, 0);
  }

  delete(key: string): void {
    rmSync(this.file(key), { force: true });
  }

  /** Least recently used first. Files that are not the cache's are left out. */
  entries(): FolderEntry[] {
    const list: FolderEntry[] = [];
    for (const name of this.#names()) {
      const key = name.slice(0, -SUFFIX.length);
      if (!name.endsWith(SUFFIX) || !KEY_PATTERN.test(key)) continue;
      const path = join(this.path, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (!stats?.isFile()) continue;
      const { size, atimeMs, mtimeMs } = stats;
      list.push({ key, path, size, lastUsed: Math.max(atimeMs, mtimeMs), created: mtimeMs });
    }
    return list.sort((one, other) => one.lastUsed - other.lastUsed || (one.key < other.key ? -1 : 1));
  }

  /** Part files of crashed processes too; without other options, these alone. */
  clean({ maxBytes = Number.POSITIVE_INFINITY, olderThan = Number.POSITIVE_INFINITY, now = Date.now() }: CleanOptions = {}): Cleaned {
    const entries = this.entries();
    let rest = entries.reduce((sum, { size }) => sum + size, 0);
    let removed = 0;
    let bytes = 0;
    for (const { path, size, lastUsed } of entries) {
      if (rest <= maxBytes && now - lastUsed < olderThan) continue;
      rmSync(path, { force: true });
      rest -= size;
      bytes += size;
      removed++;
    }
    return { entries: removed, bytes, parts: this.#cleanParts(now) };
  }

  #cleanParts(now: number): number {
    let parts = 0;
    for (const name of this.#names()) {
      if (!name.endsWith('.part') || !KEY_PATTERN.test(name.slice(0, KEY_LENGTH))) continue;
      const path = join(this.path, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (!stats?.isFile() || now - stats.mtimeMs < PART_AGE) continue;
      rmSync(path, { force: true });
      parts++;
    }
    return parts;
  }

  #names(): string[] {
    try {
      return readdirSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}
