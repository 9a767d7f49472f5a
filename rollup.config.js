// Bundles what tsc wrote to build/ into dist/: one file for each entry, shared chunks beside them, so that
// `new URL('compiler.wasm', import.meta.url)` in a file directly below host/ means the same in build/host/ and in dist/.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rollup/parseAst';
import { takeOut } from './host/start/bundle.mjs';
import { licenses } from './host/start/licenses.mjs';

const entries = {
  index: 'host/index',
  cli: 'host/cli/main',
  'text-worker': 'host/text-worker',
  'compile-worker': 'host/compile-worker',
  builder: 'host/builder',
};
const assets = ['compiler.wasm', 'ouro.wasm'];

/** Copies a file under a new name first: a process may have mapped the old one, and writing into it would change its code. */
function replace(from, to) {
  const part = `${to}.${process.pid}.part`;
  copyFileSync(from, part);
  renameSync(part, to);
}

/** Copies the compiler's wasm files to dist/, and everything that is loaded by URL to build/host/, where tests run unbundled code. */
function copyAssets() {
  return {
    name: 'copy-assets',
    buildStart() {
      mkdirSync('dist', { recursive: true });
      for (const name of assets) {
        if (!existsSync(`build/${name}`)) continue;
        replace(`build/${name}`, `dist/${name}`);
        replace(`dist/${name}`, `build/host/${name}`);
      }
      for (const name of readdirSync('dist')) {
        if (name.endsWith('.node')) replace(`dist/${name}`, `build/host/${name}`);
      }
    },
  };
}

/** Tells the bundles what stands beside them, which nobody has to hash at each start then, and what their loader gives them. */
function surroundings(loaded = '{}') {
  const id = resolve('build/host/base/bundled.js');
  const hashOf = (...paths) => {
    const hash = createHash('sha256');
    for (const path of paths.filter(existsSync)) hash.update(readFileSync(path));
    return paths.some(existsSync) ? hash.digest('hex') : '';
  };
  return {
    name: 'surroundings',
    load: (path) =>
      path === id
        ? `export const filesFolder = import.meta.dirname, dropInHash = '${hashOf('dist/install.cjs', 'dist/native-code.cjs').slice(0, 16)}', bundledCompilerHash = '${hashOf('dist/compiler.wasm')}', loaded = ${loaded};`
        : null,
  };
}

/** Removes the chunks of earlier builds. */
function removeStale() {
  return {
    name: 'remove-stale',
    writeBundle(_, bundle) {
      for (const name of readdirSync('dist')) {
        if (name.endsWith('.js') && !(name in bundle) && !['register.js', 'webassembly.js'].includes(name)) rmSync(`dist/${name}`);
      }
    },
  };
}

/** The declarations of host/globals.d.ts that a text needs: users' programs do not have them. */
function globalsOf(text) {
  const all = readFileSync('host/globals.d.ts', 'utf8').matchAll(/^type (\w+).*$/gm);
  return [...all].filter(([, name]) => new RegExp(`: ${name}\\b`).test(text)).map(([line]) => `${line}\n`);
}

/** The declarations of users' modules: each is one for `import` and one for `require`. What they hand on stands in dist/types/, as CommonJS modules,
 *  which both kinds may import: so a class is one type, however it came into a program. */
const declarations = {
  index: (from) => `export * from '${from}';\n`,
  webassembly: (from) => `export * from '${from}';\ndeclare const namespace: typeof WebAssembly;\nexport default namespace;\n`,
  register: () => 'export {};\n',
};

/** Copies the declarations that users' modules reach, and no others, to dist/types/. */
function copyTypes() {
  const paths = { index: entries.index, webassembly: dropIn.webassembly };
  return {
    name: 'copy-types',
    writeBundle() {
      rmSync('dist/types', { recursive: true, force: true });
      const pending = Object.values(paths).map((path) => resolve(`build/${path}.d.ts`));
      const seen = new Set(pending);
      for (const file of pending) {
        const target = join('dist/types', relative('build', file));
        const text = readFileSync(file, 'utf8');
        const lib = text.includes('Symbol.dispose') ? '/// <reference lib="esnext.disposable" />\n' : '';
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, [lib, text, ...globalsOf(text)].join(''));
        for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)\.js['"]/g)) {
          const next = resolve(dirname(file), `${path}.d.ts`);
          if (!seen.has(next)) pending.push(next);
          seen.add(next);
        }
      }
      writeFileSync('dist/types/package.json', '{ "type": "commonjs" }\n');
      for (const [name, textOf] of Object.entries(declarations)) {
        for (const ending of ['d.ts', 'd.cts']) writeFileSync(`dist/${name}.${ending}`, textOf(`./types/${paths[name]}.js`));
      }
    },
  };
}

