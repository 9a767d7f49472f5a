/** native: the native helper (runtime/native) as JS sees it, loaded once a thread, and views of the exchange slots.
 *  Addresses are JS numbers. Slot layout: runtime/layout.ts. */

import { existsSync } from 'node:fs';
import type { EntryPoints, NativeHelper } from '../../runtime/helper.js';
import * as L from '../../runtime/layout.js';
import { loaded as bundled, filesFolder } from '../base/bundled.js';
import { OuroError } from '../base/errors.js';

export type { Mapping } from '../../runtime/helper.js';

/** The helper, with views of the slots. */
export interface Native extends NativeHelper {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly entryPoints: EntryPoints;
}

// Indices into the views of the slots.
export const STATUS = L.SLOT_STATUS >> 2;
export const EXIT_ID = L.SLOT_EXIT_ID >> 2;
/** Of the f64 view: the FuncRef's address, as the bits of a number. */
export const CALLEE = L.SLOT_CALLEE >> 3;
/** The address of the innermost activation: only compared. */
export const ACTIVATION_LOW = L.SLOT_ACTIVATION >> 2;
export const ACTIVATION_HIGH = ACTIVATION_LOW + 1;
export const STACK_ARGS = L.SLOT_STACK_ARGS >> 2;
export const STACK_RESULTS = L.SLOT_STACK_RESULTS >> 2;

let loaded: Native | undefined;

/** The helper. Throws where it cannot be loaded. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const name = `ouro-${process.arch}-${process.platform}.node`;
  const path = `${filesFolder}/${name}`;
  // Not `require`, whose search for files takes longer than all the rest of a first call.
  const module = { exports: bundled.helper ?? {} };
  try {
    if (!bundled.helper) process.dlopen(module, path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ERR_DLOPEN_DISABLED'
        ? "Node's permission model forbids it: start node with --allow-addons"
        : !existsSync(path)
          ? `there is no ${name} beside this file; Ouro runs on Linux on x86-64, where 'npm run build:native' makes it from source`
          : message;
    throw new OuroError('NATIVE_UNAVAILABLE', `cannot load ouro's native helper: ${why}`, { cause });
  }
  const addon = module.exports as NativeHelper;
  const slots = addon.slots();
  return makingLater({
    ...addon,
    i32: new Int32Array(slots),
    u32: new Uint32Array(slots),
    i64: new BigInt64Array(slots),
    u64: new BigUint64Array(slots),
    f32: new Float32Array(slots),
    f64: new Float64Array(slots),
    entryPoints: addon.entries(),
  });
}

/** The helper with all its functions: those that it has not made yet become properties when they are first asked for. */
export function makingLater<T extends NativeHelper>(helper: T): T {
  return Object.setPrototypeOf(helper, new Proxy({}, { get: makeFunction }));
}

function makeFunction(_: object, name: string | symbol, helper: any): unknown {
  const made = typeof name === 'string' ? helper.make(name) : undefined;
  if (made) Object.defineProperty(helper, name, { value: made, writable: true, enumerable: true, configurable: true });
  return made;
}

const HIGH = 2 ** 32;

/** A small structure that compiled code sees too: `words` from index `at` on. Whoever holds `words` keeps it alive. */
export interface Cell {
  readonly words: Uint32Array;
  readonly at: number;
  readonly address: number;
}

/** The address in words `index` (low) and `index + 1` (high). */
export function readAddress(words: Uint32Array, index: number): number {
  return words[index] + words[index + 1] * HIGH;
}

export function writeAddress(words: Uint32Array, index: number, address: number): void {
  words[index] = address;
  words[index + 1] = address / HIGH;
}

const halves = new Uint32Array(2);
const whole = new Float64Array(halves.buffer);

/** The number whose bits are an address: one store puts it into the slots. */
export function addressBits(address: number): number {
  writeAddress(halves, 0, address);
  return whole[0];
}
