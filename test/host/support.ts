/** What the tests of the host share. */

import * as assert from 'uvu/assert';
import { Engine, Module } from '../../host/index.js';
import { parseText } from '../../host/wasm/text.js';
import { emitFunction, linkText } from '../link/sample.js';

export const engine = new Engine();

/** How many functions a binary defines. */
function definedFunctions(wasm: Uint8Array): number {
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    let size = 0;
    let shift = 0;
    do size |= (wasm[++at] & 0x7f) << shift;
    while ((shift += 7) && wasm[at] >= 0x80);
    if (id === 3) return wasm[at + 1]; // fewer than 128 in these tests
    at += 1 + size;
  }
  return 0;
}

/** A body in hex, with the size of its frame. */
export type Body = string | { hex: string; frame: number };

/** The artifact of a module in text form whose functions have these bodies; without bodies each is a `ret`. */
export async function artifactOf(text: string, bodies?: readonly Body[]): Promise<Uint8Array> {
  const list = bodies ?? Array.from({ length: definedFunctions(await parseText(text)) }, () => 'c3');
  const { artifact } = await linkText(text, {
    emit: (core) => {
      for (const body of list) {
        if (typeof body === 'string') emitFunction(core, body);
        else emitFunction(core, body.hex, body.frame);
      }
    },
  });
  return artifact;
}

export async function moduleOf(text: string, bodies?: readonly Body[]): Promise<Module> {
  return Module.deserialize(engine, await artifactOf(text, bodies));
}

/** Asserts that `work` throws an error of this class whose code and message fit. */
export function throws(work: () => unknown, kind: abstract new (...args: any[]) => Error, message = /(?:)/, code?: string): void {
  let error: unknown;
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error !== undefined, 'nothing was thrown');
  checkError(error, kind, message, code);
}

/** The same for a promise. */
export async function rejects(
  work: Promise<unknown>,
  kind: abstract new (...args: any[]) => Error,
  message = /(?:)/,
  code?: string,
): Promise<void> {
  const error = await work.then(
    () => undefined,
    (caught) => caught,
  );
  assert.ok(error !== undefined, 'nothing was thrown');
  checkError(error, kind, message, code);
}

function checkError(error: unknown, kind: abstract new (...args: any[]) => Error, message: RegExp, code?: string): void {
  assert.ok(error instanceof kind, `expected a ${kind.name}, got ${(error as Error)?.stack ?? error}`);
  assert.match((error as Error).message, message);
  if (code !== undefined) assert.is((error as { code?: string }).code, code);
}
