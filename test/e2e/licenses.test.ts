/** The licenses of packages that are parts of dist/ are there, whole, and those that are installed. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';

const test = suite('licenses');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const dist = read('dist/THIRD-PARTY-LICENSES.txt');
const { licenses, licenseTexts } = (await import(pathToFileURL(join(root, 'host/start/licenses.mjs')).href)) as {
  licenseTexts(bundled: string[]): string;
  licenses(bundled: string[]): { generateBundle(this: { getModuleIds(): string[] }): void };
};

/** As rollup.config.js names them. */
const bundled = [.../^const bundled = \[(.*)\];$/m.exec(read('rollup.config.js'))![1].matchAll(/'([^']+)'/g)].map(([, name]) => name);

test('each package that is bundled, and the language that the compiler is written in', () => {
  assert.ok(bundled.includes('env-paths'));
  for (const [name, files] of [
    ...bundled.map((name) => [name, ['license']] as const),
    ['assemblyscript', ['LICENSE', 'NOTICE']] as const,
  ]) {
    const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
    assert.ok(dist.includes(`\n${name} ${version} (${license}), `), name);
    for (const file of files) assert.ok(dist.includes(read(`node_modules/${name}/${file}`).trim()), `${name}: ${file}`);
  }
});

test('code of a package without its license ends the build', () => {
  const build = (id: string) => () => licenses(bundled).generateBundle.call({ getModuleIds: () => ['/here/build/host/index.js', id] });
  assert.not.throws(build('/here/node_modules/env-paths/index.js'));
  assert.throws(build('/here/node_modules/@some/other/index.js'), /code of @some\/other is in the bundle/);
  assert.throws(build('/here/node_modules/env-paths/node_modules/inner/index.js'), /code of inner is/);
});

function within<T>(folder: string, work: () => T): T {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return work();
  } finally {
    process.chdir(before);
  }
}

test('what was built is what is installed', () => {
  assert.is(
    within(root, () => licenseTexts(bundled)),
    dist,
  );
});

test('a package without a license text ends the build', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ouro-licenses-'));
  try {
    mkdirSync(join(folder, 'node_modules', 'bare'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'bare', 'package.json'), '{ "version": "1.0.0" }');
    assert.throws(() => within(folder, () => licenseTexts(['bare'])), /bare has no license text/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
