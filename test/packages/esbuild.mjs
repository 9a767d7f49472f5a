/** esbuild-wasm as a library: transforms, a build with a plugin, an error. It runs wasm in a child process of its own. */

import * as esbuild from 'esbuild-wasm';

const source = `
  enum Color { Red, Green }
  export class Shape<T extends number> { constructor(private readonly sides: T, public color = Color.Red) {} get area(): number { return this.sides ** 2 } }
  export const view = (shape?: Shape<4>) => <div className="shape">{shape?.area ?? 'none'}</div>;
`;

const plugin = {
  name: 'memory',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path }) => ({ path, namespace: 'memory' }));
    build.onLoad({ filter: /.*/, namespace: 'memory' }, ({ path }) => ({
      contents: path === 'main' ? "import { one } from 'numbers'; console.log(one + 1n);" : 'export const one = 1n, unused = 2n;',
    }));
  },
};

export default async function load() {
  return async () => {
    const lines = [];
    for (const options of [{ minify: true }, { target: 'es2017', sourcemap: true }])
      lines.push(JSON.stringify(await esbuild.transform(source, { loader: 'tsx', ...options })));
    const { outputFiles } = await esbuild.build({ entryPoints: ['main'], bundle: true, write: false, minify: true, plugins: [plugin] });
    lines.push(outputFiles[0].text);
    try {
      await esbuild.transform('let x = ;', { logLevel: 'silent' });
    } catch (error) {
      lines.push(error.message);
    }
    await esbuild.stop();
    return lines.join('\n');
  };
}
