/** Each encoding as hex and text: encodings.txt, a line `instruction | hex | text` each; `avx` before an instruction: for a CPU with AVX.
 *  The texts are objdump's. OURO_BLESS=1 writes what comes out now, and needs objdump. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CPU_X64_AVX } from '../../runtime/cpu.js';
import { root } from '../support/shared.js';
import { has, need } from '../support/tools.js';
import { X64 } from '../support/x64.js';

const path = join(root, 'test', 'x64', 'encodings.txt');
const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
const rows = lines.filter((line) => !line.startsWith(';')).map((line) => line.split('|').map((part) => part.trim()));
const emitted = rows.map(([source]) => {
  const avx = source.startsWith('avx ');
  return new X64(avx ? CPU_X64_AVX : 0).emit({ entry: [avx ? source.slice(4) : source] }).bytes;
});

/** The texts of all rows: each stands at a multiple of 64 bytes. */
function disassemble(): string[] {
  const bytes = new Uint8Array(emitted.length * 64).fill(0x90);
  emitted.forEach((code, i) => {
    bytes.set(code, i * 64);
  });
  const folder = mkdtempSync(join(tmpdir(), 'ouro-'));
  try {
    writeFileSync(join(folder, 'code'), bytes);
    const flags = ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-M', 'intel', '--no-show-raw-insn', '-w', join(folder, 'code')];
    const { stdout, status, stderr } = spawnSync('objdump', flags, { encoding: 'utf8', maxBuffer: 1 << 26 });
    assert.is(status, 0, stderr);
    const texts: string[][] = emitted.map(() => []);
    for (const [, address, text] of stdout.matchAll(/^\s*([0-9a-f]+):\s+(.*?)\s*$/gm)) {
      const offset = Number.parseInt(address, 16);
      // Distances are from the row's start.
      const relative = text
        .replace(/\s+/g, ' ')
        .replace(/ # 0x([0-9a-f]+)$/, (_, to) => ` # +0x${(Number.parseInt(to, 16) - (offset & ~63)).toString(16)}`);
      if ((offset & 63) < emitted[offset >> 6].length) texts[offset >> 6].push(relative.replace(/^(call|jmp) 0x[0-9a-f]+$/, '$1 …'));
    }
    return texts.map((row) => row.join('; '));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.env.OURO_BLESS === '1') {
  if (!has('objdump')) throw new Error('objdump is needed');
  const texts = disassemble();
  let row = 0;
  const blessed = lines.map((line) => {
    if (line.startsWith(';')) return line;
    const hex = Buffer.from(emitted[row]).toString('hex');
    return `${rows[row][0]} | ${hex} | ${texts[row++]}`;
  });
  writeFileSync(path, `${blessed.join('\n')}\n`);
} else {
  rows.forEach(([source, hex], i) => {
    test(source, () => assert.is(Buffer.from(emitted[i]).toString('hex'), hex));
  });

  if (need('objdump', 'x64 encodings as text'))
    test('the texts are those of the bytes', () => {
      assert.equal(
        disassemble(),
        rows.map((row) => row[2]),
      );
    });
}

test.run();
