/** `ouro compile IN -o OUT` */

import { writeAtomic } from '../base/files.js';
import { unwritable } from '../base/errors.js';
import { type CompileFlags, compileFile, openEngine } from './open.js';

export async function compile(input: string, options: CompileFlags & { output: string }): Promise<number> {
  const artifact = await compileFile(openEngine(options), input);
  try {
    writeAtomic(options.output, artifact, 0o644);
  } catch (cause) {
    throw unwritable(options.output, cause);
  }
  return 0;
}