/** The library for those who require it, in a file that takes the same copy of it as library.js: Node 20 cannot require an ES module. */
function requireEntry() {
  const commonJs = { 'import.meta.dirname': '__dirname', 'import.meta.url': "require('node:url').pathToFileURL(__filename).href" };
  return {
    name: 'require-entry',
    generateBundle(_, bundle) {
      const { code } = bundle['library.js'];
      const loader = code.slice(0, code.lastIndexOf('export const {')).replace(/import\.meta\.\w+/g, (each) => commonJs[each]);
      const [{ specifiers }, ...rest] = parseAst(bundle['index.js'].code).body;
      if (rest.length > 0) throw new Error('index.js does more than to export the library');
      const names = specifiers.map(({ local, exported }) => `exports.${exported.name} = library$.${local.name};\n`);
      this.emitFile({ type: 'asset', fileName: 'index.cjs', source: `'use strict';\n${loader}${names.join('')}` });
    },
  };
}

/** Adds the ranges of everything below `node` in which two slashes are no comment. */
function findLiterals(node, ranges) {
  if (node.type === 'Literal' || node.type === 'TemplateElement') ranges.push([node.start, node.end]);
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each?.type) findLiterals(each, ranges);
  }
}

/** Leaves out comments and indentation, a third of the text: a fresh process reads all of it. What is left is ASCII, which takes it least to read. */
function withoutComments() {
  const shorten = (text) =>
    text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => (comment.includes('\n') ? '\n' : ' ')).replace(/\s*\n\s*/g, '\n');
  const toAscii = (literal) => literal.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return {
    name: 'without-comments',
    renderChunk(code) {
      const ranges = [];
      findLiterals(parseAst(code), ranges);
      ranges.sort(([a], [b]) => a - b);
      let result = '';
      let at = 0;
      for (const [start, end] of ranges) {
        result += shorten(code.slice(at, start)) + toAscii(code.slice(start, end));
        at = end;
      }
      return { code: result + shorten(code.slice(at)), map: null };
    },
  };
}

/** One chunk for everything that the library's entry imports: to find, read and link a further file takes a fresh process a millisecond. */
function oneLibrary(id, { getModuleInfo }) {
  const library = new Set([resolve(`build/${entries.index}.js`)]);
  for (const file of library) {
    for (const next of getModuleInfo(file)?.importedIds ?? []) library.add(next);
  }
  return library.has(id) ? 'library' : undefined;
}

/** Small packages that go into the bundles. What they import as `node:process` is the global: importing the module opens all standard
 *  streams, which takes a start 10 ms. */
const bundled = ['env-paths', 'is-safe-filename'];
const PROCESS = 'node:process';

/** env-paths asks for the home folder as it is loaded, which fails where the system knows of none: that would end any process with the drop-in. */
const asksForHome = 'const homedir = os.homedir();';
const homeOrOther = `let homedir;
try { homedir = os.homedir(); } catch { homedir = path.join(os.tmpdir(), \`ouro-\${process.geteuid?.()}\`); }`;

function findHome(code, id) {
  if (!id.endsWith('/env-paths/index.js')) return null;
  if (!code.includes(asksForHome)) throw new Error('env-paths has changed: see asksForHome');
  return { code: code.replace(asksForHome, () => homeOrOther), map: null };
}

function bundlePackages() {
  return {
    name: 'bundle-packages',
    resolveId: (id) => (bundled.includes(id) ? fileURLToPath(import.meta.resolve(id)) : id === PROCESS ? `\0${PROCESS}` : null),
    load: (id) => (id === `\0${PROCESS}` ? 'export default process;' : null),
    transform: findHome,
  };
}

const external = (id) => !bundled.includes(id) && id !== PROCESS && !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('\0');

/** The drop-in is CommonJS inside, whether it is imported or required: that is two files, which a fresh process has loaded sooner than a few ES
 *  modules, there is one copy of it in a process, and Node 20 can require it. The first, install.cjs, is what every process needs; the second is
 *  loaded when there is native code to run or to make: to read all of it takes V8 twice as long. */
const dropIn = { entry: 'host/register/install', webassembly: 'host/webassembly' };
const NATIVE = 'native-code';
const alwaysNeeded =
  /^(host\/(register|cache|base|webassembly|helper)\/|host\/webassembly\.js|host\/(wasm\/(outline|binary|tiny-modules)|engine\/config|compile\/compiler-wasm|engine\/engine|run\/func|run\/identity)\.js|runtime\/(artifact|cpu|layout)\.js)/;

