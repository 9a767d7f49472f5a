/** `ouro precompile DIR | PACKAGE...`: fills the cache of `ouro-wasm/register` ahead, with every .wasm file that is found. */

import { readFileSync } from 'node:fs';
import pc from 'picocolors';
import { CompileError } from '../base/errors.js';
import { ensureNativeCore } from '../selfhost/native-core.js';
import { engine, find, nameOf } from '../register/artifacts.js';
import { writeNote } from '../register/notes.js';
import { minSize } from '../register/policy.js';
import { Bar } from './bar.js';
import { findWasm, shortPath } from './find.js';
import { writeLine } from './output.js';
import { formatSize, printTable } from './columns.js';

/** What became of a file: native code made now, or found; left to V8; or an error. */
type Status = 'compiled' | 'cached' | 'v8' | 'failed';

interface Outcome {
  readonly file: string;
  /** Bytes of wasm. */
  readonly size: number;
  readonly status: Status;
  /** Milliseconds that it took to compile. */
  readonly time?: number;
  /** Bytes of the artifact. */
  readonly artifactSize?: number;
  /** Why it is left to V8, or failed. */
  readonly reason?: string;
}

export interface PrecompileFlags {
  json?: boolean;
}

/** Gives 0 when every module has native code or a good reason to run on V8. */
export async function precompile(names: string[], { json = false }: PrecompileFlags): Promise<number> {
  const files = [...new Set(names.flatMap((name) => findWasm(name).files))];
  if (files.length === 0) {
    console.error(`ouro: there is no .wasm file in ${names.join(', ')}; modules that are embedded in other files are not found`);
    return 1;
  }
  const sizes = files.map((file) => readFileSync(file).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  ensureNativeCore(total);
  const bar = new Bar(!json);
  const outcomes: Outcome[] = [];
  let before = 0;
  for (const [i, file] of files.entries()) {
    const text = `${i + 1} of ${files.length}: ${shortPath(file)}`;
    bar.show(before / total, text);
    const outcome = await precompileFile(file, (share) => bar.show((before + share * sizes[i]) / total, text));
    before += sizes[i];
    outcomes.push(outcome);
    if (json) writeLine(JSON.stringify(outcome));
  }
  bar.clear();
  await engine().flushCache();
  if (!json) print(outcomes);
  return outcomes.some(({ status }) => status === 'failed') ? 1 : 0;
}

async function precompileFile(file: string, onProgress: (share: number) => void): Promise<Outcome> {
  const bytes = readFileSync(file);
  const of = { file, size: bytes.length };
  if (bytes.length < minSize()) return { ...of, status: 'v8', reason: `smaller than ${formatSize(minSize())}: V8 is as fast` };
  const key = engine().keyOf(bytes);
  const name = nameOf(bytes);
  const known = find(key);
  if (known) writeNote(name, 'ouro');
  if (known) return { ...of, status: 'cached', artifactSize: known.artifact.bytes.length };
  const started = performance.now();
  try {
    const code = await engine().loadAsync(bytes, { onProgress: ({ done, total }) => onProgress(done / total) });
    const time = Math.round(performance.now() - started);
    const artifactSize = code.artifact.bytes.length;
    if (!find(key)) return { ...of, status: 'failed', time, artifactSize, reason: 'it could not be kept in the cache' };
    writeNote(name, 'ouro');
    return { ...of, status: 'compiled', time, artifactSize };
  } catch (error) {
    const reason = (error as Error).message;
    if (!(error instanceof CompileError)) return { ...of, status: 'failed', reason };
    writeNote(name, 'v8', reason);
    return { ...of, status: 'v8', reason };
  }
}

function print(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ file, size, status, time, artifactSize, reason }) => {
    const took = status === 'cached' ? pc.dim('in the cache') : time === undefined ? '' : `${time} ms`;
    const result =
      artifactSize === undefined || reason !== undefined ? (status === 'failed' ? pc.red('failed') : 'V8') : formatSize(artifactSize);
    return [shortPath(file), formatSize(size), took, result, reason ?? ''];
  });
  printTable(['file', 'wasm', 'time', 'artifact', ''], rows, [1, 2, 3]);
  const count = (status: Status) => outcomes.filter((each) => each.status === status).length;
  const [compiled, cached, v8, failed] = (['compiled', 'cached', 'v8', 'failed'] as const).map(count);
  const parts = [`${compiled} compiled`];
  if (cached > 0) parts.push(`${cached} already in the cache`);
  if (v8 > 0) parts.push(`${v8} left to V8`);
  if (failed > 0) parts.push(pc.red(`${failed} failed`));
  writeLine(`\n${parts.join(', ')}`);
}
