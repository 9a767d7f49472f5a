/** `ouro cache ls | stat | clean`: what the cache holds, and how to make it smaller. */

import { closeSync, constants, existsSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import pc from 'picocolors';
import { parseArtifact } from '../artifact/artifact.js';
import { cacheFolder } from '../cache/location.js';
import { type Cleaned, Folder, type FolderEntry } from '../cache/folder.js';
import { DEFAULT_MAX_BYTES, defaultFolder } from '../cache/settings.js';
import { nativeCorePath } from '../selfhost/native-core.js';
import { cpuLevel } from '../helper/cpu.js';
import { type Mapping, native } from '../helper/native.js';
import { forget } from '../register/queue.js';
import { splitSignature } from '../artifact/header.js';
import { writeLine } from './output.js';
import { formatSize, printTable } from './columns.js';

export interface CacheFlags {
  dir?: string;
  json?: boolean;
}

export interface CleanFlags extends CacheFlags {
  all?: boolean;
  olderThan?: number;
  maxSize?: number;
}

const checks = {
  private: 'size and tables: nobody else can write here',
  group: 'whole, at each load: others of the group can write here',
  foreign: 'whole, at each load: another user can write here',
} as const;

const open = ({ dir }: CacheFlags) => new Folder(dir ?? defaultFolder(), DEFAULT_MAX_BYTES);

interface Described extends FolderEntry {
  readonly name?: string;
  readonly cpu?: string;
  readonly optLevel?: string;
  readonly signed?: boolean;
  readonly error?: string;
}

export function cacheList(flags: CacheFlags): number {
  const entries = open(flags).entries().reverse().map(describe);
  if (flags.json) {
    for (const entry of entries) writeLine(JSON.stringify(times(entry)));
    return 0;
  }
  if (entries.length === 0) {
    writeLine(`nothing is in the cache ${flags.dir ?? defaultFolder()}`);
    return 0;
  }
  const now = Date.now();
  const rows = entries.map((entry) => [
    entry.key.slice(0, 12),
    formatSize(entry.size),
    formatAge(now - entry.lastUsed),
    entry.optLevel ?? '',
    (entry.cpu ?? '') + (entry.signed ? ', signed' : ''),
    entry.error ? pc.red(entry.error) : (entry.name ?? pc.dim('(no name)')),
  ]);
  printTable(['wasm', 'size', 'used', 'opt', 'for', 'module'], rows, [1, 2]);
  return 0;
}

export function cacheStat(flags: CacheFlags): number {
  const folder = open(flags);
  const entries = folder.entries();
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  const summary = {
    path: folder.path,
    entries: entries.length,
    bytes,
    access: folder.access,
    leastRecentlyUsed: entries.at(0)?.lastUsed,
    mostRecentlyUsed: entries.at(-1)?.lastUsed,
  };
  if (flags.json) {
    writeLine(JSON.stringify(times(summary)));
    return 0;
  }
  const now = Date.now();
  const lines: [string, string][] = [
    ['folder', folder.path],
    ['modules', `${entries.length}, ${formatSize(bytes)}`],
  ];
  if (entries.length > 0) {
    lines.push(['used', `${formatAge(now - entries.at(-1)!.lastUsed)} to ${formatAge(now - entries[0].lastUsed)} ago`]);
    lines.push(['checked', checks[folder.access!]]);
  }
  for (const [name, value] of lines) writeLine(`${name.padEnd(8)} ${value}`);
  return 0;
}

export function cacheClean(flags: CleanFlags): number {
  const { all, olderThan, maxSize } = flags;
  const folder = open(flags);
  // Without a limit of its own, down to that of an engine.
  const limit = maxSize ?? (olderThan === undefined ? DEFAULT_MAX_BYTES : undefined);
  const cleaned: Cleaned = folder.clean({ maxBytes: all ? 0 : limit, olderThan });
  const compilers = all && flags.dir === undefined ? removeOldCompilers() : 0;
  if (all && flags.dir === undefined) forget();
  if (flags.json) {
    writeLine(JSON.stringify({ path: folder.path, ...cleaned, compilers }));
    return 0;
  }
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  const old = compilers > 0 ? `, and ${count(compilers, 'native compiler')} of other versions` : '';
  writeLine(`removed ${count(cleaned.entries, 'module')}, ${formatSize(cleaned.bytes)}${old}`);
  return 0;
}

/** Native compilers that this version does not use. */
function removeOldCompilers(): number {
  const current = basename(nativeCorePath());
  const names = existsSync(cacheFolder()) ? readdirSync(cacheFolder()) : [];
  const old = names.filter((name) => /^compiler-[0-9a-f]{32}-.*\.ouro$/.test(name) && name !== current);
  for (const name of old) rmSync(join(cacheFolder(), name), { force: true });
  return old.length;
}

/** What the header of an entry says; the entry does not count as used by that. */
function describe(entry: FolderEntry): Described {
  let file: number | undefined;
  let mapping: Mapping | undefined;
  try {
    file = openUnnoticed(entry.path);
    mapping = native().mapOpenFile(file);
    const { artifact: bytes, signature } = splitSignature(new Uint8Array(mapping.buffer));
    const artifact = parseArtifact(bytes, { verifyHash: false, target: bytes[18] | (bytes[19] << 8) });
    const optLevel = artifact.optLevel === 0 ? 'none' : 'speed';
    return { ...entry, name: artifact.name, cpu: cpuLevel(artifact.cpuFeatures), optLevel, signed: signature !== undefined };
  } catch (error) {
    return { ...entry, error: (error as Error).message };
  } finally {
    if (mapping) native().unmap(mapping.address);
    if (file !== undefined) closeSync(file);
  }
}

function openUnnoticed(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOATIME ?? 0));
  } catch {
    return openSync(path, 'r'); // the owner alone may leave the time as it is
  }
}

/** Times as people and programs read them. */
function times<T extends object>(value: T): object {
  const named = Object.entries(value).map(([name, each]) => {
    const isTime = typeof each === 'number' && /used$|created/i.test(name);
    return [name, isTime ? new Date(each).toISOString() : each];
  });
  return Object.fromEntries(named);
}

function formatAge(milliseconds: number): string {
  const minutes = Math.max(0, milliseconds / 60_000);
  if (minutes < 60) return `${Math.floor(minutes)} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 60 / 24)} days`;
}

/** Milliseconds: `30d`, `12h`, `90m`. */
export function parseAge(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(d|h|m)$/.exec(text);
  if (!match) throw new RangeError('Expected a time as 30d, 12h or 90m.');
  return Number(match[1]) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[match[2] as 'd' | 'h' | 'm'];
}

/** Bytes: `500M`, `1.5G`, `200K`. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?)(?:i?B)?$/i.exec(text);
  if (!match) throw new RangeError('Expected a size as 200K, 500M or 1.5G.');
  return Number(match[1]) * { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[match[2].toUpperCase() as '' | 'K' | 'M' | 'G'];
}
