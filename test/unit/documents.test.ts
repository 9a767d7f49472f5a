/** The documents name files that are there: whatever they link to, and whatever stands between backquotes and looks like a source of ours. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';

const test = suite('documents');

/** Everything below these folders, and what stands beside them. */
const folders = ['.ci', 'compiler', 'host', 'runtime', 'test'];
const files = [
  ...readdirSync(root).filter((name) => /\.\w+$/.test(name)),
  ...folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))),
];
const documents = files.filter((file) => file.endsWith('.md'));
const names = new Set(files.map((file) => basename(file)));

/** What a document names that is not there. */
function missing(document: string, text: string): string[] {
  const places = ['.', dirname(document), ...folders].map((folder) => join(root, folder));
  const isThere = (path: string) => (path.includes('/') ? places.some((place) => existsSync(join(place, path))) : names.has(path));
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, link]) => link);
  const quoted = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([\w.@/-]+\.(?:ts|mjs|c|S|h|txt|md|failures))`/g)].map(
    ([, path]) => path,
  );
  return [
    ...links.filter((link) => !existsSync(join(root, dirname(document), link))),
    ...quoted.filter((path) => !/^(build|dist)\/|^NAME\./.test(path) && !isThere(path)),
  ];
}

for (const document of documents) {
  test(document, () => assert.equal(missing(document, readFileSync(join(root, document), 'utf8')), []));
}

test('the way of an instruction: CONTRIBUTING.md names all files of the compiler that know i32.popcnt', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const know = files.filter(
    (file) => /^compiler\/.*\.ts$/.test(file) && /(?<![a-z])(I32)?Popcnt\b/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.ok(know.length > 9);
  assert.equal(
    know.filter((file) => !text.includes(`\`${file}\``)),
    [],
  );
});

test('those that must be there are looked at, and what is missing is found', () => {
  for (const name of ['README', 'CHANGELOG', 'SECURITY', 'CONTRIBUTING', 'compiler/README'])
    assert.ok(documents.includes(`${name}.md`), name);
  const text =
    'See [this](README.md), [that](nothing.md#there), `base/memory.ts`, `base/nothing.ts`, `nothing.ts`, `fold.ts`, `build/x.ts`.';
  assert.equal(missing('compiler/README.md', text), ['nothing.md#there'.slice(0, 10), 'base/nothing.ts', 'nothing.ts']);
});

test.run();
