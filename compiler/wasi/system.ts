/** system: WASI preview 1 as the command needs it: whole files in and out. Direct imports, no shim.
 *  In: NUL-terminated paths.  Out: bytes; false when the system says no.  Ref: WASI preview 1 (wasi_snapshot_preview1). */

import { Buffer } from '../base/buffer';
import { allocate } from '../base/memory';
import { fd_close, fd_prestat_dir_name, fd_prestat_get, fd_read, fd_write, path_open } from './imports';

export const STDERR: u32 = 2;

const FIRST_PREOPEN: u32 = 3;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
const FOLLOW_LINKS: u32 = 1;
const CREATE_AND_TRUNCATE: u32 = 1 | 8;
const CHUNK: u32 = 1 << 16;

const file: Buffer = Buffer.create();
/** Room for results: a prestat, an iovec, a word. */
const scratch: usize = allocate(32);

export let fileBytes: usize = 0;
export let fileLength: u32 = 0;

export function textLength(text: usize): u32 {
  let length: u32 = 0;
  while (load<u8>(text + length) != 0) length++;
  return length;
}

/** What `findDirectory` found: the directory, and where the rest of the path starts. */
let directory: u32 = 0;
let rest: u32 = 0;

/** The preopened directory for a path: the one with the longest name that is a prefix of it; for a relative path the first one named
 *  `.`, else the first of all. */
function findDirectory(path: u32): bool {
  const name = allocate(4096);
  const length = textLength(path);
  let best: u32 = 0;
  directory = 0;
  for (let fd = FIRST_PREOPEN; fd_prestat_get(fd, scratch as u32) == 0; fd++) {
    let nameLength = load<u32>(scratch, 4);
    if (nameLength > 4096 || fd_prestat_dir_name(fd, name as u32, nameLength) != 0) continue;
    while (nameLength > 1 && load<u8>(name + nameLength - 1) == 47) nameLength--;
    const isHere = nameLength == 1 && load<u8>(name) == 46;
    const isRoot = nameLength == 1 && load<u8>(name) == 47;
    if (load<u8>(path) != 47 && (directory == 0 || (isHere && best == 0))) {
      directory = fd;
      rest = path;
    }
    if (isRoot && load<u8>(path) == 47 && best == 0) {
      directory = fd;
      rest = path + 1;
      best = 1;
    }
    if (nameLength <= best || nameLength >= length || load<u8>(path + nameLength) != 47) continue;
    if (memory.compare(path as usize, name, nameLength) != 0) continue;
    best = nameLength;
    directory = fd;
    rest = path + nameLength + 1;
  }
  return directory != 0;
}

/** A descriptor for the path, or 0. */
function open(path: u32, flags: u32, rights: u64): u32 {
  if (!findDirectory(path)) return 0;
  if (path_open(directory, FOLLOW_LINKS, rest, textLength(rest), flags, rights, 0, 0, scratch as u32) != 0) return 0;
  return load<u32>(scratch);
}

/** Reads a file into `fileBytes`, `fileLength`. */
export function readFile(path: u32): bool {
  const fd = open(path, 0, RIGHT_READ);
  if (fd == 0) return false;
  file.clear();
  let error: u32 = 0;
  for (;;) {
    file.reserve(CHUNK);
    store<u32>(scratch, (file.data as u32) + file.length);
    store<u32>(scratch, CHUNK, 4);
    error = fd_read(fd, scratch as u32, 1, (scratch as u32) + 8);
    const count = load<u32>(scratch, 8);
    if (error != 0 || count == 0) break;
    file.length += count;
  }
  fd_close(fd);
  fileBytes = file.data;
  fileLength = file.length;
  return error == 0;
}

export function writeAll(fd: u32, address: usize, length: u32): bool {
  let done: u32 = 0;
  while (done < length) {
    store<u32>(scratch, (address as u32) + done);
    store<u32>(scratch, length - done, 4);
    if (fd_write(fd, scratch as u32, 1, (scratch as u32) + 8) != 0) return false;
    done += load<u32>(scratch, 8);
  }
  return true;
}

export function writeFile(path: u32, address: usize, length: u32): bool {
  const fd = open(path, CREATE_AND_TRUNCATE, RIGHT_WRITE);
  if (fd == 0) return false;
  const complete = writeAll(fd, address, length);
  return fd_close(fd) == 0 && complete;
}
