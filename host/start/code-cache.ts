/** code-cache: compiles a text of Ouro's own with what V8 made of it at an earlier start, since to compile it is most of what Ouro costs a
 *  fresh process. V8's data is kept in the cache folder, one file for each build and each Node.
 *  In: a file beside the bundles. Out: it as a function; and, when what V8 makes of it now should be kept (keep.ts), what that takes.
 *  Requires: V8 checks the version, its flags and the text's length, and otherwise believes what the data says. So it gets the bytes of a file
 *  that nobody but this user and root can write to, in a folder where others (its group apart, as in all of the cache) cannot put one of this
 *  user's other files, whose hash is right and covers the build, and that of Node. In all other cases the text is compiled. */

import type { Script } from 'node:vm';
import type { NativeHelper } from '../../runtime/helper.js';
import { builtin } from '../base/builtin.js';
import type { LoadedCode } from '../base/bundled.js';
import { accessOf, mayRead } from '../cache/access.js';
import { absolute, cacheFolder } from '../cache/location.js';
import { isOurs } from '../base/files.js';

export const HASH_SIZE = 32;
const TAG_SIZE = 127;
/** In front of V8's data: the hash of all that follows, what it was made of, and a byte for the uses. */
const HEADER_SIZE = HASH_SIZE + TAG_SIZE + 1;

/** Data that V8 has refused, which tells other flags than it was made with, is made anew only after so many milliseconds, lest two ways to
 *  start Node take turns to replace it. */
const KEPT_FOR = 24 * 3600_000;

/** Where V8's data is kept, and of what it is made. */
export interface Place {
  readonly helper: NativeHelper;
  /** Absolute: the data is written at the end, when the current folder may be another one. */
  readonly path: string;
  readonly tag: string;
  /** The folder was not there, or not to be seen: what is found in it later is nobody's. */
  readonly isNew: boolean;
}

/** Undefined where others could have put a file, or Node's permissions hide what must be known. */
function findPlace(helper: NativeHelper, file: string, build: string): Place | undefined {
  const { execPath } = process;
  try {
    if (!mayRead(file) || !mayRead(execPath)) return undefined;
    // Of a text that somebody has changed in place V8 sees the length alone. One version of Node can be built in different ways, of which V8 tells
    // not all.
    const name = `${build}-${helper.fileState(file)}-${process.version}-${process.arch}-${helper.fileState(execPath)}`;
    const folder = `${cacheFolder()}/code`;
    const [access, real] = accessOf(helper, folder) ?? [];
    if (access === 'foreign') return undefined;
    const path = `${real ?? absolute(folder)}/${name}.code`;
    return { helper, path, tag: name.padEnd(TAG_SIZE), isNew: access === undefined };
  } catch {
    return undefined;
  }
}

interface Kept {
  readonly data: Uint8Array;
  readonly uses: number;
  /** Milliseconds since 1970. */
  readonly made: number;
}

/** What V8 made of the text at an earlier start; undefined when there is none that can be trusted. */
function read({ helper, path, tag, isNew }: Place): Kept | undefined {
  const found = isNew ? undefined : helper.readHashed(path, tag);
  if (!found) return undefined;
  const [bytes, uid, mode, made] = found;
  if (!isOurs({ uid, mode }) || bytes.byteLength <= HEADER_SIZE) return undefined;
  return { data: new Uint8Array(bytes, HEADER_SIZE), uses: new Uint8Array(bytes)[HEADER_SIZE - 1], made };
}

/** Bits for what a process does with the code, as usage.ts numbers them: what that needs is compiled. */
const ALL_USES = 0xff;

/** What names a build: the hash of the text of each file of code. */
export type Builds = Readonly<Record<string, string>>;

export interface Compiled extends LoadedCode {
  readonly run: (...args: any[]) => any;
  readonly script: Script;
  /** Where what V8 makes of it is kept; undefined where nothing will be. */
  readonly place: Place | undefined;
  /** Bytes of V8's data that it was made with. */
  readonly size: number;
}

/** The file NAME of `folder`, which is a function in parentheses. `build`: its hash. Without the helper nothing is kept. */
export function compile(folder: string, helper: NativeHelper | undefined, name: string, build: string): Compiled {
  const filename = `${folder}/${name}`;
  const { NODE_DISABLE_COMPILE_CACHE, NODE_V8_COVERAGE } = process.env;
  // Code that is compiled while V8 counts what runs goes on counting in processes that use it, at a multiple of the time.
  const isOff = NODE_DISABLE_COMPILE_CACHE || NODE_V8_COVERAGE;
  const place = helper && !isOff ? findPlace(helper, filename, build) : undefined;
  const kept = place && read(place);
  const { Script } = builtin<typeof import('node:vm')>('vm');
  // The text is ASCII: reading it as such is the fastest.
  const text = place ? place.helper.readText(filename) : builtin<typeof import('node:fs')>('fs').readFileSync(filename, 'latin1');
  const script = new Script(text, { filename, cachedData: kept?.data });
  const run = script.runInThisContext();
  const isRefused = script.cachedDataRejected === true;
  if (!place || (isRefused && Date.now() - kept!.made <= KEPT_FOR)) return { run, script, place: undefined, uses: ALL_USES, size: 0 };
  return { run, script, place, uses: kept && !isRefused ? kept.uses : 0, size: kept && !isRefused ? kept.data.length : 0 };
}
