/** `ouro objdump FILE`: the machine code of an artifact, with the wasm offset that each instruction comes from. The system's objdump
 *  disassembles; where there is none, functions are shown as bytes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Artifact, parseArtifact } from '../artifact/artifact.js';
import { isArtifact } from '../artifact/detect.js';
import { inFile, readFile } from '../engine/source.js';
import { type CompileFlags, compileFile, openEngine } from './open.js';
import { writeLine } from './output.js';

export async function objdump(path: string, options: CompileFlags): Promise<number> {
  let bytes = readFile(path);
  if (isArtifact(bytes)) {
    const artifact = parse(path, bytes);
    if (!(await disassemble(path, artifact))) dumpBytes(artifact);
    return 0;
  }
  bytes = await compileFile(openEngine(options), path);
  const artifact = parse(path, bytes);
  const folder = mkdtempSync(join(tmpdir(), 'ouro-objdump-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A pipe that nobody reads any more ends the process in the middle.
  process.once('exit', remove);
  try {
    const file = join(folder, 'module.ouro');
    writeFileSync(file, bytes);
    if (!(await disassemble(file, artifact))) dumpBytes(artifact);
  } finally {
    process.off('exit', remove);
    remove();
  }
  return 0;
}

/** Looking at an artifact needs neither its CPU nor its architecture. */
function parse(path: string, bytes: Uint8Array): Artifact {
  try {
    return parseArtifact(bytes, { target: bytes[18] | (bytes[19] << 8) });
  } catch (error) {
    throw inFile(path, error);
  }
}

const hex = (value: number) => value.toString(16);

function header(artifact: Artifact, defined: number): string {
  const { name, index, codeSize, frameSize, wasmOffset } = artifact.function(defined);
  return `\n${name} (function ${index}, wasm 0x${hex(wasmOffset)}, ${codeSize} bytes, frame ${frameSize}):`;
}

/** False when there is no objdump on this system. */
async function disassemble(path: string, artifact: Artifact): Promise<boolean> {
  const child = spawn('objdump', ['--disassemble', '--disassembler-options=intel', '--no-show-raw-insn', '--section=.text', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const starts = new Map<number, number>();
  for (let i = 0; i < artifact.counts.functions; i++) starts.set(artifact.function(i).codeOffset, i);
  let last: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /^\s*([0-9a-f]+):\t(.*)$/.exec(line);
    if (!match) continue;
    const offset = Number.parseInt(match[1], 16) - artifact.text.offset;
    const start = starts.get(offset);
    if (start !== undefined) {
      writeLine(header(artifact, start));
      last = undefined;
    }
    if (!artifact.functionAt(offset)) continue; // padding
    const wasm = artifact.wasmOffsetAt(offset);
    const shown = wasm === undefined || wasm === last ? '' : `0x${hex(wasm)}`;
    last = wasm;
    writeLine(`${shown.padStart(10)}  ${hex(offset).padStart(7)}  ${match[2].replaceAll('\t', ' ')}`);
  }
  return (await ended) !== undefined;
}

function dumpBytes(artifact: Artifact): void {
  for (let i = 0; i < artifact.counts.functions; i++) {
    writeLine(header(artifact, i));
    const { codeOffset, codeSize } = artifact.function(i);
    const code = artifact.bytes.subarray(artifact.text.offset + codeOffset, artifact.text.offset + codeOffset + codeSize);
    for (let at = 0; at < code.length; at += 16) {
      const row = Array.from(code.subarray(at, at + 16), (byte) => hex(byte).padStart(2, '0'));
      writeLine(`${''.padStart(10)}  ${hex(codeOffset + at).padStart(7)}  ${row.join(' ')}`);
    }
  }
}