function dropInChunk(id) {
  const path = relative(resolve('build'), id);
  if (path === `${dropIn.webassembly}.js`) return undefined;
  return alwaysNeeded.test(path) || path.startsWith('..') || id.startsWith('\0') ? 'install' : NATIVE;
}

/** Makes install.cjs load the other file when it first uses something of it. By then install.cjs is complete, so the other one has what it imports as
 *  constants, which is faster than as properties. */
function loadLater() {
  const requireOf = (file) => new RegExp(`^(?:var|const) (\\S+) = require\\('\\./${file}\\.cjs'\\);$`, 'm');
  const usesOf = (name) => new RegExp(`(?<![\\w$.])${name.replaceAll('$', '\\$')}\\.([\\w$]+)`, 'g');
  return {
    name: 'load-later',
    generateBundle(_, bundle) {
      delete bundle['entry.cjs'];
      const [install, native] = [bundle['install.cjs'], bundle[`${NATIVE}.cjs`]];
      const [line, name] = requireOf(NATIVE).exec(install.code);
      const lazy = `let ${name}$exports;\nconst ${name} = () => (${name}$exports ??= require('./${NATIVE}.cjs'));`;
      const [head, tail] = install.code.split(line).map((part) => part.replace(usesOf(name), (_, each) => `(${name}().${each})`));
      install.code = head + lazy + tail;
      const [other, namespace] = requireOf('install').exec(native.code);
      const used = new Set();
      const local = (each) => `install$${each}`;
      const [before, behind] = native.code.split(other).map((part) =>
        part.replace(usesOf(namespace), (_, each) => {
          used.add(each);
          return local(each);
        }),
      );
      const all = [...used].map((each) => `${each}: ${local(each)}`).join(', ');
      native.code = `${before}const { ${all} } = require('./install.cjs');${behind}`;
    },
  };
}

/** For those who import it. The namespace does not come by an ES module that imports a CommonJS one by its names. */
const namespaceFacade =
  "import namespace from './webassembly.cjs';\nexport * from './webassembly.cjs';\nexport default namespace.default;\n";

/** Writes a file of its own beside the bundles. */
function asset(fileName, source) {
  return {
    name: 'asset',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source });
    },
  };
}

/** Where a CommonJS file is. */
function commonjsMeta() {
  return {
    name: 'commonjs-meta',
    resolveImportMeta: (property, { format }) =>
      format !== 'cjs' ? null : { dirname: '__dirname', url: "require('node:url').pathToFileURL(__filename).href" }[property],
  };
}

const commonjs = {
  input: Object.fromEntries(Object.entries(dropIn).map(([name, path]) => [name, `build/${path}.js`])),
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    exports: 'named',
    hoistTransitiveImports: false,
    manualChunks: dropInChunk,
  },
  external,
  plugins: [
    bundlePackages(),
    commonjsMeta(),
    surroundings(),
    withoutComments(),
    loadLater(),
    asset('webassembly.js', namespaceFacade),
    licenses(bundled),
  ],
  onwarn(warning, warn) {
    if (warning.code !== 'CIRCULAR_CHUNK') warn(warning); // see loadLater
  },
};

/** Node's own modules as the global process gives them: for each that is imported by name, Node makes a list of all that it exports. */
function builtinsFromProcess() {
  const prefix = '\0builtin:';
  return {
    name: 'builtins-from-process',
    resolveId: (id) => (id.startsWith('node:') && id !== PROCESS ? prefix + id : null),
    load: (id) =>
      id.startsWith(prefix)
        ? { code: `export default process.getBuiltinModule('${id.slice(prefix.length)}');`, syntheticNamedExports: true }
        : null,
  };
}

/** For the code that loads the rest. */
const loaderPlugins = [builtinsFromProcess(), bundlePackages(), surroundings(), withoutComments()];

/** What users load: as little as can be. An ES module does not import a CommonJS one: Node would look for the names of its exports, with a parser
 *  that takes a process as long to load as the drop-in. */
const register = {
  input: { register: 'build/host/register.js' },
  output: [
    { dir: 'dist', format: 'esm', entryFileNames: '[name].js' },
    { dir: 'dist', format: 'cjs', entryFileNames: '[name].cjs' },
  ],
  plugins: [...loaderPlugins, commonjsMeta(), licenses(bundled)],
};

const modules = {
  input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, `build/${path}.js`])),
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    hoistTransitiveImports: false,
    manualChunks: oneLibrary,
  },
  external,
  plugins: [
    copyAssets(),
    bundlePackages(),
    surroundings('{ onUse }'),
    withoutComments(),
    takeOut('library', 'build/host/start/library.js', loaderPlugins),
    requireEntry(),
    copyTypes(),
    licenses(bundled),
    removeStale(),
  ],
};

export default [modules, commonjs, register];
