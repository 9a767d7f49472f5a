// Bundles what tsc wrote to build/ into dist/: one file for each entry, shared chunks beside them, so that
// `new URL('compiler.wasm', import.meta.url)` in a file directly below host/ means the same in build/host/ and in dist/.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './host/start/bundle.mjs';
import { licenses } from './host/start/licenses.mjs';

const entries = {
  index: 'host/index',
  'drop-in-entry': 'host/register/behaviour',
  cli: 'host/cli/main',
  'text-worker': 'host/text-worker',
  'compile-worker': 'host/compile-worker',
  builder: 'host/builder',
  keep: 'host/start/keep',
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

/** Tells the bundles where they stand, and what nobody has to hash at each start then. `loaded`: what start/loader.ts gives them. */
function surroundings(loaded) {
  const id = resolve('build/host/base/bundled.js');
  const hash = () =>
    existsSync('dist/compiler.wasm') ? createHash('sha256').update(readFileSync('dist/compiler.wasm')).digest('hex') : '';
  return {
    name: 'surroundings',
    load: (path) => {
      if (path !== id) return null;
      // The loader's own parameter has this name already.
      const own = loaded === 'loaded' ? 'export { loaded$ as loaded }; const loaded$ = loaded;' : `export const loaded = ${loaded};`;
      return `export const filesFolder = import.meta.dirname, bundledCompilerHash = '${hash()}';\n${own}`;
    },
  };
}

/** Removes the chunks of earlier builds. */
function removeStale() {
  return {
    name: 'remove-stale',
    writeBundle(_, bundle) {
      for (const name of readdirSync('dist')) {
        if (/\.c?js$/.test(name) && !(name in bundle)) rmSync(`dist/${name}`);
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
  const paths = { index: entries.index, webassembly: 'host/webassembly' };
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

/** Which file of dist/ a module goes into. `runtime`: what opens artifacts and runs them, which every process with Ouro needs. `compile`: what makes them, signs them and tells of them.
 *  `drop-in`: the objects of the JS API and what stands behind them, and the cache. Each is loaded when something of it is first used. */
const chunks = [
  [
    'runtime',
    /^host\/compile\/(compiler-wasm|native-cores|progress)\.js|^host\/webassembly\/(imports|exports)\.js|^host\/wasm\/(binary|text)\.js/,
  ],
  ['drop-in', /^host\/(webassembly|register)\/|^host\/wasm\/(constant|outline|tiny-modules)\.js/],
  ['drop-in', /^host\/cache\/(cache|folder|guarded-store|key|settings)\.js/],
  ['compile', /^host\/(compile|selfhost|wasm)\/|^host\/artifact\/(detect|info|shared-module|sign)\.js/],
  ['compile', /^host\/base\/children\.js|^host\/cache\/system-cache\.js|^\0/],
  ['runtime', /^host\/(base|helper|artifact|cache|engine|run|api)\/|^host\/index\.js|^runtime\/|^\.\.\//],
];

function chunkOf(id) {
  const path = id.startsWith('\0') || id.includes('node_modules') ? '\0' : relative(resolve('build'), id);
  return chunks.find(([, pattern]) => pattern.test(path))?.[0];
}

/** Puts the numbers of `const enum`s, of which TypeScript makes objects, into the places of their names. */
function enumNumbers() {
  const declaration = /export var (\w+);\n\(function \(\1\) \{\n([^}]*)\}\)\(\1 \|\| \(\1 = \{\}\)\);/g;
  const numbers = new Map();
  return {
    name: 'enum-numbers',
    buildStart() {
      for (const file of readdirSync('build/runtime').filter((name) => name.endsWith('.js'))) {
        for (const [, name, members] of readFileSync(`build/runtime/${file}`, 'utf8').matchAll(declaration)) {
          for (const [, member, number] of members.matchAll(/\["(\w+)"\] = (\d+)\]/g)) numbers.set(`${name}.${member}`, number);
        }
      }
    },
    transform(code) {
      const changed = code.replace(declaration, (_, name) => `export const ${name} = {};`);
      return {
        code: changed.replace(/(?<![\w.$])(?:[A-Z]\.)?([A-Z]\w+\.[A-Z]\w+)\b/g, (text, name) => numbers.get(name) ?? text),
        map: null,
      };
    },
  };
}

/** Where the files are: start/loader.ts tells. */
function meta() {
  return {
    name: 'meta',
    resolveImportMeta: (property, { format }) => (format === 'cjs' && property === 'dirname' ? '__dirname' : null),
  };
}

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

/** The loader keeps code where the native helper is, on Linux: what finds other systems' folders it does not bring. */
function linuxAlone() {
  return {
    name: 'linux-alone',
    load: (id) => (id.endsWith('/cache/system-cache.js') ? 'export const systemCache = () => { throw new Error(); };' : null),
  };
}

/** For the code that loads the rest. */
const loaderPlugins = [linuxAlone(), builtinsFromProcess(), bundlePackages(), surroundings('{}'), licenses(bundled)];

/** What the namespace of WebAssembly has on some Node that we support. */
const members =
  'validate compile instantiate compileStreaming instantiateStreaming Module Instance Memory Table Global Tag Exception JSTag CompileError LinkError RuntimeError'.split(
    ' ',
  );

const loaders = { library: 'build/host/start/launch-library.js', dropIn: 'build/host/start/launch-drop-in.js' };

/** What users load: as little as can be, and one file each: to find, read and link a further one takes a fresh process a millisecond. */
const launchers = {
  index: { loader: loaders.library, entry: 'index', formats: ['js', 'cjs'] },
  cli: { loader: loaders.library, entry: 'cli', formats: ['js'] },
  'text-worker': { loader: loaders.library, entry: 'text-worker', formats: ['js'] },
  'compile-worker': { loader: loaders.library, entry: 'compile-worker', formats: ['js'] },
  builder: { loader: loaders.library, entry: 'builder', formats: ['js'] },
  register: { loader: loaders.dropIn, formats: ['js', 'cjs'], value: 'install(at$)' },
  webassembly: { loader: loaders.dropIn, formats: ['js', 'cjs'], value: 'namespaceOf(at$)', names: members },
};

export default {
  input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, `build/${path}.js`])),
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    exports: 'named',
    esModule: false,
    hoistTransitiveImports: false,
    manualChunks: chunkOf,
  },
  external,
  plugins: [
    copyAssets(),
    bundlePackages(),
    meta(),
    enumNumbers(),
    surroundings('loaded'),
    launch(launchers, loaderPlugins),
    copyTypes(),
    licenses(bundled),
    removeStale(),
  ],
  onwarn(warning, warn) {
    if (warning.code !== 'CIRCULAR_CHUNK') warn(warning); // see linkLater of bundle.mjs
  },
};
