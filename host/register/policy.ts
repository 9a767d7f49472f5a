/** policy: what the user wants of the drop-in, and the log that OURO_LOG=1 turns on.
 *  In: environment variables, as they were at the start of the process. Out: the mode, and which modules are left to V8. */

import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loaded } from '../base/bundled.js';
import { moduleName } from '../wasm/outline.js';

export type Mode = 'eager' | 'background' | 'off';

/** Modules with fewer bytes are left to V8: it compiles one in no more time than an artifact is found and mapped in. */
const DEFAULT_MIN_SIZE = 16 * 1024;

/** The environment variables as they were at the start of the process. */
const env = loaded.environment ?? process.env;

function readMode(): Mode {
  const text = env.OURO_REGISTER;
  if (text === undefined || text === '') return 'background';
  if (text === 'eager' || text === 'background' || text === 'off') return text;
  process.emitWarning(`OURO_REGISTER is eager, background or off, not '${text}': background is taken`, { code: 'OURO_REGISTER' });
  return 'background';
}

function readSize(): number {
  const text = env.OURO_REGISTER_MIN_SIZE;
  if (text === undefined || text === '') return DEFAULT_MIN_SIZE;
  const match = /^(\d+)([km]?)$/i.exec(text);
  if (match) return Number(match[1]) * { '': 1, k: 1024, m: 1024 * 1024 }[match[2].toLowerCase() as '' | 'k' | 'm'];
  process.emitWarning(`OURO_REGISTER_MIN_SIZE is a number of bytes, or of k or m, not '${text}'`, { code: 'OURO_REGISTER' });
  return DEFAULT_MIN_SIZE;
}

const patterns = (text: string | undefined) => (text ?? '').split(',').flatMap((each) => each.trim() || []);

let chosen: Mode | undefined;

/** The mode: what happens to a module that is seen for the first time. It is read when it is first asked for: this file may be loaded where there is no
 *  drop-in, whose variables are nobody's business then. */
export const mode = (): Mode => (chosen ??= readMode());

/** Leaves all modules to V8 from now on. */
export function leaveAllToV8(): void {
  chosen = 'off';
}

let size: number | undefined;

/** Modules with fewer bytes run on V8. */
export const minSize = (): number => (size ??= readSize());
const include = patterns(env.OURO_REGISTER_INCLUDE);
const exclude = patterns(env.OURO_REGISTER_EXCLUDE);
const logs = env.OURO_LOG !== undefined && env.OURO_LOG !== '' && env.OURO_LOG !== '0';

/** writeSync as it was before the application came: some applications replace it by one that writes to process.stderr. */
const write = (loaded.natives?.writeSync as typeof writeSync | undefined) ?? writeSync;
const STDERR = 2;

/** Writes a line to stderr if OURO_LOG=1. */
export function log(line: () => string): void {
  if (!logs) return;
  try {
    write(STDERR, `ouro: ${line()}\n`);
  } catch {
    // The pipe is full or closed. The line is lost.
  }
}

/** Whether the user has given a list of modules to include or to exclude. */
export const hasLists = include.length > 0 || exclude.length > 0;

/** The reason for which the lists leave a module to V8; undefined when they do not. `hash`: SHA-256 of the binary. `files`: what `callers` gave.
 *  A pattern is
 *  - the beginning of that hash, in at least 8 digits;
 *  - the module's name in its name section;
 *  - a part of the path of a file that is on the stack when the application makes the module: `node_modules/sql.js`. */
export function excluded(bytes: Uint8Array, hash: string, files: readonly string[]): string | undefined {
  if (!hasLists) return undefined;
  const name = moduleName(bytes);
  const matches = (pattern: string) =>
    pattern === name || (/^[0-9a-f]{8,64}$/.test(pattern) && hash.startsWith(pattern)) || files.some((file) => file.includes(pattern));
  const pattern = exclude.find(matches);
  if (pattern !== undefined) return `OURO_REGISTER_EXCLUDE has '${pattern}'`;
  if (include.length > 0 && !include.some(matches)) return 'it is not in OURO_REGISTER_INCLUDE';
  return undefined;
}

/** The paths of the files on the stack; none when there are no lists, which alone need them. */
export function callers(): readonly string[] {
  if (!hasLists) return [];
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return [...stack.matchAll(/(?:\(|at (?:async )?)((?:file:\/\/|\/)[^()\n]*?):\d+:\d+\)?$/gm)].map(([, file]) =>
    file.startsWith('file:') ? fileURLToPath(file) : file,
  );
}
