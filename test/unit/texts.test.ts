/** The build's step that takes the core's string literals out of its memory. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';

const test = suite('texts');
const { Texts } = (await import(pathToFileURL(join(root, 'compiler', 'texts.mjs')).href)) as {
  Texts: new () => { segment: string; take(source: string): string };
};
const take = (source: string): string => new Texts().take(source);

/** The letters that the constants in a source stand for. */
function letters(source: string, segment: string): string[] {
  return [...source.matchAll(/changetype<string>\(<usize>(\d+)\)/g)].map(([, reference]) => {
    const offset = Math.floor(Number(reference) / 4096);
    return segment.slice(offset, offset + (Number(reference) % 4096));
  });
}

test('a literal becomes a constant, and its letters are in the segment, once', () => {
  const texts = new Texts();
  const first = texts.take("say('ab');\nsay('c\\n');\nsay('ab');");
  const second = texts.take("say('b');\nsay('it\\'s');\nsay(`d`);");
  assert.is(texts.segment, "abc\nit'sd");
  assert.equal(letters(first, texts.segment), ['ab', 'c\n', 'ab']);
  assert.equal(letters(second, texts.segment), ['b', "it's", 'd']);
});

test('what asc reads itself, and comments, stay', () => {
  for (const source of [
    "import { a } from './a';",
    "@external('env', 'f')\ndeclare function f(): void;",
    "@operator('[]')",
    "if (a != b) ERROR('differ');",
    "// don't\n/* isn't\n `it` */ a = 1;",
  ]) {
    assert.is(take(source), source);
  }
});

test('lines keep their numbers', () => {
  assert.is(take('const names = `one two\nthree`;\nlast();').split('\n').indexOf('last();'), 2);
});

test('only ASCII, and no more letters than a constant can tell', () => {
  assert.throws(() => take("say('\u00e9');"), /other than ASCII/);
  assert.throws(() => take("say('\\t');"), /other than ASCII/);
  assert.throws(() => take(`say('${'a'.repeat(4096)}');`), /more than 4095 letters/);
  assert.not.throws(() => take(`say('${'a'.repeat(4095)}');`));
});

test.run();
