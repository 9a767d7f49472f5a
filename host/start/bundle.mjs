// Takes the text of a chunk out of its ES module, whose code V8 compiles anew in every process, into a file beside it that host/load.ts
// compiles with a code cache. What is left of the module is the loader, and the exports by their names.
// In: a chunk that imports nothing but modules of Node's. Out: NAME.cjs, the body of a function that gives the exports; the facade, NAME.js.
import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { rollup } from 'rollup';
import { parseAst } from 'rollup/parseAst';

/** The parameters of the function: see host/load.ts. */
const PARAMETERS = 'require, importModule, onUse, __dirname, __url';

function requireText({ specifiers, source }) {
  if (!source.value.startsWith('node:')) throw new Error(`'${source.value}' is imported at the start, and is no module of Node's`);
  const names = specifiers
    .filter(({ type }) => type === 'ImportSpecifier')
    .map(({ imported, local }) => (imported.name === local.name ? local.name : `${imported.name}: ${local.name}`));
  const whole = specifiers.filter(({ type }) => type !== 'ImportSpecifier').map(({ local }) => `${local.name} = require('${source.value}')`);
  if (names.length > 0) whole.push(`{ ${names.join(', ')} } = require('${source.value}')`);
  return `const ${whole.join(', ')};`;
}

/** Calls `change(start, end, text)` for everything below `node` that means something in ES modules alone. */
function findModuleSyntax(node, change) {
  if (node.type === 'ImportExpression') change(node.start, node.start + 'import'.length, 'importModule');
  if (node.type === 'MemberExpression' && node.object.type === 'MetaProperty') {
    change(node.start, node.end, { dirname: '__dirname', url: '__url' }[node.property.name]);
  }
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each?.type) findModuleSyntax(each, change);
  }
}

/** The text of an ES module as the body of a function, and the names of what it returns. */
function toBody(code) {
  const changes = [];
  const change = (start, end, text) => changes.push({ start, end, text });
  const program = parseAst(code);
  const variables = new Set();
  let names = [];
  for (const node of program.body) {
    if (node.type === 'VariableDeclaration' && node.kind !== 'const') {
      // A class that rollup has given another name is one for good.
      for (const { id, init } of node.declarations) if (init?.type !== 'ClassExpression') variables.add(id.name);
    }
    if (node.type === 'ImportDeclaration') change(node.start, node.end, requireText(node));
    else if (node.type === 'ExportNamedDeclaration') {
      if (node.declaration || node.source) throw new Error('rollup exports in a way that bundle.mjs does not know');
      names = node.specifiers.map(({ local, exported }) => ({ local: local.name, exported: exported.name }));
      change(node.start, node.end, `return { ${names.map(({ local, exported }) => `${exported}: ${local}`).join(', ')} };`);
    } else findModuleSyntax(node, change);
  }
  const variable = names.find(({ local }) => variables.has(local));
  if (variable) throw new Error(`the variable ${variable.local} is exported: importers would not see that it changes`);
  let body = `'use strict';`;
  let at = 0;
  for (const { start, end, text } of changes.sort((a, b) => a.start - b.start)) {
    body += code.slice(at, start) + text;
    at = end;
  }
  return { body: body + code.slice(at), names: names.map(({ exported }) => exported) };
}

/** The rollup plugin for the chunk `chunkName`. `loader`: the module with `load`; `plugins`: for its bundle. */
export function takeOut(chunkName, loader, plugins) {
  let loaderText;
  return {
    name: 'take-out',
    async buildStart() {
      const bundle = await rollup({ input: loader, plugins });
      const { output } = await bundle.generate({ format: 'iife', name: 'loader$' });
      loaderText = output[0].code;
      await bundle.close();
    },
    renderChunk(code, { name }) {
      if (name !== chunkName) return null;
      const { body, names } = toBody(code);
      new Script(`(function (${PARAMETERS}) {${body}\n})`, { filename: `${name}.cjs` }); // throws what is wrong with it
      this.emitFile({ type: 'asset', fileName: `${name}.cjs`, source: body });
      const build = createHash('sha256').update(body).digest('hex').slice(0, 16);
      // One copy in each thread, whether it is imported or required: index.cjs begins with this text, too.
      const kept = `globalThis[Symbol.for('ouro-wasm ${build} ' + import.meta.dirname)]`;
      const load = `loader$.load(import.meta.dirname, import.meta.url, '${build}', (name) => import(name))`;
      return { code: `${loaderText}const library$ = (${kept} ??= ${load});\nexport const { ${names.join(', ')} } = library$;\n`, map: null };
    },
  };
}
