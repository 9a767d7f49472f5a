/** web-tree-sitter with the JavaScript grammar, which is a module of its own that shares memory and table: parses, edits, walks, queries. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, Parser, Query } from 'web-tree-sitter';

const require = createRequire(import.meta.url);

export default async function load() {
  await Parser.init();
  const language = await Language.load(require.resolve('tree-sitter-javascript/tree-sitter-javascript.wasm'));
  const source = readFileSync(require.resolve('esbuild-wasm'), 'utf8');
  return () => {
    const parser = new Parser();
    parser.setLanguage(language);
    const tree = parser.parse(source);
    const lines = [];

    const counts = new Map();
    const cursor = tree.walk();
    for (let up = false; ; ) {
      if (!up) counts.set(cursor.nodeType, (counts.get(cursor.nodeType) ?? 0) + 1);
      if (!up && cursor.gotoFirstChild()) continue;
      if (cursor.gotoNextSibling()) up = false;
      else if (cursor.gotoParent()) up = true;
      else break;
    }
    cursor.delete();
    for (const [type, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) lines.push(`${type} ${count}`);

    const query = new Query(language, '(function_declaration name: (identifier) @name)');
    lines.push(
      query
        .captures(tree.rootNode)
        .map(({ node }) => `${node.text}:${node.startPosition.row}`)
        .join(' '),
    );
    query.delete();

    const at = source.indexOf('\n') + 1;
    tree.edit({
      startIndex: at,
      oldEndIndex: at,
      newEndIndex: at + 9,
      startPosition: { row: 1, column: 0 },
      oldEndPosition: { row: 1, column: 0 },
      newEndPosition: { row: 1, column: 9 },
    });
    const edited = parser.parse(`${source.slice(0, at)}let z = (${source.slice(at)}`, tree);
    lines.push(String(edited.rootNode.hasError), JSON.stringify(tree.getChangedRanges(edited)));
    for (const each of [tree, edited, parser]) each.delete();
    return lines.join('\n');
  };
}
