/** code-cache: compiles a text of Ouro's own with what V8 made of it at an earlier start, since to compile it is most of what Ouro costs a
 *  fresh process. V8's data is kept in the cache folder, one file for each build and each Node.
 *  In: a file beside the bundles. Out: it as a function; and, when what V8 makes of it now should be kept, a function that does that.
 *  Requires: V8 checks the version, its flags and the text's length, and otherwise believes what the data says. So it gets the bytes of a file
 *  that nobody but this user and root can write to, in a folder where others (its group apart, as in all of the cache) cannot put one of this
 *  user's other files, whose hash is right and covers the build, and that of Node. In all other cases the text is compiled. */

import { accessSync, closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Script } from 'node:vm';
import type { NativeHelper } from '../../runtime/helper.js';
import { builtin } from '../base/builtin.js';
import { accessOf } from '../cache/access.js';
import { cachePath } from '../cache/location.js';
import { isOurs, writeAtomic } from '../base/files.js';

const HASH_SIZE = 32;
const TAG_SIZE = 127;
/** In front of V8's data: the hash of all that follows, what it was made of, and a byte for the uses. */
const HEADER_SIZE = HASH_SIZE + TAG_SIZE + 1;

const DAY = 24 * 3600_000;
/** Data that V8 has refused, which tells other flags than it was made with, is made anew only after so many milliseconds, lest two ways to
 *  start Node take turns to replace it. */
const KEPT_FOR = DAY;
/** After so many milliseconds a file goes: it may be that of an older build, or another Node, and is soon made anew. */
const MAX_AGE = 30 * DAY;

/** Where V8's data is kept, and of what it is made. */
interface Place {
  readonly helper: NativeHelper;
  /** Absolute: the data is written at the end, when the current folder may be another one. */
  readonly path: string;
  readonly tag: string;
  /** The folder was not there, or not to be seen: what is found in it later is nobody's. */
  readonly isNew: boolean;
}

/** Tells one state of a file from others. */
function stateOf(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size.toString(36)}-${Math.trunc(mtimeMs / 1000).toString(36)}`;
}

/** Undefined where others could have put a file, or Node's permissions hide what must be known. */
function findPlace(helper: NativeHelper, file: string, build: string): Place | undefined {
  try {
    // Of a text that somebody has changed in place V8 sees the length alone. One version of Node can be built in different ways, of which V8 tells
    // not all.
    const name = `${build}-${stateOf(file)}-${process.version}-${process.arch}-${stateOf(process.execPath)}`;
    const path = resolve(cachePath(`code/${name}.code`));
    const access = accessOf(dirname(path));
    if (access?.[0] === 'foreign') return undefined;
    return { helper, path, tag: name.padEnd(TAG_SIZE), isNew: access === undefined };
  } catch {
    return undefined;
  }
}

function hashOf(helper: NativeHelper, file: Uint8Array): Buffer {
  const hash = Buffer.alloc(HASH_SIZE);
  helper.sha256(file, 0, HASH_SIZE, hash);
  return hash;
}

interface Kept {
  readonly data: Buffer;
  readonly uses: number;
  /** Milliseconds since 1970. */
  readonly made: number;
}

/** What V8 made of the text at an earlier start; undefined when there is none that can be trusted. */
function read({ helper, path, tag, isNew }: Place): Kept | undefined {
  if (isNew) return undefined;
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || !isOurs(stats) || stats.size <= HEADER_SIZE) return undefined;
    const bytes = Buffer.allocUnsafeSlow(stats.size);
    if (readSync(file, bytes) !== bytes.length || !hashOf(helper, bytes).equals(bytes.subarray(0, HASH_SIZE))) return undefined;
    if (bytes.toString('latin1', HASH_SIZE, HASH_SIZE + TAG_SIZE) !== tag) return undefined;
    return { data: bytes.subarray(HEADER_SIZE), uses: bytes[HEADER_SIZE - 1], made: stats.mtimeMs };
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** `least`: bytes of V8's data. What came from the cache and has not run V8 may have given up since, when it collected garbage: less is no gain.
 *  Not where the cache folder is not there: nobody has asked for anything to be written in this home. Nor where it is another user's, as in a home
 *  that `sudo` keeps. */
function write({ helper, path, tag }: Place, script: Script, uses: number, least: number): void {
  const folder = dirname(path);
  const cache = dirname(folder);
  try {
    // First: to make data that cannot be written would cost each process some milliseconds.
    accessSync(cache, constants.W_OK);
    if ((accessOf(folder) ?? accessOf(cache))?.[0] === 'foreign') return;
    const data = script.createCachedData();
    if (data.length < least) return;
    const bytes = Buffer.concat([Buffer.alloc(HASH_SIZE), Buffer.from(tag), Buffer.of(uses), data]);
    bytes.set(hashOf(helper, bytes));
    writeAtomic(path, bytes, 0o444, false);
    sweep(folder, Date.now() - MAX_AGE);
  } catch {
    // The next start compiles the text again.
  }
}

/** What we write there, whole and in part. */
const OURS = /\.code(\.[\w-]+\.part)?$/;

/** Removes files from before a time; ours alone, since the folder may have been put there for something else. */
function sweep(folder: string, time: number): void {
  for (const name of readdirSync(folder)) {
    if (!OURS.test(name)) continue;
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && stats.mtimeMs < time) rmSync(path, { force: true });
  }
}

/** Bits for what a process does with the code, as usage.ts numbers them: what that needs is compiled. */
const ALL_USES = 0xff;

/** What names a build: the hash of the text of each file of code. */
export type Builds = Readonly<Record<string, string>>;

export interface Compiled {
  readonly run: (...args: any[]) => any;
  /** What the processes did that have made the data; everything where nothing will be kept. */
  readonly uses: number;
  /** Keeps what V8 has made of the code by now, for these uses. */
  readonly keep: (uses: number) => void;
}

/** The file NAME of `folder` as the body of a function with these parameters. `build`: its hash. Without the helper nothing is kept. */
export function compile(folder: string, helper: NativeHelper | undefined, name: string, parameters: string, build: string): Compiled {
  const file = join(folder, name);
  const { NODE_DISABLE_COMPILE_CACHE, NODE_V8_COVERAGE } = process.env;
  // Code that is compiled while V8 counts what runs goes on counting in processes that use it, at a multiple of the time.
  const isOff = NODE_DISABLE_COMPILE_CACHE || NODE_V8_COVERAGE;
  const place = helper && !isOff ? findPlace(helper, file, build) : undefined;
  const kept = place && read(place);
  const { Script } = builtin<typeof import('node:vm')>('vm');
  // The text is ASCII: reading it as such is the fastest.
  const text = `(function (${parameters}) {${readFileSync(file, 'latin1')}\n})`;
  const script = new Script(text, { filename: file, ...(kept && { cachedData: kept.data }) });
  const run = script.runInThisContext();
  const isForOthers = kept !== undefined && script.cachedDataRejected === true && Date.now() - kept.made <= KEPT_FOR;
  if (!place || isForOthers) return { run, uses: ALL_USES, keep: () => {} };
  const { uses, data } = kept && !script.cachedDataRejected ? kept : { uses: 0, data: '' };
  return { run, uses, keep: (now) => write(place, script, now, data.length) };
}
