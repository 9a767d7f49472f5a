/** wasi: the core as a WASI preview-1 command.
 *
 *    ouro.wasm compile IN -o OUT [--target x86_64-linux] [--cpu x86-64-v2|x86-64-v3|x86-64-v4] [-O none|speed]
 *    ouro.wasm validate IN
 *
 *  Paths are looked up in the preopened directories: the longest one that is a prefix, else the first. Exit codes: 0, 1 for an error
 *  (one sentence on stderr). The same stages as in a host, so the same bytes come out. */

import { Buffer } from './base/buffer';
import { ErrorCode, errorCode, errorOffset, message } from './base/error';
import { allocate } from './base/memory';
import { TARGET_X64 } from '../runtime/artifact';
import { CPU_X64_V2, CPU_X64_V3, CPU_X64_V4 } from '../runtime/cpu';
import { letterAt } from './base/text';
import { OptLevel, setOptions } from './options';
import { artifact, compileBinary, validateBinary } from './pipeline';
import { args_get, args_sizes_get, proc_exit } from './wasi/imports';
import * as wasi from './wasi/system';

const argumentText: Buffer = Buffer.create();
const line: Buffer = Buffer.create();

let inputPath: u32 = 0;
let outputPath: u32 = 0;
let cpu: u32 = CPU_X64_V2;
let level: OptLevel = OptLevel.Speed;

/** The command line is `count` NUL-terminated texts at these addresses. */
let argv: usize = 0;
let argc: u32 = 0;

function argument(index: u32): usize {
  return load<u32>(argv + ((index as usize) << 2));
}

/** Whether the text at `address` is `literal` (ASCII). */
function isText(address: usize, literal: string): bool {
  let i: u32 = 0;
  for (; letterAt(literal, i) != 0; i++) if ((load<u8>(address + i) as u32) != letterAt(literal, i)) return false;
  return load<u8>(address + i) == 0;
}

function complain(text: string, detail: usize): u32 {
  line.clear();
  line.text('ouro: ');
  line.text(text);
  if (detail != 0) line.bytes(detail, wasi.textLength(detail));
  line.u8(10);
  wasi.writeAll(wasi.STDERR, line.data, line.length);
  return 1;
}

const USAGE: string =
  'usage: ouro compile IN -o OUT [--target x86_64-linux] [--cpu x86-64-v2|x86-64-v3|x86-64-v4] [-O none|speed] | ouro validate IN';

/** Reads the options behind the command; false after a complaint. */
function readOptions(): bool {
  for (let i: u32 = 2; i < argc; i++) {
    const text = argument(i);
    if (load<u8>(text) != 45) {
      if (inputPath != 0) return complain('more than one input file: ', text) == 0;
      inputPath = text as u32;
      continue;
    }
    if (i + 1 == argc) return complain('a value is missing behind ', text) == 0;
    const value = argument(++i);
    if (isText(text, '-o')) outputPath = value as u32;
    else if (isText(text, '--target')) {
      if (!isText(value, 'x86_64-linux')) return complain('unknown target (x86_64-linux is known): ', value) == 0;
    } else if (isText(text, '--cpu')) {
      if (isText(value, 'x86-64-v2')) cpu = CPU_X64_V2;
      else if (isText(value, 'x86-64-v3')) cpu = CPU_X64_V3;
      else if (isText(value, 'x86-64-v4')) cpu = CPU_X64_V4;
      else return complain('unknown CPU (x86-64-v2, x86-64-v3 and x86-64-v4 are known; a sandbox has no native one): ', value) == 0;
    } else if (isText(text, '-O')) {
      if (isText(value, 'none')) level = OptLevel.None;
      else if (isText(value, 'speed')) level = OptLevel.Speed;
      else return complain('unknown optimisation level (none and speed are known): ', value) == 0;
    } else return complain('unknown option ', text) == 0;
  }
  return true;
}

function complainOfModule(): u32 {
  line.clear();
  line.text('ouro: ');
  line.bytes(inputPath, wasi.textLength(inputPath));
  line.text(': ');
  line.bytes(message.data, message.length);
  if (errorCode() != ErrorCode.Option) {
    line.text(' (at offset 0x');
    line.hex(errorOffset() as u64);
    line.u8(41);
  }
  line.u8(10);
  wasi.writeAll(wasi.STDERR, line.data, line.length);
  return 1;
}

function run(): u32 {
  const sizes = allocate(8);
  args_sizes_get(sizes as u32, (sizes as u32) + 4);
  argc = load<u32>(sizes);
  argv = allocate((argc + 1) << 2);
  argumentText.reserve(load<u32>(sizes, 4));
  args_get(argv as u32, argumentText.data as u32);
  if (argc < 2) return complain(USAGE, 0);
  const compiles = isText(argument(1), 'compile');
  if (!compiles && !isText(argument(1), 'validate')) return complain(USAGE, 0);
  if (!readOptions()) return 1;
  if (inputPath == 0) return complain('an input file is missing', 0);
  if (compiles && outputPath == 0) return complain('an output file is missing: -o OUT', 0);
  if (!wasi.readFile(inputPath)) return complain('cannot read ', inputPath);
  if (!compiles) return validateBinary(wasi.fileBytes, wasi.fileLength) ? 0 : complainOfModule();
  setOptions(level, cpu as u64, false, false, true, false, TARGET_X64);
  if (!compileBinary(wasi.fileBytes, wasi.fileLength)) return complainOfModule();
  return wasi.writeFile(outputPath, artifact.data, artifact.length) ? 0 : complain('cannot write ', outputPath);
}

export function _start(): void {
  const status = run();
  if (status != 0) proc_exit(status);
}
