// The licenses of packages that are parts of dist/: the texts of those that stand in node_modules at the time of the build.
// In: names of packages. Out: dist/THIRD-PARTY-LICENSES.txt. A bundle with code of any other package fails.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RULE = '-'.repeat(80);

/** What the compiler is made with: parts of its standard library are in compiler.wasm and ouro.wasm. */
const inCompiler = 'assemblyscript';

const head = `Ouro is licensed under the Apache License 2.0 (LICENSE). Its files contain code of these packages, under their own licenses.\n`;

function section(name, where) {
  const folder = join('node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)(\.(md|txt))?$/i.test(file));
  if (!texts.some((file) => /^licen/i.test(file))) throw new Error(`${name} has no license text`);
  const bodies = texts.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${RULE}\n${name} ${version} (${license}), ${where}\n${RULE}\n\n${bodies.join('\n\n')}\n`;
}

/** The text for packages whose code is in the bundles. */
export function licenseTexts(bundled) {
  const sections = bundled.map((name) => section(name, 'in the JavaScript files'));
  return [head, ...sections, section(inCompiler, 'its standard library in compiler.wasm and ouro.wasm')].join('\n');
}

/** The package that a file belongs to; undefined for a file of our own. */
function packageOf(id) {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
}

/** The rollup plugin. */
export function licenses(bundled) {
  return {
    name: 'licenses',
    generateBundle() {
      for (const id of this.getModuleIds()) {
        const name = packageOf(id);
        if (name && !bundled.includes(name)) throw new Error(`code of ${name} is in the bundle, and its license is not`);
      }
    },
    writeBundle() {
      writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licenseTexts(bundled));
    },
  };
}
