// Makes of rollup's CommonJS chunks the files that start/loader.ts loads, and the files that users load, which bring the loader.
// In: chunks whose modules were chosen by rollup.config.js. Out: NAME.cjs, functions in parentheses, which loader.ts calls; launchers.
// V8 compiles the code of an imported file anew in every process; of these it takes what it made at an earlier start.
import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { rollup } from 'rollup';
import { parseAst } from 'rollup/parseAst';
import { minify } from 'terser';

/** What loader.ts calls each file's function with. */
const PARAMETERS = 'require, importModule, loaded, __dirname';

/** The chunk that all others need: what they use of it are constants, which are faster than properties. */
const RUNTIME = 'runtime.cjs';

/** Makes a text shorter, which V8 reads in every process that has no code of it kept: names of variables become short, constants are put into the places
 *  of their names. Names of functions, classes and properties stay, for stack traces. What is left is ASCII, which takes it least to read.
 *  `options`: of terser. */
async function shorten(code, { module = false, ...more } = {}) {
  const keep = { keep_fnames: true, keep_classnames: true, ...more };
  const { code: short } = await minify(code, {
    ecma: 2022,
    module,
    toplevel: true,
    compress: { passes: 2, unsafe_arrows: false, inline: 0, reduce_funcs: false, hoist_props: false, negate_iife: false, ...keep },
    mangle: { keep_fnames: keep.keep_fnames, keep_classnames: true },
    // Node shows the whole line for an error that nobody catches.
    format: { ascii_only: true, comments: false, wrap_iife: true, max_line_len: 200 },
    parse: { bare_returns: true },
  });
  return short;
}

/** For launchers, whose code runs once, and V8 compiles each function of it anew in every process. The shell's constructor keeps its name. */
const launcherOptions = { keep_fnames: /^Module$/, inline: 3, reduce_funcs: true };

/** Calls `visit(node)` for everything below `node`. */
function walk(node, visit) {
  visit(node);
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each?.type) walk(each, visit);
  }
}

/** The text with changes, each `{ start, end, text }`. */
function changed(code, changes) {
  let result = '';
  let at = 0;
  for (const { start, end, text } of changes.sort((a, b) => a.start - b.start)) {
    result += code.slice(at, start) + text;
    at = end;
  }
  return result + code.slice(at);
}

const requireOf = (node) =>
  node?.type === 'CallExpression' && node.callee.name === 'require' && node.arguments[0]?.value?.startsWith('./') ? node.arguments[0].value.slice(2) : undefined;

/** Calls `visit(identifier, parent)` for each identifier below `node` that stands for a value: not for names of properties and methods. */
function walkNames(node, visit, parent = undefined) {
  if (node.type === 'Identifier') {
    const isKey = (parent?.type === 'MemberExpression' && parent.property === node) || (parent?.key === node && parent.value !== node);
    if (!isKey || parent.computed) visit(node, parent);
    return;
  }
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each?.type) walkNames(each, visit, node);
  }
}

/** Makes a chunk load the others when it first uses something of them; of the runtime it takes what it uses at once. */
function linkLater(code, file) {
  const program = parseAst(code);
  const changes = [];
  const chunks = new Map();
  for (const node of program.body) {
    // A chunk that it uses nothing of, for what its modules do when they are loaded: they are where they are used.
    if (requireOf(node.expression)) changes.push({ start: node.start, end: node.end, text: '' });
    if (node.type !== 'VariableDeclaration') continue;
    for (const { id, init } of node.declarations) {
      const other = requireOf(init);
      if (other) chunks.set(id.name, { other, node, used: new Set() });
    }
  }
  const known = new Set();
  walkNames(program, ({ name }) => known.add(name));
  walk(program, (node) => {
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'import') throw new Error('unexpected import()');
    if (node.type === 'ImportExpression') changes.push({ start: node.start, end: node.start + 'import'.length, text: 'importModule' });
    if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier' || node.computed) return;
    const chunk = chunks.get(node.object.name);
    if (!chunk) return;
    const name = node.property.name;
    chunk.used.add(name);
    const local = `${node.object.name}$${name}`;
    if (known.has(local)) throw new Error(`${file}: ${local} is a name already`);
    changes.push({ start: node.start, end: node.end, text: chunk.other === RUNTIME ? local : `(${node.object.name}$().${name})` });
  });
  for (const [variable, { other, node, used }] of chunks) {
    const take = [...used].map((name) => `${name}: ${variable}$${name}`).join(', ');
    const text =
      other === RUNTIME
        ? `const { ${take} } = require('./${other}');`
        : `let ${variable}$exports;\nconst ${variable}$ = () => (${variable}$exports ??= require('./${other}'));`;
    changes.push({ start: node.start, end: node.end, text });
  }
  return changed(code, changes);
}

/** Makes a chunk give one object with all that it exports: to add them one by one to the one that it gets takes a fresh process 0.6 us each. */
function giveAtOnce(code) {
  const program = parseAst(code);
  const changes = [];
  const given = [];
  for (const { type, expression, start, end } of program.body) {
    const { left, right } = expression ?? {};
    if (type !== 'ExpressionStatement' || left?.object?.name !== 'exports') continue;
    given.push(`${left.property.name}: ${code.slice(right.start, right.end)}`);
    changes.push({ start, end, text: '' });
  }
  return `${changed(code, changes)}\nreturn { ${given.join(', ')} };`;
}

