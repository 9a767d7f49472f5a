/** String literals of the core's sources, as bytes in static memory: see base/text.ts.
 *  In: the text of a source.  Out: the same with every literal as an expression of type `string`, and their bytes as constants in
 *  front of the first line; so lines keep their numbers. Literals that asc itself reads (modules' names, decorators, ERROR) stay. */

/** Comments and what stays, so that no quote in them counts; then literals. */
const pattern = /\/\/.*|\/\*[\s\S]*?\*\/|\bfrom '[^']*'|@\w+\([^)]*\)|\bERROR\([^)]*\)|'(?:\\.|[^'\\\n])*'|`[^`]*`/g;

function bytes(literal) {
  const text = literal.slice(1, -1).replaceAll('\\n', '\n').replaceAll("\\'", "'");
  if (!/^[\n\x20-\x5b\x5d-\x7e]*$/.test(text)) throw new Error(`a literal with other than ASCII letters and \\n: ${literal}`);
  return [...Buffer.from(`${text}\0`)];
}

export function literalsToBytes(source) {
  const names = new Map();
  const replaced = source.replace(pattern, (found) => {
    if (!/^['`]/.test(found)) return found;
    if (!names.has(found)) names.set(found, `TEXT_${names.size}`);
    return `changetype<string>(${names.get(found)})${'\n'.repeat(found.split('\n').length - 1)}`;
  });
  const constants = Array.from(names, ([literal, name]) => `const ${name}: usize = memory.data<u8>([${bytes(literal)}]);`);
  return constants.join(' ') + replaced;
}
