/** @swc/wasm: compiles TypeScript down, minifies a library, reports a syntax error. */

const { readFileSync } = require('node:fs');
const swc = require('@swc/wasm');

const source = `
  interface Point { x: number; y?: number }
  const enum Side { Left = 1, Right }
  abstract class Base<T> { #value: T; static count = 0; constructor(value: T) { this.#value = value; Base.count++; } get value() { return this.#value; } }
  export class Leaf extends Base<Point> { async *walk(...sides: Side[]) { for await (const side of sides) yield { ...this.value, side }; } }
  export const area = ({ x, y = 1 }: Point) => (x ?? 0) * y ** 2;
`;

module.exports = async () => () => {
  const lines = [];
  for (const target of ['es5', 'es2022']) {
    const { code, map } = swc.transformSync(source, {
      filename: 'leaf.ts',
      sourceMaps: true,
      jsc: { parser: { syntax: 'typescript' }, target },
    });
    lines.push(code, map);
  }
  const library = readFileSync(require.resolve('uvu'), 'utf8');
  lines.push(swc.minifySync(library, { compress: true, mangle: true }).code);
  try {
    swc.transformSync('let x = ;', {});
  } catch (error) {
    lines.push(String(error));
  }
  return lines.join('\n');
};