/** Variables that change after they were exported would be seen as they were. */
function requireConstants(code, file) {
  const variables = new Set();
  const program = parseAst(code);
  for (const node of program.body) {
    if (node.type !== 'VariableDeclaration' || node.kind === 'const') continue;
    for (const { id, init } of node.declarations) if (init?.type !== 'ClassExpression' && id.name) variables.add(id.name);
  }
  for (const node of program.body) {
    const { expression } = node;
    if (expression?.type === 'CallExpression' && expression.callee.property?.name === 'defineProperty' && expression.arguments[0]?.name === 'exports') {
      throw new Error(`${file} exports a variable that changes: ${code.slice(node.start, node.end)}`);
    }
    const isExport = expression?.type === 'AssignmentExpression' && expression.left.object?.name === 'exports';
    if (isExport && variables.has(expression.right.name)) throw new Error(`${file} exports the variable ${expression.right.name}`);
  }
}

/** A launcher's own code: its functions are what the rest of the launcher calls. */
async function bundled(input, plugins) {
  const bundle = await rollup({ input, plugins });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  return output[0].code.replace(/^export \{.*\};$/m, '');
}

/** The names that an entry chunk exports. */
function exportsOf(code) {
  return [...code.matchAll(/^exports\.(\w+) = /gm)].map(([, name]) => name).filter((name) => name !== '__esModule');
}

/** The chunk of a facade that does nothing but to hand on what it exports, by the same names; undefined for another. */
function handedOn(facade) {
  const [, variable, chunk, rest] = /^'use strict';\s+(?:var|const) (\w+) = require\('(\.\/[^']*)'\);\s+([^]*)$/.exec(facade) ?? [];
  const lines = rest?.trim().split(/\s*\n\s*/) ?? [];
  return lines.every((line) => /^exports\.(\w+) = (\w+)\.\1;$/.exec(line)?.[2] === variable) ? chunk : undefined;
}

/** How a launcher tells where it is, and hands on what it has loaded: `result$`. Importers of a CommonJS file see the names that are assigned one by
 *  one. */
const formats = {
  js: {
    folder: 'import.meta.dirname',
    default: 'export default result$;\n',
    give: (names) => `export const { ${names.join(', ')} } = result$;\n`,
  },
  cjs: {
    folder: '__dirname',
    default: 'exports.default = result$;\n',
    give: (names) => names.map((name) => `exports.${name} = result$.${name};\n`).join(''),
  },
};

/** The rollup plugin. `launchers`: by the names of the files that users load: which chunk's exports they give (`entry`), or a value that
 *  they find instead (`value`, of `at$`, the surroundings) and the names in it that they give, with which loader; `formats`: 'js', 'cjs' or both. `plugins`: for the loaders' bundles. */
export function launch(launchers, plugins) {
  const loaders = new Map();
  return {
    name: 'launch',
    async buildStart() {
      for (const { loader } of Object.values(launchers)) {
        if (!loaders.has(loader)) loaders.set(loader, await bundled(loader, plugins));
      }
    },
    async generateBundle(_, bundle) {
      const builds = {};
      const facades = {};
      for (const [file, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk') continue;
        requireConstants(chunk.code, file);
        if (chunk.isEntry && chunk.moduleIds.length === 0) {
          // It does nothing but to hand on what others export.
          facades[chunk.name] = chunk.code.replace(/^require\('\.\/[^']*'\);\n/gm, '');
          delete bundle[file];
          continue;
        }
        chunk.code = `(function (${PARAMETERS}) {${await shorten(giveAtOnce(linkLater(chunk.code, file)))}\n})`;
        new Script(chunk.code, { filename: file }); // throws what is wrong with it
        builds[file] = createHash('sha256').update(chunk.code).digest('hex').slice(0, 16);
      }
      for (const [name, { loader, entry, value, names: given, formats: wanted }] of Object.entries(launchers)) {
        for (const format of wanted) {
          const { folder, give } = formats[format];
          const at = `{ folder: ${folder}, builds: ${JSON.stringify(builds)}, importModule: (name) => import(name) }`;
          const facade = entry && facades[entry];
          const names = given ?? (facade ? exportsOf(facade) : []);
          const chunk = facade ? handedOn(facade) : `./${entry}.cjs`;
          if (!value && !chunk) throw new Error(`${entry} does more than to hand on what a chunk exports`);
          // In one function, in which what is used once has no function of its own.
          const found = `((at$) => {\n${loaders.get(loader)}\nreturn ${value ?? `open(at$).require('${chunk}')`};\n})(${at})`;
          const text = `const result$ = ${found};\n${given ? formats[format].default : ''}${names.length > 0 ? give(names) : ''}`;
          const head = format === 'cjs' ? `'use strict';\n` : entry === 'cli' ? '#!/usr/bin/env node\n' : '';
          this.emitFile({ type: 'asset', fileName: `${name}.${format}`, source: head + (await shorten(text, { module: format === 'js', ...launcherOptions })) });
        }
      }
    },
  };
}
