/** locate: which function of a wasm binary an offset lies in, for messages. The binary may be malformed from some place on: what comes before is
 *  used as far as it goes, and what cannot be told is left out.
 *  Runs on the way of errors alone. Cost: linear in the number of functions and names. */

import { CompileError } from '../base/errors.js';

export interface Place {
  readonly funcIndex: number;
  /** From the name section, else from an export. */
  readonly funcName: string | undefined;
}

const CUSTOM = 0;
const IMPORT = 2;
const EXPORT = 7;
const CODE = 10;
const FUNCTION_NAMES = 1;
const FUNC = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;
const TAG = 4;

/** A longer name says no more. */
const MAX_NAME = 100;

/** The binary ends, or is none, where something was expected. */
class Malformed extends Error {}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    if (end > bytes.length) throw new Malformed();
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get more(): boolean {
    return this.at < this.#end;
  }

  byte(): number {
    if (!this.more) throw new Malformed();
    return this.#bytes[this.at++];
  }

  /** An unsigned LEB128 number. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 63) throw new Malformed();
    }
  }

  skip(size: number): void {
    if (size > this.#end - this.at) throw new Malformed();
    this.at += size;
  }

  name(): string {
    const size = this.number();
    const from = this.at;
    this.skip(size);
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, Math.min(size, 4 * MAX_NAME)).toString();
    return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text;
  }

  /** A part of `size` bytes from here on, which this reader skips. */
  part(size: number): Reader {
    const from = this.at;
    this.skip(size);
    return new Reader(this.#bytes, from, from + size);
  }
}

/** The function whose body holds `offset`, if one does. */
export function locate(bytes: Uint8Array, offset: number): Place | undefined {
  const sections: { id: number; body: Reader }[] = [];
  leniently(() => {
    const reader = new Reader(bytes, 8, bytes.length);
    while (reader.more) {
      const id = reader.byte();
      const size = reader.number();
      // The code section may be cut short: its functions are found all the same.
      sections.push({ id, body: reader.part(Math.min(size, bytes.length - reader.at)) });
    }
  });
  const code = sections.find(({ id }) => id === CODE)?.body;
  const defined = code && leniently(() => bodyAt(code, offset));
  if (defined === undefined) return undefined;
  const imports = sections.find(({ id }) => id === IMPORT)?.body;
  const imported = imports ? leniently(() => importedFunctions(imports)) : 0;
  if (imported === undefined) return undefined;
  const funcIndex = imported + defined;
  let funcName: string | undefined;
  for (const { id, body } of sections) {
    if (id === CUSTOM) funcName = leniently(() => nameIn(body, funcIndex)) ?? funcName;
    else if (id === EXPORT) funcName ??= leniently(() => exportOf(body, funcIndex));
  }
  return { funcIndex, funcName };
}

/** The same error with the function's index and name, where the offset lies in one. */
export function withPlace(error: unknown, bytes: Uint8Array): unknown {
  if (!(error instanceof CompileError) || error.funcIndex !== undefined) return error;
  const place = locate(bytes, error.offset);
  if (!place) return error;
  const { funcIndex, funcName } = place;
  const at = error.message.lastIndexOf(' (at offset ');
  const where = ` in function ${funcIndex}${funcName === undefined ? '' : ` '${funcName}'`}`;
  const message = at < 0 ? error.message + where : error.message.slice(0, at) + where + error.message.slice(at);
  return new CompileError(error.code, message, error.offset, funcIndex, funcName);
}

function leniently<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Number of the body that holds the offset. The end of the last one counts too: it is where the next byte was expected. */
function bodyAt(code: Reader, offset: number): number | undefined {
  const count = code.number();
  for (let i = 0; i < count; i++) {
    const start = code.at;
    const size = code.number();
    const end = code.at + size;
    if (offset >= start && (offset < end || (offset === end && i === count - 1))) return i;
    code.skip(size);
  }
  return undefined;
}

function importedFunctions(imports: Reader): number {
  let functions = 0;
  for (let count = imports.number(); count > 0; count--) {
    imports.name();
    imports.name();
    const kind = imports.byte();
    if (kind === FUNC) {
      functions++;
      imports.number();
    } else if (kind === TABLE || kind === MEMORY) {
      if (kind === TABLE) imports.byte();
      const flags = imports.number();
      imports.number();
      if ((flags & 1) !== 0) imports.number();
      if ((flags & 8) !== 0) imports.number();
    } else if (kind === GLOBAL) imports.skip(2);
    else if (kind === TAG) {
      imports.byte();
      imports.number();
    } else throw new Malformed();
  }
  return functions;
}

function nameIn(custom: Reader, funcIndex: number): string | undefined {
  if (custom.name() !== 'name') return undefined;
  while (custom.more) {
    const id = custom.byte();
    const names = custom.part(custom.number());
    if (id !== FUNCTION_NAMES) continue;
    for (let count = names.number(); count > 0; count--) {
      const index = names.number();
      const name = names.name();
      if (index === funcIndex) return name;
    }
  }
  return undefined;
}

function exportOf(exports: Reader, funcIndex: number): string | undefined {
  for (let count = exports.number(); count > 0; count--) {
    const name = exports.name();
    const kind = exports.byte();
    if (exports.number() === funcIndex && kind === FUNC) return name;
  }
  return undefined;
}
