/** Golden tests: text in, text out, kept in files below test/golden/.
 *  A file: leading `;; name: value` or `;; flag` directive lines, the input, a line `;;; expect`, the expected output.
 *  A file may hold several cases: a line `;;; case name` starts each, and each has its own directives, input and output;
 *  directives before the first case hold for all.
 *  OURO_BLESS=1 writes the present output into the files; look at the diff before you commit it. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './shared.js';

/** The directives of one case; a flag without a value is an empty string. */
export type Directives = ReadonlyMap<string, string>;

interface Case {
  name: string;
  directives: Map<string, string>;
  /** The case's lines as they stand in the file, down to `;;; expect`. */
  source: string;
  input: string;
  expected: string;
}

function parseCase(name: string, text: string): Case {
  const [source, expected = ''] = text.split(/^;;; expect\n/m);
  const directives = new Map<string, string>();
  const lines = source.split('\n');
  let at = 0;
  for (; at < lines.length && (lines[at].startsWith(';;') || lines[at].trim() === ''); at++) {
    const match = /^;; ([\w-]+)(?::\s*(.*?)\s*)?$/.exec(lines[at]);
    if (match) directives.set(match[1], match[2] ?? '');
  }
  return { name, directives, source, input: lines.slice(at).join('\n'), expected };
}

function parseFile(name: string, text: string): Case[] {
  const parts = text.split(/^;;; case (.*)\n/m);
  if (parts.length === 1) return [parseCase(name, text)];
  const cases: Case[] = [];
  const common = parseCase('', parts[0]).directives;
  for (let i = 1; i < parts.length; i += 2) {
    const item = parseCase(`${name}: ${parts[i].trim()}`, parts[i + 1]);
    cases.push({ ...item, directives: new Map([...common, ...item.directives]) });
  }
  return cases;
}

/** Registers and runs a suite with one test for each case of test/golden/`folder`. `render` gets a case's input and directives. */
export function goldenSuite(name: string, folder: string, render: (input: string, directives: Directives) => string): void {
  const path = join(root, 'test', 'golden', folder);
  const test = suite(name);
  const bless = process.env.OURO_BLESS === '1';
  const files = existsSync(path)
    ? readdirSync(path)
        .filter((file) => file.endsWith('.txt'))
        .sort()
    : [];
  test(`${folder} has golden files`, () => assert.ok(files.length > 0));
  for (const file of files) {
    const text = readFileSync(join(path, file), 'utf8');
    const cases = parseFile(file, text);
    const actual = new Map<Case, string>();
    for (const item of cases) {
      test(item.name, () => {
        const output = `${render(item.input, item.directives).trimEnd()}\n`;
        actual.set(item, output);
        if (!bless) assert.fixture(output, item.expected);
      });
    }
    if (!bless) continue;
    test(`bless ${file}`, () => {
      const several = /^;;; case /m.test(text);
      const blocks = cases.map((item) => {
        const title = several ? `;;; case ${item.name.slice(file.length + 2)}\n` : '';
        const source = item.source.endsWith('\n') ? item.source : `${item.source}\n`;
        return `${title}${source};;; expect\n${actual.get(item) ?? item.expected}`;
      });
      writeFileSync(join(path, file), (several ? text.slice(0, text.search(/^;;; case /m)) : '') + blocks.join(''));
    });
  }
  test.run();
}
