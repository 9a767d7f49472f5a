/** The build's step that makes bytes of the core's string literals. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';

const test = suite('texts');
const { literalsToBytes } = (await import(pathToFileURL(join(root, 'compiler', 'texts.mjs')).href)) as {
  literalsToBytes(source: string): string;
};

test('a literal becomes its bytes and a 0; equal ones are one', () => {
  const source = literalsToBytes("say('ab');\nsay('c\\n');\nsay('ab');");
  assert.is(
    source,
    'const TEXT_0: usize = memory.data<u8>([97,98,0]); const TEXT_1: usize = memory.data<u8>([99,10,0]);' +
      'say(changetype<string>(TEXT_0));\nsay(changetype<string>(TEXT_1));\nsay(changetype<string>(TEXT_0));',
  );
});

test('what asc reads itself, and comments, stay', () => {
  for (const source of [
    "import { a } from './a';",
    "@external('env', 'f')\ndeclare function f(): void;",
    "@operator('[]')",
    "if (a != b) ERROR('differ');",
    "// don't\n/* isn't\n `it` */ a = 1;",
  ]) {
    assert.is(literalsToBytes(source), source);
  }
});

test('lines keep their numbers', () => {
  const source = 'const names = `one two\nthree`;\nlast();';
  assert.is(literalsToBytes(source).split('\n').indexOf('last();'), 2);
});

test('only ASCII', () => {
  assert.throws(() => literalsToBytes("say('\u00e9');"), /other than ASCII/);
  assert.throws(() => literalsToBytes("say('\\t');"), /other than ASCII/);
});

test.run();
