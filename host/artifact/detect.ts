/** detect: recognises artifacts by their first bytes. In: bytes, or the path of a file. Cost: independent of the size. */

import { closeSync, openSync, readSync } from 'node:fs';
import { HEADER_AT, H_MAGIC0, H_MAGIC1, HEADER_MAGIC0, HEADER_MAGIC1 } from '../../runtime/artifact.js';
import { unreadable } from '../base/errors.js';

/** Whether the bytes begin as an artifact does: as an ELF file. */
export function isArtifact(source: string | Uint8Array | ArrayBuffer): boolean {
  if (typeof source === 'string') return false;
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** So many bytes tell an artifact from any other ELF file. */
const PREFIX = HEADER_AT + H_MAGIC1 + 4;

/** 'module' when `source` begins as an artifact of Ouro does, of any version and target; else undefined. Only loading tells whether it can be
 *  loaded here. A string is a path. Throws OuroError `FILE_UNREADABLE` when the file cannot be read. */
export function detectPrecompiled(source: string | Uint8Array | ArrayBuffer): 'module' | undefined {
  const bytes = typeof source === 'string' ? readPrefix(source) : source instanceof Uint8Array ? source : new Uint8Array(source);
  if (bytes.length < PREFIX || !isArtifact(bytes)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (offset: number) => view.getUint32(HEADER_AT + offset, true);
  return field(H_MAGIC0) === HEADER_MAGIC0 && field(H_MAGIC1) === HEADER_MAGIC1 ? 'module' : undefined;
}

/** The first bytes of a file; fewer when it is shorter. */
export function readPrefix(path: string, size = PREFIX): Uint8Array {
  const bytes = new Uint8Array(size);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
