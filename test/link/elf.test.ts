/** The system's tools read an artifact as an ordinary shared object. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { need, type Tool } from '../support/tools.js';
import { emitRich, linkText, richModule } from './sample.js';

const test = suite('elf');
const folder = mkdtempSync(join(tmpdir(), 'ouro-elf-'));
const file = join(folder, 'rich.so');
const emptyFile = join(folder, 'empty.so');
const { artifact } = await linkText(richModule, { emit: emitRich, keepWasm: true });
writeFileSync(file, artifact);
writeFileSync(emptyFile, (await linkText('(module)')).artifact);

/** Standard output of a tool that must not complain, not of a home that is not there either. */
function output(tool: Tool, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(tool, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', HOME: folder } });
  assert.is(stderr, '', `${tool} ${args[0]}`);
  assert.is(status, 0);
  return stdout;
}

function toolTest(tool: Tool, name: string, run: () => void): void {
  if (need(tool, `${tool}: ${name}`)) test(`${tool}: ${name}`, run);
}

toolTest('readelf', 'everything without a warning', () => {
  for (const path of [file, emptyFile]) {
    const all = output('readelf', '-a', '-W', path);
    assert.not.match(all, /[Ww]arning|[Ee]rror|corrupt|<unknown>/);
    assert.match(all, /DYN \(Shared object file\)/);
  }
  const all = output('readelf', '-a', '-W', file);
  assert.match(all, /FUNC +LOCAL +DEFAULT +\d+ work$/m);
  assert.match(all, /FUNC +LOCAL +DEFAULT +\d+ wasm\[5\]$/m);
  assert.match(all, /LOAD .* R E /);
  assert.not.match(all, /RWE/);
});

toolTest('readelf', 'frames', () => {
  const frames = output('readelf', '--debug-dump=frames-interp', '-W', file);
  assert.match(frames, /rsp\+8 +u +u +c-8|rsp\+8 +c-8/);
  // work: 24 bytes, rbx below the return address, then r12.
  assert.match(frames, /rsp\+32 +c-16 +c-24 +c-8/);
  assert.match(frames, /rsp\+520 +c-8/);
});

toolTest('objdump', 'disassembly with function names', () => {
  const text = output('objdump', '-d', file);
  assert.match(text, /<work>:/);
  assert.match(text, /call +[0-9a-f]+ <zeta>/);
  assert.match(text, /cmpl +\$0x5,0x[0-9a-f]+\(%rip\)|cmpl +\$0x5,-0x[0-9a-f]+\(%rip\)/);
});

toolTest('gdb', 'symbols and frames', () => {
  const text = output('gdb', '-batch', '-nx', '-ex', 'info functions work', '-ex', 'disassemble zeta', file);
  assert.match(text, /Non-debugging symbols:\n0x[0-9a-f]+ +work/);
  assert.match(text, /sub +\$0x200,%rsp/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
