/** `ouro validate FILE`: says nothing when the module is valid. */

import { Engine } from '../engine/engine.js';
import { inFile, Module } from '../engine/module.js';
import { readWasm } from './open.js';

export async function validate(path: string): Promise<number> {
  const wasm = await readWasm(path);
  try {
    Module.validate(new Engine(), wasm);
  } catch (error) {
    throw inFile(path, error);
  }
  return 0;
}
